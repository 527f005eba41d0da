"""The demo's stage: calls of vmfix, printed before they are made, and the lines of their output that matter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_COMMANDS = ("runs: ", "may run: ", "$ ")  # what stands before them in vmfix's output
# What vmfix's exit codes say, where the demo meets them.
MEANING = {4: "nothing was changed", 5: "some target is not in order"}


class DemoFailed(Exception):
    """A command did not end as it has to."""


@dataclass(frozen=True, slots=True)
class Show:
    """Where vmfix is called, and whether the person at the terminal is to be asked."""

    folder: Path
    ask: bool

    def vmfix(self, *argv: str, show: Sequence[str] = (), most: int = 0, keep: str = "", ok: int = 0) -> None:
        """Print a call of vmfix, make it, and print its first ``most`` lines and those that hold a word of ``show``."""
        print(f"\n$ vmfix {' '.join(argv)}", flush=True)
        done = self._call(argv, captured=True)
        said = done.stdout or ""
        if keep:
            (self.folder / keep).write_text(said, encoding="utf-8")
        lines = said.splitlines()
        shown = [line for n, line in enumerate(lines) if n < most or any(word in line for word in show)]
        for line in shown:
            say(f"  {line}")
        if len(shown) < len(lines):
            say(f"  [{len(shown)} of {len(lines)} lines{f'; the whole is in {keep}' if keep else ''}]")
        _expect(done, argv, {ok})

    def asked(self, *argv: str, ok: Collection[int]) -> None:
        """The same at the terminal itself, with everything that vmfix says and asks."""
        print(f"\n$ vmfix {' '.join(argv)}", flush=True)
        _expect(self._call(argv, captured=False), argv, ok)

    def _call(self, argv: Sequence[str], *, captured: bool) -> subprocess.CompletedProcess[str]:
        root = str(Path(__file__).resolve().parents[1])
        environ = {**os.environ, "VMFIX_STATE": str(self.folder / "state"), "PYTHONPATH": root}
        return subprocess.run(
            [sys.executable, "-m", "runner", *argv],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL if captured else None,
            capture_output=captured,
            text=True,
            check=False,
        )


def say(line: str) -> None:
    """Print a line, wrapped to the terminal below its own beginning. Commands stay as they are, to be copied."""
    columns = shutil.get_terminal_size((0, 0)).columns if sys.stdout.isatty() else 0
    if not columns or len(line) < columns or any(word in line for word in _COMMANDS):
        print(line, flush=True)
        return
    margin = " " * (len(line) - len(line.lstrip()) + 4)
    wrap = textwrap.TextWrapper(columns - 1, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False)
    print(wrap.fill(line), flush=True)


def title(number: int, text: str) -> None:
    """Begin a part of the demo."""
    print()
    say(f"=== {number}. {text}")


def _expect(done: subprocess.CompletedProcess[str], argv: Sequence[str], codes: Collection[int]) -> None:
    if done.returncode not in codes:
        wanted = " or ".join(str(code) for code in codes)
        said = (done.stderr or "").strip()
        message = f"vmfix {argv[0]} ended with exit code {done.returncode}, and {wanted} was expected\n{said}"
        raise DemoFailed(message)
    if done.returncode:
        print(f"  [exit code {done.returncode}: {MEANING[done.returncode]}]", flush=True)
