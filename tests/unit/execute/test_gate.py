"""The gate before each remedy: plan and consent still hold, and what is left of the window is long enough."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping

import pytest

from runner import codec
from runner.approve import approve
from runner.errors import UsageError
from runner.execute import engine
from runner.execute.verdict import Verdict
from runner.govern.gatekeeper import Gatekeeper, worst_case
from runner.govern.schedule import Schedule
from runner.model.approval import Approval, ApprovedPlan
from runner.model.command import Command, CommandResult, Effect
from runner.model.event import EventKind, Status
from runner.model.policy import EVERYWHERE, Policy, Window
from runner.model.times import stamp
from runner.rules import Watch
from tests.unit.execute.world import HEAD, Machine, World, load

LADDER = (
    HEAD
    + """
remedies:
  - id: first
    risk: [config]
    takes: 10m
    steps:
      - {id: work, command: {argv: [put, extra, tried]}}
      - {id: after, always: true, command: {argv: [put, extra, "after"]}}
    verify: {within: 0s}
  - id: second
    risk: [config]
    takes: 30m
    steps:
      - {id: mend, command: {argv: [put, state, good]}}
"""
)
BEGIN = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)  # the world's clock


def window(minutes: float, *, starts_in: float = 0) -> Schedule:
    """One window, from so many minutes on."""
    begins = (BEGIN + dt.timedelta(minutes=starts_in)).replace(tzinfo=None)
    rule = Window(
        groups=(EVERYWHERE,), zone=zoneinfo.ZoneInfo("UTC"), begins=begins, rule="FREQ=DAILY", duration=60 * minutes
    )
    return Schedule(Policy(name="p", source="p.yml", digest="", windows=(rule,)))


def approved(world: World) -> ApprovedPlan:
    """All of the world's plan."""
    plan = world.plan()
    digest, at = codec.digest(plan, evidence=False), stamp(world.clock.now())
    consent = Approval(identity="t", digest=digest, remedies=frozenset(plan.remedies()), at=at, how="test")
    return approve(plan, [consent], world.clock.now())


def run(world: World, plan: ApprovedPlan, gate: Gatekeeper, *, concurrency: int = 1) -> Mapping[str, Verdict]:
    """Verdicts by target."""
    tools = dataclasses.replace(world.tools(), gate=gate.remedy)
    found = engine.run(plan, world.subjects, tools, concurrency=concurrency, just_observed=False, holds=gate.entry)
    return {key.partition("@")[2]: verdict for key, verdict in found.items()}


def slow(world: World, minutes: float) -> None:
    """Each change takes so long."""

    def takes(_machine: Machine, _command: Command) -> CommandResult | None:
        world.clock.sleep(60 * minutes)
        return None

    for machine in world.machines.values():
        assert isinstance(machine, Machine)
        machine.on_set = takes


def sent(world: World, name: str) -> list[tuple[str, ...]]:
    """The changes that the target was sent."""
    machine = world.machines[name]
    assert isinstance(machine, Machine)
    return machine.changes


def test_at_the_end_of_the_window_what_runs_is_finished_and_nothing_new_starts() -> None:
    """The remedy under way ends with its always steps; the next rung and the next target are reported as refused."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"}), "b": Machine({"state": "bad"})})
    plan = approved(world)
    slow(world, 20)

    verdicts = run(world, plan, Gatekeeper(plan, world.clock.now, window(30)))

    assert sent(world, "a") == [("put", "extra", "tried"), ("put", "extra", "after")]
    assert verdicts["a"].status is Status.NOT_FIXED
    assert "`second` was not started: the window opens on Thu 2026-11-26 03:00" in verdicts["a"].reason
    assert (sent(world, "b"), verdicts["b"].status) == ([], Status.REFUSED)
    assert not any(e.kind is EventKind.INTENT for e in world.events if e.entry.endswith("@b"))


def test_a_remedy_that_does_not_fit_any_more_is_parked() -> None:
    """The first takes ten minutes and fits; for the second, which may take thirty, only twenty are left."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"})})
    plan = approved(world)
    slow(world, 5)

    verdict = run(world, plan, Gatekeeper(plan, world.clock.now, window(30)))["a"]

    assert sent(world, "a") == [("put", "extra", "tried"), ("put", "extra", "after")]
    assert verdict.status is Status.NOT_FIXED
    assert "only 20m are left of the window, and this takes up to 30m" in verdict.reason


