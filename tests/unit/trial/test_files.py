"""Simulated files against the very scripts, run by sh on real ones."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from runner.model.case import GivenFile
from runner.model.command import Command, Dialect
from runner.steps import _atomic_scripts as scripts
from runner.trial.files import Files

OLD, NEW = "[a]\nx = 1\n", "[a]\nx = 2\n"
ONE = scripts.EXPAND.replace("for file in $1", 'for file in "$1"')


def digest(text: str) -> str:
    """As the scripts name what they have seen."""
    return hashlib.sha256(text.encode()).hexdigest()


def scripted(script: str, *values: str, stdin: str = "") -> Command:
    """One of the scripts with its values."""
    return Command(dialect=Dialect.SH, script=script, argv=values, stdin=stdin)


class Both:
    """The same file, on this machine and simulated."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "agent.conf"
        self.simulated = Files({})

    def given(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o640)
        self.simulated.become({str(self.path): GivenFile(content=text.encode(), mode="0640")})

    def same(self, command: Command) -> tuple[int, bytes]:
        """Exit code and output, which both must give."""
        argv = ["sh", "-c", command.script, "sh", *command.argv] if command.script else list(command.argv)
        real = subprocess.run(argv, input=command.stdin.encode(), capture_output=True, timeout=20, check=False)
        answer = self.simulated(command)
        assert answer is not None
        assert (answer.exit_code, bool(answer.stderr)) == (real.returncode, bool(real.stderr)), real.stderr
        assert answer.stdout == real.stdout
        return answer.exit_code, answer.stdout


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """No file yet, on either."""
    return Both(tmp_path)


def test_reading(both: Both) -> None:
    """What is there, in full or its last lines."""
    both.given("1\n2\n3\n")
    path = str(both.path)

    assert both.same(Command(argv=("cat", path))) == (0, b"1\n2\n3\n")
    assert both.same(Command(argv=("tail", "--lines=2", path))) == (0, b"2\n3\n")
    assert both.same(scripted(scripts.READ, path, "1000")) == (0, b"1\n2\n3\n")
    assert both.same(scripted(scripts.LINK, path)) == (3, b"")
    assert both.same(scripted(ONE, path, "plain")) == (0, f"{path}\0".encode())
    assert both.same(scripted(scripts.EXPAND, f"{both.path.parent}/*.conf", "glob")) == (0, f"{path}\0".encode())
    assert both.same(Command(argv=("test", "-d", str(both.path.parent)))) == (0, b"")
    assert both.same(Command(argv=("test", "-f", path))) == (0, b"")
    assert both.same(Command(argv=("realpath", "-m", "-z", "--", path, "/x"))) == (0, f"{path}\0/x\0".encode())


def test_absent(both: Both) -> None:
    """What is not there."""
    path = str(both.path)

    assert both.same(Command(argv=("cat", path))) == (1, b"")
    assert both.same(Command(argv=("tail", "--lines=2", path))) == (1, b"")
    assert both.same(Command(argv=("test", "-e", path))) == (1, b"")
    assert both.same(scripted(scripts.READ, path, "1000")) == (3, b"")
    assert both.same(scripted(scripts.STAT, path)) == (1, b"")
    assert both.same(scripted(scripts.EXPAND, f"{both.path.parent}/*.conf", "glob")) == (0, b"")


def test_stat_has_the_same_words(both: Both) -> None:
    """Kind, mode and number of names; owners are those of whoever runs the tests."""
    both.given(OLD)
    command = scripted(scripts.STAT, str(both.path))
    real = subprocess.run(["sh", "-c", command.script, "sh", *command.argv], capture_output=True, text=True, check=True)
    answer = both.simulated(command)

    assert answer is not None
    words = [line.splitlines()[0].split("|") for line in (answer.out, real.stdout)]
    assert [(each[0], each[1], each[4]) for each in words] == [("regular file", "640", "1")] * 2


@pytest.mark.parametrize("before", [None, OLD])
@pytest.mark.parametrize("seen", [None, OLD, "something else\n"])
def test_writing(both: Both, before: str | None, seen: str | None) -> None:
    """The new content with the mode, and a backup, if the file still is what was seen; else nothing."""
    if before is not None:
        both.given(before)
    path = str(both.path)
    expected = "absent" if seen is None else digest(seen)
    backup = "" if seen is None else f"{path}.bak"
    code, _ = both.same(scripted(scripts.WRITE, path, expected, digest(NEW), backup, "0644", "", stdin=NEW))

    assert code == (0 if before == seen else scripts.CHANGED)
    for each in (path, f"{path}.bak"):
        real = Path(each).read_bytes() if Path(each).exists() else None
        assert both.simulated.content(each) == real
    assert (both.simulated.content(path) == NEW.encode()) is (code == 0)


def test_removing(both: Both) -> None:
    """Only what was seen; a backup stays."""
    both.given(OLD)
    path = str(both.path)
    command = scripted(scripts.REMOVE, path, digest(OLD), "absent", f"{path}.bak")

    assert both.same(command) == (0, b"")
    assert both.same(command)[0] == scripts.CHANGED
    assert both.simulated.content(path) is None
    assert both.simulated.content(f"{path}.bak") == Path(f"{path}.bak").read_bytes() == OLD.encode()


def test_half_a_text_is_not_written(both: Both) -> None:
    """The digest of what arrived differs."""
    both.given(OLD)
    command = scripted(scripts.WRITE, str(both.path), digest(OLD), digest(NEW), "", "", "", stdin=NEW[:4])
    assert both.same(command) == (scripts.CUT, b"")
    assert both.simulated.content(str(both.path)) == both.path.read_bytes() == OLD.encode()
