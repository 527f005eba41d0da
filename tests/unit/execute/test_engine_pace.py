"""The engine at a pace: limits, waves, budget, holds and stop requests; every entry has one verdict."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Mapping

import pytest

from runner.errors import ConnectionLost, Unreachable
from runner.execute import engine
from runner.execute.pace import Pace
from runner.execute.verdict import Verdict
from runner.govern.gatekeeper import Hold
from runner.model.command import Command, CommandResult
from runner.model.event import Event, EventKind, Status
from runner.model.policy import Amount, Limit, Waves
from tests.unit.execute.paced import Paced, restarting
from tests.unit.execute.world import SIMPLE, Machine

BAD = ("failed", "indeterminate", "unreachable")
IN_WAVES = Waves(sizes=(Amount(1), Amount(share=0.1), Amount(share=1.0)))


def fails(_machine: Machine, _command: Command) -> CommandResult:
    """The changing command ends with an error."""
    return CommandResult(exit_code=7, stderr=b"cannot")


def is_lost(_machine: Machine, _command: Command) -> CommandResult:
    """The line breaks under the changing command."""
    message = "the line broke"
    raise ConnectionLost(message)


def accounted(world: Paced, verdicts: Mapping[str, Verdict]) -> Counter[Status]:
    """How often each status occurs; every target has exactly one, in the records too."""
    assert list(verdicts) == list(world.machines)
    ends = Counter(event.entry for event in world.of_kind(EventKind.TARGET_FINISHED))
    assert ends == {f"demo@{name}": 1 for name in world.machines}
    return Counter(verdict.status for verdict in verdicts.values())


def ended_badly(event: Event) -> bool:
    """Whether it says that a target ended so."""
    return event.kind is EventKind.TARGET_FINISHED and event.data["status"] in BAD


def bad_ends(world: Paced) -> int:
    """How many targets have ended badly so far."""
    return sum(map(ended_badly, world.events))


@pytest.mark.parametrize("concurrency", [1, 5, 50])
def test_after_the_third_failure_no_new_target_starts(concurrency: int) -> None:
    """Fifty in waves, a budget of two. Failed, lost, not reached: all count alike, and all fifty are accounted for."""
    world = Paced.of(SIMPLE, 50)
    world.machine("t06").on_set = fails
    world.machine("t10").on_set = is_lost
    machines = {**world.machines, "t11": Unreachable("no route")}
    plan = world.plan()
    world.machines = machines
    loose = dataclasses.replace(IN_WAVES, in_order=Amount(share=0.5))

    handed_out: list[int] = []

    def holds(_key: str) -> Hold | None:
        handed_out.append(bad_ends(world))
        return None

    verdicts = world.go(Pace(waves=loose, budget=Amount(2)), plan=plan, concurrency=concurrency, holds=holds)

    counted = accounted(world, verdicts)
    assert (counted[Status.FAILED], counted[Status.INDETERMINATE], counted[Status.UNREACHABLE]) == (1, 1, 1)
    assert max(handed_out) < 3
    third = [number for number, event in enumerate(world.events) if ended_badly(event)][2]
    later = [event for event in world.events[third:] if event.kind is EventKind.REMEDY_STARTED]
    assert len(later) < concurrency, "only what was under way goes on"
    for name, verdict in verdicts.items():
        if verdict.status is Status.CANCELLED:
            assert "3 targets ended badly, and the budget is 2" in verdict.reason
            assert name not in world.touched


def test_a_budget_of_nothing_stops_at_the_first_and_lets_the_others_finish() -> None:
    """What is under way finishes its remedy."""
    world = Paced.of(SIMPLE, 6)
    failed = threading.Event()

    def slow(_machine: Machine, _command: Command) -> None:
        assert failed.wait(20)
        time.sleep(0.1)

    def first(machine: Machine, command: Command) -> CommandResult:
        while not world.machine("t01").changes:
            time.sleep(0.01)
        failed.set()
        return fails(machine, command)

    world.machine("t00").on_set = first
    world.machine("t01").on_set = slow

    verdicts = world.go(Pace(budget=Amount(0)), concurrency=2)

    assert accounted(world, verdicts) == {Status.FAILED: 1, Status.FIXED: 1, Status.CANCELLED: 4}
    assert verdicts["t05"].reason == "not started: 1 target ended badly, and the budget is 0"


def test_what_was_unreachable_in_the_plan_counts_before_anything_starts() -> None:
    """And keeps its own status; so does what was healthy."""
    world = Paced.of(SIMPLE, 4)
    world.machine("t02").flags["state"] = "good"
    world.machines = {**world.machines, "t03": Unreachable("no route")}

    verdicts = world.go(Pace(budget=Amount(0)))

    assert [verdicts[name].status.value for name in world.machines] == [
        "cancelled",
        "cancelled",
        "healthy",
        "unreachable",
    ]
    assert world.touched == []


def test_no_budget_never_stops() -> None:
    """Without a policy every target is tried, as before."""
    world = Paced.of(SIMPLE, 6)
    for name in world.machines:
        world.machine(name).on_set = fails
    assert accounted(world, world.go(Pace())) == {Status.FAILED: 6}


def test_two_of_an_availability_set_are_never_down_together() -> None:
    """Whatever the concurrency; other sets go on meanwhile, so it is not simply one after the other."""
    world = Paced.of(restarting(), 20, labels=[{"availability_set": f"set-{n % 4}"} for n in range(20)])
    lock, now, most, together = threading.Lock(), Counter[str](), Counter[str](), [0]

    def down(name: str) -> None:
        own = str(world.labels[name]["availability_set"])
        with lock:
            now[own] += 1
            most[own] = max(most[own], now[own])
            together[0] = max(together[0], now.total())
        time.sleep(0.02)
        with lock:
            now[own] -= 1

    for name in world.machines:
        world.machine(name).on_set = lambda _machine, _command, name=name: down(name)

    verdicts = world.go(Pace(), concurrency=20)

    assert accounted(world, verdicts) == {Status.FIXED: 20}
    assert set(most.values()) == {1}
    assert together[0] > 1


def test_a_share_of_a_group_limits_what_is_under_way() -> None:
    """A quarter of eight, and at least that."""
    world = Paced.of(restarting(), 8)
    lock, counts = threading.Lock(), [0, 0]

    def down(_machine: Machine, _command: Command) -> None:
        with lock:
            counts[0] += 1
            counts[1] = max(counts)
        time.sleep(0.05)
        with lock:
            counts[0] -= 1

    for name in world.machines:
        world.machine(name).on_set = down

    world.go(Pace(limits=(Limit(at_once=Amount(share=0.25), group="all"),)), concurrency=8)

    assert counts[1] == 2


def test_a_wave_begins_when_the_one_before_is_in_order_and_its_pause_is_over() -> None:
    """By the clock of the test; what was decided is in the record."""
    world = Paced.of(SIMPLE, 20)
    begun: dict[str, float] = {}
    for name in world.machines:
        world.machine(name).on_set = lambda _m, _c, name=name: begun.update({name: world.clock.seconds})

    verdicts = world.go(Pace(waves=dataclasses.replace(IN_WAVES, pause=600)))

    assert accounted(world, verdicts) == {Status.FIXED: 20}
    assert [begun[f"t{n:02}"] for n in (0, 1, 2, 19)] == [0, 600, 1200, 1200]
    assert world.notes == [
        "wave 1 of 3 begins: 1 target",
        "wave 1 of 3 ended: 1 of 1 in order; the next begins in 600 s",
        "wave 2 of 3 begins: 1 target",
        "wave 2 of 3 ended: 1 of 1 in order; the next begins in 600 s",
        "wave 3 of 3 begins: 18 targets",
        "wave 3 of 3 ended: 18 of 18 in order",
    ]


def test_after_a_wave_that_is_not_in_order_nothing_starts() -> None:
    """Each of the others says which target it was; and the run counts as ended, not as interrupted."""
    world = Paced.of(SIMPLE, 20)
    world.machine("t00").on_set = fails

    verdicts = world.go(Pace(waves=IN_WAVES))

    assert accounted(world, verdicts) == {Status.FAILED: 1, Status.CANCELLED: 19}
    assert verdicts["t19"].reason == "not started: wave 1 of 3 did not end in order: 0 of 1; `t00` is failed"
    assert world.touched == ["t00"]
    assert not world.stop.asked


def test_a_stop_ends_the_pause_early() -> None:
    """Nobody waits for an hour for a run that shall end."""
    world = Paced.of(SIMPLE, 20)

    def asked() -> str | None:
        return "ops asked for a stop" if world.clock.seconds > 30 else None

    verdicts = world.go(Pace(waves=dataclasses.replace(IN_WAVES, pause=3600)), stop_asked=asked)

    assert accounted(world, verdicts) == {Status.FIXED: 1, Status.CANCELLED: 19}
    assert verdicts["t01"].reason == "not started: ops asked for a stop"
    assert world.notes[-1] == "nothing new is started: ops asked for a stop"
    assert world.clock.seconds < 40


def test_a_stop_request_is_heard_while_entries_run() -> None:
    """The clock of the test stands still meanwhile, and the request is heard all the same."""
    world = Paced.of(SIMPLE, 4)
    heard = threading.Event()

    def hang(_machine: Machine, _command: Command) -> None:
        assert heard.wait(20)

    def asked() -> str | None:
        if not world.touched:
            return None
        heard.set()
        return "ops asked for a stop"

    world.machine("t00").on_set = hang

    verdicts = world.go(Pace(), concurrency=1, stop_asked=asked)

    assert accounted(world, verdicts) == {Status.FIXED: 1, Status.CANCELLED: 3}


def test_what_is_held_until_a_time_starts_then_and_the_others_before() -> None:
    """It is asked about again by the clock, not in a busy loop."""
    world = Paced.of(SIMPLE, 3)
    opens = world.clock.now() + dt.timedelta(hours=1)
    asked = Counter[str]()
    begun: dict[str, float] = {}

    def holds(key: str) -> Hold | None:
        asked[key] += 1
        return Hold("the window opens at 04:00", opens) if key == "demo@t00" and world.clock.now() < opens else None

    for name in world.machines:
        world.machine(name).on_set = lambda _m, _c, name=name: begun.update({name: world.clock.seconds})

    verdicts = world.go(Pace(), holds=holds, concurrency=1)

    assert accounted(world, verdicts) == {Status.FIXED: 3}
    assert begun == {"t00": 3600, "t01": 0, "t02": 0}
    assert asked == {"demo@t00": 2, "demo@t01": 1, "demo@t02": 1}
    assert world.notes == ["waiting: the window opens at 04:00"]


def test_a_time_that_has_come_without_leave_is_no_busy_loop() -> None:
    """Asked about every half second, whatever it says."""
    world = Paced.of(SIMPLE, 1)
    asked = Counter[str]()

    def holds(key: str) -> Hold | None:
        asked[key] += 1
        return Hold("not yet", world.clock.now()) if world.clock.seconds < 10 else None

    assert accounted(world, world.go(Pace(), holds=holds)) == {Status.FIXED: 1}
    assert asked["demo@t00"] == 21


def test_what_is_held_for_ever_is_refused_and_nothing_is_sent() -> None:
    """With the reason; what has nothing to do is not asked about."""
    world = Paced.of(SIMPLE, 4)
    world.machine("t03").flags["state"] = "good"
    plan = world.plan()
    before = len(world.machine("t00").sent)
    asked = []

    def holds(key: str) -> Hold | None:
        asked.append(key)
        return Hold("a freeze lasts until Monday") if key == "demo@t00" else None

    verdicts = world.go(Pace(), plan=plan, holds=holds)

    assert verdicts["t00"] == Verdict(Status.REFUSED, "a freeze lasts until Monday")
    assert len(world.machine("t00").sent) == before
    assert accounted(world, verdicts) == {Status.REFUSED: 1, Status.FIXED: 2, Status.HEALTHY: 1}
    assert asked == ["demo@t00", "demo@t01", "demo@t02"]


def test_a_hold_that_cannot_be_judged_refuses_its_entry_alone() -> None:
    """A bug there takes nobody's record away."""
    world = Paced.of(SIMPLE, 2)

    def holds(key: str) -> Hold | None:
        if key == "demo@t00":
            raise ZeroDivisionError
        return None

    verdicts = world.go(Pace(), holds=holds)

    assert accounted(world, verdicts) == {Status.REFUSED: 1, Status.FIXED: 1}
    assert "internal error of vmfix, nothing was sent" in verdicts["t00"].reason
    assert world.touched == ["t01"]


