"""Freeze calendars: iCalendar text (RFC 5545) -> the times in which nothing may be started."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.diagnostics import Diagnostics, Span
from runner.model.policy import Frozen

if TYPE_CHECKING:
    from icalendar import Component
    from recurring_ical_events import CalendarQuery  # type: ignore[import-untyped]

_TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "UID")
_MARGIN = dt.timedelta(days=2)  # more than any two zones are apart: times without a zone are asked for in UTC
_WHOLE = "A whole calendar begins with BEGIN:VCALENDAR and ends with END:VCALENDAR; the file has exactly one."
_EXPORT = "Export it again from the calendar program, or remove the event."
_OF_ITS_OWN = "Give each event a UID of its own."
_NO_EVENT = "Export the events of the right calendar, or remove the freeze."
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})


@dataclass(frozen=True, slots=True)
class Calendar:
    """The events of one file. Made by ``read_calendar``."""

    zone: zoneinfo.ZoneInfo
    _query: CalendarQuery = field(repr=False)

    def events(self, begin: dt.datetime, end: dt.datetime) -> tuple[Frozen, ...]:
        """The events that overlap the time from ``begin`` to ``end``, in order; cancelled ones are none."""
        found = set()
        for event in self._query.between(begin - _MARGIN, end + _MARGIN):
            start, stop = self._instant(event.start), self._instant(event.end)
            if start < end and stop > begin and str(event.get("STATUS", "")).upper() != "CANCELLED":
                found.add(Frozen(start, stop, " ".join(str(event.get("SUMMARY", "")).split())))
        return tuple(sorted(found))

    def _instant(self, time: dt.date | dt.datetime) -> dt.datetime:
        """A whole day begins at midnight; it, and a time without a zone, is read in the freeze's zone."""
        if not isinstance(time, dt.datetime):
            time = dt.datetime.combine(time, dt.time())
        return (time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(dt.UTC)


def read_calendar(text: bytes, source: str, zone: zoneinfo.ZoneInfo, diagnostics: Diagnostics) -> Calendar | None:
    """The calendar in ``text``; None if anything in it that decides about a time is wrong, with every reason said.

    iCalendar programs pass over an event that they cannot read. Here that would lift a freeze, so it is an error.
    """
    import icalendar  # noqa: PLC0415 - only who has a policy with freezes pays for it
    import recurring_ical_events  # noqa: PLC0415 - the same

    own = Diagnostics()
    query = None
    try:
        root = icalendar.Component.from_ical(text)
        if root.name != "VCALENDAR":
            own.error(Span(source), f"this is a {root.name} and no calendar", _WHOLE)
        else:
            _check_events(root, text, source, own)
            if not root.walk("VEVENT"):
                own.error(Span(source), "there is no event (VEVENT) in it: nothing would ever be frozen", _NO_EVENT)
        if not own.errors:
            query = recurring_ical_events.CalendarQuery(root)
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # what the two libraries say no with
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        own.error(Span(source), f"this is not an iCalendar file: {why}", _WHOLE)
    diagnostics.extend(own)
    return None if query is None else Calendar(zone, query)


def _check_events(root: Component, text: bytes, source: str, diagnostics: Diagnostics) -> None:
    """Readers of calendars take only one of two events, or of two changes of an event, that they cannot tell apart."""
    seen: set[str] = set()
    changed: set[tuple[str, str, dt.date]] = set()
    for event, span in _events(root, text, source):
        for message in _faults(event):
            diagnostics.error(span, message, _EXPORT)
        uid = str(event.get("UID", "")).strip()
        if not uid or "RECURRENCE-ID" not in event:
            if uid in seen:
                message = f"a second event has the UID `{uid}`" if uid else "a second event has no UID"
                diagnostics.error(span, message, _OF_ITS_OWN)
            seen.add(uid)
            continue
        for time in (getattr(value, "dt", None) for value in _all(event, "RECURRENCE-ID")):
            taken, left = _marks(time) if isinstance(time, dt.date) else (set(), set())
            if not changed.isdisjoint((uid, *mark) for mark in taken):
                message = f"a second change of the event `{uid}` is for the same moment (RECURRENCE-ID)"
                diagnostics.error(span, message, "Export it again from the calendar program, or remove one of both.")
            changed.update((uid, *mark) for mark in left)


def _marks(time: dt.date) -> tuple[set[tuple[str, dt.date]], set[tuple[str, dt.date]]]:
    """By what a change is found to be for the same moment as one before, and by what one after it will be.

    A day, or a time without a zone, is the same as one with a zone if it is so in UTC or where the other one is.
    """
    if not isinstance(time, dt.datetime):
        time = dt.datetime.combine(time, dt.time())
    if time.tzinfo is None:
        return {("local", time), ("zoned", time)}, {("local", time)}
    instant, there = time.astimezone(dt.UTC).replace(tzinfo=None), time.replace(tzinfo=None)
    return (
        {("instant", instant), ("local", instant), ("local", there)},
        {("instant", instant), ("zoned", instant), ("zoned", there)},
    )


def _events(root: Component, text: bytes, source: str) -> Iterator[tuple[Component, Span]]:
    """Each event, and the line of its BEGIN:VEVENT."""
    lines = enumerate(text.upper().splitlines(), start=1)
    places = (Span(source, number, 1) for number, line in lines if line.rstrip() == b"BEGIN:VEVENT")
    for event in root.walk("VEVENT"):
        yield event, next(places, Span(source))


def _faults(event: Component) -> Iterator[str]:
    """Why this event's times cannot be trusted."""
    broken = [(name, why) for name, why in event.errors if name is None or name.upper() in _TIMES]
    if broken:
        yield from (f"the event's {name or 'line'} cannot be read: {why}" for name, why in broken)
        return
    if "DTSTART" not in event:
        yield "the event has no start (DTSTART)"
        return
    yield from _faults_of_zone(event)
    yield from _faults_of_length(event)
    for rule in _all(event, "RRULE"):
        if _TOO_OFTEN & {str(word).upper() for word in rule.get("FREQ", ())}:
            yield "the event happens every minute or second"
        if any(int(number) < 1 for number in rule.get("INTERVAL", ())):
            yield "the event's INTERVAL is less than 1"
        start = _kind(_time(event, "DTSTART"))
        for until in map(_kind, rule.get("UNTIL", ())):
            if until != start:
                yield f"the event's UNTIL is {until}, and its start {start}: they must agree (RFC 5545, 3.3.10)"


def _kind(time: dt.date) -> str:
    """A day, a time in a zone (for UNTIL: in UTC), or a time without one."""
    if not isinstance(time, dt.datetime):
        return "a day"
    return "a time with a zone" if time.tzinfo else "a time without a zone"


def _faults_of_zone(event: Component) -> Iterator[str]:
    """A zone that nobody knows is dropped by icalendar, and the time would be read as one without a zone."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"):
        for value in _all(event, name):
            times = [item.dt for item in getattr(value, "dts", [value])]
            if not all(isinstance(time, dt.date | tuple) for time in times):  # a tuple is a period
                yield f"the event's {name} is neither a date nor a time"
            zone = value.params.get("TZID", "")
            if zone and any(isinstance(time, dt.datetime) and time.tzinfo is None for time in times):
                yield f"the event's {name} has the time zone `{zone}`, which is unknown"


def _all(event: Component, name: str) -> list[Any]:
    """The values of a property, which may stand there several times."""
    value: Any = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _faults_of_length(event: Component) -> Iterator[str]:
    start, end, lasting = (_time(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if end is not None:
        if isinstance(start, dt.datetime) != isinstance(end, dt.datetime):
            yield "the event begins with a day and ends with a time, or the other way round"
        elif isinstance(start, dt.datetime) and (start.tzinfo is None) != (end.tzinfo is None):
            yield "only one of the event's two times has a zone"
        elif end <= start:
            yield "the event ends before or when it begins"
    elif lasting is not None:
        if lasting <= dt.timedelta():
            yield "the event lasts no time at all"
    elif isinstance(start, dt.datetime):
        yield "the event has no end (DTEND or DURATION)"


def _time(event: Component, name: str) -> Any:  # noqa: ANN401 - date, time or duration
    values = _all(event, name)
    return values[0].dt if values else None
