"""Whether something may start now on a target of these groups, why not, and when."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.diagnostics import Diagnostics
from runner.govern.schedule import Schedule, Slot
from runner.load.calendars import read_calendar
from runner.model.policy import Freeze, Frozen, Policy, Window

MINUTE = 60
HOUR = 3600


def at(text: str) -> dt.datetime:
    """A time in UTC."""
    return dt.datetime.fromisoformat(f"{text}+00:00")


def window(*groups: str, rule: str, begins: str, zone: str = "Europe/Berlin", hours: float = 4) -> Window:
    """One window."""
    return Window(
        groups=groups,
        zone=ZoneInfo(zone),
        begins=dt.datetime.fromisoformat(begins),
        rule=rule,
        duration=hours * HOUR,
    )


class Events:
    """A calendar of events from - to, in UTC."""

    def __init__(self, *events: tuple[str, str], summary: str = "Quarter end") -> None:
        self.all = [Frozen(at(start), at(end), summary) for start, end in events]

    def events(self, begin: dt.datetime, end: dt.datetime) -> Sequence[Frozen]:
        return [event for event in self.all if event.start < end and event.end > begin]


def schedule(*windows: Window, freezes: Sequence[tuple[str, Events]] = ()) -> Schedule:
    """A policy's, with freezes of one group each."""
    berlin = ZoneInfo("Europe/Berlin")
    policy = Policy(
        name="p",
        source="p.yml",
        digest="",
        windows=windows,
        freezes=tuple(Freeze(groups=(group,), calendar=Path("/p/freeze.ics"), zone=berlin) for group, _ in freezes),
    )
    return Schedule(policy, [events for _, events in freezes])


SATURDAY = window("prod", rule="FREQ=WEEKLY;BYDAY=SA", begins="2026-01-03T22:00")  # 21:00 to 01:00 in UTC


@pytest.mark.parametrize(
    ("moment", "need", "is_open"),
    [
        ("2026-01-03T20:59:59.999999", 0, False),
        ("2026-01-03T21:00", 0, True),
        ("2026-01-03T21:00", 4 * HOUR, True),
        ("2026-01-03T21:00", 4 * HOUR + 1, False),
        ("2026-01-04T00:00", HOUR, True),
        ("2026-01-04T00:00:00.000001", HOUR, False),
        ("2026-01-04T00:59:59.999999", 0, True),
        ("2026-01-04T01:00", 0, False),
    ],
)
def test_the_start_is_in_the_window_and_its_end_is_not(moment: str, need: float, is_open: bool) -> None:
    """What is needed must fit up to the end, which may be reached."""
    assert schedule(SATURDAY).at(("prod",), at(moment), need).open is is_open


def test_an_open_window_says_until_when() -> None:
    """A window over midnight is one."""
    assert schedule(SATURDAY).at(("web", "prod"), at("2026-01-03T23:30"), HOUR) == Slot(
        open=True, until=at("2026-01-04T01:00"), why="", next=at("2026-01-03T23:30")
    )


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    """The caller's clock may tell any zone."""
    moment = at("2026-01-03T23:30").astimezone(ZoneInfo("Asia/Tokyo"))

    assert schedule(SATURDAY).at(("prod",), moment, HOUR).until == at("2026-01-04T01:00")


def test_a_closed_window_says_when_it_opens() -> None:
    """In the window's own time."""
    assert schedule(SATURDAY).at(("prod",), at("2026-01-04T01:00"), 0) == Slot(
        open=False,
        until=None,
        why="the window of group prod opens on Sat 2026-01-10 22:00 CET (Europe/Berlin)",
        next=at("2026-01-10T21:00"),
    )


def test_without_a_window_for_its_groups_a_target_is_always_open() -> None:
    """Others' windows are nothing to it."""
    always = Slot(open=True, until=None, why="", next=at("2026-01-05T12:00"))

    assert schedule(SATURDAY).at(("dev",), at("2026-01-05T12:00"), HOUR) == always
    assert schedule(SATURDAY).at((), at("2026-01-05T12:00"), 500 * 24 * HOUR) == always
    assert schedule(SATURDAY).at((), at("2026-01-05T12:00"), float("inf")) == always
    assert schedule().at(("prod",), at("2026-01-05T12:00"), HOUR) == always


