"""What every transport promises to the engine. A new transport joins by adding itself to ``TRANSPORTS``."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConnectionLost, DeadlineExceeded, NothingSent, OutcomeUnknown, Unreachable
from runner.model.command import AtDeadline, Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target, TransportKind
from runner.transports.base import Connection
from runner.transports.fake import FakeConnection
from runner.transports.table import connector
from tests.contract.sshd import PASSWORD_REF, Secrets, Sshd

TRANSPORTS = ("fake", "local", "ssh-root", "ssh-sudo", "ssh-sudo-no-pty", "ssh-sudo-password", "ssh-noisy")
_SSH_USERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ssh-root": ("root", {}),
    "ssh-sudo": ("free", {}),
    "ssh-sudo-no-pty": ("bare", {}),
    "ssh-sudo-password": ("asked", {"sudo_password": PASSWORD_REF}),
    "ssh-noisy": ("noisy", {}),
}
_PARAMETERS = [pytest.param(name, marks=[pytest.mark.real] if name in _SSH_USERS else []) for name in TRANSPORTS]
HERE = Target(name="here", address="localhost", transport=TransportKind.LOCAL, platform=Platform.LINUX)
NASTY = (
    "",
    " ",
    "a b",
    "it's",
    'say "hi"',
    "$HOME `id` $(id) ${x}",
    "a&b|c<d>e^f%g%PATH%!h!;i",
    "back\\slash\\\\two\\n",
    "line\nbreak\n\n",
    "tab\there",
    "*?[a-z]~{1,2}",
    "ünïcödé € 漢字 🙂",
    "-n",
    "--",
    "#no comment",
    "\x01\x7f\r",
)


@pytest.fixture(scope="module", params=_PARAMETERS)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection of each kind, kept open for many commands as the engine does."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@pytest.fixture(params=_PARAMETERS)
def fresh(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection of each kind that the test may close."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.real) for name in _SSH_USERS])
def remote(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """An open connection of each kind that can be lost."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


def _open(name: str, request: pytest.FixtureRequest) -> Connection:
    local = connector(TransportKind.LOCAL)(HERE, Secrets())
    if name == "fake":
        # Scripted with whatever this machine answers, exceptions included.
        return FakeConnection([(lambda _: True, local.run)])
    if name == "local":
        return local
    server: Sshd = request.getfixturevalue("server")
    user, options = _SSH_USERS[name]
    return connector(TransportKind.SSH)(server.target(user, **options), Secrets())


def sh(script: str, *values: str, **fields: object) -> Command:
    """A script as a command."""
    return Command(dialect=Dialect.SH, script=script, argv=values, **fields)  # type: ignore[arg-type]


def pids_of(word: str) -> list[int]:
    """The live processes that have ``word`` as an argument, on this machine, where all targets of the tests are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in arguments:
            found.append(int(path.parent.name))
    return found


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for something that happens by itself."""
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def odd_seconds() -> Iterator[str]:
    """An argument for sleep that no other process on the machine has; such processes are ended afterwards."""
    word = f"{int.from_bytes(os.urandom(4)) % 10_000 + 500}.{time.monotonic_ns() % 1_000_000:06}"
    yield word
    for pid in pids_of(word):
        os.kill(pid, 9)


@pytest.mark.parametrize("code", [0, 1, 7, 97, 98, 126, 255])
def test_exit_code_is_a_value(connection: Connection, code: int) -> None:
    """Whatever the exit code, also one that our wrapper uses itself, it is returned and nothing is raised."""
    assert connection.run(sh(f"exit {code}")).exit_code == code


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_signal_is_128_plus_its_number(connection: Connection, at_deadline: AtDeadline) -> None:
    """A command that a signal ended has the exit code that a POSIX shell would report."""
    assert connection.run(sh("kill -TERM $$", at_deadline=at_deadline)).exit_code == 128 + 15
    assert connection.run(sh("kill -KILL $$", at_deadline=at_deadline)).exit_code == 128 + 9