@pytest.mark.parametrize("problem", [RuntimeError("a bug"), SystemExit(3)])
def test_a_thread_that_dies_costs_no_record(problem: BaseException) -> None:
    """Also one that dies of what is no exception: its entry is indeterminate, the others go on."""
    world = Paced.of(SIMPLE, 3)

    def die(_machine: Machine, _command: Command) -> None:
        raise problem

    world.machine("t01").on_set = die

    verdicts = world.go(Pace(budget=Amount(1)))

    assert accounted(world, verdicts) == {Status.INDETERMINATE: 1, Status.FIXED: 2}


def test_two_entries_of_one_target_do_not_overlap_and_share_a_wave() -> None:
    """A wave is counted in machines."""
    world = Paced.of(SIMPLE, 3)
    plan = world.plan()
    twice = tuple(dataclasses.replace(entry, playbook="other") for entry in plan.entries)
    subjects = {**world.subjects, **{f"other@{entry.target}": world.subjects[entry.key] for entry in plan.entries}}
    doubled = world.plan_of(plan.entries + twice)
    verdicts = engine.run(
        world.approved(doubled),
        subjects,
        world.tools(),
        concurrency=4,
        just_observed=True,
        pace=Pace(waves=Waves(sizes=(Amount(1),))),
    )
    assert list(verdicts) == [entry.key for entry in doubled.entries]
    ends = [event.entry for event in world.of_kind(EventKind.TARGET_FINISHED)]
    assert set(ends[:2]) == {"demo@t00", "other@t00"}
    assert world.notes[1] == "wave 1 of 2 ended: 1 of 1 in order"
