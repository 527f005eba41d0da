"""What an action stopped is started again, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.errors import ConnectionLost, DeadlineExceeded
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.event import EventKind, Status
from runner.model.plan import Outcome
from runner.plan.facts import View
from runner.steps.base import Decision, Observing, StepType
from runner.steps.command import CommandArgs
from tests.unit.execute.world import SIMPLE, Machine, World, load


def put(flag: str, value: str) -> Command:
    """A changing command of the simulated machine."""
    return Command(argv=("put", flag, value), effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE)


STOP_FRIEND, STOP, START, START_FRIEND = (
    put("friend", "down"),
    put("state", "down"),
    put("state", "good"),
    put("friend", "up"),
)
Fault = Callable[[Machine, Command], CommandResult | None]


class Restart(StepType[CommandArgs, str]):
    """Stops two things and starts them again."""

    name = "command"
    args = CommandArgs
    summary = "A test."

    def observe(self, args: CommandArgs) -> Observing[str]:
        result = yield Command(argv=("get", "state"))
        return result.out

    def decide(self, args: CommandArgs, state: str) -> Decision:
        if state == "good":
            return Decision(outcome=Outcome.NO_CHANGE, evidence="good")
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence="bad",
            commands=(STOP_FRIEND, STOP, START, START_FRIEND),
            restore=frozenset((START, START_FRIEND)),
        )

    def bound(self, args: CommandArgs, state: str | None) -> tuple[Command, ...]:
        return (STOP_FRIEND, STOP, START, START_FRIEND)


@pytest.fixture(autouse=True)
def _restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step restarts."""
    monkeypatch.setattr(View, "step_type", lambda _view, _name: Restart())


def broken(fault: Fault | None = None) -> tuple[World, Machine]:
    """One target whose state is bad and whose friend runs."""
    machine = Machine({"state": "bad", "friend": "up"}, on_set=fault)
    return World(load(SIMPLE), {"a": machine}), machine


def on(command: Command, answer: CommandResult | Exception) -> Fault:
    """The machine answers so to one command, which does nothing."""

    def fault(_: Machine, sent: Command) -> CommandResult | None:
        if sent != command:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return fault


def test_nothing_is_special_when_all_goes_well() -> None:
    """The commands run in order, once."""
    world, machine = broken()
    verdict = world.run()["a"]

    assert verdict.status is Status.FIXED
    assert machine.changes == [c.argv for c in (STOP_FRIEND, STOP, START, START_FRIEND)]


@pytest.mark.parametrize("failing", [STOP_FRIEND, STOP, START])
def test_a_failure_between_starts_the_rest_again(failing: Command) -> None:
    """The start commands that were still to come are sent; the stop commands are not; the action stays failed."""
    world, machine = broken(on(failing, CommandResult(exit_code=2, stderr=b"no")))
    verdict = world.run()["a"]

    assert verdict.status is Status.FAILED
    assert machine.changes[-1] == START_FRIEND.argv
    assert machine.flags["friend"] == "up"
    assert (STOP.argv in machine.changes) is (failing is not STOP_FRIEND)
    assert "to put things back" in verdict.reason
    intents = [event.data["command"] for event in world.of_kind(EventKind.INTENT)]
    assert len(intents) == len(machine.changes)


def test_a_lost_answer_starts_the_rest_again() -> None:
    """The command is over, only its answer is missing: what was stopped comes back, and nothing is sent twice."""
    world, machine = broken(on(STOP, ConnectionLost("the line broke")))
    verdict = world.run()["a"]

    assert machine.changes == [c.argv for c in (STOP_FRIEND, STOP, START, START_FRIEND)]
    assert verdict.status is Status.FIXED


def test_nothing_is_sent_upon_a_command_that_may_still_run() -> None:
    """A stop that hangs is left alone: a start would come in between."""
    world, machine = broken(on(STOP, DeadlineExceeded("too slow", process_dead=False)))
    verdict = world.run()["a"]

    assert verdict.status is Status.INDETERMINATE
    assert machine.changes == [STOP_FRIEND.argv, STOP.argv]


def test_a_second_ctrl_c_sends_nothing_more() -> None:
    """Stopping at once means at once; the report says what is left half done."""
    world, machine = broken()

    def interrupt(_: Machine, sent: Command) -> CommandResult | None:
        if sent == STOP:
            world.stop.request("Ctrl-C", at_once=True)
        return None

    machine.on_set = interrupt
    verdict = world.run()["a"]

    assert machine.changes == [STOP_FRIEND.argv, STOP.argv]
    assert verdict.status is Status.FAILED
    assert "stopped before its next command" in verdict.reason