def test_every_target_is_in_the_group_all() -> None:
    """Also one that is in no group at all; no group is named where it is everyone."""
    slot = schedule(window("all", rule="FREQ=DAILY", begins="2026-01-03T22:00")).at((), at("2026-01-05T12:00"), 0)

    assert slot.why == "the window opens on Mon 2026-01-05 22:00 CET (Europe/Berlin)"


def test_several_windows_count_together() -> None:
    """Those that touch or overlap are one long one; those of other groups are not among them."""
    one = window("prod", rule="FREQ=DAILY", begins="2026-01-01T00:00", zone="UTC", hours=2)
    touching = window("db", rule="FREQ=DAILY", begins="2026-01-01T02:00", zone="UTC", hours=1)
    overlapping = window("web", rule="FREQ=DAILY", begins="2026-01-01T02:30", zone="UTC", hours=2)
    ours = schedule(one, touching, overlapping)
    moment = at("2026-01-05T00:30")

    assert ours.at(("prod",), moment, HOUR).until == at("2026-01-05T02:00")
    assert ours.at(("prod", "db"), moment, 2 * HOUR).until == at("2026-01-05T03:00")
    assert ours.at(("prod", "db", "web"), moment, 4 * HOUR).until == at("2026-01-05T04:30")
    assert ours.at(("prod", "web"), moment, 2 * HOUR).open is False
    assert ours.at(("prod", "web"), at("2026-01-05T02:10"), 0).next == at("2026-01-05T02:30")
    shared = window("prod", "db", rule="FREQ=DAILY", begins="2026-01-01T10:00", zone="UTC")
    assert schedule(shared).at(("prod", "db"), moment, 0).why.startswith("the window of groups db, prod opens on Mon")


def test_windows_that_never_end_are_no_limit() -> None:
    """One day follows the other; but 24 hours are not the whole of a day on which clocks go back."""
    whole = window("all", rule="FREQ=DAILY", begins="2026-01-01T00:00", zone="UTC", hours=24)
    assert schedule(whole).at((), at("2026-05-05T05:05"), 48 * HOUR).until is None

    berlin = window("all", rule="FREQ=DAILY", begins="2026-01-01T00:00", hours=24)
    assert schedule(berlin).at((), at("2026-05-05T05:05"), 48 * HOUR).until == at("2026-10-25T22:00")
    assert schedule(berlin).at((), at("2026-10-25T22:00"), 0).next == at("2026-10-25T23:00")


def test_what_does_not_fit_waits_for_the_window_in_which_it_does() -> None:
    """The rest of this window is too short, and so is the next one."""
    short = window("prod", rule="FREQ=WEEKLY;BYDAY=MO", begins="2026-01-05T10:00", zone="UTC", hours=0.5)
    slot = schedule(SATURDAY, short).at(("prod",), at("2026-01-04T00:47:30"), 30 * MINUTE + 1)

    assert slot == Slot(
        open=False,
        until=None,
        why="only 12m are left of the window, and this takes up to 30m1s",
        next=at("2026-01-10T21:00"),
    )


def test_what_fits_nowhere_says_so() -> None:
    """There is no use in waiting."""
    slot = schedule(SATURDAY).at(("prod",), at("2026-01-04T00:59:30"), 5 * HOUR)

    assert slot.next is None
    assert slot.why == (
        "only 30s are left of the window, and this takes up to 5h; "
        "within a year there is no time for what takes up to 5h"
    )


def test_a_window_that_was_the_last_one() -> None:
    """A rule may end."""
    once = window("prod", rule="FREQ=DAILY;COUNT=1", begins="2026-01-03T22:00")
    slot = schedule(once).at(("prod",), at("2026-01-05T00:00"), MINUTE)

    assert (slot.open, slot.next) == (False, None)
    assert slot.why == (
        "no window of group prod opens in the next two years; within a year there is no time for what takes up to 1m"
    )


