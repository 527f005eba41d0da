"""What an entry counts for, how much room there is, and how targets are cut into waves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from runner.execute.pace import Pace, claims, room
from runner.execute.rollout import Rollout, waves_of
from runner.model.approval import ApprovedPlan
from runner.model.event import Status
from runner.model.plan import Standing
from runner.model.playbook import Risk
from runner.model.policy import ALWAYS, Amount, Limit, Waves
from tests.unit.execute.paced import Paced, restarting
from tests.unit.execute.world import SIMPLE


def slots(world: Paced, pace: Pace, remedies: tuple[str, ...] = ("demo/mend",)) -> dict[str, list[str]]:
    """The slots of each target's entry, without the number of their limit."""
    found = claims(world.approved(remedies=remedies), world.subjects, pace.in_force)
    return {claim.target: sorted(slot.split(": ")[1] for slot in claim.slots) for claim in found.values()}


@pytest.mark.parametrize("value", ["AvSet-1 ", "avset-1", ["other", "AVSET-1"]])
def test_an_availability_set_counts_however_it_is_written(value: object) -> None:
    """Case, blanks and lists make no difference."""
    world = Paced.of(restarting(), 1, labels=[{"availability_set": value}])
    assert "availability_set=avset-1" in slots(world, Pace())["t00"]


@pytest.mark.parametrize("labels", [{}, {"availability_set": ""}, {"availability_set": None}, {"availability_set": []}])
def test_no_value_is_no_limit(labels: Mapping[str, object]) -> None:
    """Targets without a set are not all in one."""
    assert slots(Paced.of(restarting(), 1, labels=[labels]), Pace())["t00"] == []


def test_only_approved_remedies_with_the_risk_count() -> None:
    """A changed setting takes nobody down, nor does what nobody allowed."""
    labels = [{"availability_set": "x"}]
    assert slots(Paced.of(SIMPLE, 1, labels=labels), Pace())["t00"] == []
    world = Paced.of(restarting(), 1, labels=labels)
    assert slots(world, Pace())["t00"] == ["availability_set=x"]
    bare = ApprovedPlan(world.plan(), "", ())
    assert all(not claim.slots for claim in claims(bare, world.subjects, ALWAYS).values())


def test_the_limit_that_always_holds_yields_only_to_one_for_the_same_label() -> None:
    """A site that limits its zones still has its availability sets kept."""
    zone = Limit(at_once=Amount(2), label="zone")
    own = Limit(at_once=Amount(2), label="availability_set")
    assert Pace(limits=(zone,)).in_force == (zone, *ALWAYS)
    assert Pace(limits=(own,)).in_force == (own, *ALWAYS)
    assert Pace(limits=()).in_force == ALWAYS


def test_room_is_a_share_of_the_plans_targets_rounded_down_and_never_nothing() -> None:
    """Of a label's value and of a group; `all` is every target."""
    labels = [{"zone": "one" if n < 7 else "two"} for n in range(10)]
    world = Paced.of(restarting(), 10, labels=labels)
    limits = (
        Limit(at_once=Amount(share=0.5), label="zone"),
        Limit(at_once=Amount(share=0.25), group="all"),
        Limit(at_once=Amount(0), group="front"),
        Limit(at_once=Amount(5), group="nobody"),
    )
    world.groups = {"t03": ("front",)}
    found = room(world.plan(), world.subjects, limits)
    assert found == {"0: zone=one": 3, "0: zone=two": 1, "1: group all": 2, "2: group front": 1}


def test_two_entries_of_one_target_are_one_target() -> None:
    """A plan of two playbooks has not twice as many machines."""
    world = Paced.of(restarting(), 4)
    plan = world.plan()
    twice = tuple(dataclasses.replace(entry, playbook="other") for entry in plan.entries)
    subjects = {**world.subjects, **{f"other@{entry.target}": world.subjects[entry.key] for entry in plan.entries}}
    doubled = dataclasses.replace(plan, entries=plan.entries + twice)
    assert room(doubled, subjects, (Limit(at_once=Amount(share=0.5), group="all"),)) == {"0: group all": 2}


@pytest.mark.parametrize(
    ("count", "sizes", "parts"),
    [
        (50, (Amount(1), Amount(share=0.1), Amount(share=1.0)), [1, 4, 45]),
        (5, (Amount(1), Amount(share=0.1), Amount(share=1.0)), [1, 4]),
        (5, (Amount(2),), [2, 3]),
        (5, (Amount(9), Amount(1)), [5]),
        (4, (), [4]),
    ],
)
def test_waves_are_cumulative_and_the_rest_comes_last(count: int, sizes: tuple[Amount, ...], parts: list[int]) -> None:
    """In the plan's order; each target once; no wave is empty."""
    entries = Paced.of(SIMPLE, count).plan().entries
    found = waves_of(entries, Waves(sizes=sizes))
    assert [len(part) for part in found] == parts
    assert [target for part in found for target in part] == [entry.target for entry in entries]


def test_what_has_nothing_to_do_is_in_no_wave() -> None:
    """The first wave shall try something."""
    world = Paced.of(SIMPLE, 3)
    world.machine("t00").flags["state"] = "good"
    assert waves_of(world.plan().entries, Waves(sizes=(Amount(1),))) == (("t01",), ("t02",))


def test_a_target_is_in_order_only_if_all_its_entries_are() -> None:
    """Also those with nothing to do, and the wave waits for them."""
    (entry,) = Paced.of(SIMPLE, 1).plan().entries
    idle = dataclasses.replace(entry, playbook="other", standing=Standing.REFUSED)
    rollout = Rollout((entry, idle), Waves(sizes=(Amount(1),)), None)
    assert rollout.begin() == ("wave 1 of 1 begins: 1 target", ["other@t00", "demo@t00"])
    rollout.ended("demo@t00", Status.FIXED)
    assert rollout.end() is None
    rollout.ended("other@t00", Status.REFUSED)
    end = rollout.end()
    assert end is not None
    assert not end.well
    assert end.text == "wave 1 of 1 did not end in order: 0 of 1; `t00` is refused"


def test_the_budget_counts_targets_and_not_entries() -> None:
    """Failed, not fixed, unreachable and indeterminate alike; what was refused or stale is not among them."""
    entries = Paced.of(SIMPLE, 7).plan().entries
    twice = tuple(dataclasses.replace(entry, playbook="other") for entry in entries)
    rollout = Rollout((*entries, *twice), None, Amount(3))
    ends = (Status.FAILED, Status.NOT_FIXED, Status.UNREACHABLE, Status.REFUSED, Status.STALE, Status.NEEDS_PERSON)
    for entry, status in zip(entries, ends, strict=False):
        rollout.ended(entry.key, status)
    rollout.ended(twice[0].key, Status.FAILED)
    assert rollout.overdrawn == ""
    rollout.ended(entries[6].key, Status.INDETERMINATE)
    assert rollout.overdrawn == "4 targets ended badly, and the budget is 3"


def test_the_risks_of_a_limit_are_its_own() -> None:
    """One for reboots leaves restarts alone."""
    limit = Limit(at_once=Amount(1), group="all", risks=frozenset({Risk.REBOOT}))
    assert slots(Paced.of(restarting(), 1), Pace(limits=(limit,)))["t00"] == []
    assert slots(Paced.of(restarting("reboot"), 1), Pace(limits=(limit,)))["t00"] == ["group all"]
