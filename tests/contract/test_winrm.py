"""What only WinRM has to promise: who may log in, what is said if not, and what a bad service cannot make us do."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.lab.windows.wsman.certificates import Authority, Certificate
from examples.lab.windows.wsman.endpoint import Endpoint
from examples.lab.windows.wsman.misbehaviour import Act
from examples.lab.windows.wsman.options import Options
from runner.errors import (
    AuthenticationFailed,
    ConnectionLost,
    DeadlineExceeded,
    ElevationFailed,
    HostIdentityError,
    NothingSent,
    Unreachable,
    VmfixError,
)
from runner.model.command import AtDeadline, Command, Dialect, Effect
from runner.model.inventory import Target, TransportKind
from runner.transports.table import connector
from runner.transports.winrm import WinrmConnection, connect
from runner.transports.winrm_beside import MOST
from tests.contract.speech import until
from tests.contract.sshd import free_port
from tests.contract.windows import PASSWORD, WRONG_REF, ModelExecutor, Secrets, account, target

TIMED_OUT, TOO_MANY_OPERATIONS, DENIED = 2150858793, 2150859174, 5
HELLO = Command(argv=("labproc", "print", "out", "hello"), elevated=False)
CHANGE = Command(argv=("labproc", "print", "out", "changed"), elevated=False, effect=Effect.CHANGE, at_most=10)


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[Endpoint]:  # noqa: ANN401
    """An endpoint of the lab with the one account, or as ``options`` say."""
    accounts = options.pop("accounts", [account()])
    with Endpoint(ModelExecutor(), accounts, **options) as endpoint:
        yield endpoint
    assert endpoint.errors == []


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Over http, with encryption."""
    with serving() as running:
        yield running


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[WinrmConnection]:
    """Logged in there over NTLM."""
    opened = WinrmConnection(target(endpoint), Secrets())
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


def hello(there: Target) -> str:
    """What a command prints over a fresh connection."""
    opened = connect(there, Secrets())
    try:
        return opened.run(HELLO).out
    finally:
        opened.close()


def attempt(there: Target) -> None:
    """Connect, and run something that needs an administrator."""
    opened = WinrmConnection(there, Secrets())
    try:
        opened.open()
        opened.run(Command(argv=("labproc", "exit", "0")))
    finally:
        opened.close()


def refusal(there: Target, kind: type[VmfixError]) -> str:
    """What the connection, or its first elevated command, fails with; the password shows nowhere."""
    with pytest.raises(kind) as caught:
        attempt(there)
    everything = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert type(caught.value) is kind
    assert PASSWORD not in everything
    assert "nothing was sent" in caught.value.message
    assert caught.value.remedy
    return str(caught.value)


# --- Logging in -------------------------------------------------------------------------------------------------------


def test_ntlm_over_http(endpoint: Endpoint) -> None:
    """Messages are encrypted; the endpoint takes no others."""
    assert endpoint.options.encryption
    assert hello(target(endpoint)) == "hello\r\n"


@pytest.mark.parametrize("auth", ["ntlm", "basic"])
def test_over_https(authority: Authority, auth: str) -> None:
    """With a certificate of an authority that is named."""
    with serving(tls=authority.server()) as endpoint:
        assert hello(target(endpoint, auth=auth, ca_file=str(authority.pem))) == "hello\r\n"


def test_client_certificate(authority: Authority) -> None:
    """No user and no password are needed."""
    client = authority.client("azureuser@localhost")
    accounts = [account(certificate="azureuser@localhost")]
    with serving(tls=authority.server(client_authority=authority.pem), accounts=accounts) as endpoint:
        options = {"auth": "certificate", "certificate": str(client.certificate), "certificate_key": str(client.key)}
        there = target(endpoint, ca_file=str(authority.pem), password=None, **options)

        assert hello(dataclasses.replace(there, user=None)) == "hello\r\n"


def test_opting_out_of_the_check(authority: Authority) -> None:
    """Any certificate is believed for that target, without a warning on the screen."""
    with serving(tls=authority.expired_server(("elsewhere.example",))) as endpoint:
        assert hello(target(endpoint, insecure_certificate=True)) == "hello\r\n"


