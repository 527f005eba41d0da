"""The WS-Man endpoint's shells, commands, quotas and faults are those of Windows' service for text shells."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from examples.lab.windows.executor import Process
from examples.lab.windows.wsman import Endpoint, NullExecutor, Options, PosixExecutor
from tests.integration.wsman_desk import (
    ACCOUNT,
    FILTERED,
    SHELL,
    STRANGER,
    TRANSFER,
    Caller,
    FaultSeen,
    Start,
    endpoints,
)

PLAIN = Options(encryption=False)
NOBODY = "11111111-2222-3333-4444-555555555555"
KILL = "# vmfix: end what else runs in this shell\nStop-Process ..."


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts endpoints that end with the test."""
    with endpoints() as begin:
        yield begin


@pytest.fixture
def caller(start: Start) -> Caller:
    """Somebody with an open shell on a usual endpoint that takes plain text."""
    caller = Caller(start(options=PLAIN))
    caller.create()
    return caller


class Spy:
    """Notes how lines are started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, bool, dict[str, str], str | None, int]] = []

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> Process:
        """Start nothing."""
        self.started.append((line, skip_cmd, dict(environment), directory, codepage))
        return NullExecutor().start(
            line, skip_cmd=skip_cmd, environment=environment, directory=directory, codepage=codepage
        )


def fault(ask: Callable[[], object]) -> FaultSeen:
    """The fault that a request is answered with."""
    with pytest.raises(FaultSeen) as raised:
        ask()
    return raised.value


def encoded(script: str) -> str:
    """A line that runs a PowerShell script."""
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {text}"


def test_identify(caller: Caller) -> None:
    """Says who it is."""
    answer = caller.post(
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
        "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
    )

    assert "Microsoft Corporation" in [each.text for each in answer.iter()]


def test_unknown_shells_and_commands(caller: Caller) -> None:
    """Have one code, and a message that tells them apart."""
    unknown = [
        fault(lambda: caller.receive(NOBODY)),
        fault(lambda: caller.signal(NOBODY)),
        fault(lambda: caller.send(NOBODY, b"x")),
    ]
    caller.shell = NOBODY
    unknown += [fault(lambda: caller.command("echo")), fault(caller.delete)]

    assert {(each.code, each.subcode) for each in unknown} == {(2150858843, "w:InvalidSelectors")}
    assert ["ShellId" in each.message for each in unknown] == [False, False, False, True, True]


def test_a_command_takes_the_identifier_that_the_client_chose(caller: Caller) -> None:
    """Once; by it the output can be asked for, and after the end it is unknown."""
    assert caller.command("echo one", NOBODY) == NOBODY
    assert fault(lambda: caller.command("echo two", NOBODY)).code == 2150859222
    assert caller.output(NOBODY) == (b"one\n", 0)
    assert fault(lambda: caller.receive(NOBODY)).code == 2150858843
    caller.signal(NOBODY)
    assert fault(lambda: caller.signal(NOBODY)).code == 2150858843


def test_answers_keep_within_the_envelope(caller: Caller) -> None:
    """Output that is larger comes in several; the caller looks at the size of each."""
    out, code = caller.output(caller.command("head -c 500000 /dev/zero; head -c 500000 /dev/zero >&2; exit 4"))

    assert (len(out), code) == (500_000, 4)


def test_a_line_is_its_pieces_with_blanks(start: Start) -> None:
    """Command and arguments are joined and not quoted; what the shell was asked for goes to the executor."""
    spy = Spy()
    endpoint = start(spy, options=PLAIN)
    caller = Caller(endpoint, FILTERED)
    more = "<rsp:Environment><rsp:Variable Name='A'>b</rsp:Variable></rsp:Environment>"
    caller.create(f"<rsp:WorkingDirectory>C:\\x</rsp:WorkingDirectory>{more}", WINRS_CODEPAGE="65001")
    caller.command('"a  b" ', "", " c", '"d')

    environment = {"A": "b", "USERNAME": "filtered", "VMFIX_LAB_INTEGRITY": "medium"}
    assert spy.started == [('"a  b"   c "d', False, environment, "C:\\x", 65001)]


@pytest.mark.parametrize("honoured", [True, False])
def test_skipping_cmd_is_honoured_or_not(start: Start, honoured: bool) -> None:
    """As the endpoint is set up; without the option cmd.exe takes the line in both cases."""
    spy = Spy()
    caller = Caller(start(spy, options=PLAIN, honour_skip_cmd=honoured))
    caller.create()
    caller.command("one", skip_cmd=True)
    caller.command("two", skip_cmd=False)

    assert [skipped for _, skipped, *_ in spy.started] == [honoured, False]


def test_what_cannot_be_started(start: Start) -> None:
    """Is a fault where CreateProcess gets the line, and the shell's word where cmd.exe gets it."""
    caller = Caller(start(options=PLAIN, honour_skip_cmd=True))
    caller.create()

    assert fault(lambda: caller.command("no-such-program", skip_cmd=True)).code == 0x80070002
    assert caller.output(caller.command("no-such-program 2>&1"))[1] == 127


