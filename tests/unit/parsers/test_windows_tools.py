"""Output of `net`, `reg query` and `wevtutil qe`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from tests.unit.parsers.windows_output import parsed

# --- net -------------------------------------------------------------------------------------------------------------

STARTED = "The requested service has already been started.\n\nMore help is available by typing NET HELPMSG 2182.\n\n"
COULD_NOT_STOP = "The Backup 5 service could not be stopped.\n\n"

NUMBERS = [
    (STARTED, 2182),
    ("The Volume Shadow Copy service is not started.\n\nMore help is available by typing NET HELPMSG 3521.\n", 3521),
    ("Der Dienst wurde bereits gestartet.\n\nSie erhalten weitere Hilfe, wenn Sie NET HELPMSG 2182 eingeben.\n", 2182),
    ("请求的服务已经启动。\n\n请键入 NET HELPMSG 2182 以获得更多的帮助。\n", 2182),
    ("System error 1069 has occurred.\n\nThe service did not start due to a logon failure.\n\n", 1069),
    ("Systemfehler 5 aufgetreten.\n\nZugriff verweigert\n", 5),
    ("The Backup 5 service could not be started.\n\nSystem error 1067 has occurred.\n\nIt ended.\n", 1067),
    ("The Backup 5 service could not be started.\n\nMore help ... NET HELPMSG 3534.\n", 3534),
    (COULD_NOT_STOP, None),
    ("The service is starting or stopping.  Please try again later.\n\n", None),
    ("The SQL Server 2019 service could not be stopped.\n\nTry again later.\n", None),
    ("Version 1.5 failed.\n\nx\n", None),
    ("No valid response was provided.\n", None),
    ("", None),
]


@pytest.mark.parametrize(("err", "number"), NUMBERS)
def test_the_number_is_the_same_in_all_languages(err: str, number: int | None) -> None:
    """HELPMSG's, or that of Win32; never one out of a service's name."""
    found = parsed("net", "", 2, err)

    assert (found["exit_code"], found["number"]) == (2, number)
    assert bool(found["meaning"]) is (number is not None)


def test_success_has_no_number() -> None:
    """Whatever is printed."""
    found = parsed("net", "The VSS service was started successfully.\n", 0, STARTED)

    assert (found["exit_code"], found["number"], found["meaning"]) == (0, None, "")
    assert found["text"].startswith("The VSS service was started successfully.\nThe requested")


def test_helpmsg_counts_on_either_stream() -> None:
    """A numberless progress line may stand before it."""
    assert parsed("net", "The x service is stopping.\n" + STARTED, 2)["number"] == 2182


# --- reg -------------------------------------------------------------------------------------------------------------

KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\BcdrAgentPersistentKeys"
VALUES = f"""
{KEY}
    SnapshotMethod    REG_SZ    firstHostThenGuest
    (Default)    REG_SZ    
    Path with  blanks    REG_EXPAND_SZ    "%PATH%" & ü    x 
    Start    REG_DWORD    0x3
    Big    REG_QWORD    0xffffffffffffffff
    Bytes    REG_BINARY    00FFAB
    Nothing    REG_NONE    
    List    REG_MULTI_SZ    a\\0b c\\0d