def test_without_a_time_of_its_own_a_remedy_takes_as_long_as_its_commands_may() -> None:
    """No author's guess: the deadlines."""
    world = World(load(LADDER.replace("    takes: 10m\n", "")), {"a": Machine({"state": "bad"})})
    first = approved(world).plan.entries[0].remedies[0]
    assert worst_case(first) == sum(c.at_most for a in first.actions for c in a.commands) > 0


def test_what_comes_too_early_waits_or_is_refused() -> None:
    """With a wait the window's opening starts it; without, nothing is sent."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"})})
    plan = approved(world)
    closed = Gatekeeper(plan, world.clock.now, window(60, starts_in=15))
    opening = closed.opening()
    assert opening is not None
    assert opening[0] == BEGIN + dt.timedelta(minutes=15)
    assert run(world, plan, closed)["a"].status is Status.REFUSED
    assert sent(world, "a") == []

    waiting = Gatekeeper(plan, world.clock.now, window(60, starts_in=15), waits=True)
    hold = waiting.entry(plan.plan.entries[0].key)
    assert hold is not None
    assert hold.until == BEGIN + dt.timedelta(minutes=15)
    world.clock.sleep(15 * 60)
    assert waiting.entry(plan.plan.entries[0].key) is None
    assert run(world, plan, waiting)["a"].status is Status.FIXED


def test_nobody_waits_for_a_window_that_opens_after_the_plan_or_its_consent_ended() -> None:
    """The world's plans live for an hour."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"})})
    plan = approved(world)
    key = plan.plan.entries[0].key
    late = Gatekeeper(plan, world.clock.now, window(60, starts_in=90), waits=True).entry(key)
    assert late is not None
    assert late.until is None
    ends = {remedy: BEGIN + dt.timedelta(minutes=10) for remedy in plan.remedies}
    short = Gatekeeper(plan, world.clock.now, window(60, starts_in=15), waits=True, holds_until=ends).entry(key)
    assert short is not None
    assert short.until is None


@pytest.mark.parametrize("what", ["the plan expired", "its approval ended"])
def test_plan_and_consent_can_end_in_mid_run(what: str) -> None:
    """Then no further remedy starts, window or not."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"})})
    plan = approved(world)
    slow(world, 40)
    ends = {remedy: BEGIN + dt.timedelta(minutes=70) for remedy in plan.remedies}
    if what == "the plan expired":
        ends = {}
    else:
        lifetime = stamp(BEGIN + dt.timedelta(hours=9))
        plan = ApprovedPlan(dataclasses.replace(plan.plan, expires_at=lifetime), plan.digest, plan.approvals)

    verdict = run(world, plan, Gatekeeper(plan, world.clock.now, holds_until=ends))["a"]

    assert len(sent(world, "a")) == 2
    assert verdict.status is Status.NOT_FIXED
    assert f"`second` was not started: {what}" in verdict.reason


def test_only_observations_are_sent_to_what_is_held_back() -> None:
    """Refused by the gate inside the entry as well: looked at, and left alone."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"})})
    plan = approved(world)
    gate = Gatekeeper(plan, world.clock.now, window(5))
    tools = dataclasses.replace(world.tools(), gate=gate.remedy)

    verdict = next(iter(engine.run(plan, world.subjects, tools, concurrency=1, just_observed=False).values()))

    assert verdict.status is Status.REFUSED
    machine = world.machines["a"]
    assert isinstance(machine, Machine)
    assert {command.effect for command in machine.sent} == {Effect.OBSERVE}


def test_what_changed_meanwhile_stops_what_has_not_begun() -> None:
    """A withdrawn approval, or another policy: the remedy under way is finished, no other starts."""
    world = World(load(LADDER), {"a": Machine({"state": "bad"}), "b": Machine({"state": "bad"})})
    plan = approved(world)
    slow(world, 5)

    def look() -> str:
        return "demo/first is not approved any more" if world.clock.seconds > 60 else ""

    gate = Gatekeeper(plan, world.clock.now, changed=Watch(look, world.clock.monotonic))
    verdicts = run(world, plan, gate)

    assert len(sent(world, "a")) == 2
    assert "`second` was not started: demo/first is not approved any more" in verdicts["a"].reason
    assert (sent(world, "b"), verdicts["b"].status) == ([], Status.REFUSED)


def test_what_cannot_be_looked_at_again_counts_as_changed() -> None:
    """And is not asked for all the time."""
    now, asked = [0.0], []

    def look() -> str:
        asked.append(now[0])
        message = "the folder is gone"
        raise UsageError(message)

    watch = Watch(look, lambda: now[0])
    assert (watch(), asked) == ("", [])
    now[0] = 60.0
    assert "could not be looked at again: the folder is gone" in watch()
    assert (watch(), len(asked)) == (watch(), 1)
