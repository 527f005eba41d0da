"""Freeze calendars: which times their events mean, and what is said of a broken one."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from runner.diagnostics import Diagnostics
from runner.load.calendars import read_calendar

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
ZONE = """\
BEGIN:VTIMEZONE
TZID:Ours
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
"""


def event(*lines: str, uid: str = "1") -> str:
    """One event."""
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*parts: str) -> bytes:
    """A file with these components."""
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{''.join(parts)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def times(*parts: str, zone: ZoneInfo = BERLIN) -> list[str]:
    """Begin and end in UTC of what is frozen in 2026, as month-dayThour:minute."""
    diagnostics = Diagnostics()
    found = read_calendar(calendar(*parts), "f.ics", zone, diagnostics)
    assert found is not None, list(map(str, diagnostics))
    return [f"{it.start:%m-%dT%H:%M}/{it.end:%m-%dT%H:%M}" for it in found.events(*YEAR)]


def complaints(text: bytes) -> list[str]:
    """What is wrong with a file."""
    diagnostics = Diagnostics()
    assert read_calendar(text, "f.ics", BERLIN, diagnostics) is None
    return [str(item).replace("\n    ", " | ") for item in diagnostics]


def changed(moment: str, day: str) -> str:
    """A change of an event: it is in April then."""
    return event(moment, f"DTSTART:202604{day}T100000Z", "DURATION:PT30M")


WEEKLY = ("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # Whole days are days of the freeze's zone, 23 hours long where clocks go forward.
        ([event("DTSTART;VALUE=DATE:20260115")], ["01-14T23:00/01-15T23:00"]),
        ([event("DTSTART;VALUE=DATE:20260329")], ["03-28T23:00/03-29T22:00"]),
        ([event("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260704")], ["06-30T22:00/07-03T22:00"]),
        ([event("DTSTART;VALUE=DATE:20260701", "DURATION:P2D")], ["06-30T22:00/07-02T22:00"]),
        # A time without a zone is one of the freeze's zone, whatever X-WR-TIMEZONE says.
        ([event("DTSTART:20260115T100000", "DTEND:20260115T120000")], ["01-15T09:00/01-15T11:00"]),
        (
            ["X-WR-TIMEZONE:America/New_York\n", event("DTSTART:20260115T100000", "DTEND:20260115T120000")],
            ["01-15T09:00/01-15T11:00"],
        ),
        # Zones: UTC, IANA, Windows, and one that the file itself defines.
        ([event("DTSTART:20260115T100000Z", "DTEND:20260115T120000Z")], ["01-15T10:00/01-15T12:00"]),
        ([event("DTSTART;TZID=America/New_York:20260701T100000", "DURATION:PT1H")], ["07-01T14:00/07-01T15:00"]),
        ([event("DTSTART;TZID=W. Europe Standard Time:20260701T100000", "DURATION:PT1H")], ["07-01T08:00/07-01T09:00"]),
        ([ZONE, event("DTSTART;TZID=Ours:20260701T100000", "DURATION:PT1H")], ["07-01T07:00/07-01T08:00"]),
        # Recurrences keep their local time when clocks are changed.
        (
            [event("DTSTART;TZID=Europe/Berlin:20260323T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")],
            ["03-23T09:00/03-23T10:00", "03-30T08:00/03-30T09:00"],
        ),
        (
            [event("DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20260331")],
            ["01-30T23:00/01-31T23:00", "02-27T23:00/02-28T23:00", "03-30T22:00/03-31T22:00"],
        ),
        (
            [event("DTSTART;VALUE=DATE:20260115", "RDATE;VALUE=DATE:20260120")],
            ["01-14T23:00/01-15T23:00", "01-19T23:00/01-20T23:00"],
        ),
        # Exceptions: one is taken out, one is moved, one is cancelled.
        (
            [event(*WEEKLY, "EXDATE;TZID=Europe/Berlin:20260309T100000")],
            ["03-02T09:00/03-02T10:00", "03-16T09:00/03-16T10:00"],
        ),
        ([event(*WEEKLY, "EXDATE:20260309T090000Z")], ["03-02T09:00/03-02T10:00", "03-16T09:00/03-16T10:00"]),
        (
            [
                event(*WEEKLY),
                event(
                    "RECURRENCE-ID;TZID=Europe/Berlin:20260309T100000",
                    "DTSTART;TZID=Europe/Berlin:20260310T140000",
                    "DURATION:PT30M",
                ),
            ],
            ["03-02T09:00/03-02T10:00", "03-10T13:00/03-10T13:30", "03-16T09:00/03-16T10:00"],
        ),
        (
            [
                event(*WEEKLY),
                event(
                    "RECURRENCE-ID;TZID=Europe/Berlin:20260309T100000",
                    "DTSTART;TZID=Europe/Berlin:20260309T100000",
                    "DURATION:PT1H",
                    "STATUS:CANCELLED",
                ),
            ],
            ["03-02T09:00/03-02T10:00", "03-16T09:00/03-16T10:00"],
        ),
        # Cancelled as a whole; tentative and free ones freeze.
        ([event("DTSTART;VALUE=DATE:20260115", "STATUS:CANCELLED")], []),
        ([event("DTSTART;VALUE=DATE:20260115", "STATUS:TENTATIVE", "TRANSP:TRANSPARENT")], ["01-14T23:00/01-15T23:00"]),
        # One event may be without a UID.
        ([event("DTSTART;VALUE=DATE:20260115").replace("UID:1\n", "")], ["01-14T23:00/01-15T23:00"]),
        # UNTIL is of the kind that the start is.
        (
            [event("DTSTART:20260115T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260116T100000")],
            ["01-15T09:00/01-15T10:00", "01-16T09:00/01-16T10:00"],
        ),
        (
            [event("DTSTART:20260115T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260116T100000Z")],
            ["01-15T10:00/01-15T11:00", "01-16T10:00/01-16T11:00"],
        ),
        # Changes of neighbours are not for the same moment, though in UTC one looks like the other here.
        (
            [
                event("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT5M", "RRULE:FREQ=HOURLY;COUNT=2"),
                changed("RECURRENCE-ID;TZID=Europe/Berlin:20260302T100000", "01"),
                changed("RECURRENCE-ID;TZID=Europe/Berlin:20260302T110000", "02"),
            ],
            ["04-01T10:00/04-01T10:30", "04-02T10:00/04-02T10:30"],
        ),
        # What lasts over the ends of the time that is asked for; other components.
        ([event("DTSTART;VALUE=DATE:20251220", "DTEND;VALUE=DATE:20260103")], ["12-19T23:00/01-02T23:00"]),
        (
            ["BEGIN:VTODO\nUID:2\nDUE:20260115T100000Z\nEND:VTODO\n", event("DTSTART;VALUE=DATE:20260115")],
            ["01-14T23:00/01-15T23:00"],
        ),
    ],
)
def test_what_is_frozen(parts: list[str], expected: list[str]) -> None:
    """Each event's times, in UTC."""
    assert times(*parts) == expected


