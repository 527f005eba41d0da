"""Commands to paste: what a shell makes of the line is what vmfix would have sent."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.model.command import Command, Dialect
from runner.model.inventory import Platform
from runner.shells.pasted import pasted

# Every shell that is here; a person over there may have any of them.
SHELLS = [path for path in map(shutil.which, ("dash", "bash", "busybox")) if path]
SHOWS = """for each in "$@"; do
\tprintf '<%s>' "$each"   # it's "so": \\n %s $(no)
done

cat
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
PRINTABLE = TEXT.filter(str.isprintable)


def said(command: Command, shell: str) -> bytes:
    """What the pasted line prints."""
    line = pasted(command, Platform.LINUX)
    assert line.isprintable()  # so it is one line, and a report shows it as it is
    argv = [shell, *(["sh"] if shell.endswith("busybox") else []), "-c", line]
    return subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, check=True, timeout=20).stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_of_many_lines(shell: str) -> None:
    """With its quotes, tabs and blank lines, its values, and what it reads."""
    command = Command(dialect=Dialect.SH, script=SHOWS, argv=("a b", "it's", "-n", ""), stdin="x\n\ty\\n\n")
    assert said(command, shell) == b"<a b><it's><-n><>x\n\ty\\n\n"


def test_a_script_of_one_line_can_be_read() -> None:
    """And a program is itself."""
    script = Command(dialect=Dialect.SH, script='[ -e "$1" ] && touch "$1/x"', argv=("/a b",))
    assert pasted(script, Platform.LINUX) == """sh -c '[ -e "$1" ] && touch "$1/x"' sh '/a b'"""
    assert pasted(Command(argv=("mount", "--", "/a b")), Platform.LINUX) == "mount -- '/a b'"
    assert pasted(Command(argv=("net", "start", "A B")), Platform.WINDOWS) == 'net start "A B"'


@settings(max_examples=60, deadline=None)
@given(script=TEXT, values=st.lists(PRINTABLE, max_size=3), stdin=TEXT)
def test_whatever_is_in_it(script: str, values: list[str], stdin: str) -> None:
    """The script is data here: it is printed, and not run."""
    tail = f"\n{script}"
    command = Command(
        dialect=Dialect.SH, script=f"printf '<%s>' \"$@\"\ncat\nexit 0{tail}".replace("\r", ""), argv=tuple(values),
        stdin=stdin,
    )  # fmt: skip
    expected = "".join(f"<{value}>" for value in values) or "<>"
    assert said(command, SHELLS[0]) == (expected + stdin).encode()


def test_powershell_is_pasted_as_it_is_sent() -> None:
    """A program with its script in base64: in cmd.exe as in PowerShell, and an `exit` ends only itself."""
    line = pasted(Command(dialect=Dialect.POWERSHELL, script="exit 3\n", argv=("it's",)), Platform.WINDOWS)
    *start, data = line.split()
    assert start == ["powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand"]
    script = base64.b64decode(data).decode("utf-16-le")
    assert "exit 3" in script
    assert "it's" not in script


@pytest.mark.parametrize(
    ("command", "platform"),
    [
        (Command(argv=("rm", "--", "/a\nb")), Platform.LINUX),
        (Command(dialect=Dialect.POWERSHELL, script="exit"), Platform.LINUX),
        (Command(dialect=Dialect.SH, script="exit"), Platform.WINDOWS),
        (Command(dialect=Dialect.POWERSHELL, script="$input", stdin="x"), Platform.WINDOWS),
        (Command(dialect=Dialect.POWERSHELL, script="#" * 4000), Platform.WINDOWS),
    ],
)
def test_what_no_line_says_exactly_is_not_said(command: Command, platform: Platform) -> None:
    """Half of it would be worse."""
    assert pasted(command, platform) == ""
