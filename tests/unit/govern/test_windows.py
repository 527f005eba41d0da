"""When windows open, and the arithmetic of intervals."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.govern.windows import Interval, RuleError, check_rule, joined, openings, without
from runner.model.policy import Window

BASE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def window(rule: str, begins: str, zone: str = "Europe/Berlin", hours: float = 4) -> Window:
    """A window of all targets."""
    return Window(
        groups=("all",),
        zone=ZoneInfo(zone),
        begins=dt.datetime.fromisoformat(begins),
        rule=rule,
        duration=hours * 3600,
    )


def opened(it: Window, begin: str, end: str) -> list[str]:
    """Its openings between two times in UTC, as month-dayThour:minute."""
    times = (dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in (begin, end))
    return [f"{start:%m-%dT%H:%M}/{stop:%m-%dT%H:%M}" for start, stop in openings(it, *times)]


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        # The night of the gap in Berlin, 2026-03-29: 02:00 is followed by 03:00. 02:30 is read with the offset before.
        (
            window("FREQ=DAILY", "2026-03-28T02:30"),
            ["03-28T01:30/03-28T05:30", "03-29T01:30/03-29T05:30", "03-30T00:30/03-30T04:30"],
        ),
        # Over the gap: exact time, so that it ends at 07:00 and not at 06:00 by the clock.
        (
            window("FREQ=DAILY", "2026-03-28T22:00", hours=8),
            ["03-28T21:00/03-29T05:00", "03-29T20:00/03-30T04:00", "03-30T20:00/03-31T04:00"],
        ),
        # The same night elsewhere has no gap.
        (window("FREQ=DAILY", "2026-03-29T02:30", "UTC"), ["03-29T02:30/03-29T06:30", "03-30T02:30/03-30T06:30"]),
    ],
)
def test_spring_in_berlin(it: Window, expected: list[str]) -> None:
    """RFC 5545, section 3.3.5."""
    assert opened(it, "2026-03-28T01:00", "2026-03-31T00:00") == expected


@pytest.mark.parametrize(
    ("it", "begin", "end", "expected"),
    [
        # Berlin, 2026-10-25: 02:30 exists twice, and the first of both counts.
        (
            window("FREQ=DAILY", "2026-10-24T02:30"),
            "2026-10-24",
            "2026-10-26T12:00",
            ["10-24T00:30/10-24T04:30", "10-25T00:30/10-25T04:30", "10-26T01:30/10-26T05:30"],
        ),
        (window("FREQ=DAILY", "2026-10-24T22:00"), "2026-10-24", "2026-10-25T12:00", ["10-24T20:00/10-25T00:00"]),
        # New York, 2026-03-08: no 02:30. 2026-11-01: 01:30 twice.
        (
            window("FREQ=DAILY", "2026-03-07T02:30", "America/New_York"),
            "2026-03-07",
            "2026-03-09T12:00",
            ["03-07T07:30/03-07T11:30", "03-08T07:30/03-08T11:30", "03-09T06:30/03-09T10:30"],
        ),
        (
            window("FREQ=DAILY", "2026-10-31T01:30", "America/New_York"),
            "2026-10-31",
            "2026-11-02T12:00",
            ["10-31T05:30/10-31T09:30", "11-01T05:30/11-01T09:30", "11-02T06:30/11-02T10:30"],
        ),
        # A day of the month that not every month has; the second Tuesday; years apart.
        (
            window("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-01T00:00", "UTC"),
            "2026-01-01",
            "2026-06-01",
            ["01-31T00:00/01-31T04:00", "03-31T00:00/03-31T04:00", "05-31T00:00/05-31T04:00"],
        ),
        (
            window("FREQ=MONTHLY;BYDAY=2TU", "2026-01-01T00:00", "UTC"),
            "2026-01-01",
            "2026-03-01",
            ["01-13T00:00/01-13T04:00", "02-10T00:00/02-10T04:00"],
        ),
        (
            window("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29T00:00", "UTC"),
            "2028-01-01",
            "2029-01-01",
            ["02-29T00:00/02-29T04:00"],
        ),
        # `begins` is no start unless the rule says so, and nothing opens before it.
        (
            window("FREQ=WEEKLY;BYDAY=SA", "2026-01-04T22:00", "UTC"),
            "2026-01-01",
            "2026-01-12",
            ["01-10T22:00/01-11T02:00"],
        ),
        (
            window("FREQ=DAILY", "2026-01-02T12:00", "UTC"),
            "2026-01-01",
            "2026-01-03T13:00",
            ["01-02T12:00/01-02T16:00", "01-03T12:00/01-03T16:00"],
        ),
        # What began before is told while it lasts; the end is no part of it.
        (
            window("FREQ=DAILY", "2026-01-01T22:00", "UTC"),
            "2026-01-02T01:59",
            "2026-01-02T22:00",
            ["01-01T22:00/01-02T02:00"],
        ),
        (
            window("FREQ=DAILY", "2026-01-01T22:00", "UTC"),
            "2026-01-02T02:00",
            "2026-01-02T22:01",
            ["01-02T22:00/01-03T02:00"],
        ),
        (
            window("FREQ=WEEKLY", "2026-01-01T00:00", "UTC", 24 * 6),
            "2026-01-06",
            "2026-01-07",
            ["01-01T00:00/01-07T00:00"],
        ),
        # COUNT; UNTIL in the window's zone and in UTC, both with the last moment itself.
        (window("FREQ=DAILY;COUNT=1", "2026-07-01T22:00"), "2026-07-01", "2026-07-09", ["07-01T20:00/07-02T00:00"]),
        (
            window("FREQ=DAILY;UNTIL=20260702T220000", "2026-07-01T22:00"),
            "2026-07-02",
            "2026-07-09",
            ["07-02T20:00/07-03T00:00"],
        ),
        (
            window("FREQ=DAILY;UNTIL=20260702T220000Z", "2026-07-01T22:00"),
            "2026-07-02",
            "2026-07-09",
            ["07-02T20:00/07-03T00:00"],
        ),
        (
            window("FREQ=DAILY;UNTIL=20260702T195959Z", "2026-07-01T22:00"),
            "2026-07-01",
            "2026-07-09",
            ["07-01T20:00/07-02T00:00"],
        ),
        (
            window("FREQ=DAILY;UNTIL=20260702T215959", "2026-07-01T22:00"),
            "2026-07-01",
            "2026-07-09",
            ["07-01T20:00/07-02T00:00"],
        ),
    ],
)
def test_openings(it: Window, begin: str, end: str, expected: list[str]) -> None:
    """In UTC, in order."""
    assert opened(it, begin, end) == expected


@pytest.mark.parametrize(
    "rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;INTERVAL=20", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"]
)
def test_a_rare_window_is_a_right_one(rule: str) -> None:
    """However long it takes to come."""
    check_rule(rule, dt.datetime(2026, 3, 1, 22, tzinfo=None), ZoneInfo("UTC"))  # noqa: DTZ001 - local


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=MO"])
def test_a_window_that_never_opens_is_an_error(rule: str) -> None:
    """2026-03-01 is a Sunday."""
    with pytest.raises(RuleError, match="never opens after 2026-03-01T22:00"):
        check_rule(rule, dt.datetime(2026, 3, 1, 22, tzinfo=None), ZoneInfo("UTC"))  # noqa: DTZ001 - local


SETS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(
        lambda it: Interval(BASE + dt.timedelta(hours=it[0]), BASE + dt.timedelta(hours=it[0] + it[1]))
    ),
    max_size=8,
)


def hours(intervals: list[Interval]) -> set[int]:
    """The whole hours in these intervals."""
    return {
        hour for hour in range(80) if any(start <= BASE + dt.timedelta(hours=hour) < end for start, end in intervals)
    }


@given(SETS, SETS)
def test_sets_of_intervals(some: list[Interval], holes: list[Interval]) -> None:
    """Joined ones are the same hours, apart from each other and in order; without holes none of theirs is left."""
    for result, expected in (
        (joined(some), hours(some)),
        (without(joined(some), holes), hours(some) - hours(holes)),
    ):
        assert hours(result) == expected
        assert all(start < end for start, end in result)
        assert all(one.end <= other.start for one, other in itertools.pairwise(result))
    assert all(one.end < other.start for one, other in itertools.pairwise(joined(some)))
