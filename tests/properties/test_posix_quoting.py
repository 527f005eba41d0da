"""Nothing that stands in an argument, a value or the standard input means anything to the shells on the way."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.model.command import AtDeadline, Command, Dialect
from runner.shells.posix import Elevation, Launch, launch_line, words
from runner.transports.exchange import Exchange

SHELLS = [path for path in ("/bin/sh", "/bin/bash", "/bin/dash", "/bin/zsh", "/bin/ksh") if shutil.which(path)]
# Surrogates cannot be sent as UTF-8; a NUL byte cannot be in an argument.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
spiteful = st.text(st.sampled_from("'\"\\`$!&|<>^%;#*?[]{}()~ \t\n\r=-äπ🙂"), max_size=20)
argument = text | spiteful
PRINT_ALL = 'for value in "$0" "$@"; do printf "%s\\0" "$value"; done; cat'


def through(shell: str, line: str, stdin: str = "") -> bytes:
    """What the line prints when that shell is the login shell."""
    done = subprocess.run([shell, "-c", line], input=stdin.encode(), capture_output=True, check=False, timeout=20)
    return done.stdout


def launched(shell: str, command: Command, elevation: Elevation) -> tuple[bytes, bytes]:
    """Both streams of a command as the transports start it, without our marks."""
    launch = Launch(f"vmfix-{secrets.token_hex(16)}", secrets.token_hex(16), elevation)
    exchange = Exchange(command, launch.mark)
    seal = f"{exchange.seal}\n" if exchange.seal else ""
    done = subprocess.run(
        [shell, "-c", launch_line(command, launch)],
        input=(seal + command.stdin).encode(),
        capture_output=True,
        check=False,
        timeout=20,
    )
    exchange.out.feed(done.stdout)
    exchange.err.feed(done.stderr)
    exchange.finish()
    assert exchange.started
    return bytes(exchange.out.body), bytes(exchange.err.body)


@pytest.mark.parametrize("shell", SHELLS)
@given(arguments=st.lists(argument, max_size=5))
@example(arguments=["it's", "a\nb\n", "", "-e", "$(id)", "`id`", "!!", "\\", "%PATH%", "^&|<>"])
def test_argv_arrives_unchanged(shell: str, arguments: list[str]) -> None:
    """The program gets exactly the arguments of the command."""
    line = shlex.join(words(Command(argv=("printf", "%s\\0", "first", *arguments))))

    assert through(shell, line).decode() == "".join(f"{word}\0" for word in ("first", *arguments))


@pytest.mark.parametrize("shell", SHELLS)
@given(values=st.lists(argument, max_size=5))
def test_script_values_arrive_unchanged(shell: str, values: list[str]) -> None:
    """The script gets its values as positional parameters, whatever they hold."""
    line = shlex.join(words(Command(dialect=Dialect.SH, script=PRINT_ALL, argv=tuple(values))))

    assert through(shell, line).decode() == "".join(f"{word}\0" for word in ("sh", *values))


@pytest.mark.parametrize("elevation", [Elevation.NONE, Elevation.PROBE])
@pytest.mark.parametrize("at_deadline", AtDeadline)
@pytest.mark.parametrize("shell", SHELLS)
@given(values=st.lists(argument, max_size=3), stdin=argument)
@example(values=["\\\\", "''"], stdin="no line end")
def test_the_wrapper_changes_nothing(
    shell: str, at_deadline: AtDeadline, elevation: Elevation, values: list[str], stdin: str
) -> None:
    """Values and standard input pass through the wrapping for deadlines and elevation, and its marks do not show."""
    command = Command(
        dialect=Dialect.SH, script=PRINT_ALL, argv=tuple(values), stdin=stdin, at_deadline=at_deadline, elevated=False
    )
    if elevation is Elevation.PROBE and os.geteuid() != 0:
        pytest.skip("only root can pass without sudo")

    out, err = launched(shell, command, elevation)

    assert (out.decode(), err) == ("".join(f"{word}\0" for word in ("sh", *values)) + stdin, b"")


def test_a_login_shell_that_changes_backslashes_starts_nothing() -> None:
    """fish makes one of two backslashes within single quotes; then the command would not be the one approved."""
    line = launch_line(Command(argv=("touch", "/nowhere")), Launch("MARK", "NONCE"))
    done = subprocess.run(["/bin/sh", "-c", line.replace("'\\\\'", "'\\'")], capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (97, b"", b"")


def test_powershell_is_not_for_this_shell() -> None:
    """A command of another dialect is a mistake of the caller."""
    with pytest.raises(ValueError, match="not for a POSIX shell"):
        words(Command(dialect=Dialect.POWERSHELL, script="Get-Date"))
