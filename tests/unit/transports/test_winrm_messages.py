"""What is sent to a service, and what is read from its answers."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET  # what is parsed is our own

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.transports import winrm_messages as messages
from runner.transports.winrm_answers import (
    BadAnswer,
    Fault,
    Received,
    body_of,
    command_id,
    fault,
    identified,
    received,
    shell_id,
)
from runner.transports.winrm_messages import ENVELOPE_LIMIT, Place

PLACE = Place("http://[::1]:5985/wsman", "SHELL-1")
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
}
SHELL = NAMES["rsp"]
sendable = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[*map(chr, range(9)), *map(chr, range(10, 32)), "\ufffe", "\uffff"],
    )
)


def text(message: bytes, path: str) -> str:
    """The text of the one element at a path."""
    (found,) = ET.fromstring(message).findall(path, NAMES)  # noqa: S314  our own
    return found.text or ""


def envelope(body: str) -> bytes:
    """An answer with this body."""
    names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
    return f"<s:Envelope {names}><s:Header/><s:Body>{body}</s:Body></s:Envelope>".encode()


def received_envelope(streams: str = "", *, state: str = "Running", code: str = "") -> bytes:
    """An answer to Receive."""
    exit_code = f"<rsp:ExitCode>{code}</rsp:ExitCode>" if code else ""
    return envelope(
        f'<rsp:ReceiveResponse>{streams}<rsp:CommandState CommandId="C" State="{SHELL}/CommandState/{state}">'
        f"{exit_code}</rsp:CommandState></rsp:ReceiveResponse>"
    )


def stream(name: str, data: bytes, end: str = "") -> str:
    """A piece of output."""
    return f'<rsp:Stream Name="{name}" CommandId="C"{end}>{base64.b64encode(data).decode()}</rsp:Stream>'


@given(line=sendable)
def test_lines_survive_xml(line: str) -> None:
    """Whatever stands in them; the line goes as one piece."""
    sent = messages.command(PLACE, "C-1", line, 20)

    assert text(sent, "s:Body/rsp:CommandLine/rsp:Command") == line
    assert b'<rsp:CommandLine CommandId="C-1">' in sent
    assert b"Arguments" not in sent


def test_a_command_asks_for_no_bypass_and_no_console() -> None:
    """cmd.exe reads the line, and standard input is a pipe."""
    options = {
        option.get("Name"): option.text
        for option in ET.fromstring(messages.command(PLACE, "C", "x", 1)).iter(f"{{{NAMES['w']}}}Option")  # noqa: S314
    }

    assert options == {"WINRS_CONSOLEMODE_STDIN": "FALSE", "WINRS_SKIP_CMD_SHELL": "FALSE"}


def test_every_message_has_the_headers() -> None:
    """Where it goes, what it wants, how long it may take, in which shell, and an identifier of its own."""
    sent = [
        messages.command(PLACE, "C", "x", 1.5),
        messages.receive(PLACE, "C", 1.5),
        messages.send(PLACE, "C", b"x", 1.5, last=False),
        messages.terminate(PLACE, "C", 1.5),
        messages.delete(PLACE, 1.5),
    ]
    for message in sent:
        assert text(message, "s:Header/a:To") == "http://[::1]:5985/wsman"
        assert text(message, "s:Header/w:OperationTimeout") == "PT1.500S"
        assert text(message, "s:Header/w:SelectorSet/w:Selector") == "SHELL-1"
        assert text(message, "s:Header/w:MaxEnvelopeSize") == str(ENVELOPE_LIMIT)
    actions = [text(message, "s:Header/a:Action").rsplit("/", 1)[-1] for message in sent]
    assert actions == ["Command", "Receive", "Send", "Signal", "Delete"]
    assert len({text(message, "s:Header/a:MessageID") for message in sent}) == len(sent)


def test_create_asks_for_utf8() -> None:
    """And names no shell, for there is none yet."""
    sent = messages.create(Place("http://x/wsman"), 20)

    assert text(sent, "s:Header/w:OptionSet/w:Option") == "65001"
    assert text(sent, "s:Body/rsp:Shell/rsp:OutputStreams") == "stdout stderr"
    assert b"Selector" not in sent


@pytest.mark.parametrize("last", [True, False])
def test_input_is_base64_and_ends_once(last: bool) -> None:
    """Only the last piece says so."""
    sent = messages.send(PLACE, "C", b"\x00\xff", 20, last=last)

    assert base64.b64decode(text(sent, "s:Body/rsp:Send/rsp:Stream")) == b"\x00\xff"
    assert (b'End="true"' in sent) is last


def test_output_and_state() -> None:
    """Pieces are put together stream by stream, in order."""
    pieces = stream("stdout", b"a") + stream("stderr", b"e") + stream("stdout", b"b") + stream("odd", b"z")

    assert received(body_of(received_envelope(pieces))) == Received(b"ab", b"e")
    assert (
        received(body_of(received_envelope(stream("stdout", b"", ' End="true"'), state="Done", code="7"))).exit_code
        == 7
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", 0), ("1", 1), ("2147942402", -2147024894), ("-2147024894", -2147024894), ("2148081668", -2146885628)],
)
def test_exit_codes_are_signed(text: str, code: int) -> None:
    """As ``%ERRORLEVEL%`` shows them, however the service writes them: 0x80092004 is -2146885628."""
    assert received(body_of(received_envelope(state="Done", code=text))).exit_code == code


def test_an_end_without_an_exit_code() -> None:
    """It is not taken for zero."""
    assert received(body_of(received_envelope(state="Done"))) == Received(done=True, exit_code=None)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"<a/>",
        envelope("<rsp:Odd/>"),
        received_envelope('<rsp:Stream Name="stdout">x</rsp:Stream>'),
        received_envelope(state="Done", code="many"),
    ],
)
def test_what_is_no_output_is_refused(answer: bytes) -> None:
    """Rather than taken for none."""
    with pytest.raises(BadAnswer):
        received(body_of(answer))


def test_identifiers() -> None:
    """In both places where services put a shell's."""
    selector = '<w:SelectorSet><w:Selector Name="ShellId"> S-1 </w:Selector></w:SelectorSet>'

    assert shell_id(body_of(envelope(selector))) == "S-1"
    assert shell_id(body_of(envelope("<rsp:Shell><rsp:ShellId>S-2</rsp:ShellId></rsp:Shell>"))) == "S-2"
    assert (
        command_id(body_of(envelope("<rsp:CommandResponse><rsp:CommandId>C</rsp:CommandId></rsp:CommandResponse>")))
        == "C"
    )
    for read in (shell_id, command_id):
        with pytest.raises(BadAnswer):
            read(body_of(envelope("")))