{KEY}\\Below
{KEY}\\Under Neath
"""  # noqa: W291 - as reg prints it


def test_values_of_a_key() -> None:
    """Names with blanks, data with quotes, percent signs, blanks at its end; numbers as numbers."""
    found = parsed("reg_query", VALUES)

    assert found["exists"] is True
    assert found["key"] == KEY
    assert found["subkeys"] == [f"{KEY}\\Below", f"{KEY}\\Under Neath"]
    assert {name: (value["type"], value["data"]) for name, value in found["entries"].items()} == {
        "SnapshotMethod": ("REG_SZ", "firstHostThenGuest"),
        "(Default)": ("REG_SZ", ""),
        "Path with  blanks": ("REG_EXPAND_SZ", '"%PATH%" & ü    x '),
        "Start": ("REG_DWORD", 3),
        "Big": ("REG_QWORD", 2**64 - 1),
        "Bytes": ("REG_BINARY", "00ffab"),
        "Nothing": ("REG_NONE", ""),
        "List": ("REG_MULTI_SZ", ["a", "b c", "d"]),
    }


def test_a_key_without_values() -> None:
    """It is there; what is printed are keys."""
    assert parsed("reg_query", "\n") == {"exists": True, "key": "", "entries": {}, "subkeys": []}
    assert parsed("reg_query", f"\n{KEY}\\Below\n")["subkeys"] == [f"{KEY}\\Below"]


def test_not_there_or_not_readable() -> None:
    """Reg exits with 1 for both; its texts are translated."""
    for said in ("ERROR: The system was unable to find the specified registry key or value.", "FEHLER: Zugriff"):
        assert parsed("reg_query", "", 1, said + "\n")["exists"] is False


@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("", 2),
        (VALUES, 1),
        ("    Name    REG_SZ    x\n", 0),
        (f"{KEY}\n    Name    REG_SZ    first\nsecond\n", 0),
        (f"{KEY}\n    Name    REG_DWORD    three\n", 0),
        (f"{KEY}\n    A    REG_SZ    x\n\n{KEY}\\Below\n    B    REG_SZ    y\n", 0),
        ("End of search: 1 match(es) found.\n", 0),
    ],
)
def test_other_output_of_reg_is_an_error(out: str, code: int) -> None:
    """Data with line breaks, two keys, another exit code."""
    with pytest.raises(ParseError):
        parsed("reg_query", out, code)


TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=30)


@given(TEXTS)
def test_any_data_arrives(data: str) -> None:
    """Whatever its text, to the last blank; a type's name in it changes nothing."""
    text = f"{KEY}\n    Name    REG_SZ    {data}\n    Last    REG_SZ    x\n"

    assert parsed("reg_query", text)["entries"]["Name"] == {"type": "REG_SZ", "data": data}


# --- wevtutil --------------------------------------------------------------------------------------------------------


def event(event_id: int, provider: str, data: str = "", record: int = 7) -> str:
    """One event as wevtutil prints it."""
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{provider}'/><EventID Qualifiers='0'>{event_id}</EventID><Level>2</Level>"
        f"<TimeCreated SystemTime='2026-01-02T03:04:05.0000000Z'/><EventRecordID>{record}</EventRecordID>"
        "<Channel>Application</Channel><Computer>sql-01</Computer><Security/></System>"
        f"<EventData>{data}</EventData></Event>"
    )


def test_events_one_after_the_other() -> None:
    """There is no common root, on one line or on several; the provider's spelling varies."""
    first = event(12298, "VSS", "<Data>Volume\\0</Data><Data Name='x'>0x80042314</Data>")
    found = parsed("wevtutil_events", f"{first}\n{event(8, 'Volsnap', record=9)}{event(9, 'volsnap')}\n")

    assert [(e["id"], e["provider"], e["record_id"]) for e in found] == [
        (12298, "vss", 7),
        (8, "volsnap", 9),
        (9, "volsnap", 7),
    ]
    assert found[0]["data"] == ["Volume\\0", "0x80042314"]
    assert (found[0]["level"], found[0]["log"], found[0]["computer"]) == (2, "Application", "sql-01")
    assert found[0]["time"] == "2026-01-02T03:04:05.0000000Z"
    assert "80042314" in found[0]["text"]
    assert "80042314" not in found[1]["text"]


def test_no_event_is_no_error() -> None:
    """Wevtutil prints nothing and exits with 0."""
    assert parsed("wevtutil_events", "") == parsed("wevtutil_events", "\n") == []


def test_characters_that_xml_has_not() -> None:
    """Providers write them, as they are or as references; the rest of the event counts all the same."""
    found = parsed("wevtutil_events", event(1, "x", "<Data>a\x01b&#x2;c&#0;d&#10;e</Data>"))

    assert found[0]["data"] == ["a\ufffdb\ufffdc\ufffdd\ne"]


@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("The specified channel could not be found.", 15007),
        (event(1, "x"), 5),
        (event(1, "x")[:-9], 0),
        (event(1, "x") + "more", 0),
        (event(1, "x").replace("<EventID Qualifiers='0'>1", "<EventID>one"), 0),
        (event(1, "x").replace("<Computer>sql-01</Computer>", ""), 0),
        (event(1, "x").replace("<Security/>", "<Security>"), 0),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + event(1, "x"), 0),
        (event(1, "x", "<!DOCTYPE x>"), 0),
        (event(1, "x", "<Data>&undeclared;</Data>"), 0),
    ],
)
def test_what_is_no_event_is_an_error(out: str, code: int) -> None:
    """Cut, foreign or unsafe text, or a failure of wevtutil."""
    with pytest.raises(ParseError):
        parsed("wevtutil_events", out, code)