@pytest.mark.parametrize(("signed", "code"), [(False, 0x80092004), (True, -2146885628)])
def test_exit_codes_have_32_bits(start: Start, signed: bool, code: int) -> None:
    """As an unsigned number, or a signed one."""
    endpoint = start(NullExecutor(code=0x80092004), options=Options(encryption=False, signed_exit_codes=signed))
    caller = Caller(endpoint)
    caller.create()

    assert caller.output(caller.command("x")) == (b"done\r\n", code)


def test_quota_of_shells(start: Start) -> None:
    """Per user; a closed shell makes room."""
    endpoint = start(options=Options(encryption=False, max_shells=2))
    first, second, other = Caller(endpoint), Caller(endpoint), Caller(endpoint, FILTERED)
    first.create()
    second.create()
    refused = fault(Caller(endpoint).create)
    other.create()
    first.delete()
    first.create()

    assert (refused.code, refused.subcode) == (2150859173, "w:QuotaLimit")


def test_quota_of_processes(start: Start) -> None:
    """Per shell, of those that run."""
    caller = Caller(start(options=Options(encryption=False, max_processes=1)))
    caller.create()
    command = caller.command("cat")

    assert fault(lambda: caller.command("true")).code == 2150859241
    caller.send(command, b"")
    caller.output(command)
    assert caller.output(caller.command("true")) == (b"", 0)


def test_quota_of_operations(start: Start) -> None:
    """Counts all commands of the open shells, also those that have ended; only a new shell helps."""
    caller = Caller(start(NullExecutor(), options=Options(encryption=False, max_operations=2)))
    caller.create()
    for command in [caller.command("1"), caller.command("2")]:
        caller.output(command)
        caller.signal(command)

    assert fault(lambda: caller.command("3")).code == 2150859174
    caller.delete()
    caller.create()
    assert caller.output(caller.command("3")) == (b"done\r\n", 0)


def test_idle_shells_expire(start: Start) -> None:
    """After the time that the shell was opened with, unless something is asked meanwhile."""
    endpoint = start(options=PLAIN)
    caller = Caller(endpoint)
    caller.create("<rsp:IdleTimeOut>PT1S</rsp:IdleTimeOut>")
    command = caller.command("sleep 1.5; echo done")
    assert caller.output(command) == (b"done\n", 0)  # a waiting Receive keeps it
    time.sleep(1.1)

    assert fault(lambda: caller.command("echo")).code == 2150858843
    assert endpoint.open_shells() == ()
    assert fault(lambda: caller.create("<rsp:IdleTimeOut>PT0S</rsp:IdleTimeOut>")).code == 2150859250


def test_who_may_not(start: Start) -> None:
    """Open a shell, or use one of another account: access is denied."""
    endpoint = start(options=PLAIN)
    owner, filtered = Caller(endpoint), Caller(endpoint, FILTERED)
    filtered.shell = owner.create()

    refused = [fault(Caller(endpoint, STRANGER).create), fault(lambda: filtered.command("id"))]
    assert {(each.code, each.subcode) for each in refused} == {(5, "w:AccessDenied")}
    assert [sent.account for sent in endpoint.commands()] == []


def test_terminate_ends_one_process_only(start: Start, tmp_path: Path) -> None:
    """A waiting Receive is aborted, what the command started lives on, and the shell's end is its end."""
    endpoint = start(options=PLAIN)
    caller = Caller(endpoint)
    caller.create()
    go, mark = tmp_path / "go", tmp_path / "mark"
    command = caller.command(f"sh -c 'until [ -e {go} ]; do sleep 0.02; done; touch {mark}; sleep 60' & wait")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(fault, lambda: caller.receive(command))
        _until_waited_for(endpoint)
        caller.signal(command)
        assert waiting.result().code == 995

    assert fault(lambda: caller.receive(command)).code == 2150858843
    go.touch()
    _until(mark.exists)
    caller.delete()