def test_a_window_more_than_a_year_away() -> None:
    """It is not waited for, though it is known."""
    late = window("prod", rule="FREQ=YEARLY", begins="2027-06-01T00:00", zone="UTC")

    assert schedule(late).at(("prod",), at("2026-01-05T00:00"), 0).next is None
    assert schedule(late).at(("prod",), at("2026-06-05T00:00"), 0).next == at("2027-06-01T00:00")


class TestFreezes:
    DAY = Events(("2026-01-09T23:00", "2026-01-10T23:00"))

    @pytest.mark.parametrize(
        ("moment", "need", "is_open"),
        [
            ("2026-01-09T22:00", HOUR, True),
            ("2026-01-09T22:00", HOUR + 1, False),
            ("2026-01-09T23:00", 0, False),
            ("2026-01-10T22:59:59", 0, False),
            ("2026-01-10T23:00", 0, True),
        ],
    )
    def test_win_over_windows(self, moment: str, need: float, is_open: bool) -> None:
        """Nothing starts in them, nor what would not end before."""
        always = window("prod", rule="FREQ=DAILY", begins="2026-01-01T00:00", hours=24)

        assert schedule(freezes=[("prod", self.DAY)]).at(("prod",), at(moment), need).open is is_open
        assert schedule(always, freezes=[("prod", self.DAY)]).at(("prod",), at(moment), need).open is is_open

    def test_of_other_groups_do_not_matter(self) -> None:
        """One for all does."""
        ours = schedule(freezes=[("prod", self.DAY)])

        assert ours.at(("dev",), at("2026-01-10T12:00"), HOUR).open
        assert not schedule(freezes=[("all", self.DAY)]).at(("dev",), at("2026-01-10T12:00"), HOUR).open

    def test_say_what_they_are(self) -> None:
        """While they last, before they begin, and in the window to come."""
        ours = schedule(SATURDAY, freezes=[("all", self.DAY)])

        frozen = ours.at((), at("2026-01-10T12:00"), HOUR)
        assert frozen.why == "frozen until Sun 2026-01-11 00:00 CET (Europe/Berlin) by `Quarter end` (freeze.ics)"
        assert frozen.next == at("2026-01-10T23:00")
        soon = ours.at((), at("2026-01-09T22:40"), HOUR)
        assert soon.why == "only 20m are left until it is frozen by `Quarter end` (freeze.ics), and this takes up to 1h"
        assert ours.at((), at("2026-01-09T22:40"), 0).until == at("2026-01-09T23:00")
        coming = ours.at(("prod",), at("2026-01-08T12:00"), 30 * MINUTE)
        assert coming.why == (
            "the window of group prod opens on Sat 2026-01-10 22:00 CET (Europe/Berlin), but is frozen then, "
            "until Sun 2026-01-11 00:00 CET (Europe/Berlin) by `Quarter end` (freeze.ics)"
        )
        assert coming.next == at("2026-01-10T23:00")
        assert ours.at(("prod",), at("2026-01-08T12:00"), 3 * HOUR).next == at("2026-01-17T21:00")

    def test_of_several_the_longest_is_named(self) -> None:
        """An event without a summary goes by its file."""
        ours = schedule(
            freezes=[("all", self.DAY), ("all", Events(("2026-01-10T10:00", "2026-01-12T10:00"), summary=""))]
        )
        slot = ours.at((), at("2026-01-10T12:00"), 0)

        assert slot.why == "frozen until Mon 2026-01-12 11:00 CET (Europe/Berlin) by freeze.ics"
        assert slot.next == at("2026-01-12T10:00")

    def test_all_year(self) -> None:
        """Nothing ever fits, window or not."""
        year = Events(("2025-01-01T00:00", "2030-01-01T00:00"))
        for ours in (schedule(freezes=[("all", year)]), schedule(SATURDAY, freezes=[("all", year)])):
            slot = ours.at(("prod",), at("2026-01-03T22:00"), MINUTE)
            assert (slot.open, slot.until, slot.next) == (False, None, None)
            assert slot.why.startswith("frozen until Tue 2030-01-01 01:00 CET")
            assert slot.why.endswith("; within a year there is no time for what takes up to 1m")

    def test_of_a_real_calendar(self) -> None:
        """A monthly freeze with an exception: in April it is lifted."""
        lines = "UID:1\nDTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1\nEXDATE;VALUE=DATE:20260430\n"
        text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}END:VEVENT\nEND:VCALENDAR\n"
        zone = ZoneInfo("Europe/Berlin")
        calendar = read_calendar(text.encode(), "f.ics", zone, Diagnostics())
        assert calendar is not None
        freeze = Freeze(groups=("all",), calendar=Path("f.ics"), zone=zone)
        ours = Schedule(Policy(name="p", source="p", digest="", freezes=(freeze,)), [calendar])

        assert not ours.at((), at("2026-03-30T22:00"), 0).open
        assert ours.at((), at("2026-03-30T21:59:59"), 0).open
        assert ours.at((), at("2026-04-30T12:00"), 0).until == at("2026-05-30T22:00")


