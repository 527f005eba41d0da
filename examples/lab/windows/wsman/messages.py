"""Requests of MS-WSMV taken apart, and answers put together. Pure functions of text and values."""

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from examples.lab.windows.wsman import faults
from examples.lab.windows.wsman.faults import Fault, Faulted

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD = f"{SHELL}/cmd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"
DEFAULT_TIMEOUT_S = 60.0  # MaxTimeoutms of winrm/config
DEFAULT_ENVELOPE = 153_600  # bytes
OPERATIONS: Mapping[str, str] = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Delete": "Delete",
    f"{SHELL}/Command": "Command",
    f"{SHELL}/Send": "Send",
    f"{SHELL}/Receive": "Receive",
    f"{SHELL}/Signal": "Signal",
}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_NAMESPACES = (
    f'xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}" '
    'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``operation`` is a short name ("Create", "Identify" ...); ``timeout`` in seconds."""

    operation: str
    action: str = ""
    message_id: str = ""
    to: str = ""
    shell: str = ""
    options: Mapping[str, str]
    timeout: float = DEFAULT_TIMEOUT_S
    envelope_limit: int = DEFAULT_ENVELOPE
    body: ET.Element | None = None

    def option(self, name: str, default: str = "") -> str:
        """The value of an option, by its name without regard to case."""
        return next((value for key, value in self.options.items() if key.upper() == name.upper()), default)

    def is_set(self, name: str) -> bool:
        """Whether a yes-or-no option is set: Windows takes TRUE and 1."""
        return self.option(name).strip().upper() in {"TRUE", "1"}


def tag(name: str, namespace: str = SHELL) -> str:
    """An element's name as ElementTree writes it."""
    return f"{{{namespace}}}{name}"


def text_of(parent: ET.Element | None, name: str, namespace: str = SHELL) -> str:
    """The text of a child, stripped; empty if there is none."""
    child = parent.find(tag(name, namespace)) if parent is not None else None
    return (child.text or "").strip() if child is not None else ""


def command_line(body: ET.Element) -> str:
    """The line of a rsp:CommandLine: its pieces with blanks between them, none of them quoted for the client."""
    parts = [body.find(tag("Command")), *body.findall(tag("Arguments"))]
    return " ".join(part.text or "" for part in parts if part is not None)


def parse(data: bytes) -> Request:
    """Take a request apart. Raises ``Faulted`` as Windows answers it, with no message to relate to."""
    try:
        if b"<!DOCTYPE" in data[:1000]:
            raise Faulted(faults.malformed())
        envelope = ET.fromstring(data)  # noqa: S314 - a DTD is refused, so no entity is ever expanded
    except ET.ParseError:
        raise Faulted(faults.malformed()) from None
    header, body = envelope.find(tag("Header", SOAP)), envelope.find(tag("Body", SOAP))
    first = next(iter(body), None) if body is not None else None
    if first is not None and first.tag == tag("Identify", IDENTITY):
        return Request(operation="Identify", options={})
    action = text_of(header, "Action", ADDRESSING)
    return Request(
        operation=OPERATIONS.get(action, "Unknown"),
        action=action,
        message_id=text_of(header, "MessageID", ADDRESSING),
        to=text_of(header, "To", ADDRESSING),
        shell=_named(header, "SelectorSet", "Selector").get("ShellId", "").upper(),
        options=_named(header, "OptionSet", "Option"),
        timeout=_timeout(text_of(header, "OperationTimeout", WSMAN)),
        envelope_limit=_limit(text_of(header, "MaxEnvelopeSize", WSMAN)),
        body=first,
    )


def seconds(text: str) -> float | None:
    """An XML duration without years and months, in seconds; None if it is none."""
    match = _DURATION.fullmatch(text)
    if match is None or text in {"P", "PT"}:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _timeout(text: str) -> float:
    value = seconds(text) if text else DEFAULT_TIMEOUT_S
    if value is None:
        raise Faulted(faults.invalid_timeout(text))
    return value


def _limit(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise Faulted(faults.invalid_header())
    return int(text or DEFAULT_ENVELOPE)


def _named(header: ET.Element | None, group: str, item: str) -> dict[str, str]:
    found = header.find(tag(group, WSMAN)) if header is not None else None
    items = found.findall(tag(item, WSMAN)) if found is not None else []
    return {each.get("Name", ""): (each.text or "").strip() for each in items}


def new_id() -> str:
    """An identifier in the form that Windows gives out."""
    return str(uuid.uuid4()).upper()


def answer(request: Request, body: str) -> bytes:
    """The answer to a request that went well."""
    if request.operation == "Identify":
        return _identity()
    return _envelope(f"{request.action}Response", request.message_id, body)


def fault(found: Fault, relates_to: str, machine: str) -> bytes:
    """The answer to a request that failed."""
    return _envelope(FAULT_ACTION, relates_to, found.body(machine))


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    header = (
        f"<a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{new_id()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To>{related}"
    )
    text = (
        f'<s:Envelope xml:lang="en-US" {_NAMESPACES}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    )
    return text.encode()


def _identity() -> bytes:
    body = (
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}"><wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>'
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 10.0.17763 SP: 0.0 Stack: 3.0</wsmid:ProductVersion></wsmid:IdentifyResponse>"
    )
    return f'<s:Envelope xml:lang="" xmlns:s="{SOAP}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'.encode()
