"""What a bad service, or somebody in between, cannot make us do: wait for ever, fill the memory, say what is not so."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gzip
import importlib.machinery
import re
import socket
import ssl
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import requests

from examples.lab.windows.wsman.certificates import Authority
from runner.errors import AuthenticationFailed, ConnectionLost, HostIdentityError, NothingSent, Unreachable, VmfixError
from runner.model.command import AtDeadline, Command, Effect
from runner.model.inventory import Platform, Target, TransportKind, WinrmOptions
from runner.model.secret import Secret, SecretKind, SecretRef
from runner.transports.winrm import WinrmConnection
from runner.transports.winrm_auth import authenticator
from runner.transports.winrm_tls import tls_context

PASSWORD = "pass€wort-1"
CHANGE = Command(
    argv=("net", "start", "X"), elevated=False, effect=Effect.CHANGE, at_most=10.0, at_deadline=AtDeadline.LEAVE
)
RSP = 'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"'
DONE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"
TAKEN, NO_SUCH = 2150859222, 2150858843


def soap(body: str) -> bytes:
    """An envelope around it."""
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{body}</s:Body></s:Envelope>'.encode()
    )


def http(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """An answer."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def fault(code: int, text: str = "why") -> bytes:
    """An answer that refuses."""
    detail = f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
    reason = f"<s:Reason><s:Text>{text}</s:Text></s:Reason>"
    return http(soap(f"<s:Fault>{reason}<s:Detail>{detail}</s:Detail></s:Fault>"), "500 Internal Server Error")


IDENTIFIED = soap('<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/>')
CREATED = soap(f"<rsp:Shell {RSP}><rsp:ShellId>S1</rsp:ShellId></rsp:Shell>")
OUTPUT = soap(
    f'<rsp:ReceiveResponse {RSP}><rsp:Stream Name="stdout">Y2hhbmdlZA==</rsp:Stream>'
    f'<rsp:CommandState State="{DONE}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>'
)
Answer = bytes | Callable[[ssl.SSLSocket], None]


def _head(reader: BinaryIO) -> str:
    """The lines of a request up to the empty one; nothing at the end of the connection."""
    found = []
    while (line := reader.readline().decode()) not in {"", "\r\n"}:
        found.append(line)
    return "".join(found)


