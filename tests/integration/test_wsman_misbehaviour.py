"""The WS-Man endpoint misbehaves as it is told to, in this process and in one of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from examples.lab.windows.wsman import Account, Act, Endpoint, NullExecutor, Options, Remote
from examples.lab.windows.wsman.__main__ import main
from tests.integration.wsman_desk import ACCOUNT, ACCOUNTS, PASSWORD, Caller, FaultSeen, Start, endpoints

PLAIN = Options(encryption=False)
ROOT = Path(__file__).parents[2]
BROKEN = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts endpoints that end with the test."""
    with endpoints() as begin:
        yield begin


@pytest.fixture
def endpoint(start: Start) -> Endpoint:
    """One whose commands are done at once, and that takes plain text."""
    return start(NullExecutor(), options=PLAIN)


@pytest.fixture
def caller(endpoint: Endpoint) -> Caller:
    """Somebody with an open shell."""
    caller = Caller(endpoint)
    caller.create()
    return caller


@pytest.mark.parametrize(
    ("act", "handled"), [(Act.DROP_BEFORE, False), (Act.DROP_AFTER, True), (Act.DROP_MID_ANSWER, True)]
)
def test_broken_connections(endpoint: Endpoint, caller: Caller, act: Act, handled: bool) -> None:
    """Before the request is handled, before the answer, in mid-answer; then all is well again."""
    rule = endpoint.misbehave(act, operation="Command", line="net stop")

    caller.command("net start")
    with pytest.raises(BROKEN):
        caller.command("net stop x")
    caller.command("net stop x")

    assert rule.hits == 1
    assert [sent.line for sent in endpoint.commands()] == ["net start", *["net stop x"] * (1 + handled)]
    assert endpoint.requests()["Command"] == 3


@pytest.mark.parametrize(
    ("act", "status", "handled"),
    [(Act.ERROR_500, 500, False), (Act.ERROR_500_AFTER, 500, True), (Act.ERROR_503, 503, False)],
)
def test_errors_of_http(endpoint: Endpoint, caller: Caller, act: Act, status: int, handled: bool) -> None:
    """Without a fault in them."""
    endpoint.misbehave(act, operation="Command")

    with pytest.raises(requests.exceptions.HTTPError) as raised:
        caller.command("x")

    assert raised.value.response is not None
    assert raised.value.response.status_code == status
    assert len(endpoint.commands()) == handled


@pytest.mark.parametrize(("act", "handled"), [(Act.SILENCE, False), (Act.SILENCE_AFTER, True)])
def test_silence(endpoint: Endpoint, caller: Caller, act: Act, handled: bool) -> None:
    """Lasts until the client gives up."""
    endpoint.misbehave(act, operation="Command")
    caller.patience = 0.5

    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.command("x")

    assert endpoint.requests()["Command"] == 1
    assert len(endpoint.commands()) == handled


@pytest.mark.parametrize("act", [Act.DELAY, Act.DELAY_ANSWER])
def test_delays(endpoint: Endpoint, caller: Caller, act: Act) -> None:
    """The answer comes, later."""
    endpoint.misbehave(act, seconds=0.2)
    began = time.monotonic()

    assert caller.output(caller.command("x")) == (b"done\r\n", 0)
    assert time.monotonic() - began >= 0.2


def test_a_fault_on_demand(endpoint: Endpoint, caller: Caller) -> None:
    """By its code, in the requests that match: here the second and third Receive about a line."""
    endpoint.misbehave(Act.FAULT, operation="Receive", line="sc query", nth=2, times=2, code=2150858793)
    told = []
    for line in ("sc query a", "reg query", "sc query b", "sc query c", "sc query d"):
        command = caller.command(line)
        try:
            told.append(caller.receive(command)[1])
        except FaultSeen as seen:
            told.append(seen.code)

    assert told == [0, 0, 2150858793, 2150858793, 0]


def test_rules_can_hold_for_ever_and_be_forgotten(endpoint: Endpoint, caller: Caller) -> None:
    """`times=0`, and `behave`."""
    rule = endpoint.misbehave(Act.DROP_BEFORE, times=0)
    for _ in range(3):
        with pytest.raises(BROKEN):
            caller.command("x")
    endpoint.behave()

    caller.command("x")
    assert rule.hits == 3


def test_forgotten_shells_and_used_up_quotas(endpoint: Endpoint, caller: Caller) -> None:
    """The request itself meets them."""
    endpoint.misbehave(Act.EXHAUST_QUOTA, line="one")
    endpoint.misbehave(Act.FORGET_SHELLS, line="two")
    codes = []
    for line in ("one", "two"):
        with pytest.raises(FaultSeen) as raised:
            caller.command(line)
        codes.append(raised.value.code)

    assert codes == [2150859174, 2150858843]
    assert endpoint.open_shells() == ()


def test_refused_logins(start: Start) -> None:
    """Whatever the password; once."""
    endpoint = start(NullExecutor())
    endpoint.misbehave(Act.REFUSE_LOGIN)

    def open_shell() -> str:
        return Protocol(endpoint.url, "ntlm", ACCOUNT.name, PASSWORD, ca_trust_path="", proxy=None).open_shell()

    with pytest.raises(InvalidCredentialsError):
        open_shell()
    assert open_shell() == endpoint.open_shells()[0]