def test_identify() -> None:
    """Only a service of WS-Management answers so."""
    name = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"

    assert identified(body_of(envelope(f'<i:IdentifyResponse xmlns:i="{name}"/>')))
    assert not identified(body_of(envelope("<rsp:Odd/>")))


def faulty(detail: str, subcode: str = "w:InvalidSelectors") -> bytes:
    """A fault."""
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f"<s:Reason><s:Text>The  reason. </s:Text></s:Reason>{detail}</s:Fault>"
    )


def windows_fault(code: str) -> str:
    """As Windows details it."""
    name = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
    return (
        f'<s:Detail><f:WSManFault xmlns:f="{name}" Code="{code}" Machine="m"><f:Message>Not\n found. </f:Message>'
        "</f:WSManFault></s:Detail>"
    )


def test_faults() -> None:
    """The number, the name, and the text in one line."""
    assert fault(body_of(faulty(windows_fault("2150858843")))) == Fault(2150858843, "InvalidSelectors", "Not found.")
    assert fault(body_of(faulty(windows_fault("-2144108453")))) == Fault(2150858843, "InvalidSelectors", "Not found.")
    assert fault(body_of(faulty(""))) == Fault(None, "InvalidSelectors", "The reason.")
    assert fault(body_of(envelope(""))) is None


def test_quota_faults_have_their_number_elsewhere() -> None:
    """In an object of WMI."""
    name = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
    error = f'<p:MSFT_WmiError xmlns:p="{name}"><p:error_Code>2150859174</p:error_Code></p:MSFT_WmiError>'
    detail = f"<s:Detail>{error}</s:Detail>"
    found = fault(body_of(faulty(detail, "w:QuotaLimit")))

    assert found is not None
    assert found.quota


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (Fault(2150858793), "timed_out"),
        (Fault(None, "TimedOut"), "timed_out"),
        (Fault(2150858843), "unknown_id"),
        (Fault(None, "InvalidSelectors"), "unknown_id"),
        (Fault(5), "denied"),
        (Fault(2150859174), "quota"),
        (Fault(None, "QuotaLimit"), "quota"),
        (Fault(232), "no_reader"),
        (Fault(2150858843), "no_reader"),
    ],
)
def test_what_a_fault_means(found: Fault, is_it: str) -> None:
    """One thing, and nothing else that matters."""
    kinds = {"timed_out", "unknown_id", "denied", "quota"}

    assert getattr(found, is_it)
    assert {kind for kind in kinds - {is_it} if getattr(found, kind)} <= (
        {"unknown_id"} if is_it == "no_reader" else set()
    )


def test_identifiers_of_ours_look_like_those_of_windows() -> None:
    """Upper case, with hyphens."""
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", messages.new_id())