def test_the_kill_script_ends_the_rest_of_the_shell(caller: Caller, tmp_path: Path) -> None:
    """What still runs, and what terminated commands left behind; it says so only when all is gone."""
    alive = [tmp_path / name for name in ("left-behind", "running")]
    first = caller.command(f"sh -c 'while :; do touch {alive[0]}; sleep 0.05; done' & wait")
    second = caller.command(f"while :; do touch {alive[1]}; sleep 0.05; done")
    _until(lambda: all(path.exists() for path in alive))
    caller.signal(first)

    assert caller.output(caller.command(encoded(KILL))) == (b"gone\r\n", 0)
    for path in alive:
        path.unlink()
    time.sleep(0.2)
    assert [path.exists() for path in alive] == [False, False]
    assert caller.output(second)[1] == 137


def test_other_powershell_goes_to_the_executor(start: Start) -> None:
    """Only that script is the endpoint's own matter."""
    spy = Spy()
    caller = Caller(start(spy, options=PLAIN))
    caller.create()
    lines = [encoded("Get-Date"), encoded(" " + KILL), "echo -EncodedCommand xx", encoded(KILL)]
    for line in lines:
        caller.command(line)

    assert [line for line, *_ in spy.started] == lines[:3]


def test_control_c(caller: Caller) -> None:
    """Ends all processes of the command, which is then done with Windows' own code for it."""
    command = caller.command("echo begun; sleep 60 & sleep 60")
    assert caller.receive(command) == (b"begun\n", None)
    caller.signal(command, "ctrl_c")

    assert caller.output(command) == (b"", 0xC000013A)
    caller.signal(command, "ctrl_c")
    assert fault(lambda: caller.signal(command, "dance")).code == 87


def test_receiving_twice_at_once(start: Start) -> None:
    """Is refused."""
    endpoint = start(options=PLAIN)
    caller = Caller(endpoint)
    caller.create()
    command = caller.command("sleep 1; echo late")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(caller.receive, command)
        _until_waited_for(endpoint)
        assert fault(lambda: caller.receive(command)).code == 2150859047
        assert waiting.result() == (b"late\n", 0)


def test_a_client_that_gives_up_waiting(caller: Caller) -> None:
    """Makes room for the next Receive, and what comes later is not lost with it."""
    command = caller.command("sleep 1; echo late")
    caller.patience = 0.2
    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.receive(command)
    time.sleep(0.2)
    caller.patience = 5

    assert caller.output(command) == (b"late\n", 0)


def test_an_endpoint_stops_while_commands_run(start: Start) -> None:
    """Closing ends what runs and breaks who waits."""
    endpoint = start(PosixExecutor(), options=PLAIN)
    caller = Caller(endpoint)
    caller.create()
    command = caller.command("sleep 60")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(caller.receive, command)
        _until_waited_for(endpoint)
        began = time.monotonic()
        endpoint.close()
        assert isinstance(waiting.exception(5), requests.exceptions.ConnectionError)

    assert time.monotonic() - began < 5


def test_requests_that_make_no_sense(caller: Caller) -> None:
    """Get the fault that says what is wrong."""
    asked = [
        lambda: caller.post("no XML"),
        lambda: caller.post("<!DOCTYPE x><x/>"),
        lambda: caller.post(f"<x>{'y' * 512_000}</x>"),
        lambda: caller.ask(f"{TRANSFER}/Get"),
        lambda: caller.ask(f"{SHELL}/Command", "<rsp:Nonsense/>"),
        lambda: caller.ask(f"{SHELL}/Receive", "<rsp:Receive/>", timeout="soon"),
        lambda: caller.create(WINRS_CODEPAGE="utf8"),
    ]

    codes = [fault(each).code for each in asked]
    assert codes == [2150858817, 2150858817, 2150858805, 2150858771, 87, 2150858767, 2150859072]


def test_the_log_outlives_the_endpoint(start: Start, tmp_path: Path) -> None:
    """The next endpoint with its folder begins with what was before."""
    first = start(NullExecutor(), options=PLAIN, folder=tmp_path)
    caller = Caller(first)
    caller.create()
    caller.send(caller.command("type ü"), b"12345")
    first.close()
    second = start(NullExecutor(), options=PLAIN, folder=tmp_path)
    caller = Caller(second)
    caller.create()
    caller.command("two")

    assert [(sent.line, sent.stdin, sent.account) for sent in second.commands()] == [
        ("type ü", 5, ACCOUNT.name),
        ("two", 0, ACCOUNT.name),
    ]
    assert second.requests() == {"Create": 2, "Command": 2, "Send": 1}


def _until_waited_for(endpoint: Endpoint) -> None:
    """The first Receive is counted as soon as it comes, and waits a moment later."""
    _until(lambda: endpoint.requests()["Receive"] == 1)
    time.sleep(0.1)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