@pytest.mark.parametrize("act", [Act.REBOOT, Act.REBOOT_AFTER])
def test_reboots(endpoint: Endpoint, caller: Caller, act: Act) -> None:
    """Connections break, nobody listens for a while, and then no shell is known."""
    endpoint.misbehave(act, line="shutdown", seconds=1)

    with pytest.raises(BROKEN):
        caller.command("shutdown /r")
    with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
        caller.command("x")
    _until_it_listens(endpoint.url)
    with pytest.raises(FaultSeen) as raised:
        caller.command("x")

    assert raised.value.code == 2150858843
    assert len(endpoint.commands()) == (act is Act.REBOOT_AFTER)


def test_connections_can_break_at_any_time(start: Start) -> None:
    """Whoever waits notices; the shell and the command live on."""
    endpoint = start(options=PLAIN)
    caller = Caller(endpoint)
    caller.create()
    command = caller.command("sleep 1; echo done")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(caller.receive, command)
        time.sleep(0.3)
        endpoint.break_connections()
        assert isinstance(waiting.exception(5), BROKEN)

    assert caller.output(command) == (b"done\n", 0)


class Boots:
    """A machine that goes down when it is told to."""

    def __init__(self) -> None:
        self.count, self.up = 1, True

    def boots(self) -> int:
        """How often it was booted."""
        return self.count

    def is_up(self) -> bool:
        """Whether it runs."""
        return self.up


def test_an_endpoint_follows_its_machine(start: Start) -> None:
    """Down: nobody listens. Booted: no shells."""
    machine = Boots()
    endpoint = start(NullExecutor(), options=PLAIN, machine=machine)
    caller = Caller(endpoint)
    caller.create()
    machine.up = False
    _until_nobody_listens(endpoint.url)
    time.sleep(0.3)
    _until_nobody_listens(endpoint.url)
    machine.count, machine.up = 2, True
    _until_it_listens(endpoint.url)

    assert endpoint.open_shells() == ()


@contextmanager
def daemon(folder: Path, **settings: object) -> Iterator[str]:
    """An endpoint in a process of its own; gives its URL."""
    folder.mkdir()
    accounts = [{"name": each.name, "password": each.password} for each in ACCOUNTS]
    config = {"executor": "null", "accounts": accounts, "folder": str(folder), **settings}
    path = folder / "endpoint.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    argv = [sys.executable, "-m", "examples.lab.windows.wsman", str(path)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_process_of_its_own(tmp_path: Path) -> None:
    """Serves, obeys orders, and leaves its log; the path may be longer than a socket's address."""
    folder = tmp_path / ("long-" * 25)
    remote = Remote(folder)
    with daemon(folder, options={"encryption": False}) as url:
        caller = Caller(url)
        shell = caller.create()
        assert remote.open_shells() == (shell,)
        remote.misbehave(Act.DROP_AFTER, operation="Command")
        with pytest.raises(BROKEN):
            caller.command("one")
        remote.misbehave(Act.DROP_BEFORE, times=0)
        remote.behave()
        remote.break_connections()
        remote.forget_shells()
        assert remote.open_shells() == ()
        remote.reboot(seconds=0.2)
        _until_it_listens(url)

    assert [sent.line for sent in remote.commands()] == ["one"]
    assert remote.requests()["Command"] == 1
    with pytest.raises(OSError, match=r"refused|No such file"):
        remote.behave()


@pytest.mark.parametrize(
    ("change", "mode", "complaint"),
    [
        ({"colour": 1}, 0o600, "colour"),
        ({"options": {"most": 1}}, 0o600, "most"),
        ({"accounts": [{"name": "a", "password": "b", "rank": 1}]}, 0o600, "rank"),
        ({"executor": "wine"}, 0o600, "MODULE:CALLABLE"),
        ({}, 0o644, "others may read it"),
    ],
)
def test_a_wrong_configuration_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], mode: int, complaint: str
) -> None:
    """With a word on what is wrong; also a file with passwords that others may read."""
    path = tmp_path / "endpoint.json"
    path.write_text(json.dumps({"executor": "null", "accounts": [], "folder": str(tmp_path), **change}))
    path.chmod(mode)

    assert main([str(path)]) == 2
    assert complaint in capsys.readouterr().err


def test_accounts_with_a_colon_are_refused() -> None:
    """pyspnego's file could not hold them."""
    with pytest.raises(ValueError, match="colon"):
        Account(name="a", password="b:c")


def _listens(url: str) -> bool:
    try:
        requests.get(url, timeout=5, proxies={"http": ""})
    except requests.exceptions.ConnectionError:
        return False
    return True


def _until_it_listens(url: str) -> None:
    deadline = time.monotonic() + 20
    while not _listens(url):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _until_nobody_listens(url: str) -> None:
    deadline = time.monotonic() + 20
    while _listens(url):
        assert time.monotonic() < deadline
        time.sleep(0.02)