WINDOWS = st.builds(
    window,
    st.sampled_from(["prod", "db", "all"]),
    rule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=HOURLY;INTERVAL=7"]
    ),
    begins=st.sampled_from(["2026-01-03T22:00", "2025-06-01T02:30", "2026-03-20T01:30"]),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    hours=st.sampled_from([0.5, 3, 11, 24]),
)
FREEZES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 90)).map(
        lambda it: (
            f"{at('2026-01-01T00:00') + dt.timedelta(days=it[0] / 4):%Y-%m-%dT%H:%M}",
            f"{at('2026-01-01T00:00') + dt.timedelta(days=(it[0] + it[1]) / 4):%Y-%m-%dT%H:%M}",
        )
    ),
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(WINDOWS, max_size=3),
    FREEZES,
    st.integers(0, 120 * 24 * 4),
    st.sampled_from([0, 30 * MINUTE, 2 * HOUR, 10 * HOUR, 60 * HOUR]),
)
def test_next_is_the_first_moment_that_is_open(
    windows: list[Window], events: list[tuple[str, str]], quarter: int, need: float
) -> None:
    """It is open then and at no sampled moment before; where there is none, no sample of the year is open either."""
    ours = schedule(*windows, freezes=[("all", Events(*events))])
    now = at("2026-01-01T00:00") + dt.timedelta(minutes=15 * quarter)
    slot = ours.at(("prod",), now, need)

    assert slot.open == (slot.next == now)
    assert slot.open == (slot.why == "")
    end = slot.next or now + dt.timedelta(days=365)
    for step in range(7):
        moment = now + (end - now) * step / 7
        assert moment == slot.next or not ours.at(("prod",), moment, need).open
    if slot.next is not None:
        then = ours.at(("prod",), slot.next, need)
        assert then.open
        assert not ours.at(("prod",), slot.next - dt.timedelta(microseconds=1), need).open or slot.open
        assert then.until is None or then.until >= slot.next + dt.timedelta(seconds=need)
        if then.until is not None:
            assert ours.at(("prod",), then.until - dt.timedelta(seconds=1), 0).open
            assert not ours.at(("prod",), then.until, 0).open


def test_an_answer_is_cheap_for_ten_thousand_targets() -> None:
    """Below 0.2 ms each after the first of a day, whether open, closed, frozen or never."""
    hourly = window("prod", rule="FREQ=HOURLY", begins="2024-01-01T00:00", hours=0.5)
    events = Events(*((f"2026-{month:02}-01T00:00", f"2026-{month:02}-03T00:00") for month in range(1, 13)))
    ours = schedule(SATURDAY, hourly, freezes=[("db", events)])
    asks = [
        (("prod", "web"), at("2026-05-05T00:10"), 60.0),
        (("prod", "web"), at("2026-05-05T00:40"), 60.0),
        (("prod", "db"), at("2026-05-02T00:10"), 60.0),
        (("prod",), at("2026-05-05T00:40"), 50 * HOUR),
    ]
    for groups, moment, need in asks:
        ours.at(groups, moment, need)
        begun = time.process_time()
        for _ in range(2000):
            ours.at(groups, moment, need)
        assert (time.process_time() - begun) / 2000 < 0.0002