def test_an_event_has_its_summary_on_one_line() -> None:
    """It stands in messages."""
    found = read_calendar(
        calendar(event("DTSTART;VALUE=DATE:20260115", "SUMMARY:Year end\\,\\nno changes")), "f", BERLIN, Diagnostics()
    )
    assert found is not None
    assert [it.summary for it in found.events(*YEAR)] == ["Year end, no changes"]


def test_only_what_overlaps_is_told() -> None:
    """The end of an event is no part of it."""
    found = read_calendar(calendar(event("DTSTART:20260115T100000Z", "DURATION:PT1H")), "f", BERLIN, Diagnostics())
    assert found is not None

    def told(begin: tuple[int, int], end: tuple[int, int]) -> bool:
        return bool(found.events(*(dt.datetime(2026, 1, 15, *time, tzinfo=dt.UTC) for time in (begin, end))))

    assert told((10, 59), (12, 0))
    assert not told((11, 0), (12, 0))
    assert told((9, 0), (10, 1))
    assert not told((9, 0), (10, 0))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "f.ics: error: this is not an iCalendar file: "),
        (b"vmfix: 1\n", "f.ics: error: this is not an iCalendar file: "),
        (b"\xff\xfe\x00", "f.ics: error: this is not an iCalendar file: "),
        (calendar()[:-17], "f.ics: error: this is not an iCalendar file: "),
        (calendar() * 2, "f.ics: error: this is not an iCalendar file: "),
        (event("DTSTART:20260101T000000Z").encode(), "f.ics: error: this is a VEVENT and no calendar"),
        (calendar(event("SUMMARY:x")), "f.ics:4:1: error: the event has no start (DTSTART)"),
        (calendar(event("DTSTART:2026-03-01")), "f.ics:4:1: error: the event's DTSTART cannot be read: "),
        (
            calendar(event("DTSTART:20260301T100000Z", "DTEND:soon")),
            "f.ics:4:1: error: the event's DTEND cannot be read",
        ),
        (
            calendar(event("DTSTART:20260301T100000Z", "DURATION:1h")),
            "f.ics:4:1: error: the event's DURATION cannot be",
        ),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301", "RRULE:FREQ=FOO")),
            "f.ics:4:1: error: the event's RRULE cannot be read: ",
        ),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301", "nonsense")),
            "f.ics:4:1: error: the event's line cannot be read",
        ),
        (
            calendar(event("DTSTART;TZID=Nowhere/Land:20260301T100000", "DURATION:PT1H")),
            "f.ics:4:1: error: the event's DTSTART has the time zone `Nowhere/Land`, which is unknown",
        ),
        (
            calendar(event(*WEEKLY, "EXDATE;TZID=Nowhere/Land:20260309T100000")),
            "f.ics:4:1: error: the event's EXDATE has the time zone `Nowhere/Land`, which is unknown",
        ),
        (
            calendar(event(*WEEKLY, "RDATE;VALUE=PERIOD:20260310T100000Z,PT1H")),
            "f.ics:4:1: error: the event's RDATE is neither a date nor a time",
        ),
        (calendar(event("DTSTART:20260301T100000Z")), "f.ics:4:1: error: the event has no end (DTEND or DURATION)"),
        (
            calendar(event("DTSTART:20260301T100000Z", "DTEND:20260301T100000Z")),
            "f.ics:4:1: error: the event ends before or when it begins",
        ),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301", "DTEND;VALUE=DATE:20260228")),
            "f.ics:4:1: error: the event ends before or when it begins",
        ),
        (calendar(event("DTSTART:20260301T100000Z", "DURATION:PT0S")), "f.ics:4:1: error: the event lasts no time"),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301", "DTEND:20260302T110000Z")),
            "f.ics:4:1: error: the event begins with a day and ends with a time",
        ),
        (
            calendar(event("DTSTART:20260301T100000Z", "DTEND:20260302T110000")),
            "f.ics:4:1: error: only one of the event's two times has a zone",
        ),
        (
            calendar(event("DTSTART:20260301T100000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")),
            "f.ics:4:1: error: the event happens every minute or second",
        ),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301", "RRULE:FREQ=DAILY;INTERVAL=0")),
            "f.ics:4:1: error: the event's INTERVAL is less than 1",
        ),
        (
            calendar(event("DTSTART;VALUE=DATE:20260301"), event("DTSTART;VALUE=DATE:20260401")),
            "f.ics:8:1: error: a second event has the UID `1` | Give each event a UID of its own.",
        ),
        *(
            (
                calendar(event("DTSTART;VALUE=DATE:20260115", uid=""), second),
                "f.ics:8:1: error: a second event has no UID | Give each event a UID of its own.",
            )
            for second in (
                event("DTSTART;VALUE=DATE:20260117", uid=""),
                event("DTSTART;VALUE=DATE:20260117", uid=" "),
                event("DTSTART;VALUE=DATE:20260117").replace("UID:1\n", ""),
                event("DTSTART;VALUE=DATE:20260117", "RECURRENCE-ID;VALUE=DATE:20260115", uid=""),
            )
        ),
        *(
            (
                calendar(event(*WEEKLY), changed(f"RECURRENCE-ID{one}", "01"), changed(f"RECURRENCE-ID{other}", "02")),
                "f.ics:16:1: error: a second change of the event `1` is for the same moment (RECURRENCE-ID) | Export",
            )
            for one, other in (
                (";TZID=Europe/Berlin:20260309T100000", ";TZID=Europe/Berlin:20260309T100000"),
                (";TZID=Europe/Berlin:20260309T100000", ":20260309T090000Z"),
                (":20260309T100000", ";TZID=Europe/Berlin:20260309T100000"),
                (";TZID=Europe/Berlin:20260309T100000", ":20260309T100000"),
                (":20260309T100000", ":20260309T100000"),
                (";VALUE=DATE:20260309", ":20260309T000000"),
            )
        ),
        *(
            (
                calendar(event(start, "DURATION:P1D", f"RRULE:FREQ=DAILY;UNTIL={until}")),
                f"f.ics:4:1: error: the event's UNTIL is {kinds}: they must agree (RFC 5545, 3.3.10)",
            )
            for start, until, kinds in (
                ("DTSTART:20260302T220000Z", "20260304", "a day, and its start a time with a zone"),
                ("DTSTART:20260302T220000", "20260304", "a day, and its start a time without a zone"),
                ("DTSTART;VALUE=DATE:20260302", "20260303T230000Z", "a time with a zone, and its start a day"),
                (
                    "DTSTART;TZID=America/New_York:20260302T220000",
                    "20260304T220000",
                    "a time without a zone, and its start a time with a zone",
                ),
            )
        ),
        *(
            (calendar(*other), "f.ics: error: there is no event (VEVENT) in it: nothing would ever be frozen")
            for other in (
                [],
                ["BEGIN:VTODO\nUID:2\nDUE:20260115T100000Z\nEND:VTODO\n"],
                ["BEGIN:VJOURNAL\nUID:2\nDTSTART:20260115T100000Z\nEND:VJOURNAL\n"],
                ["BEGIN:VFREEBUSY\nUID:2\nFREEBUSY:20260115T100000Z/PT1H\nEND:VFREEBUSY\n"],
            )
        ),
    ],
)
def test_a_broken_file_is_an_error_and_never_a_lifted_freeze(text: bytes, complaint: str) -> None:
    """Each with its line, where it has one."""
    assert any(line.startswith(complaint) for line in complaints(text)), complaints(text)


def test_all_faults_come_at_once() -> None:
    """One for each event."""
    assert len(complaints(calendar(event("SUMMARY:x"), event("DTSTART:20260301T100000Z", uid="2")))) == 2
