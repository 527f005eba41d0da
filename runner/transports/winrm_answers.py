"""What a WS-Management service answers, taken apart. Pure functions; section numbers are those of MS-WSMV."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from runner.model.text import beginning
from runner.shells.windows_xml import Element, NotXml, parse

_SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
_RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
_WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
_FAULT = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
_WMI = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}"
_IDENTITY = "{http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd}"

# Codes of wsmerror.h and winerror.h.
_TIMED_OUT = 0x80338029  # ERROR_WSMAN_OPERATION_TIMEDOUT
_UNEXPECTED_SELECTORS = 0x8033805B  # no such shell, and also: no such command
_DENIED = (5, 0x80070005)
_QUOTAS = frozenset({0x803381A5, 0x803381A6, 0x803381A7, 0x803381A8, 0x803381AB, *range(0x803381E4, 0x803381EA)})
_NO_READER = frozenset({109, 232, 233, 995, 0x8007006D, 0x800700E8, 0x800700E9, 0x800703E3})  # pipe, cancelled
_ACCESS_DENIED = "AccessDenied"
_LONGEST_TEXT = 500  # characters of what a service gives as its reason
_LONGEST_ID = 200  # characters; it is shown, and sent with each message
_SIGNED, _CODES = 1 << 31, 1 << 32


class BadAnswer(ValueError):
    """An answer that is not what the protocol says."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the service says instead of doing what it was asked. ``text`` is in the service's language."""

    code: int | None = None
    subcode: str = ""
    text: str = ""

    def __str__(self) -> str:
        number = f"0x{self.code:08X}" if self.code is not None else self.subcode or "no code"
        return f"{number}: {self.text}" if self.text else number

    @property
    def timed_out(self) -> bool:
        """Nothing happened in the time that was given: no error where one waits for output."""
        return self.code == _TIMED_OUT or (self.code is None and self.subcode == "TimedOut")

    @property
    def unknown_id(self) -> bool:
        """There is no such shell, or no such command in it."""
        return self.code == _UNEXPECTED_SELECTORS or (self.code is None and self.subcode == "InvalidSelectors")

    @property
    def denied(self) -> bool:
        return self.code in _DENIED or (self.code is None and self.subcode == _ACCESS_DENIED)

    @property
    def quota(self) -> bool:
        """The service has too much to do for this account, or in this shell."""
        return self.code in _QUOTAS or (self.code is None and self.subcode == "QuotaLimit")

    @property
    def no_reader(self) -> bool:
        """The command has ended, or does not read its standard input any more."""
        return self.unknown_id or self.code in _NO_READER


@dataclass(frozen=True, slots=True)
class Received:
    """Output since the last time, and whether the command has ended. ``exit_code`` is None if the service has none."""

    stdout: bytes = b""
    stderr: bytes = b""
    done: bool = False
    exit_code: int | None = None


def body_of(answer: bytes) -> Element:
    """What an answer says, as all functions here take it. Raises ``BadAnswer`` if it is no SOAP at all."""
    try:
        root = parse(answer)
    except NotXml as error:
        raise BadAnswer(f"no XML ({error})") from error
    body = root.find(f"{_SOAP}Body")
    if body is None:
        raise BadAnswer("no SOAP")
    return body


def fault(body: Element) -> Fault | None:
    """The fault that an answer is, or None if it is none."""
    found = body.find(f"{_SOAP}Fault")
    if found is None:
        return None
    subcode = _one_line(found.findtext(f"{_SOAP}Code/{_SOAP}Subcode/{_SOAP}Value", "").rpartition(":")[2])
    detail = found.find(f"{_SOAP}Detail")
    reason = _one_line(found.findtext(f"{_SOAP}Reason/{_SOAP}Text", ""))
    if detail is None:
        return Fault(None, subcode, reason)
    windows = detail.find(f".//{_FAULT}WSManFault")
    said = "" if windows is None else _one_line(" ".join(windows.itertext()))
    return Fault(_fault_code(detail, windows), subcode, said or reason)


def shell_id(body: Element) -> str:
    """The identifier of a shell that was created (2.2.4.33; the selector of the reference in older versions)."""
    for element in body.iter(f"{_WSMAN}Selector"):
        if element.get("Name", "").lower() == "shellid" and element.text:
            return _identifier(element.text, "shell")
    return _identifier(body.findtext(f".//{_RSP}ShellId", ""), "shell")


def command_id(body: Element) -> str:
    """The identifier of a command that was started (2.2.4.8)."""
    return _identifier(body.findtext(f".//{_RSP}CommandId", ""), "command")


def received(body: Element) -> Received:
    """Output and state (2.2.4.32, 2.2.4.9). An exit code is shown signed, as ``%ERRORLEVEL%`` is."""
    response = body.find(f"{_RSP}ReceiveResponse")
    if response is None:
        raise BadAnswer("no output where output was asked for")
    streams = {"stdout": bytearray(), "stderr": bytearray()}
    for stream in response.iter(f"{_RSP}Stream"):
        streams.get(stream.get("Name", ""), bytearray()).extend(_decoded(stream.text or ""))
    state = response.find(f"{_RSP}CommandState")
    done = state is not None and state.get("State", "").endswith("/Done")
    text = "" if state is None else state.findtext(f"{_RSP}ExitCode", "").strip()
    return Received(bytes(streams["stdout"]), bytes(streams["stderr"]), done, _exit_code(text) if text else None)


def identified(body: Element) -> bool:
    """Whether this is how a WS-Management service introduces itself."""
    return body.find(f"{_IDENTITY}IdentifyResponse") is not None


def _fault_code(detail: Element, windows: Element | None) -> int | None:
    text = "" if windows is None else windows.get("Code", "")
    number = _number(detail.findtext(f".//{_WMI}error_Code", "")) if _number(text) is None else _number(text)
    return None if number is None else number % _CODES


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error as error:
        raise BadAnswer("output that is not base64") from error


def _exit_code(text: str) -> int:
    number = _number(text)
    if number is None:
        raise BadAnswer(f"an exit code that is no number: {_one_line(text)!r}")
    return (number + _SIGNED) % _CODES - _SIGNED


def _identifier(text: str, of: str) -> str:
    found = text.strip()
    if not found:
        raise BadAnswer(f"a {of} without an identifier")
    if len(found) > _LONGEST_ID:
        raise BadAnswer(f"a {of} whose identifier has {len(found)} characters")
    return found


def _one_line(text: str) -> str:
    return beginning(" ".join(text.split()), _LONGEST_TEXT)
