"""Maintenance windows as intervals of time: when they open, and the arithmetic of sets of intervals. Pure."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runner.model.policy import Window

if TYPE_CHECKING:
    from dateutil.rrule import rrule as Recurrence  # noqa: N812 - a class, which dateutil writes small

_PARTS = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}
    | {"BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"}
)
_RULE = re.compile(r"[A-Z]+=[A-Z0-9,+:-]+(;[A-Z]+=[A-Z0-9,+:-]+)*")
_UNTIL = re.compile(r"[0-9]{8}T[0-9]{6}Z?")
_EXAMPLE = "Write it as in RFC 5545, such as FREQ=WEEKLY;BYDAY=SA or FREQ=MONTHLY;BYDAY=2TU."
_CYCLE = 400  # years, after which days of the week and leap days come again as they were
_LATE = 9900  # a year not long before the last one that there is: up to there dateutil looks for what never comes
_MARGIN = dt.timedelta(days=2)  # more than any two zones are apart
_CROWD = 50  # starts
_DAY = dt.timedelta(days=1)


class Interval(NamedTuple):
    """From ``start`` until just before ``end``, both in UTC."""

    start: dt.datetime
    end: dt.datetime


class RuleError(ValueError):
    """A recurrence rule cannot be used. ``remedy`` says what to do."""

    def __init__(self, message: str, remedy: str = _EXAMPLE) -> None:
        super().__init__(message)
        self.remedy = remedy


def check_rule(rule: str, begins: dt.datetime, zone: zoneinfo.ZoneInfo) -> None:
    """Raises ``RuleError`` if the rule cannot be read, never starts, or starts more often than once an hour."""
    shift = (_LATE - begins.year) // _CYCLE * _CYCLE
    try:
        recurrence, until = _recurrence(rule, begins.replace(year=begins.year + shift), zone)
        first = [start.replace(year=start.year - shift) for start in itertools.islice(recurrence, _CROWD)]
    except RuleError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:  # what dateutil says no with
        message = f"this is not a recurrence rule: {str(error) or type(error).__name__}"
        raise RuleError(message) from None
    if not first or (until is not None and _instant(first[0], zone) > until):
        message = f"by this rule the window never opens after {begins.isoformat(timespec='minutes')}"
        raise RuleError(message, "Check the days of the rule, its UNTIL, and `begins`.")
    if len(first) == _CROWD and first[-1] - first[0] < 2 * _DAY:
        message = "by this rule the window opens more often than once an hour"
        raise RuleError(message, "Give the window a longer duration and fewer starts.")


def openings(window: Window, begin: dt.datetime, end: dt.datetime) -> Iterator[Interval]:
    """Each opening of the window that overlaps the time from ``begin`` to ``end``, in order of their starts.

    A local start that does not exist is read with the offset before the gap, and one that exists twice is the first of
    both (RFC 5545, section 3.3.5); zoneinfo does just so with ``fold=0``.
    """
    recurrence, until = _recurrence(window.rule, window.begins, window.zone)
    lasting = dt.timedelta(seconds=window.duration)
    after, before = (moment.astimezone(window.zone).replace(tzinfo=None) for moment in (begin - lasting, end))
    for local in recurrence.xafter(after - _MARGIN, inc=True):
        start = _instant(local, window.zone)
        if local > before + _MARGIN or (until is not None and start > until):
            return
        if start < end and start + lasting > begin:
            yield Interval(start, start + lasting)


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time with as few intervals as possible, in order: those that touch or overlap become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        elif interval.start < interval.end:
            result.append(interval)
    return result


def without(intervals: Sequence[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """What is left of joined intervals where no hole is."""
    left: list[Interval] = []
    gaps = joined(holes)
    passed = 0
    for start, end in intervals:
        while passed < len(gaps) and gaps[passed].end <= start:
            passed += 1
        for hole in itertools.takewhile(lambda gap: gap.start < end, gaps[passed:]):  # noqa: B023 - used up at once
            if start < hole.start:
                left.append(Interval(start, hole.start))
            start = hole.end  # noqa: PLW2901 - the rest of the interval
        if start < end:
            left.append(Interval(start, end))
    return left


def _instant(local: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return local.replace(tzinfo=zone).astimezone(dt.UTC)


def _recurrence(rule: str, begins: dt.datetime, zone: zoneinfo.ZoneInfo) -> tuple[Recurrence, dt.datetime | None]:
    """The local starts, and the last moment at which one may be: local times and UTC cannot be compared in dateutil."""
    from dateutil.rrule import rrule, rrulestr  # noqa: PLC0415 - only who has a policy with windows pays for it

    parts = _parts(rule.upper())
    until = parts.pop("UNTIL", None)
    recurrence = rrulestr(";".join(f"{key}={value}" for key, value in parts.items()), dtstart=begins)
    if not isinstance(recurrence, rrule):
        message = "this is more than one rule"
        raise RuleError(message)
    return recurrence, None if until is None else _until(until, zone)


def _parts(rule: str) -> dict[str, str]:
    if not _RULE.fullmatch(rule):
        message = "this is not a recurrence rule"
        raise RuleError(message, f"{_EXAMPLE} `RRULE:`, DTSTART, EXDATE and blanks have no place in it.")
    pairs = [part.partition("=")[::2] for part in rule.split(";")]
    parts = dict(pairs)
    if "DTSTART" in parts or "TZID" in parts:
        message = "a rule has no start or zone of its own here"
        raise RuleError(message, "Write the start under `begins` and the zone under `zone`.")
    unknown = sorted(parts.keys() - _PARTS)
    if unknown or len(pairs) > len(parts):
        message = f"the rule has an unknown part: {unknown[0]}" if unknown else "the rule has a part twice"
        raise RuleError(message)
    _check_parts(parts)
    return parts


def _check_parts(parts: dict[str, str]) -> None:
    """What dateutil would take, and loop over without end or read otherwise than it is meant."""
    if "FREQ" not in parts:
        message = "the rule does not say how often: FREQ is missing"
        raise RuleError(message)
    if parts["FREQ"] in {"SECONDLY", "MINUTELY"}:
        message = f"a window cannot open {parts['FREQ'].lower()}"
        raise RuleError(message, "Use HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY, and a longer duration.")
    if not re.fullmatch("[1-9][0-9]{0,5}", parts.get("INTERVAL", "1")):
        message = "INTERVAL must be a whole number from 1 on"
        raise RuleError(message)
    if not re.fullmatch("[1-9][0-9]{0,5}", parts.get("COUNT", "1")):
        message = "COUNT must be a whole number from 1 on"
        raise RuleError(message)
    if {"COUNT", "UNTIL"} <= parts.keys():
        message = "a rule has COUNT or UNTIL, not both"
        raise RuleError(message, "Remove one of them.")
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        message = "UNTIL needs a date and a time of day"
        raise RuleError(message, "Write UNTIL=20261231T235959 in the window's zone, or with a Z at its end in UTC.")


def _until(text: str, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    moment = dt.datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    return moment if text.endswith("Z") else _instant(moment.replace(tzinfo=None), zone)
