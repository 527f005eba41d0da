"""What becomes of an action whose outcome nobody can see, and of bugs of our own."""

from __future__ import annotations

import pytest

from runner.errors import ConnectionLost, DeadlineExceeded
from runner.execute.survey import survey
from runner.model.command import Command, CommandResult
from runner.model.event import Status
from runner.model.plan import Standing
from tests.unit.execute.world import HEAD, SIMPLE, Machine, World, load

BLIND = (
    HEAD
    + """
remedies:
  - id: mend
    risk: [config]
    steps:
      - id: set
        command: {argv: [put, state, good]}
      - id: after
        command: {argv: [put, extra, done]}
"""
)
BACK = (
    SIMPLE.replace("check: {command: [get, state]", "check: {command: [get, step]").replace(
        'that: out == "good"', 'that: out == "set"'
    )
    + """
      - id: back
        always: true
        command: {argv: [put, extra, up]}
"""
)


def world(text: str) -> tuple[World, Machine]:
    """One target in a bad state."""
    machine = Machine({"state": "bad", "extra": "down"})
    return World(load(text), {"a": machine}), machine


@pytest.mark.parametrize(
    "lost",
    [
        ConnectionLost("the line broke"),
        ConnectionLost("the line broke", process_dead=True),
        DeadlineExceeded("too slow", process_dead=True),
        DeadlineExceeded("too slow", process_dead=None),
    ],
    ids=["lost", "lost, dead", "late, dead", "late, perhaps running"],
)
def test_without_a_check_a_missing_exit_code_stays_unknown(lost: Exception) -> None:
    """Nothing was seen, so nothing is settled, and nothing more is sent; a dead process proves no effect."""
    of, machine = world(BLIND)

    def fault(_: Machine, command: Command) -> CommandResult | None:
        if command.argv[1] == "state":
            raise lost
        return None

    machine.on_set = fault
    verdict = of.run()["a"]

    assert verdict.status is Status.INDETERMINATE
    assert machine.changes == [("put", "state", "good")]


def test_without_a_check_exit_0_is_enough_to_go_on() -> None:
    """The author asked for no proof of the step; the remedy's own proof still follows."""
    of, machine = world(BLIND)

    assert of.run()["a"].status is Status.FIXED
    assert machine.flags["extra"] == "done"


def test_a_lost_command_that_still_runs_is_not_judged_by_what_is_seen() -> None:
    """Half of its work may look like all of it."""
    of, machine = world(SIMPLE)

    def fault(here: Machine, _: Command) -> CommandResult | None:
        here.flags["state"] = "good"
        message = "the line broke"
        raise ConnectionLost(message, process_dead=False)

    machine.on_set = fault

    assert of.run()["a"].status is Status.INDETERMINATE


def test_a_bug_of_ours_while_looking_does_not_keep_the_always_steps_from_running() -> None:
    """Nothing was sent by the step that failed, so what was taken apart is put back."""
    of, machine = world(BACK)
    plan = of.plan()
    looks: list[Command] = []

    def fault(_: Machine, command: Command) -> CommandResult | None:
        looks.extend([command] if command.argv == ("get", "step") else [])
        if len(looks) > 1:  # the first look compares with the plan
            looks.clear()
            message = "a bug"
            raise ValueError(message)
        return None

    machine.on_get = fault
    verdict = of.run(plan)["a"]

    assert verdict.status is Status.FAILED
    assert "internal error of vmfix: ValueError: a bug" in verdict.reason
    assert machine.changes == [("put", "extra", "up")]


def test_a_bug_of_ours_after_an_intent_is_indeterminate() -> None:
    """Whether the command was sent is then not known for sure."""
    of, machine = world(SIMPLE)

    def fault(_: Machine, __: Command) -> CommandResult | None:
        message = "a bug"
        raise ValueError(message)

    machine.on_set = fault
    verdict = of.run()["a"]

    assert verdict.status is Status.INDETERMINATE
    assert "internal error of vmfix: ValueError: a bug" in verdict.reason


def test_a_bug_of_ours_on_one_target_leaves_the_plan_of_the_others() -> None:
    """Odd output of one machine must not cost an engineer the plan of 36 others."""
    odd, fine = Machine({"state": "bad"}), Machine({"state": "bad"})

    def fault(_: Machine, __: Command) -> CommandResult | None:
        message = "maximum recursion depth exceeded"
        raise RecursionError(message)

    odd.on_get = fault
    of = World(load(SIMPLE), {"odd": odd, "fine": fine})
    first, second = survey(list(of.subjects.values()), of.connect, of.clock, concurrency=2)

    assert first.standing is Standing.FAILED
    assert "internal error of vmfix: RecursionError" in first.reason
    assert second.standing is Standing.PLANNED


def test_half_a_surrogate_pair_is_no_command() -> None:
    """It could be planned but never sent."""
    with pytest.raises(ValueError, match="surrogate"):
        Command(argv=("put", "\ud800"))
