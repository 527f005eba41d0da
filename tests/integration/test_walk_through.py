"""docs/approvals.md, command by command, on a clock that stands where the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "approvals.md"
BEGINS = "2026-11-25T10:00:00+01:00"
# Calls vmfix with a clock that began at VMFIX_TEST_NOW when VMFIX_TEST_SINCE was now, and so goes on.
VMFIX = """\
#!{python}
import datetime as dt
import os
import sys

from runner.execute import clock

since, begin = float(os.environ["VMFIX_TEST_SINCE"]), dt.datetime.fromisoformat(os.environ["VMFIX_TEST_NOW"])
real = clock.SystemClock.now
clock.SystemClock.now = lambda self: (
    begin.astimezone(dt.UTC) + (real(self) - dt.datetime.fromtimestamp(since, dt.UTC))
)
from runner.__main__ import main

sys.exit(main())
"""
EXIT = re.compile(r"\[exit code (\d+)\]")


@dataclass
class Call:
    """One command of the page, with its line, and what it shows and ends with."""

    line: int
    clock: str
    command: str = ""
    shown: list[str] = field(default_factory=list)
    code: int = 0


def typed(text: str) -> Iterator[tuple[int, str, str]]:
    """The lines of all console blocks: number, the time that it is then, text."""
    clock, inside = BEGINS, False
    for number, line in enumerate(text.splitlines(), start=1):
        if set_to := re.fullmatch(r"<!-- clock: (\S+) -->", line):
            clock = set_to[1]
        elif line.startswith("```"):
            inside = line == "```console"
        elif inside:
            yield number, clock, line


def calls(text: str) -> list[Call]:
    """The commands of all console blocks, in their order."""
    found: list[Call] = []
    for number, clock, line in typed(text):
        if line.startswith("$ "):
            found.append(Call(number, clock, line[2:]))
        elif line.startswith("> ") or line == ">":
            found[-1].command += f"\n{line[2:]}"
        elif code := EXIT.fullmatch(line):
            found[-1].code = int(code[1])
        else:
            found[-1].shown.append(line)
    return found


def shows(said: str, shown: list[str]) -> bool:
    """Whether the output has these lines; `...` stands for any lines, or for the rest of a line."""
    if not shown:
        return True
    parts = [r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in shown]
    return re.fullmatch("".join(parts), said if not said or said.endswith("\n") else f"{said}\n") is not None


class Shell:
    """One sh in which the whole page is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "examples" / "01-first-playbook" / "window-file-stale.yml", folder)
        program = folder / "bin" / "vmfix"
        program.parent.mkdir()
        program.write_text(VMFIX.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        self.environ = {
            "HOME": str(folder),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "VMFIX_STATE": str(folder / "state"),
        }
        self.clock = ""

    def run(self, call: Call) -> tuple[int, str]:
        """Exit code, and both streams as a terminal would show them."""
        if call.clock != self.clock:
            self.clock = call.clock
            since = subprocess.run(["date", "+%s.%N"], capture_output=True, text=True, check=True).stdout.strip()
            self.environ |= {"VMFIX_TEST_NOW": call.clock, "VMFIX_TEST_SINCE": since}
        if exported := re.fullmatch(r"export (\w+)=(\S+)", call.command):
            self.environ[exported[1]] = exported[2]
            return 0, ""
        done = subprocess.run(
            ["sh", "-c", call.command],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout


def test_the_page_is_true(tmp_path: Path) -> None:
    """Each command ends and says as the page has it."""
    shell = Shell(tmp_path)
    found = calls(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 25
    for call in found:
        code, said = shell.run(call)
        where = f"docs/approvals.md:{call.line}: {call.command}"
        assert code == call.code, f"{where}\n{said}"
        assert shows(said, call.shown), f"{where}\nshould say\n{chr(10).join(call.shown)}\nand says\n{said}"
    assert (tmp_path / "window").read_text() == "02:00-04:00\n"


@pytest.mark.parametrize(
    ("said", "shown", "expected"),
    [
        ("a\nb\nc\n", ["a", "...", "c"], True),
        ("a\nb\nc\n", ["a", "c"], False),
        ("until 7\n", ["until ..."], True),
        ("a\n", ["...", "b", "..."], False),
        ("a\n", [], True),
    ],
)
def test_what_a_page_shows(said: str, shown: list[str], expected: bool) -> None:
    """The comparison can fail."""
    assert shows(said, shown) is expected
