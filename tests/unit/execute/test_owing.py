"""The engine and what it owes: at the end of an entry, and at the beginning of the next one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import ConnectionLost, DeadlineExceeded, VmfixError
from runner.execute.survey import survey
from runner.execute.tools import Tools
from runner.model.command import Command, CommandResult
from runner.model.debt import Debt
from runner.model.event import Event, EventKind, Status
from runner.model.inventory import Target
from runner.model.plan import Standing
from runner.plan.owing import account
from tests.unit.execute.world import HEAD, Machine, World, load

BOOK = (
    HEAD
    + """
remedies:
  - id: mend
    risk: [config]
    on_failure: ON_FAILURE
    steps:
      - id: off
        command: {argv: [put, door, "off"]}
      - id: set
        command: {argv: [put, state, good]}
      - id: door
        always: true
        command: {argv: [put, door, "on"], check: {command: [get, door], that: out == "on", why_read_only: a test}}
  - id: again
    risk: [config]
    steps:
      - id: set
        command: {argv: [put, state, good], check: {command: [get, state], that: out == "good", why_read_only: x}}
"""
)


class Kept(World):
    """A world whose events are kept from run to run, as the journal does."""

    def owed(self, target: Target) -> tuple[Debt, ...]:
        """What this target is owed by what was recorded until now."""
        mine = [event for event in self.events if event.entry.endswith(f"@{target.name}")]
        return account(mine, target.name).open

    def settle(self, debt: Debt) -> None:
        """As the app does."""
        data = {"debt": debt.id, "by": "observation", "why": debt.seen, "observed": True}
        self.events.append(Event(run=debt.run, at="", kind=EventKind.SETTLED, entry=debt.entry, data=data))

    def tools(self) -> Tools:
        return replace(super().tools(), debts=self.owed, settle=self.settle)


def world(on_failure: str = "stop", machine: Machine | None = None) -> tuple[Kept, Machine]:
    """One target whose state is bad and whose door is on."""
    machine = machine or Machine({"state": "bad", "door": "on"})
    return Kept(load(BOOK.replace("ON_FAILURE", on_failure)), {"a": machine}), machine


def jam(_machine: Machine, sent: Command) -> CommandResult | None:
    """The door does not go on again."""
    return CommandResult(exit_code=1, stderr=b"jammed") if sent.argv == ("put", "door", "on") else None


def test_what_was_brought_back_is_not_owed() -> None:
    """The usual case: no event more than before."""
    one, _ = world()

    assert one.run()["a"].status is Status.FIXED
    assert one.of_kind(EventKind.OWED) == []


def test_what_was_not_brought_back_is_recorded_and_never_in_order() -> None:
    """A later rung heals the fault, and the door is off all the same."""
    one, machine = world("next")
    machine.on_set = jam
    verdict = one.run()["a"]

    assert machine.flags == {"state": "good", "door": "off"}
    assert (verdict.status, len(verdict.owed)) == (Status.FAILED, 1)
    assert "was not brought back" in verdict.reason
    (owed,) = one.of_kind(EventKind.OWED)
    assert (owed.remedy, owed.action) == ("mend", "door")
    assert "the check did not pass" in str(owed.data["seen"])


def test_the_next_run_is_refused_until_it_is_there_again() -> None:
    """Only looks are sent, and not even the playbook's own."""
    one, machine = world("next")
    plan = one.plan()  # of before
    machine.on_set = jam
    one.run(plan)
    machine.on_set, machine.sent = None, []
    machine.flags["state"] = "bad"

    assert one.run(plan)["a"].status is Status.REFUSED
    assert [command.argv for command in machine.sent] == [("get", "door")]
    machine.flags["door"] = "on"
    assert one.run(plan)["a"].status is Status.FIXED
    assert one.owed(one.target("a")) == ()
    assert len(one.of_kind(EventKind.SETTLED)) == 1


