"""When something may be started on a target: windows and freezes of its groups, as answers for one moment. Pure."""

from __future__ import annotations

import bisect
import datetime as dt
import threading
import zoneinfo
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, Protocol

from runner.govern.windows import Interval, joined, openings, without
from runner.model.fields import format_duration
from runner.model.policy import EVERYWHERE, Freeze, Frozen, Policy, Window

_YEAR = dt.timedelta(days=366)
_DAY = dt.timedelta(days=1)
_LONGEST = _YEAR.total_seconds()
_KEPT = 1000  # timelines: far more than a policy has combinations of groups
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Slot:
    """Whether something may be started at a moment. All times are in UTC.

    ``until``: till when it stays open; None if it is closed, or open for longer than a year. ``why``: why it is closed,
    in words; else empty. ``next``: the first moment, from the one that was asked for on, at which it fits; None if
    there is none within a year.
    """

    open: bool
    until: dt.datetime | None
    why: str
    next: dt.datetime | None


class Calendar(Protocol):
    """What a freeze calendar can tell."""

    def events(self, begin: dt.datetime, end: dt.datetime) -> Sequence[Frozen]: ...


class _Opening(NamedTuple):
    """A window, each time that it opens."""

    start: dt.datetime
    end: dt.datetime
    window: Window


class _Event(NamedTuple):
    """An event of a freeze's calendar."""

    start: dt.datetime
    end: dt.datetime
    freeze: Freeze
    summary: str

    def __str__(self) -> str:
        name = self.freeze.calendar.name
        return f"`{self.summary}` ({name})" if self.summary else name

    @property
    def until(self) -> str:
        return f"{_clock(self.end, self.freeze.zone)} by {self}"


@dataclass(slots=True)
class _Timeline:
    """A day and the two years after it, for all targets to which the same windows and freezes apply."""

    end: dt.datetime
    groups: frozenset[str]
    windows: list[Window]
    opened: list[Interval]  # by windows alone
    free: list[Interval]  # less the freezes
    openings: list[_Opening]  # in order
    events: list[_Event]  # in order
    _fitting: dict[dt.timedelta, list[dt.datetime]] = field(default_factory=dict)

    def slot(self, now: dt.datetime, need: dt.timedelta) -> Slot:
        here = _around(self.free, now)
        if here is not None and now + need <= here.end:
            return Slot(open=True, until=here.end if here.end < self.end else None, why="", next=now)
        following = self._next(now, need)
        why = self._why(now, need, here)
        if following is None:
            why += f"; within a year there is no time for what takes up to {format_duration(need.total_seconds())}"
        return Slot(open=False, until=None, why=why, next=following)

    def _next(self, now: dt.datetime, need: dt.timedelta) -> dt.datetime | None:
        if need not in self._fitting:
            self._fitting[need] = [start for start, end in self.free if end - start >= need]
        starts = self._fitting[need]
        number = bisect.bisect_right(starts, now)
        return starts[number] if number < len(starts) and starts[number] <= now + _YEAR else None

    def _why(self, now: dt.datetime, need: dt.timedelta, here: Interval | None) -> str:
        if here is not None:
            return self._too_short(here, here.end - now, need)
        if _around(self.opened, now) is not None:
            return f"frozen until {self._event_at(now).until}"
        opening = next((opening for opening in self.openings if opening.start > now), None)
        if opening is None:
            return f"no window{self._of(self.windows)} opens in the next two years"
        text = f"the window{self._of([opening.window])} opens on {_clock(opening.start, opening.window.zone)}"
        if _around(self.free, opening.start) is None:
            text += f", but is frozen then, until {self._event_at(opening.start).until}"
        return text

    def _too_short(self, here: Interval, left: dt.timedelta, need: dt.timedelta) -> str:
        takes = f"and this takes up to {format_duration(need.total_seconds())}"
        freeze = next((event for event in self.events if event.start == here.end), None)
        ends = "of the window" if freeze is None else f"until it is frozen by {freeze}"
        return f"only {_rough(left)} are left {ends}, {takes}"

    def _event_at(self, moment: dt.datetime) -> _Event:
        """Of all that freeze this moment, what does so the longest."""
        return max((event for event in self.events if event.start <= moment < event.end), key=attrgetter("end"))

    def _of(self, windows: Sequence[Window]) -> str:
        named = {group for window in windows for group in window.groups} & self.groups - {EVERYWHERE}
        return f" of group{'s' if len(named) > 1 else ''} {', '.join(sorted(named))}" if named else ""


class Schedule:
    """The windows and freezes of a policy. ``calendars`` are those of its freezes, in their order.

    May be asked from several threads. What was worked out for a day is kept.
    """

    def __init__(self, policy: Policy, calendars: Sequence[Calendar] = ()) -> None:
        self._windows = policy.windows
        self._freezes = tuple(zip(policy.freezes, calendars, strict=True))
        rules = [rule.groups for rule in policy.windows] + [rule.groups for rule in policy.freezes]
        self._rules = {group for groups in rules for group in groups}
        self._kept: dict[tuple[dt.date, frozenset[str]], _Timeline] = {}
        self._building = threading.Lock()

    def at(self, groups: Collection[str], now: dt.datetime, need: float) -> Slot:
        """Whether something that takes ``need`` seconds may be started now on a target of these groups.

        So it is if the time from now until then lies in the windows whose groups meet the target's (taken together;
        without any: always) and outside of all events of its freezes. An end is no part of a window or an event. A
        ``need`` of more than a year counts as one year.
        """
        moment = now.astimezone(dt.UTC)
        known = self._rules.intersection((*groups, EVERYWHERE))
        return self._timeline(frozenset(known), moment.date()).slot(moment, dt.timedelta(seconds=min(need, _LONGEST)))

    def _timeline(self, groups: frozenset[str], day: dt.date) -> _Timeline:
        found = self._kept.get((day, groups))
        if found is not None:
            return found
        with self._building:
            if (day, groups) not in self._kept:
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[day, groups] = self._built(groups, day)
            return self._kept[day, groups]

    def _built(self, groups: frozenset[str], day: dt.date) -> _Timeline:
        begin = dt.datetime.combine(day, dt.time(), dt.UTC)
        end = begin + _DAY + 2 * _YEAR
        windows = [window for window in self._windows if groups.intersection(window.groups)]
        opened = [_Opening(*times, window) for window in windows for times in openings(window, begin, end)]
        events = [
            _Event(event.start, event.end, freeze, event.summary)
            for freeze, calendar in self._freezes
            if groups.intersection(freeze.groups)
            for event in calendar.events(begin, end)
        ]
        by_windows = joined(Interval(*it[:2]) for it in opened) if windows else [Interval(begin, end)]
        free = without(by_windows, [Interval(*it[:2]) for it in events])
        opened.sort(key=attrgetter("start"))
        events.sort(key=attrgetter("start"))
        return _Timeline(end, groups, windows, by_windows, free, opened, events)


def _around(intervals: Sequence[Interval], moment: dt.datetime) -> Interval | None:
    number = bisect.bisect_right(intervals, moment, key=attrgetter("start")) - 1
    return intervals[number] if number >= 0 and moment < intervals[number].end else None


def _clock(moment: dt.datetime, zone: zoneinfo.ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z} ({zone.key})"


def _rough(left: dt.timedelta) -> str:
    """A time that is left, never said to be longer than it is."""
    seconds = int(left.total_seconds())
    return format_duration(seconds - seconds % _MINUTE if seconds >= _MINUTE else seconds)