class Service:
    """Answers each operation as it was told, over https. Notes what it was asked over which connection."""

    def __init__(self, authority: Authority, answers: Mapping[str, list[Answer]]) -> None:
        certificate = authority.server()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._answers = {operation: list(each) for operation, each in answers.items()}
        self.port = self._socket.getsockname()[1]
        self.asked: list[tuple[int, str]] = []
        self.identifiers: list[str] = []
        self.headers: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def count(self) -> Counter[str]:
        """How often each operation was asked for."""
        return Counter(operation for _, operation in self.asked)

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(link, number), daemon=True).start()

    def _serve(self, link: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(link, server_side=True) as secure:
            reader = secure.makefile("rb")
            while head := _head(reader):
                length = re.search(r"content-length: (\d+)", head.lower())
                body = reader.read(int(length[1]) if length else 0).decode()
                self.headers.append(head)
                self._answer(secure, body, number)

    def _answer(self, link: ssl.SSLSocket, body: str, number: int) -> None:
        action = re.search(r"/(Create|Command|Receive|Signal|Delete|Send)</a:Action>", body)
        operation = action[1] if action else "Identify"
        self.asked.append((number, operation))
        if operation == "Command":
            self.identifiers += re.findall(r'CommandLine CommandId="([^"]+)"', body)
        told = self._answers.get(operation, [])
        answer = (told.pop(0) if len(told) > 1 else told[0]) if told else self._usual(operation)
        if callable(answer):
            answer(link)
        else:
            link.sendall(answer)

    def _usual(self, operation: str) -> bytes:
        started = f"<rsp:CommandResponse {RSP}><rsp:CommandId>{''.join(self.identifiers[:1])}</rsp:CommandId>"
        bodies = {
            "Identify": IDENTIFIED,
            "Create": CREATED,
            "Command": soap(f"{started}</rsp:CommandResponse>"),
            "Receive": OUTPUT,
        }
        return http(bodies.get(operation, soap("")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the service's certificate."""
    return Authority(tmp_path_factory.mktemp("authority"))


Serve = Callable[..., tuple[Service, WinrmConnection]]


@pytest.fixture
def serve(authority: Authority) -> Iterator[Serve]:
    """Makes a service that answers like this, and a connection to it."""
    with contextlib.ExitStack() as stack:

        def made(answers: Mapping[str, list[Answer]], **options: Any) -> tuple[Service, WinrmConnection]:  # noqa: ANN401
            service = stack.enter_context(contextlib.closing(Service(authority, answers)))
            usual = {"auth": "basic", "ca_file": str(authority.pem), "connect_timeout": 5.0}
            there = dataclasses.replace(TARGET, port=service.port, winrm=winrm_options(**{**usual, **options}))
            return service, stack.enter_context(contextlib.closing(WinrmConnection(there, lambda _: Secret(PASSWORD))))

        yield made


def winrm_options(**options: Any) -> WinrmOptions:  # noqa: ANN401
    """With a password."""
    return WinrmOptions(**{"password": SecretRef(SecretKind.ENV, ("X",)), **options})


TARGET = Target(name="win-1", address="127.0.0.1", transport=TransportKind.WINRM, platform=Platform.WINDOWS, user="u")


def failure(attempt: Callable[[], object], kind: type[VmfixError], at_most: float = 10.0) -> VmfixError:
    """What it ends with, in that time, in few words and with a remedy."""
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        attempt()
    assert time.monotonic() - began < at_most
    assert len(str(caught.value)) < 1500
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)
    return caught.value


# --- Time and size ----------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\n"


def dripping(begin: bytes, drop: bytes) -> Answer:
    """Sends something now and then, for longer than anybody should wait."""

    def answer(link: ssl.SSLSocket) -> None:
        link.sendall(begin)
        for _ in range(200):
            link.sendall(drop)
            time.sleep(0.1)

    return answer


def endless(begin: bytes, piece: bytes, sent: list[int]) -> Answer:
    """Sends and sends; ``sent`` grows with each MB."""

    def answer(link: ssl.SSLSocket) -> None:
        link.sendall(begin)
        for _ in range(200):
            link.sendall(piece * ((1 << 20) // len(piece)))
            sent.append(1)

    return answer


DRIPPING = {
    "body": dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "one header": dripping(HEAD + b"X: ", b"x"),
    "headers": dripping(HEAD, b"X: x\r\n"),
    "continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
ENDLESS = {
    "body": (HEAD + b"Content-Length: 209715200\r\n\r\n", b"x" * 1024),
    "until it ends": (HEAD + b"\r\n", b"x" * 1024),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("how", DRIPPING)
def test_an_answer_that_drips_is_given_up_in_time(serve: Serve, how: str) -> None:
    """However little is missing from one moment to the next."""
    _, connection = serve({"Identify": [DRIPPING[how]]}, connect_timeout=1.0)

    assert "no answer came in time" in failure(connection.open, Unreachable).message


@pytest.mark.parametrize("how", ["body", "continue"])
def test_output_that_drips_does_not_outlive_the_command(
    serve: Serve, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the command's deadline and what the service is granted on top of it."""
    monkeypatch.setattr("runner.transports.winrm_wsman._SLACK", 0.5)
    _, connection = serve({"Receive": [DRIPPING[how]]})

    brief = dataclasses.replace(CHANGE, at_most=1.0)

    assert "no answer" in failure(lambda: connection.run(brief), ConnectionLost).message


@pytest.mark.parametrize("how", ENDLESS)
def test_an_answer_that_does_not_end_is_not_kept(serve: Serve, how: str) -> None:
    """A few MB, and no more is taken."""
    sent: list[int] = []
    _, connection = serve({"Identify": [endless(*ENDLESS[how], sent)]})

    assert "an answer of more than 4 MB" in failure(connection.open, Unreachable).message
    assert len(sent) < 50


def test_compressed_answers_are_refused(serve: Serve) -> None:
    """They were not asked for, and may become any size."""
    body = gzip.compress(b"x" * (8 << 20))
    service, connection = serve({"Identify": [http(body, headers="Content-Encoding: gzip\r\n")]})

    assert "a compressed answer" in failure(connection.open, Unreachable).message
    assert "accept-encoding: identity\r\n" in service.headers[0].lower()


def test_output_of_the_wrong_kind_is_lost_output(serve: Serve) -> None:
    """What it said will never be known."""
    _, connection = serve({"Receive": [http(b"x", headers="Content-Encoding: br\r\n")]})

    assert "a compressed answer" in failure(lambda: connection.run(CHANGE), ConnectionLost).message


def test_long_reasons_are_cut_short(serve: Serve) -> None:
    """They go into messages and reports."""
    _, connection = serve({"Create": [fault(5000, "A!" * 200_000)]})

    assert "A!A!" in failure(lambda: connection.run(CHANGE), Unreachable).message


@pytest.mark.parametrize("size", [0, 100_000])
def test_identifiers_that_are_none(serve: Serve, size: int) -> None:
    """They would be sent with each message, and shown."""
    shell = f"<rsp:Shell {RSP}><rsp:ShellId>{'x' * size}</rsp:ShellId></rsp:Shell>"
    _, connection = serve({"Create": [http(soap(shell))]})

    assert "a shell w" in failure(lambda: connection.run(CHANGE), Unreachable).message


# --- Answers of somebody in between -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["302 Found", "403 Forbidden", "404 Not Found", "407 Proxy"])
def test_a_start_that_was_handed_on_all_the_same(serve: Serve, status: str) -> None:
    """The service knows the command: it is followed, and not started twice."""
    service, connection = serve({"Command": [http(b"", status)]})

    assert connection.run(CHANGE).out == "changed"
    assert service.count()["Command"] == 1


@pytest.mark.parametrize("status", ["302 Found", "403 Forbidden", "404 Not Found"])
def test_a_start_of_which_nothing_is_known(serve: Serve, status: str) -> None:
    """It may be on its way: nobody says that nothing was sent."""
    service, connection = serve({"Command": [http(b"", status)], "Receive": [fault(NO_SUCH)]})

    assert f"HTTP status {status[:3]}" in failure(lambda: connection.run(CHANGE), ConnectionLost).message
    assert service.count()["Command"] == 1


REFUSED = http(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate, Basic\r\n")


def test_a_start_for_want_of_a_login(serve: Serve) -> None:
    """It is sent again under the same identifier."""
    started = f"<rsp:CommandResponse {RSP}><rsp:CommandId>C</rsp:CommandId></rsp:CommandResponse>"
    service, connection = serve({"Command": [REFUSED, http(soap(started))]})

    assert connection.run(CHANGE).out == "changed"
    assert len(service.identifiers) == 2
    assert len(set(service.identifiers)) == 1


def test_a_start_that_was_handed_on_and_then_refused(serve: Serve) -> None:
    """The service has it already: it is followed."""
    service, connection = serve({"Command": [REFUSED, fault(TAKEN)]})

    assert connection.run(CHANGE).out == "changed"
    assert service.count()["Command"] == 2


def test_a_start_whose_shell_is_gone_with_the_login(serve: Serve) -> None:
    """As after a restart of the service: there was nothing to start it in, so there is a new shell."""
    started = f"<rsp:CommandResponse {RSP}><rsp:CommandId>C</rsp:CommandId></rsp:CommandResponse>"
    service, connection = serve({"Command": [REFUSED, fault(NO_SUCH), http(soap(started))]})

    assert connection.run(CHANGE).out == "changed"
    assert service.count()["Create"] == 2


def test_a_start_whose_login_is_refused(serve: Serve) -> None:
    """The first one may have been handed on. The account is not locked by trying for long."""
    service, connection = serve({"Command": [REFUSED], "Receive": [REFUSED]})

    failure(lambda: connection.run(CHANGE), ConnectionLost)
    assert service.count()["Command"] == 2
    assert service.count()["Receive"] == 1


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_output_is_not_asked_for_again(serve: Serve, auth: str) -> None:
    """Neither by us nor by the library that logs in: what was in the answer would be missing."""
    service, connection = serve({"Receive": [REFUSED, http(OUTPUT)]}, auth=auth)

    assert "HTTP status 401" in failure(lambda: connection.run(CHANGE), ConnectionLost).message
    first = service.asked[0][0]
    assert [operation for number, operation in service.asked if number == first] == ["Create", "Command", "Receive"]


def test_input_is_not_sent_again(serve: Serve) -> None:
    """The command may have read it."""

    def nothing(link: ssl.SSLSocket) -> None:
        time.sleep(0.2)
        link.sendall(http(soap(f"<rsp:ReceiveResponse {RSP}/>")))

    sent = http(soap(f"<rsp:SendResponse {RSP}/>"))
    service, connection = serve({"Send": [sent, REFUSED, sent], "Receive": [nothing]})
    command = dataclasses.replace(CHANGE, stdin="x" * 150_000)

    assert "its standard input may be incomplete" in failure(lambda: connection.run(command), ConnectionLost).message
    assert service.count()["Send"] == 2


def test_a_proxy_gets_no_login(serve: Serve) -> None:
    """The library would log in to it, and send the message again."""
    proxy = http(b"", "407 Proxy Authentication Required", "Proxy-Authenticate: NTLM\r\n")
    service, connection = serve({"Identify": [proxy]}, auth="ntlm")

    assert "HTTP status 407" in failure(connection.open, Unreachable).message
    assert service.count()["Identify"] == 1


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_another_web_server(serve: Serve, status: str) -> None:
    """Its status is told as it was."""
    _, connection = serve({"Identify": [http(b"<html/>", status)]})

    assert f"it is not WinRM (HTTP status {status[:3]})" in failure(connection.open, Unreachable).message


# --- Logging in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password", "coding"),
    [("u", "wört", "latin-1"), ("u", "w€rt", "utf-8"), ("ü€", "wört", "utf-8"), ("u", "word", "ascii")],
)
def test_basic_in_any_language(user: str, password: str, coding: str) -> None:
    """User and password in one coding."""
    there = dataclasses.replace(TARGET, user=user, winrm=winrm_options(auth="basic"))
    request = requests.Request("POST", "https://x/", auth=authenticator(there, lambda: password, "x")).prepare()

    scheme, sent = request.headers["Authorization"].split()

    assert scheme in {"Basic", b"Basic"}
    assert base64.b64decode(sent) == f"{user}:{password}".encode(coding)


def test_basic_logs_in_with_a_euro_sign(serve: Serve) -> None:
    """It is no internal error."""
    service, connection = serve({})
    connection.open()

    assert service.count()["Identify"] == 1


@pytest.mark.parametrize("address", [".example.com", "a..b", "x" * 70 + ".example"])
@pytest.mark.parametrize("https", [True, False])
def test_addresses_that_are_none(address: str, *, https: bool) -> None:
    """Nobody else's check is lost by them."""
    there = dataclasses.replace(TARGET, address=address, winrm=winrm_options(https=https, auth="ntlm"))
    connection = WinrmConnection(there, lambda _: Secret(PASSWORD))

    assert "the request could not be made" in failure(connection.open, Unreachable).message


@pytest.fixture
def without_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library for Kerberos that finds no ticket, as far as it is called."""

    class KrbError(Exception):
        """Of that library."""

    def no_ticket(*_: object, **__: object) -> None:
        raise KrbError(("Unspecified GSS failure", 851968), ("No Kerberos credentials available", -1765328243))

    library: Any = types.ModuleType("kerberos")
    library.__spec__ = importlib.machinery.ModuleSpec("kerberos", None)
    library.KrbError = library.GSSError = KrbError
    library.GSS_C_MUTUAL_FLAG, library.GSS_C_SEQUENCE_FLAG, library.GSS_C_DELEG_FLAG = 2, 8, 1
    library.authGSSClientInit = no_ticket
    monkeypatch.setitem(sys.modules, "kerberos", library)
    for name in [each for each in sys.modules if each.startswith("winrm.vendor.requests_kerberos")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("without_ticket")
@pytest.mark.parametrize("https", [True, False])
def test_kerberos_without_a_ticket(*, https: bool) -> None:
    """The remedy says how to get one; nobody is asked anything."""
    there = dataclasses.replace(TARGET, port=1, winrm=winrm_options(https=https, auth="kerberos", password=None))
    problem = failure(WinrmConnection(there, lambda _: Secret("")).open, AuthenticationFailed)

    assert "No Kerberos credentials available" in problem.message
    assert "kinit" in problem.remedy


def test_credssp_that_is_not_offered(serve: Serve) -> None:
    """What is offered is said."""
    pytest.importorskip("requests_credssp")
    offers = http(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Kerberos\r\n")
    _, connection = serve({"Identify": [offers]}, auth="credssp")

    said = failure(connection.open, AuthenticationFailed).message
    assert "the service does not offer credssp, but: Kerberos, Negotiate" in said


@pytest.mark.parametrize("token", ["", " garbage"])
def test_credssp_that_makes_no_sense(serve: Serve, token: str) -> None:
    """A login that fails is called so."""
    pytest.importorskip("requests_credssp")
    _, connection = serve(
        {"Identify": [http(b"", "401 Unauthorized", f"WWW-Authenticate: CredSSP{token}\r\n")]}, auth="credssp"
    )

    assert "the login failed" in failure(connection.open, AuthenticationFailed).message


def test_keys_of_connections_are_written_nowhere(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    for options in (winrm_options(), winrm_options(ca_file=str(authority.pem))):
        context = tls_context(options, lambda: "", "x")

        assert not context.keylog_filename
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    assert list(tmp_path.iterdir()) == []


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    """The file is named, and the advice is about what is wrong with it."""
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(HostIdentityError, match=r"a\.pem") as bad:
        tls_context(winrm_options(ca_file=str(tmp_path / "a.pem")), lambda: "", "x")
    with pytest.raises(HostIdentityError, match=r"b\.pem") as missing:
        tls_context(winrm_options(ca_file=str(tmp_path / "b.pem")), lambda: "", "x")
    with pytest.raises(HostIdentityError) as folder:
        tls_context(winrm_options(ca_file=str(tmp_path)), lambda: "", "x")

    assert bad.value.remedy == "`ca_file` must be a file of certificates in PEM form."
    assert missing.value.remedy == f"There is no file {tmp_path}/b.pem: correct its path in the inventory."
    assert folder.value.remedy.startswith(f"{tmp_path}: Is a directory.")


def test_a_client_certificate_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said which of the two files, and from where a relative path is seen."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.pem").write_text("nothing")
    with pytest.raises(AuthenticationFailed, match=r"c\.pem with the key k\.pem") as problem:
        tls_context(winrm_options(certificate="c.pem", certificate_key="k.pem"), lambda: "", "x")

    assert problem.value.remedy == f"There is no file k.pem, seen from {tmp_path}: correct its path in the inventory."


def test_nothing_sent_is_said_of_logins_only(serve: Serve) -> None:
    """A refused login to a new connection is no lost command."""
    _, connection = serve({"Create": [http(b"", "403 Forbidden")]})

    assert isinstance(failure(lambda: connection.run(CHANGE), Unreachable), NothingSent)
