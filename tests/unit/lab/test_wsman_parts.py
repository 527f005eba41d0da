"""The pure parts of the lab's WS-Man endpoint."""

import base64
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st

from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.encryption import NotSealed, seal, unseal
from examples.lab.windows.wsman.faults import BY_CODE, Faulted
from examples.lab.windows.wsman.kill import FIRST_LINE, is_kill_script
from examples.lab.windows.wsman.log import COMMANDS, Log, Sent, read_commands
from examples.lab.windows.wsman.login import AccountBook
from examples.lab.windows.wsman.messages import SOAP, WSMAN, parse, seconds
from examples.lab.windows.wsman.misbehaviour import Act, Misbehaviour, Rule
from runner.shells.windows_kill import FIRST_LINE as OURS

XML_TEXT = st.characters(codec="utf-8", min_codepoint=32)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PT20S", 20),
        ("PT0.500S", 0.5),
        ("P0DT1H2M3S", 3723),
        ("P1D", 86_400),
        ("PT2M", 120),
        ("PT-1S", None),
        ("20", None),
        ("PT", None),
        ("", None),
    ],
)
def test_durations(text: str, value: float | None) -> None:
    """As XML has them; years and months are no times to wait."""
    assert seconds(text) == value


def outcome(data: bytes) -> str:
    """The name of the operation, or the fault's code."""
    try:
        return parse(data).operation
    except Faulted as error:
        return str(error.fault.code)


@given(st.binary())
def test_any_bytes_are_answered(data: bytes) -> None:
    """With a fault, since they are no request."""
    assert outcome(data) == "2150858817"


@given(st.text(XML_TEXT), st.text(XML_TEXT))
def test_any_header_is_a_request_or_a_fault(timeout: str, limit: str) -> None:
    """Never anything else."""
    first = f"<w:OperationTimeout>{escape(timeout)}</w:OperationTimeout>"
    second = f"<w:MaxEnvelopeSize>{escape(limit)}</w:MaxEnvelopeSize>"
    header = f"<s:Header>{first}{second}</s:Header><s:Body/>"
    text = f'<s:Envelope xmlns:s="{SOAP}" xmlns:w="{WSMAN}">{header}</s:Envelope>'

    assert outcome(text.encode()) in {"Unknown", "2150858767"}


def test_faults_are_known_by_their_code() -> None:
    """Which is the one that they carry."""
    assert {code: make().code for code, make in BY_CODE.items()} == {code: code for code in BY_CODE}


def test_the_kill_script_is_known_by_the_line_that_the_runner_sends() -> None:
    """In any capitals and with more options; a script with that line elsewhere is another."""

    def line(script: str, program: str = "powershell.exe -NoProfile") -> str:
        return f"{program} -encodedcommand {base64.b64encode(script.encode('utf-16-le')).decode()}"

    assert FIRST_LINE == OURS
    assert is_kill_script(line(f"{OURS}\nexit"))
    assert is_kill_script(line(f"{OURS}\r\nexit", "PowerShell"))
    assert not is_kill_script(line(f"exit\n{OURS}"))
    assert not is_kill_script(line(OURS, "echo"))
    assert not is_kill_script("powershell -EncodedCommand A")
    assert not is_kill_script("powershell -Command x")


def test_rules_count_what_matches() -> None:
    """A login only matches what is about logins; the oldest rule decides, and a used one is passed over."""
    behaviour = Misbehaviour()
    first = Rule(act=Act.DROP_AFTER, operation="Command", line="net", nth=2)
    second = Rule(act=Act.DELAY, times=0)
    refuse = Rule(act=Act.REFUSE_LOGIN)
    for rule in (first, second, refuse):
        behaviour.add(rule)

    asked = [("Login", ""), ("Command", "net"), ("Command", "sc"), ("Command", "net"), ("Command", "net")]
    found = [behaviour.match(*each) for each in (*asked, ("Challenge", ""))]

    assert found == [refuse, second, second, first, second, None]
    assert (first.seen, first.hits, second.hits) == (2, 1, 3)


def test_a_torn_log_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    """As it is left when the endpoint's process is killed; the next one goes on after that line."""
    log = Log(tmp_path)
    for number in range(2):
        log.command(Sent(at=0.0, shell="S", command=str(number), account="a", line="x"))  # noqa: S604 - a field
    log.close()
    path = tmp_path / COMMANDS
    path.write_bytes(path.read_bytes()[:-5])

    assert [sent.command for sent in read_commands(tmp_path)] == ["0"]
    log = Log(tmp_path)
    log.stdin("S", "0", 3)
    log.close()
    assert [(sent.command, sent.stdin) for sent in read_commands(tmp_path)] == [("0", 3)]


def logged_in() -> tuple[spnego.ContextProxy, spnego.ContextProxy]:
    """The client's and the server's side of an NTLM login."""
    book = AccountBook([Account(name="a", password="b")], "HOST")
    client = spnego.client("a", "b", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    with book.store():
        server = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        server.step(client.step(server.step(client.step())))
    book.close()
    return client, server


@given(message=st.binary(min_size=1))
def test_sealed_messages_open_again(message: bytes) -> None:
    """Whatever is in them, also what looks like the frame."""
    client, server = logged_in()
    for text in (message, b"--Encrypted Boundary\r\n" + message + b"--Encrypted Boundary--\r\n"):
        assert unseal(seal(text, client), server) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Length=4", b"Length=5"),
        (b"\x10\0\0\0", b"\x0f\0\0\0"),
        (b"SPNEGO", b"Unknown"),
        (b"Encrypted Boundary--", b"Encrypted Boundary"),
    ],
)
def test_what_is_not_sealed_as_it_should_be(old: bytes, new: bytes) -> None:
    """Is refused, as is anything without a login's keys."""
    client, server = logged_in()
    body = seal(b"text", client)

    with pytest.raises(NotSealed):
        unseal(body, None)
    with pytest.raises(NotSealed):
        unseal(body.replace(old, new), server)
