"""The demo's stage: calls of vmfix, printed before they are made, and the lines of their output that matter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        print("\n".join(f"  {line}" for line in shown))
        if len(shown) < len(lines):
            print(f"  [{len(shown)} of {len(lines)} lines{f'; the whole is in {keep}' if keep else ''}]")
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


def title(number: int, text: str) -> None:
    """Begin a part of the demo."""
    print(f"\n=== {number}. {text}", flush=True)


def _expect(done: subprocess.CompletedProcess[str], argv: Sequence[str], codes: Collection[int]) -> None:
    if done.returncode not in codes:
        wanted = " or ".join(str(code) for code in codes)
        said = (done.stderr or "").strip()
        message = f"vmfix {argv[0]} ended with exit code {done.returncode}, and {wanted} was expected\n{said}"
        raise DemoFailed(message)
    if done.returncode:
        print(f"  [exit code {done.returncode}: {MEANING[done.returncode]}]", flush=True)
