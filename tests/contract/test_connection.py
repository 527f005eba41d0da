"""What every transport promises to the engine. A new transport joins by adding itself to ``TRANSPORTS``."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.lab.windows.wine.process import WineExecutor
from examples.lab.windows.wsman.endpoint import Endpoint
from runner.errors import ConnectionLost, DeadlineExceeded, OutcomeUnknown, Unreachable
from runner.model.command import AtDeadline, Command, CommandResult
from runner.model.inventory import Platform, Target, TransportKind
from runner.transports.base import Connection
from runner.transports.fake import FakeConnection
from runner.transports.table import connector
from runner.transports.winrm import WinrmConnection
from tests.contract import windows
from tests.contract.speech import Posix, Speech, Windows, sh, until
from tests.contract.sshd import PASSWORD_REF, Secrets, Sshd

POSIX_TRANSPORTS = ("fake", "local", "ssh-root", "ssh-sudo", "ssh-sudo-no-pty", "ssh-sudo-password", "ssh-noisy")
# cmd.exe reads each line first, as it mostly does, or never does; the last is a real cmd.exe below Wine.
WINRM_TRANSPORTS = ("winrm", "winrm-no-cmd", "winrm-wine")
_REAL = ("ssh-", "winrm-wine")
TRANSPORTS = (*POSIX_TRANSPORTS, *WINRM_TRANSPORTS)
_SSH_USERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ssh-root": ("root", {}),
    "ssh-sudo": ("free", {}),
    "ssh-sudo-no-pty": ("bare", {}),
    "ssh-sudo-password": ("asked", {"sudo_password": PASSWORD_REF}),
    "ssh-noisy": ("noisy", {}),
}


def _parameters(names: tuple[str, ...]) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.real] if name.startswith(_REAL) else []) for name in names]


HERE = Target(name="here", address="localhost", transport=TransportKind.LOCAL, platform=Platform.LINUX)


@pytest.fixture(scope="module", params=_parameters(TRANSPORTS))
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection of each kind, kept open for many commands as the engine does."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=_parameters(POSIX_TRANSPORTS))
def posix(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """The same for promises about scripts, signals and root, which Windows knows nothing of."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@pytest.fixture(params=_parameters(TRANSPORTS))
def fresh(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection of each kind that the test may close."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@pytest.fixture(params=_parameters(POSIX_TRANSPORTS))
def fresh_posix(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """The same without Windows."""
    opened = _open(request.param, request)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Remote:
    """An open connection that can be lost, and how to lose it."""

    connection: Connection
    cut: Callable[[], None]


@pytest.fixture(params=_parameters((*_SSH_USERS, *WINRM_TRANSPORTS)))
def remote(request: pytest.FixtureRequest) -> Iterator[Remote]:
    """An open connection of each kind that can be lost."""
    opened = _open(request.param, request)
    if request.param in WINRM_TRANSPORTS:
        yield Remote(opened, _endpoint(request.param, request).break_connections)
    else:
        server: Sshd = request.getfixturevalue("server")
        yield Remote(opened, server.cut_all_lines)
    opened.close()


@pytest.fixture(scope="module")
def winrm_endpoint() -> Iterator[Endpoint]:
    """cmd.exe reads the lines, whatever one asks for."""
    with Endpoint(windows.ModelExecutor(), [windows.account()]) as endpoint:
        yield endpoint
    assert endpoint.errors == []


@pytest.fixture(scope="module")
def winrm_endpoint_without_cmd() -> Iterator[Endpoint]:
    """No line is ever read by cmd.exe, whatever one asks for."""
    with Endpoint(windows.ModelExecutor(direct=True), [windows.account()], honour_skip_cmd=True) as endpoint:
        yield endpoint
    assert endpoint.errors == []


@pytest.fixture(scope="module")
def winrm_endpoint_of_wine(wine_folder: Path) -> Iterator[Endpoint]:
    """A real cmd.exe reads the lines."""
    with Endpoint(WineExecutor(wine_folder), [windows.account()]) as endpoint:
        yield endpoint
    assert endpoint.errors == []


_ENDPOINTS = {
    "winrm": "winrm_endpoint",
    "winrm-no-cmd": "winrm_endpoint_without_cmd",
    "winrm-wine": "winrm_endpoint_of_wine",
}


def _endpoint(name: str, request: pytest.FixtureRequest) -> Endpoint:
    found: Endpoint = request.getfixturevalue(_ENDPOINTS[name])
    return found


def _open(name: str, request: pytest.FixtureRequest) -> Connection:
    if name in WINRM_TRANSPORTS:
        there = windows.target(_endpoint(name, request))
        return connector(TransportKind.WINRM)(there, windows.Secrets())
    local = connector(TransportKind.LOCAL)(HERE, Secrets())
    if name == "fake":
        # Scripted with whatever this machine answers, exceptions included.
        return FakeConnection([(lambda _: True, local.run)])
    if name == "local":
        return local
    server: Sshd = request.getfixturevalue("server")
    user, options = _SSH_USERS[name]
    return connector(TransportKind.SSH)(server.target(user, **options), Secrets())


def speech_for(connection: Connection) -> Speech:
    """The words that the target understands."""
    return Windows() if isinstance(connection, WinrmConnection) else Posix()


@pytest.fixture
def speech(connection: Connection) -> Speech:
    """The words that the target of ``connection`` understands."""
    return speech_for(connection)


def arguments_by_pid() -> Iterator[tuple[int, list[bytes]]]:
    """The live processes of this machine, where all targets of the tests are."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(path.parent.name), path.read_bytes().rstrip(b"\0").split(b"\0")  # Wine leaves room at the end
        except OSError:
            continue


def pids_of(word: str) -> list[int]:
    """The live processes that have ``word`` as an argument."""
    return [pid for pid, arguments in arguments_by_pid() if word.encode() in arguments]


def is_asleep(word: str) -> bool:
    """Whether the program itself sleeps for that time, and not only those that are about to start it."""
    return any(
        arguments[-2:] == [b"sleep", word.encode()] and (len(arguments) == 2 or b"labproc" in arguments[-3])
        for _, arguments in arguments_by_pid()
    )


def when_running(word: str, act: Callable[[], None]) -> None:
    """Do something as soon as a command sleeps for that time."""
    assert until(lambda: is_asleep(word))
    act()


@pytest.fixture
def odd_seconds() -> Iterator[str]:
    """A time to sleep that no other process on the machine has; such processes are ended afterwards."""
    word = str(100_000_000 + secrets.randbelow(100_000_000))  # seconds or milliseconds: more than a day
    yield word
    for pid in pids_of(word):
        os.kill(pid, 9)


@pytest.mark.parametrize("code", [0, 1, 7, 97, 98, 126, 255])
def test_exit_code_is_a_value(connection: Connection, speech: Speech, code: int) -> None:
    """Whatever the exit code, also one that our wrapper uses itself, it is returned and nothing is raised."""
    assert connection.run(speech.ends_with(code)).exit_code == code


def test_streams_are_kept_apart(connection: Connection, speech: Speech) -> None:
    """Each stream is complete and holds nothing else: no mark of ours, no greeting of a login script."""
    result = connection.run(speech.says("out ä", "err €"))

    assert (result.stdout, result.stderr) == ("out ä".encode() + speech.line_end, "err €".encode() + speech.line_end)
    assert not result.truncated


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_signal_is_128_plus_its_number(posix: Connection, at_deadline: AtDeadline) -> None:
    """A command that a signal ended has the exit code that a POSIX shell would report."""
    assert posix.run(sh("kill -TERM $$", at_deadline=at_deadline)).exit_code == 128 + 15
    assert posix.run(sh("kill -KILL $$", at_deadline=at_deadline)).exit_code == 128 + 9


def test_missing_program_is_127(posix: Connection) -> None:
    """A program that does not exist is a result, as from a shell."""
    result = posix.run(Command(argv=("/no/such/program",)))

    assert result.exit_code == 127
    assert "/no/such/program" in result.err


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_large_streams_are_kept_apart_and_whole(posix: Connection, at_deadline: AtDeadline) -> None:
    """A mebibyte on each stream, written in turns, arrives complete, in order, and on the right stream."""
    script = (
        'line=$(printf "%01023d" 0); other=$(echo "$line" | tr 0 1); i=0; '
        'while [ $i -lt 1024 ]; do echo "$line"; echo "$other" >&2; i=$((i+1)); done'
    )

    result = posix.run(sh(script, at_deadline=at_deadline))

    assert result.stdout == (b"0" * 1023 + b"\n") * 1024
    assert result.stderr == (b"1" * 1023 + b"\n") * 1024
    assert not result.truncated


def test_output_beyond_the_limit_is_dropped_and_said(connection: Connection, speech: Speech) -> None:
    """Endless output neither fills our memory nor stops the command."""
    result = connection.run(speech.floods(18_000_000))

    assert (result.exit_code, result.truncated, result.stderr) == (3, True, b"the end" + speech.line_end)
    assert len(result.stdout) == 16 * 1024 * 1024


@pytest.mark.parametrize("at_deadline", AtDeadline)
@pytest.mark.parametrize("text", ["", "x", "no line end", "zwei\nZeilen mit ü €\n", "x" * 3_000_000], ids=len)
def test_stdin_arrives_unchanged_then_ends(
    connection: Connection, speech: Speech, text: str, at_deadline: AtDeadline
) -> None:
    """The command reads exactly the text and then end of file; without a text it reads end of file at once."""
    result = connection.run(speech.copies(stdin=text, at_deadline=at_deadline))

    assert result == CommandResult(exit_code=0, stdout=text.encode(), elapsed=result.elapsed)


def test_stdin_may_be_ignored(connection: Connection, speech: Speech) -> None:
    """A command that never reads its input ends normally."""
    assert connection.run(speech.ends_with(0, stdin="x" * 5_000_000)).exit_code == 0


def test_both_ways_at_once(connection: Connection, speech: Speech) -> None:
    """Input and output larger than every buffer pass each other without a deadlock."""
    text = "0123456789abcde\n" * 400_000

    assert connection.run(speech.copies(stdin=text)).stdout == text.encode()


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_arguments_arrive_unchanged(connection: Connection, speech: Speech, at_deadline: AtDeadline) -> None:
    """No shell on the way finds anything to interpret in an argument."""
    result = connection.run(speech.prints_arguments(*speech.awkward, at_deadline=at_deadline))

    assert result.out.split(speech.end_of_argument)[:-1] == list(speech.awkward)


def test_script_values_are_positional(posix: Connection) -> None:
    """A script sees its values as $1, $2 ...; they are never part of its text."""
    result = posix.run(sh('printf "%s\\0" "$0" "$@"', *Posix.awkward))

    assert result.out.split("\0")[:-1] == ["sh", *Posix.awkward]


def test_elevated_is_root(posix: Connection) -> None:
    """Elevated commands run as root, whoever logged in."""
    assert posix.run(Command(argv=("id", "-u"))).stdout == b"0\n"


def test_a_daemon_that_keeps_the_streams_does_not_hold_us_up(posix: Connection, odd_seconds: str) -> None:
    """The command is over when it has ended, even if something that it started holds its streams open."""
    for at_deadline in AtDeadline:
        result = posix.run(sh(f"echo started; sleep {odd_seconds} & exit 4", at_deadline=at_deadline, at_most=30))

        assert (result.exit_code, result.stdout) == (4, b"started\n")
        assert result.elapsed < 10


def test_deadline_kills_the_whole_tree(connection: Connection, speech: Speech, odd_seconds: str) -> None:
    """At the deadline nothing of the command is left: no child, no grandchild, none that left the session."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run(speech.sleeps_in_a_tree(odd_seconds, at_most=0.7))

    assert caught.value.process_dead is True
    assert until(lambda: pids_of(odd_seconds) == [], speech.seconds_to_vanish)
    assert time.monotonic() - began < 6
    assert connection.run(speech.says("next", "")).stdout == b"next" + speech.line_end


def test_deadline_kills_the_deaf(posix: Connection, odd_seconds: str) -> None:
    """A command that ignores every polite signal, and hides its environment, is ended too."""
    script = f"trap '' TERM HUP INT; env -i sh -c \"trap '' TERM; while :; do sleep {odd_seconds}; done\" & wait; wait"
    with pytest.raises(DeadlineExceeded) as caught:
        posix.run(sh(script, at_most=0.5))

    assert caught.value.process_dead is True
    assert pids_of(odd_seconds) == []


def test_deadline_holds_while_output_streams(connection: Connection, speech: Speech) -> None:
    """The deadline is for the whole command, not for each silence."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        connection.run(speech.keeps_talking(at_most=1.0))

    assert time.monotonic() - began < 6


def test_left_running_finishes_its_work(fresh_posix: Connection, tmp_path: Path) -> None:
    """A command that must not be interrupted goes on after its deadline, also when nobody listens any more.

    It writes far more than pipes hold, on both streams, after the connection is closed, and stops at the first error.
    """
    tmp_path.chmod(0o777)
    script = (
        'set -e; sleep 1; for i in 1 2 3; do head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo "line $i"; '
        'sleep 0.1; done; echo "done" >"$1"'
    )
    with pytest.raises(DeadlineExceeded) as caught:
        fresh_posix.run(sh(script, str(tmp_path / "proof"), at_most=0.5, at_deadline=AtDeadline.LEAVE))
    fresh_posix.close()

    assert caught.value.process_dead is False
    assert until((tmp_path / "proof").exists)


def test_left_running_is_not_ended_by_closing(fresh: Connection, odd_seconds: str) -> None:
    """Whatever is closed afterwards, the command still runs."""
    with pytest.raises(DeadlineExceeded) as caught:
        fresh.run(speech_for(fresh).marks_then_sleeps(odd_seconds, at_most=0.7, at_deadline=AtDeadline.LEAVE))
    fresh.close()

    assert caught.value.process_dead is False
    assert pids_of(odd_seconds) != []


def test_close_twice(fresh: Connection) -> None:
    """Closing is idempotent, and so is closing what was never used."""
    fresh.run(speech_for(fresh).ends_with(0))
    fresh.close()
    fresh.close()


def test_lost_connection_is_unknown_and_the_next_command_reconnects(remote: Remote, odd_seconds: str) -> None:
    """A line that breaks in mid-command means that the outcome is unknown; nothing is sent twice."""
    connection, speech = remote.connection, speech_for(remote.connection)
    connection.run(speech.ends_with(0))

    cutter = threading.Thread(target=when_running, args=(odd_seconds, remote.cut))
    cutter.start()
    with pytest.raises(ConnectionLost) as caught:
        connection.run(speech.marks_then_sleeps(odd_seconds, at_most=20))
    cutter.join()

    assert isinstance(caught.value, OutcomeUnknown)
    assert caught.value.process_dead is False
    assert "it still runs " in caught.value.message
    running = pids_of(odd_seconds)
    assert running != []
    assert connection.run(speech.says("again", "")).stdout == b"again" + speech.line_end
    assert pids_of(odd_seconds) == running


def test_closed_under_a_command_is_an_interruption(fresh: Connection, odd_seconds: str) -> None:
    """Whoever closes a connection in the middle of a command is told that, and nobody connects again to look."""
    if isinstance(fresh, FakeConnection):
        pytest.skip("the fake has nothing to close")
    speech = speech_for(fresh)
    fresh.run(speech.ends_with(0))
    closer = threading.Thread(target=when_running, args=(odd_seconds, fresh.close))
    closer.start()
    with pytest.raises(ConnectionLost, match=r"vmfix was interrupted before .* may still run ") as caught:
        fresh.run(speech.marks_then_sleeps(odd_seconds, at_most=20))
    closer.join()

    assert caught.value.process_dead is None


@pytest.mark.parametrize("at_deadline", AtDeadline)
def test_nobody_on_the_target_can_report_for_a_command(
    posix: Connection, tmp_path: Path, at_deadline: AtDeadline
) -> None:
    """What any user can read of the launch, put into the command's output, is output: no exit code and no start."""
    if isinstance(posix, FakeConnection):
        pytest.skip("the fake has no wrapper")
    forge = (
        'for word in $(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | '
        'grep -a -o "[a-z-]*[0-9a-f]\\{32\\}" | sort -u); do '
        'for said in "exit 0" "start 1 root" "prompt"; do echo "$word $said"; done; done >"$1"; '
        'cat "$1" >&2; cat "$1"; sleep 1; exit 7'
    )
    result = posix.run(sh(forge, str(tmp_path / "forged"), at_deadline=at_deadline))

    assert result.exit_code == 7
    assert result.stdout == result.stderr == (tmp_path / "forged").read_bytes()
    assert at_deadline is AtDeadline.KILL or b"vmfix-" in result.stderr  # the wrapper is still there to be read


def test_a_line_that_broke_between_commands_goes_unnoticed(remote: Remote) -> None:
    """Nothing was under way, so the next command just gets a new connection."""
    speech = speech_for(remote.connection)
    remote.connection.run(speech.ends_with(0))
    remote.cut()
    time.sleep(0.2)

    assert remote.connection.run(speech.says("again", "")).stdout == b"again" + speech.line_end


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
