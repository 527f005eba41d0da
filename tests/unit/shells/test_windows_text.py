"""Output of Windows programs becomes UTF-8, whatever they printed it in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.shells.windows_clixml import plain_text
from runner.shells.windows_text import oem_codec, to_utf8
from runner.shells.windows_xml import NotXml, parse

CLIXML = (
    b"#< CLIXML\r\n"
    b'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    b'<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Object</T></TN><MS><I64 N="SourceId">1</I64></MS></Obj>'
    b'<S S="Error">Get-Item : Pfad nicht gefunden: &lt;x&gt;_x000D__x000A_</S>'
    b'<S S="Error">In Zeile:1 _xD83D__xDE00__x000D__x000A_</S>'
    b'<S S="Warning">careful_x000D__x000A_</S></Objs>'
)


def never() -> str | None:
    """Fails the test."""
    pytest.fail("the code page was asked for")


@given(st.text())
def test_utf8_stays_as_it_is(text: str) -> None:
    """And nobody asks the machine for its code page."""
    written = text.removeprefix("\ufeff").encode("utf-8", "replace")
    if not written.startswith(b"#< CLIXML"):
        assert to_utf8(written, never) == written


@pytest.mark.parametrize(("codec", "text"), [("cp850", "Größe"), ("cp866", "Привет"), ("cp932", "日本語")])
def test_the_code_page_of_the_machine(codec: str, text: str) -> None:
    """Bytes that are no UTF-8 are read as the console of that machine shows them."""
    assert to_utf8(text.encode(codec), lambda: codec).decode() == text


def test_each_line_by_itself() -> None:
    """Two programs of one command may print differently."""
    mixed = "Verfasser: ä\r\n".encode() + "Größe\r\n".encode("cp850")

    assert to_utf8(mixed, lambda: "cp850").decode() == "Verfasser: ä\r\nGröße\r\n"


def test_unknown_code_page() -> None:
    """Then the bytes are kept, and shown with escapes where they are shown."""
    assert to_utf8(b"\x84\r\n", lambda: None) == b"\x84\r\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_byte_order_marks(encoding: str) -> None:
    """wevtutil and reg export may write UTF-16."""
    assert to_utf8("Größe\r\n".encode(encoding), never).decode() == "Größe\r\n"


def test_cut_off_characters() -> None:
    """Where the limit cut a character in two, the rest of it is dropped, and no code page is asked for."""
    assert to_utf8("aé".encode()[:-1], never, truncated=True) == b"a"
    assert to_utf8("aé".encode(), never, truncated=True) == "aé".encode()
    assert to_utf8(b"", never, truncated=True) == b""


@pytest.mark.parametrize(
    ("printed", "codec"),
    [
        (b"\r\nHKEY_LOCAL_MACHINE\\...\\CodePage\r\n    OEMCP    REG_SZ    850\r\n\r\n", "cp850"),
        (b"    OEMCP    REG_SZ    65001\r\n", "utf-8"),
        (b"    OEMCP    REG_SZ    99999\r\n", None),
        (b"ERROR: unable to find it\r\n", None),
    ],
)
def test_oem_codec(printed: bytes, codec: str | None) -> None:
    """The number in the registry names one of Python's codecs, or none."""
    assert oem_codec(printed) == codec


def test_clixml_becomes_text() -> None:
    """Errors and warnings in order, escapes resolved, progress left out."""
    assert plain_text(CLIXML).decode() == (
        "Get-Item : Pfad nicht gefunden: <x>\r\nIn Zeile:1 \U0001f600\r\ncareful\r\n"
    )


def test_clixml_between_other_output() -> None:
    """Native programs write to the same stream, and PowerShell may write several documents."""
    assert plain_text(CLIXML + b"native\r\n" + CLIXML).decode().count("careful") == 2
    assert b"native\r\n" in plain_text(CLIXML + b"native\r\n" + CLIXML)


@pytest.mark.parametrize("output", [b"plain", b"<Objs>mine</Objs>", b""])
def test_what_is_no_clixml_stays(output: bytes) -> None:
    """Only the marker makes it so."""
    assert plain_text(output) == output


def test_broken_clixml_is_shown_as_it_came() -> None:
    """Better unreadable than lost."""
    assert b"<Objs><S></Objs>" in plain_text(b"#< CLIXML\r\n<Objs><S></Objs>")


@pytest.mark.parametrize("data", [b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a/>".encode("utf-16"), b"<a>", b""])
def test_xml_that_defines_things_is_refused(data: bytes) -> None:
    """A small document must not be able to become a huge one."""
    with pytest.raises(NotXml):
        parse(data)