def test_a_plan_is_refused_and_says_what_was_seen() -> None:
    """And what is there again is told to who records it."""
    one, machine = world("next")
    machine.on_set = jam
    one.run()
    subjects = [replace(s, debts=one.owed(s.target)) for s in one.subjects.values()]
    told: list[Debt] = []

    (entry,) = survey(subjects, one.connect, one.clock, concurrency=1, settled=told.append)
    assert (entry.standing, told) == (Standing.REFUSED, [])
    assert "put door on" in entry.advice
    machine.flags["door"] = "on"
    (entry,) = survey(subjects, one.connect, one.clock, concurrency=1, settled=told.append)
    assert (entry.standing, len(told)) == (Standing.HEALTHY, 1)
    assert "no longer owed by run r1" in entry.remarks[0]


@pytest.mark.parametrize("owes", [True, False])
def test_an_entry_that_was_planned_as_healthy_is_not_if_something_is_owed_meanwhile(owes: bool) -> None:
    """Another run, or an entry before it in this one, came between plan and run."""
    one, machine = world()
    machine.flags["state"] = "good"
    plan = one.plan()
    if owes:
        other, jammed = world("next", Machine({"state": "bad", "door": "on"}, on_set=jam))
        other.run()
        one.events += other.events
        assert jammed.flags["door"] == "off"

    verdict = one.run(plan, just_observed=True)["a"]

    assert verdict.status is (Status.REFUSED if owes else Status.HEALTHY)


def test_a_second_ctrl_c_leaves_it_owed_without_a_look() -> None:
    """Nothing more is sent at all."""
    one, machine = world()

    def interrupt(_: Machine, sent: Command) -> CommandResult | None:
        if sent.argv == ("put", "door", "off"):
            one.stop.request("Ctrl-C", at_once=True)
        return None

    machine.on_set = interrupt
    verdict = one.run()["a"]

    assert machine.changes == [("put", "door", "off")]
    assert machine.sent[-1].argv == ("put", "door", "off")
    assert [debt.action for debt in verdict.owed] == ["door"]


@pytest.mark.parametrize(
    ("trouble", "owed"),
    [(DeadlineExceeded("too slow", process_dead=False), 1), (DeadlineExceeded("too slow", process_dead=True), 0)],
)
def test_upon_a_command_that_may_still_run_nothing_is_called_settled(trouble: VmfixError, owed: int) -> None:
    """The door is seen to be on, and might be off a moment later."""
    one, machine = world()

    def lose(_: Machine, sent: Command) -> CommandResult | None:
        if sent.argv == ("put", "door", "off"):
            raise trouble
        return None

    machine.on_set = lose
    verdict = one.run()["a"]

    assert machine.flags["door"] == "on"
    assert len(verdict.owed) == owed
    assert all(debt.unanswered == ("put door off",) for debt in verdict.owed)


def test_a_connection_that_is_lost_for_good_leaves_it_owed() -> None:
    """It cannot be looked at, and that is said."""
    one, machine = world()

    def gone(_: Machine, sent: Command) -> CommandResult | None:
        if sent.argv == ("put", "state", "good"):
            machine.on_get = lost
        return None

    def lost(_: Machine, _sent: Command) -> CommandResult | None:
        raise ConnectionLost("no route")

    machine.on_set = gone
    verdict = one.run()["a"]

    (debt,) = verdict.owed
    assert "could not be observed" in debt.seen
    assert "no route" in debt.seen


def test_an_error_of_ours_leaves_it_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to the engine, the record is kept."""
    one, _ = world()
    plan = one.plan()

    def bug(*_: object, **__: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr("runner.execute.proof.Proof.of", bug)
    monkeypatch.setattr("runner.execute.remedy.Treatment._runs_after_trouble", bug)
    one.machines["a"].on_set = lambda _, sent: CommandResult(exit_code=1) if "state" in sent.argv else None  # type: ignore[union-attr]
    verdict = one.run(plan)["a"]

    assert verdict.status is Status.INDETERMINATE
    assert [debt.action for debt in verdict.owed] == ["door"]