@pytest.mark.parametrize("extra", ["kerberos", "credssp"])
def test_a_kind_of_login_that_is_not_installed(endpoint: Endpoint, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    assert f"pip install 'vmfix[{extra}]'" in refusal(target(endpoint, auth=extra), AuthenticationFailed)


def test_users_of_kerberos(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are written another way."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    there = dataclasses.replace(target(endpoint, auth="kerberos"), user=r"CONTOSO\svc")

    assert "Write user@REALM" in refusal(there, AuthenticationFailed)


def test_proxies_of_the_environment_are_not_used(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor anything else that requests would take from there."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")

    assert hello(target(endpoint)) == "hello\r\n"


def test_secrets_are_fetched_once(endpoint: Endpoint) -> None:
    """However often one has to log in."""
    secrets = Secrets()
    opened = connector(TransportKind.WINRM)(target(endpoint), secrets)
    for _ in range(2):
        opened.run(HELLO)
        endpoint.break_connections()
    opened.close()

    assert len(secrets.asked) == 1


def test_nothing_secret_is_logged(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything is logged."""
    with caplog.at_level(logging.DEBUG):
        hello(target(endpoint))
        refusal(target(endpoint, password=WRONG_REF), AuthenticationFailed)

    assert caplog.text == ""


# --- Not getting in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["ntlm", "basic"])
def test_wrong_password(authority: Authority, auth: str) -> None:
    """Whatever the kind of login."""
    with serving(tls=authority.server()) as endpoint:
        there = target(endpoint, auth=auth, ca_file=str(authority.pem), password=WRONG_REF)

        assert "the user name or the password is wrong" in refusal(there, AuthenticationFailed)
        assert endpoint.commands() == ()


def test_wrong_password_over_http(endpoint: Endpoint) -> None:
    """Also where the login comes before all messages."""
    said = refusal(target(endpoint, password=WRONG_REF), AuthenticationFailed)

    assert "the user name or the password is wrong" in said
    assert endpoint.requests()["Identify"] == 0


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (lambda authority: authority.expired_server(), "the certificate has expired"),
        (lambda authority: authority.server(("elsewhere.example",)), "the certificate is for another address"),
    ],
)
def test_bad_certificates(authority: Authority, certificate: Callable[[Authority], Certificate], said: str) -> None:
    """Each is called by its name."""
    with serving(tls=certificate(authority)) as endpoint:
        assert said in refusal(target(endpoint, ca_file=str(authority.pem)), HostIdentityError)
        assert endpoint.requests().total() == 0


def test_wrong_host_name(authority: Authority) -> None:
    """A name instead of an address."""
    with serving(tls=authority.server(("elsewhere.example",))) as endpoint:
        there = dataclasses.replace(target(endpoint, ca_file=str(authority.pem)), address="localhost")

        assert "the certificate is for another host name" in refusal(there, HostIdentityError)


def test_unknown_authority(authority: Authority, tmp_path: Path) -> None:
    """Neither the system nor another file of authorities knows it."""
    with serving(tls=authority.server()) as endpoint:
        for options in ({}, {"ca_file": str(Authority(tmp_path).pem)}):
            assert "authority is not known here" in refusal(target(endpoint, **options), HostIdentityError)


def test_files_that_cannot_be_read(authority: Authority) -> None:
    """They are named."""
    with serving(tls=authority.server()) as endpoint:
        for options, kind in (
            ({"ca_file": "/no/such.pem"}, HostIdentityError),
            ({"certificate": "/no/such.pem"}, AuthenticationFailed),
        ):
            with pytest.raises(kind, match=r"/no/such\.pem"):
                connect(target(endpoint, **options), Secrets())


@pytest.mark.parametrize("auth", ["basic", "certificate"])
def test_http_protects_nothing(endpoint: Endpoint, auth: str) -> None:
    """The password stays here, and the service is not even asked."""
    assert f"{auth} authentication over http is refused" in refusal(target(endpoint, auth=auth), AuthenticationFailed)
    assert endpoint.requests().total() == 0


def test_a_service_that_does_not_offer_the_login(authority: Authority) -> None:
    """What it offers instead is said."""
    with serving(tls=authority.server(), options=Options(basic=False)) as endpoint:
        said = refusal(target(endpoint, auth="basic", ca_file=str(authority.pem)), AuthenticationFailed)

        assert "the service does not offer basic, but: Negotiate" in said


def test_downgrade(endpoint: Endpoint) -> None:
    """Who would have us talk without encryption is told nothing."""
    endpoint.misbehave(Act.DOWNGRADE_LOGIN, times=0)

    assert "messages would not be encrypted" in refusal(target(endpoint), AuthenticationFailed)
    assert set(endpoint.requests()) <= {"Login"}


def test_plain_answer(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """An answer that is not encrypted may be anybody's: the command may have run, and its result is unknown."""
    endpoint.misbehave(Act.PLAIN_ANSWER, operation="Receive", times=0)
    with pytest.raises(ConnectionLost, match="not encrypted"):
        connection.run(HELLO)


def test_not_an_administrator() -> None:
    """The login works, and shells are for administrators."""
    with serving(accounts=[account(administrator=False, may_open_shell=False)]) as endpoint:
        assert "may not use remote shells" in refusal(target(endpoint), ElevationFailed)
        assert endpoint.commands() == ()


def test_rights_that_uac_filtered() -> None:
    """Nothing elevated is sent; what needs no rights still is."""
    with serving(accounts=[account(filtered=True)]) as endpoint:
        said = refusal(target(endpoint), ElevationFailed)

        assert "no administrator rights in this session" in said
        assert "LocalAccountTokenFilterPolicy" in said
        assert [sent.line for sent in endpoint.commands()] == ["whoami /groups /fo csv /nh"]
        assert hello(target(endpoint)) == "hello\r\n"


def test_rights_are_asked_for_once(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """And only where they are needed."""
    connection.run(HELLO)
    assert "whoami" not in endpoint.commands()[0].line
    for _ in range(2):
        connection.run(Command(argv=("labproc", "exit", "0")))

    assert [sent.line.split()[0] for sent in endpoint.commands()] == ["labproc", "whoami", "labproc", "labproc"]


def test_closed_port(endpoint: Endpoint) -> None:
    """WinRM is not listening."""
    there = dataclasses.replace(target(endpoint), port=free_port())

    assert "nothing listens on that port" in refusal(there, Unreachable)


def test_unknown_name(endpoint: Endpoint) -> None:
    """A name that does not exist."""
    there = dataclasses.replace(target(endpoint), address="no-such-machine.invalid")

    assert "the name is not known" in refusal(there, Unreachable)


def test_silent_port(endpoint: Endpoint) -> None:
    """A port that accepts and says nothing is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = dataclasses.replace(target(endpoint, connect_timeout=0.5), port=silent.getsockname()[1])
        began = time.monotonic()

        assert "the port is open, but no answer came in time" in refusal(there, Unreachable)
    assert time.monotonic() - began < 4


def test_full_port(endpoint: Endpoint) -> None:
    """A port that does not even accept, as behind a firewall, is given up in time."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(full.getsockname())
            there = dataclasses.replace(target(endpoint, connect_timeout=0.5), port=full.getsockname()[1])

            assert "A firewall that swallows packets" in refusal(there, Unreachable)


@pytest.mark.parametrize("status", [200, 302, 404])
def test_not_winrm(endpoint: Endpoint, status: int) -> None:
    """Some other web server."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = dataclasses.replace(target(endpoint), port=server.server_port)
        said = refusal(there, AuthenticationFailed if status == 200 else Unreachable)
        server.shutdown()

    assert ("messages would not be encrypted" if status == 200 else "it is not WinRM") in said


def test_the_wrong_scheme(endpoint: Endpoint, authority: Authority) -> None:
    """Each port speaks one of them."""
    assert "the port does not speak TLS" in refusal(target(endpoint, https=True), Unreachable)
    with serving(tls=authority.server()) as secure:
        assert "the other side hung up" in refusal(target(secure, https=False), Unreachable)


@pytest.mark.parametrize("change", [{"user": None}, {"winrm": {"password": None}}])
def test_what_a_login_needs(endpoint: Endpoint, change: dict[str, Any]) -> None:
    """A missing user or password is named."""
    there = target(endpoint, **change.get("winrm", {}))
    there = dataclasses.replace(there, **{key: value for key, value in change.items() if key != "winrm"})

    assert "is configured" in refusal(there, AuthenticationFailed)


# --- Commands ---------------------------------------------------------------------------------------------------------


def test_two_requests_for_each_command(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Neither a second login nor clean-up, where the end of the shell cleans up soon after."""
    silent = Command(argv=("labproc", "exit", "0"), elevated=False)
    connection.run(silent)
    before = endpoint.requests()
    for _ in range(MOST - 2):
        connection.run(silent)
    after = endpoint.requests() - before
    connection.close()

    assert after == {"Command": MOST - 2, "Receive": MOST - 2}
    assert endpoint.requests()["Create"] == endpoint.requests()["Delete"] == 1
    assert endpoint.requests()["Signal"] == 0


def test_what_the_service_keeps_of_commands_is_freed(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Beside other commands when it is much, and else when there was nothing to do for a while."""
    silent = Command(argv=("labproc", "exit", "0"), elevated=False)
    for _ in range(MOST):
        connection.run(silent)

    assert until(lambda: endpoint.requests()["Signal"] == MOST)
    connection.run(silent)
    assert endpoint.requests()["Signal"] == MOST
    assert until(lambda: endpoint.requests()["Signal"] == MOST + 1)


def test_what_cannot_be_sent_is_not_sent(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """A line that would mean something else, or a script for another platform."""
    for command in (
        Command(argv=("echo", "x")),
        Command(argv=("tool", "a\nb")),
        Command(dialect=Dialect.SH, script=":"),
    ):
        with pytest.raises(NothingSent, match="nothing was sent"):
            connection.run(command)

    assert endpoint.commands() == ()


def test_output_in_the_oem_code_page(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """It becomes UTF-8, and the code page is asked for once."""
    odd = Command(argv=("labproc", "bytes", "out", "84810d0a"), elevated=False)

    assert [connection.run(odd).out for _ in range(2)] == ["äü\r\n"] * 2
    assert sum(sent.line.startswith("reg query") for sent in endpoint.commands()) == 1


def test_nobody_reads_standard_input_for_ever(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """A program that asks a question nobody foresaw reads end of file."""
    result = connection.run(Command(argv=("labproc", "copy", "out"), elevated=False))

    assert (result.exit_code, result.stdout) == (0, b"")
    assert endpoint.requests()["Send"] == 1


# --- A bad service ----------------------------------------------------------------------------------------------------


def started(endpoint: Endpoint, command: Command = CHANGE) -> int:
    """How often a command was started."""
    return sum(sent.line == " ".join(command.argv) for sent in endpoint.commands())


@pytest.mark.parametrize("act", [Act.DROP_AFTER, Act.DROP_MID_ANSWER, Act.ERROR_500_AFTER])
def test_a_lost_answer_to_the_start_is_settled(endpoint: Endpoint, connection: WinrmConnection, act: Act) -> None:
    """The service knows the command by the identifier that we gave it: it goes on, and was started once."""
    connection.run(HELLO)
    endpoint.misbehave(act, operation="Command")

    assert connection.run(CHANGE).out == "changed\r\n"
    assert started(endpoint) == 1


@pytest.mark.parametrize("act", [Act.DROP_BEFORE, Act.ERROR_500, Act.ERROR_503])
def test_a_start_that_nobody_knows_of_is_unknown(endpoint: Endpoint, connection: WinrmConnection, act: Act) -> None:
    """It may still be on its way: it is not sent again, and not called unsent."""
    connection.run(HELLO)
    endpoint.misbehave(act, operation="Command")
    with pytest.raises(ConnectionLost, match="command identifier that does not exist"):
        connection.run(CHANGE)

    assert started(endpoint) == 0
    assert connection.run(CHANGE).out == "changed\r\n"
    assert started(endpoint) == 1


@pytest.mark.parametrize("act", [Act.DROP_BEFORE, Act.DROP_AFTER, Act.DROP_MID_ANSWER, Act.ERROR_500])
def test_lost_output_is_not_passed_over(endpoint: Endpoint, connection: WinrmConnection, act: Act) -> None:
    """What was in an answer that did not come will never come: no result is made of the rest."""
    connection.run(HELLO)
    endpoint.misbehave(act, operation="Receive")
    with pytest.raises(ConnectionLost):
        connection.run(CHANGE)

    assert started(endpoint) == 1
    assert connection.run(HELLO).out == "hello\r\n"


def test_forgotten_shells_are_replaced(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """As after the service was restarted, or the shell was idle for too long: nothing was started in it."""
    connection.run(HELLO)
    endpoint.forget_shells()

    assert connection.run(CHANGE).out == "changed\r\n"
    assert started(endpoint) == 1
    assert endpoint.requests()["Create"] == 2


def test_a_shell_that_is_forgotten_over_and_over(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """One new shell, and then it is said."""
    endpoint.misbehave(Act.FORGET_SHELLS, operation="Command", times=0)
    with pytest.raises(Unreachable, match="forgot the shell that it had just opened"):
        connection.run(CHANGE)

    assert started(endpoint) == 0
    assert endpoint.requests()["Create"] == 2


def test_used_up_quota(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Ending the shell gives its operations back."""
    connection.run(HELLO)
    endpoint.misbehave(Act.EXHAUST_QUOTA, operation="Command")

    assert connection.run(CHANGE).out == "changed\r\n"
    assert started(endpoint) == 1
    assert len(endpoint.open_shells()) == 1


def test_quota_of_somebody_else(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """If a new shell does not help, it is said."""
    endpoint.misbehave(Act.FAULT, operation="Command", code=TOO_MANY_OPERATIONS, times=0)
    with pytest.raises(Unreachable, match="too many shells or operations"):
        connection.run(CHANGE)

    assert started(endpoint) == 0


def test_denied_at_the_start(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Tried once, for the answer would be the same."""
    endpoint.misbehave(Act.FAULT, operation="Command", code=DENIED, times=0)
    with pytest.raises(ElevationFailed):
        connection.run(CHANGE)

    assert endpoint.requests()["Command"] == 1


def test_time_out_faults_are_no_error(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """They only say that there was no output."""
    endpoint.misbehave(Act.FAULT, operation="Receive", code=TIMED_OUT, times=3)

    assert connection.run(CHANGE).out == "changed\r\n"


def test_a_slow_service(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """It is waited for."""
    endpoint.misbehave(Act.DELAY_ANSWER, operation="Command", seconds=1.0)

    assert connection.run(CHANGE).out == "changed\r\n"


def test_lost_input(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """The command may have read less than all of it."""
    connection.run(HELLO)
    endpoint.misbehave(Act.DROP_BEFORE, operation="Send")
    with pytest.raises(ConnectionLost, match="standard input may be incomplete"):
        connection.run(Command(argv=("labproc", "copy", "out", "sleep", "2000"), stdin="x" * 200_000, elevated=False))


def test_a_lost_shell_is_not_a_lost_command(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Nothing runs yet, so nothing is unknown."""
    endpoint.misbehave(Act.DROP_AFTER, operation="Create")
    with pytest.raises(Unreachable, match="nothing was sent"):
        connection.run(CHANGE)

    assert connection.run(CHANGE).out == "changed\r\n"


def test_the_question_for_rights_is_repeated(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """If its answer is lost twice, the command itself was certainly not sent."""
    command = dataclasses.replace(CHANGE, elevated=True)
    endpoint.misbehave(Act.DROP_AFTER, operation="Receive", line="whoami")
    assert connection.run(command).exit_code == 0
    connection.close()

    again = WinrmConnection(target(endpoint), Secrets())
    endpoint.misbehave(Act.DROP_AFTER, operation="Receive", line="whoami", times=0)
    with pytest.raises(Unreachable, match="it was only asked who we are"):
        again.run(command)
    again.close()
    assert started(endpoint) == 1


def test_reboot(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """While it is away it cannot be reached; afterwards all goes on in a new shell."""
    connection.run(HELLO)
    endpoint.reboot(seconds=1.0)
    with pytest.raises(Unreachable, match="nothing listens"):
        connection.run(CHANGE)
    time.sleep(1.2)

    assert connection.run(CHANGE).out == "changed\r\n"
    assert started(endpoint) == 1


def test_a_command_under_which_the_machine_goes_away(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """As `shutdown /r` itself."""
    connection.run(HELLO)
    endpoint.misbehave(Act.REBOOT_AFTER, operation="Command", seconds=0.3)
    with pytest.raises(ConnectionLost):
        connection.run(CHANGE)

    assert started(endpoint) == 1


# --- Shells -----------------------------------------------------------------------------------------------------------


def test_no_shell_is_left_behind(endpoint: Endpoint) -> None:
    """After errors and missed deadlines as well."""
    opened = WinrmConnection(target(endpoint), Secrets())
    endpoint.misbehave(Act.DROP_AFTER, operation="Receive")
    with pytest.raises(ConnectionLost):
        opened.run(HELLO)
    with pytest.raises(DeadlineExceeded):
        opened.run(Command(argv=("labproc", "sleep", "60000"), at_most=0.6, elevated=False))
    endpoint.forget_shells()
    opened.run(HELLO)
    assert endpoint.open_shells() != ()
    opened.close()

    assert endpoint.open_shells() == ()


def test_the_shell_of_a_command_that_was_left_running_stays(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """Ending it would end the command; the next one gets another shell."""
    with pytest.raises(DeadlineExceeded, match="left running in the remote shell") as caught:
        connection.run(
            Command(argv=("labproc", "sleep", "60000"), at_most=0.6, elevated=False, at_deadline=AtDeadline.LEAVE)
        )
    connection.run(HELLO)
    assert len(endpoint.open_shells()) == 2
    connection.close()

    assert caught.value.process_dead is False
    assert len(endpoint.open_shells()) == 1
    assert endpoint.open_shells()[0] in caught.value.message


def test_what_goes_on_behind_a_command_is_not_ended_with_the_connection(
    endpoint: Endpoint, connection: WinrmConnection
) -> None:
    """One shell is for such commands, and stays; all others get another one. The last of them is not signalled."""
    going_on = dataclasses.replace(HELLO, goes_on=True)
    connection.run(HELLO)
    (usual,) = endpoint.open_shells()
    for _ in range(3):
        assert connection.run(going_on).out == "hello\r\n"
        connection.run(HELLO)
    assert len(endpoint.open_shells()) == 2
    assert until(lambda: endpoint.requests()["Signal"] == 6)
    connection.close()

    assert len(endpoint.open_shells()) == 1
    assert usual not in endpoint.open_shells()
    assert endpoint.requests()["Signal"] == 6


def test_the_shell_of_what_goes_on_is_not_ended_for_want_of_room(
    endpoint: Endpoint, connection: WinrmConnection
) -> None:
    """Another one takes its place, as for any command that was certainly not started."""
    goes_on = dataclasses.replace(HELLO, goes_on=True)
    connection.run(goes_on)
    (stays,) = endpoint.open_shells()
    endpoint.misbehave(Act.FAULT, operation="Command", code=TOO_MANY_OPERATIONS)
    assert connection.run(goes_on).out == "hello\r\n"

    assert stays in endpoint.open_shells()


def test_a_shell_that_went_with_its_command_proves_nothing(endpoint: Endpoint, connection: WinrmConnection) -> None:
    """What ends the rest of a command would find nothing in a new shell, and must not be believed."""
    endpoint.misbehave(Act.FORGET_SHELLS, operation="Command", line="EncodedCommand")
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run(Command(argv=("labproc", "sleep", "60000"), at_most=0.6, elevated=False))

    assert caught.value.process_dead is None
    assert connection.run(HELLO).out == "hello\r\n"


def test_interrupted_over_https(authority: Authority) -> None:
    """A second Ctrl-C does not wait for the end of the command."""
    with serving(tls=authority.server()) as endpoint:
        opened = connect(target(endpoint, ca_file=str(authority.pem)), Secrets())
        threading.Timer(0.7, opened.close).start()
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="interrupted"):
            opened.run(Command(argv=("labproc", "sleep", "60000"), elevated=False))

        assert time.monotonic() - began < 5
        assert endpoint.open_shells() == ()


def test_no_shell_without_a_command(endpoint: Endpoint) -> None:
    """Connecting only logs in."""
    connect(target(endpoint), Secrets()).close()

    assert set(endpoint.requests()) == {"Login", "Identify"}


def test_after_closing_it_may_be_used_again(connection: WinrmConnection) -> None:
    """As every connection: it opens what it needs."""
    connection.run(HELLO)
    connection.close()

    assert connection.run(HELLO).out == "hello\r\n"