def test_missing_program_is_127(connection: Connection) -> None:
    """A program that does not exist is a result, as from a shell."""
    result = connection.run(Command(argv=("/no/such/program",)))

    assert result.exit_code == 127
    assert "/no/such/program" in result.err


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_streams_are_kept_apart_and_whole(connection: Connection, at_deadline: AtDeadline) -> None:
    """A mebibyte on each stream, written in turns, arrives complete, in order, and on the right stream."""
    script = (
        'line=$(printf "%01023d" 0); other=$(echo "$line" | tr 0 1); i=0; '
        'while [ $i -lt 1024 ]; do echo "$line"; echo "$other" >&2; i=$((i+1)); done'
    )

    result = connection.run(sh(script, at_deadline=at_deadline))

    assert result.stdout == (b"0" * 1023 + b"\n") * 1024
    assert result.stderr == (b"1" * 1023 + b"\n") * 1024
    assert not result.truncated


def test_output_beyond_the_limit_is_dropped_and_said(connection: Connection) -> None:
    """Endless output neither fills our memory nor stops the command."""
    result = connection.run(sh("head -c 18000000 /dev/zero; echo the end >&2; exit 3"))

    assert (result.exit_code, result.truncated, result.stderr) == (3, True, b"the end\n")
    assert len(result.stdout) == 16 * 1024 * 1024


@pytest.mark.parametrize("at_deadline", AtDeadline)
@pytest.mark.parametrize("text", ["", "x", "no line end", "zwei\nZeilen mit ü €\n", "x" * 3_000_000], ids=len)
def test_stdin_arrives_unchanged_then_ends(connection: Connection, text: str, at_deadline: AtDeadline) -> None:
    """The command reads exactly the text and then end of file; without a text it reads end of file at once."""
    result = connection.run(Command(argv=("cat",), stdin=text, at_deadline=at_deadline))

    assert result == CommandResult(exit_code=0, stdout=text.encode(), elapsed=result.elapsed)


def test_stdin_may_be_ignored(connection: Connection) -> None:
    """A command that never reads its input ends normally."""
    assert connection.run(Command(argv=("true",), stdin="x" * 5_000_000)).exit_code == 0


def test_both_ways_at_once(connection: Connection) -> None:
    """Input and output larger than every buffer pass each other without a deadlock."""
    text = "0123456789abcde\n" * 400_000
    result = connection.run(Command(argv=("tee", "/dev/stderr"), stdin=text))

    assert result.stdout == result.stderr == text.encode()


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_arguments_arrive_unchanged(connection: Connection, at_deadline: AtDeadline) -> None:
    """No shell on the way finds anything to interpret in an argument."""
    result = connection.run(Command(argv=("printf", "%s\\0", *NASTY), at_deadline=at_deadline))

    assert result.out.split("\0")[:-1] == list(NASTY)


def test_script_values_are_positional(connection: Connection) -> None:
    """A script sees its values as $1, $2 ...; they are never part of its text."""
    result = connection.run(sh('printf "%s\\0" "$0" "$@"', *NASTY))

    assert result.out.split("\0")[:-1] == ["sh", *NASTY]


def test_our_marks_do_not_leak(connection: Connection) -> None:
    """What the wrapper tells us and what login scripts say is not part of any output."""
    result = connection.run(sh("echo out; echo err >&2"))

    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_elevated_is_root(connection: Connection) -> None:
    """Elevated commands run as root, whoever logged in."""
    assert connection.run(Command(argv=("id", "-u"))).stdout == b"0\n"


def test_a_daemon_that_keeps_the_streams_does_not_hold_us_up(connection: Connection, odd_seconds: str) -> None:
    """The command is over when it has ended, even if something that it started holds its streams open."""
    for at_deadline in AtDeadline:
        result = connection.run(sh(f"echo started; sleep {odd_seconds} & exit 4", at_deadline=at_deadline, at_most=30))

        assert (result.exit_code, result.stdout) == (4, b"started\n")
        assert result.elapsed < 10


