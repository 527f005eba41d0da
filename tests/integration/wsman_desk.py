"""What the tests of the WS-Man endpoint share: endpoints, and a client that shows every fault as it came."""

from __future__ import annotations

import base64
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, TypedDict, Unpack
from xml.sax.saxutils import escape

import requests

from examples.lab.windows.executor import Executor, Machine
from examples.lab.windows.wsman import Account, Certificate, Endpoint, Options, PosixExecutor

PASSWORD = secrets.token_urlsafe(12)
ACCOUNT = Account(name="azureuser", password=PASSWORD, certificate="azureuser@localhost")
DOMAIN_ACCOUNT = Account(name="svc-fix", password=PASSWORD, domain="CONTOSO")
FILTERED = Account(name="filtered", password=PASSWORD, filtered=True)
STRANGER = Account(name="stranger", password=PASSWORD, administrator=False, may_open_shell=False)
ACCOUNTS = (ACCOUNT, DOMAIN_ACCOUNT, FILTERED, STRANGER)

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "rsp": SHELL,
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
}
ANSWERS_WITHIN_S = 10
ENVELOPE_LIMIT = 153_600  # for who names no other


class Setup(TypedDict, total=False):
    """How an endpoint is made; see `Endpoint`."""

    tls: Certificate | None
    encryption: bool
    honour_skip_cmd: bool
    folder: Path
    machine: Machine
    options: Options


class Start(Protocol):
    """Starts an endpoint for this test."""

    def __call__(self, executor: Executor | None = None, **setup: Unpack[Setup]) -> Endpoint: ...


@contextmanager
def endpoints() -> Iterator[Start]:
    """Endpoints over a POSIX shell, or another executor; none may have an error of its own in the end."""
    running: list[Endpoint] = []
    with ExitStack() as stack:

        def begin(executor: Executor | None = None, **setup: Unpack[Setup]) -> Endpoint:
            endpoint = Endpoint(executor or PosixExecutor(), ACCOUNTS, **setup)
            running.append(endpoint)
            return stack.enter_context(endpoint)

        yield begin
    assert [error for endpoint in running for error in endpoint.errors] == []


class FaultSeen(Exception):
    """The endpoint answered with a fault."""

    def __init__(self, fault: ET.Element) -> None:
        self.code = int(fault.find(".//f:WSManFault", NAMES).get("Code", "0"))  # type: ignore[union-attr]
        self.subcode = fault.findtext("s:Code/s:Subcode/s:Value", "", NAMES)
        self.message = "".join(fault.find(".//f:Message", NAMES).itertext())  # type: ignore[union-attr]
        super().__init__(f"{self.code} {self.subcode}: {self.message}")


class Caller:
    """Sends single requests, in plain text with Basic, and keeps a shell's identifier."""

    def __init__(self, endpoint: Endpoint | str, account: Account = ACCOUNT) -> None:
        self._url = endpoint if isinstance(endpoint, str) else endpoint.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (account.name, account.password)
        self.shell = ""
        self.patience: float = ANSWERS_WITHIN_S

    def ask(
        self, action: str, body: str = "", *, options: Mapping[str, str] | None = None, timeout: str = "PT5S"
    ) -> ET.Element:
        """The SOAP body of the answer. Raises ``FaultSeen``, or what `requests` raises."""
        found = "".join(
            f'<w:Option Name="{name}">{escape(value)}</w:Option>' for name, value in (options or {}).items()
        )
        header = (
            f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID>"
            f"<w:OperationTimeout>{timeout}</w:OperationTimeout><w:OptionSet>{found}</w:OptionSet>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{self.shell}</w:Selector></w:SelectorSet>'
        )
        spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
        return self.post(f"<s:Envelope {spaces}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>")

    def post(self, text: str) -> ET.Element:
        """Send any text."""
        answer = self._session.post(self._url, data=text.encode(), timeout=self.patience)
        if not answer.content:
            answer.raise_for_status()
        assert len(answer.content) <= ENVELOPE_LIMIT
        root = ET.fromstring(answer.content)  # noqa: S314 - what our own endpoint has written
        found = root.find("s:Body", NAMES)
        assert found is not None
        fault = found.find("s:Fault", NAMES)
        if fault is not None:
            assert answer.status_code == 500
            raise FaultSeen(fault)
        assert answer.status_code == 200
        return found

    def create(self, more: str = "", **options: str) -> str:
        """Open a shell and remember it."""
        streams = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        self.shell = ""
        answer = self.ask(f"{TRANSFER}/Create", f"<rsp:Shell>{streams}{more}</rsp:Shell>", options=options)
        self.shell = answer.findtext("rsp:Shell/rsp:ShellId", "", NAMES)
        return self.shell

    def command(self, line: str, command_id: str = "", *arguments: str, skip_cmd: bool = False) -> str:
        """Start a line and return its identifier."""
        attribute = f' CommandId="{command_id}"' if command_id else ""
        parts = "".join(f"<rsp:Arguments>{escape(each)}</rsp:Arguments>" for each in arguments)
        body = f"<rsp:CommandLine{attribute}><rsp:Command>{escape(line)}</rsp:Command>{parts}</rsp:CommandLine>"
        answer = self.ask(f"{SHELL}/Command", body, options={"WINRS_SKIP_CMD_SHELL": str(skip_cmd)})
        return answer.findtext("rsp:CommandResponse/rsp:CommandId", "", NAMES)

    def receive(self, command_id: str, *, timeout: str = "PT5S") -> tuple[bytes, int | None]:
        """Standard output of one answer, and the exit code if the command is done."""
        body = (
            f'<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
        )
        answer = self.ask(f"{SHELL}/Receive", body, timeout=timeout)
        pieces = answer.findall(".//rsp:Stream[@Name='stdout']", NAMES)
        code = answer.findtext(".//rsp:ExitCode", None, NAMES)
        return b"".join(base64.b64decode(each.text or "") for each in pieces), None if code is None else int(code)

    def output(self, command_id: str) -> tuple[bytes, int]:
        """All output until the end."""
        whole, code = b"", None
        while code is None:
            piece, code = self.receive(command_id)
            whole += piece
        return whole, code

    def send(self, command_id: str, data: bytes) -> None:
        """Send input, and its end."""
        stream = f'<rsp:Stream Name="stdin" CommandId="{command_id}" End="true">{base64.b64encode(data).decode()}'
        self.ask(f"{SHELL}/Send", f"<rsp:Send>{stream}</rsp:Stream></rsp:Send>")

    def signal(self, command_id: str, code: str = "terminate") -> None:
        """Send a signal."""
        body = f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{SHELL}/signal/{code}</rsp:Code></rsp:Signal>'
        self.ask(f"{SHELL}/Signal", body)

    def delete(self) -> None:
        """Close the shell."""
        self.ask(f"{TRANSFER}/Delete")
