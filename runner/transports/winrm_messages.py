"""The messages of MS-WSMV that vmfix sends, as text. Pure functions.

Section numbers are those of MS-WSMV. Nothing is templated but numbers, identifiers of our own, and escaped text.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

CODE_PAGE = 65001  # UTF-8, which is asked for and not relied on
ENVELOPE_LIMIT = 153_600  # bytes of one answer; what every version of Windows allows

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" '
    f'xmlns:rsp="{_SHELL}"'
)
IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)
"""Asks who is there (DSP0226, 11): answered without any shell, to whoever may log in."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: the URL of the service, and the shell in it, if it is about one."""

    endpoint: str
    shell: str = ""


def new_id() -> str:
    """An identifier in the form that Windows gives out itself."""
    return str(uuid.uuid4()).upper()


def create(place: Place, seconds: float) -> bytes:
    """Opens a shell (3.1.4.5.1). Its life after the last sign of ours is the server's to choose."""
    body = (
        "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return _envelope(place, f"{_TRANSFER}/Create", seconds, body, {"WINRS_CODEPAGE": str(CODE_PAGE)})


def command(place: Place, command_id: str, line: str, seconds: float) -> bytes:
    """Starts a line in a shell (3.1.4.11), under an identifier of our choice, by which it can be asked for.

    Standard input is a pipe, not a console.
    """
    body = (
        f"<rsp:CommandLine CommandId={quoteattr(command_id)}>"
        f"<rsp:Command>{escape(line)}</rsp:Command></rsp:CommandLine>"
    )
    options = {"WINRS_CONSOLEMODE_STDIN": "FALSE", "WINRS_SKIP_CMD_SHELL": "FALSE"}
    return _envelope(place, f"{_SHELL}/Command", seconds, body, options)


def receive(place: Place, command_id: str, seconds: float) -> bytes:
    """Asks for output and state of a command (3.1.4.14); answered as soon as there is something to tell."""
    stream = f"<rsp:DesiredStream CommandId={quoteattr(command_id)}>stdout stderr</rsp:DesiredStream>"
    return _envelope(place, f"{_SHELL}/Receive", seconds, f"<rsp:Receive>{stream}</rsp:Receive>")


def send(place: Place, command_id: str, data: bytes, seconds: float, *, last: bool) -> bytes:
    """Hands bytes to a command's standard input (3.1.4.13); ``last``: then it ends."""
    end = ' End="true"' if last else ""
    text = base64.b64encode(data).decode()
    stream = f'<rsp:Stream Name="stdin" CommandId={quoteattr(command_id)}{end}>{text}</rsp:Stream>'
    return _envelope(place, f"{_SHELL}/Send", seconds, f"<rsp:Send>{stream}</rsp:Send>")


def terminate(place: Place, command_id: str, seconds: float) -> bytes:
    """Ends a command, or frees what the server keeps of one that has ended (3.1.4.12)."""
    signal = (
        f"<rsp:Signal CommandId={quoteattr(command_id)}><rsp:Code>{_SHELL}/signal/terminate</rsp:Code></rsp:Signal>"
    )
    return _envelope(place, f"{_SHELL}/Signal", seconds, signal)


def delete(place: Place, seconds: float) -> bytes:
    """Ends a shell with all that runs in it (3.1.4.4)."""
    return _envelope(place, f"{_TRANSFER}/Delete", seconds, "")


def _envelope(place: Place, action: str, seconds: float, body: str, options: dict[str, str] | None = None) -> bytes:
    """``seconds``: after this time the server gives up and says so (wsman:OperationTimeout)."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{escape(place.shell)}</w:Selector></w:SelectorSet>'
    header = (
        f"<a:To>{escape(place.endpoint)}</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{_SHELL}/cmd</w:ResourceURI>'
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{_ANONYMOUS}</a:Address></a:ReplyTo>'
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{ENVELOPE_LIMIT}</w:MaxEnvelopeSize>'
        f"<a:MessageID>uuid:{new_id()}</a:MessageID>"
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
        '<p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
        f"<w:OperationTimeout>PT{seconds:.3f}S</w:OperationTimeout>"
        f"{selector if place.shell else ''}{_option_set(options or {})}"
    )
    return f"<s:Envelope {_NAMESPACES}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


def _option_set(options: dict[str, str]) -> str:
    each = "".join(f"<w:Option Name={quoteattr(name)}>{escape(value)}</w:Option>" for name, value in options.items())
    return f"<w:OptionSet>{each}</w:OptionSet>" if each else ""