def test_deadline_kills_the_whole_tree(connection: Connection, odd_seconds: str) -> None:
    """At the deadline nothing of the command is left: no child, no grandchild, none that left the session."""
    script = f"sleep {odd_seconds} & setsid sleep {odd_seconds} & (setsid sh -c 'sleep {odd_seconds}; true' &); wait"
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run(sh(script, at_most=0.5))

    assert caught.value.process_dead is True
    assert pids_of(odd_seconds) == []
    assert time.monotonic() - began < 6
    assert connection.run(Command(argv=("echo", "next"))).stdout == b"next\n"


def test_deadline_kills_the_deaf(connection: Connection, odd_seconds: str) -> None:
    """A command that ignores every polite signal, and hides its environment, is ended too."""
    script = f"trap '' TERM HUP INT; env -i sh -c \"trap '' TERM; while :; do sleep {odd_seconds}; done\" & wait; wait"
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run(sh(script, at_most=0.5))

    assert caught.value.process_dead is True
    assert pids_of(odd_seconds) == []


def test_deadline_holds_while_output_streams(connection: Connection) -> None:
    """The deadline is for the whole command, not for each silence."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        connection.run(sh("while :; do echo x; sleep 0.1; done", at_most=1.0))

    assert time.monotonic() - began < 6


def test_left_running_finishes_its_work(fresh: Connection, tmp_path: Path) -> None:
    """A command that must not be interrupted goes on after its deadline, also when nobody listens any more.

    It writes far more than pipes hold, on both streams, after the connection is closed, and stops at the first error.
    """
    tmp_path.chmod(0o777)
    script = (
        'set -e; sleep 1; for i in 1 2 3; do head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo "line $i"; '
        'sleep 0.1; done; echo "done" >"$1"'
    )
    with pytest.raises(DeadlineExceeded) as caught:
        fresh.run(sh(script, str(tmp_path / "proof"), at_most=0.5, at_deadline=AtDeadline.LEAVE))
    fresh.close()

    assert caught.value.process_dead is False
    assert until((tmp_path / "proof").exists)


def test_close_twice(fresh: Connection) -> None:
    """Closing is idempotent, and so is closing what was never used."""
    fresh.run(Command(argv=("true",)))
    fresh.close()
    fresh.close()


def test_lost_connection_is_unknown_and_the_next_command_reconnects(
    remote: Connection, server: Sshd, tmp_path: Path, odd_seconds: str
) -> None:
    """A line that breaks in mid-command means that the outcome is unknown; nothing is sent twice."""
    tmp_path.chmod(0o777)
    count = tmp_path / "count"
    remote.run(Command(argv=("true",)))

    def cut() -> None:
        until(count.exists)
        server.cut_all_lines()

    cutter = threading.Thread(target=cut)
    cutter.start()
    with pytest.raises(ConnectionLost) as caught:
        remote.run(sh(f'echo ran >>"$1"; sleep {odd_seconds}', str(count), at_most=20))
    cutter.join()

    assert isinstance(caught.value, OutcomeUnknown)
    assert remote.run(Command(argv=("echo", "again"))).stdout == b"again\n"
    assert count.read_text() == "ran\n"


def test_a_line_that_broke_between_commands_goes_unnoticed(remote: Connection, server: Sshd) -> None:
    """Nothing was under way, so the next command just gets a new connection."""
    remote.run(Command(argv=("true",)))
    server.cut_all_lines()
    time.sleep(0.2)

    assert remote.run(Command(argv=("echo", "again"))).stdout == b"again\n"


def test_winrm_says_that_it_is_not_there() -> None:
    """A kind of target that this version cannot reach is refused in plain words."""
    with pytest.raises(NothingSent, match="WinRM is not part of this version"):
        connector(TransportKind.WINRM)(HERE, Secrets())


def test_fake_raises_what_it_is_told() -> None:
    """The fake lets tests play every failure."""
    fake = FakeConnection(
        [("reboot", ConnectionLost("gone")), ("true", [Unreachable("down"), CommandResult(exit_code=0)])]
    )
    with pytest.raises(ConnectionLost):
        fake.run(Command(argv=("reboot",)))
    with pytest.raises(Unreachable):
        fake.run(Command(argv=("true",)))

    assert fake.run(Command(argv=("true",))).exit_code == 0
    assert [command.argv[0] for command in fake.sent] == ["reboot", "true", "true"]
