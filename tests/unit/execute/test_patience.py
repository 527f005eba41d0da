"""Commands that found something else at work, that return before they are done, or that take the machine down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import ConnectionLost, Unreachable
from runner.execute.clock import SimulatedClock
from runner.model.command import Command, CommandResult
from runner.model.event import EventKind, Status
from runner.plan.facts import View
from runner.steps.base import Decision, Judged, Judgement, Settle
from runner.steps.command import CommandArgs, RunCommand
from tests.unit.execute.world import SIMPLE, Machine, World, load

NEXT = (
    SIMPLE.replace("    risk: [config]\n", "    risk: [config]\n    on_failure: next\n")
    + """
  - id: harsh
    risk: [config]
    steps:
      - id: harsh
        command: {argv: [put, harsh, done], check: {command: [get, harsh], that: out == "done", why_read_only: a test}}
"""
)
MEANING = {
    0: Judged.OK,
    1: Judged.FAILED,
    2: Judged.BUSY,
    3: Judged.STARTED,
    4: Judged.RESTARTING,
}


class Installing(RunCommand):
    """Exit codes as above; 20 seconds of patience, and as many for the effect."""

    def judge(self, args: CommandArgs, command: Command, result: CommandResult) -> Judgement:
        judged = MEANING[result.exit_code]
        return Judgement(judged, f"said {judged.value}", advice=f"mind that it is {judged.value}")

    def settle(self, args: CommandArgs) -> Settle:
        return Settle(20.0, 10.0)

    def patience(self, args: CommandArgs) -> Settle:
        return Settle(20.0, 10.0)


@pytest.fixture(autouse=True)
def _installing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is one."""
    monkeypatch.setattr(View, "step_type", lambda _view, _name: Installing())


def clock_that_mends(machine: Machine) -> SimulatedClock:
    """What somebody else began has come about after the first wait."""

    class Finishes(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            machine.flags["state"] = "good"

    return Finishes()


def world(*codes: int | Exception, text: str = NEXT) -> tuple[World, Machine]:
    """One target in a bad state, whose commands end with these codes in turn and, with 0 and 3, do what they should."""
    machine = Machine({"state": "bad"})
    left = list(codes)

    def on_set(of: Machine, command: Command) -> CommandResult | None:
        now = left.pop(0)
        if isinstance(now, Exception):
            raise now
        if now == 0:
            of.flags[command.argv[1]] = command.argv[2]
        return CommandResult(exit_code=now)

    machine.on_set = on_set
    return World(load(text), {"a": machine}), machine


INSTALL, HARSH = ("put", "state", "good"), ("put", "harsh", "done")


def test_a_busy_command_is_sent_again_and_each_time_it_is_recorded() -> None:
    """With an intent of its own; what came before is no trouble any more."""
    of, machine = world(2, 2, 0)

    verdict = of.run()["a"]

    assert verdict.status is Status.FIXED
    assert machine.changes == [INSTALL] * 3
    assert [event.attempt for event in of.of_kind(EventKind.INTENT)] == [1, 2, 3]
    assert [event.data["judged"] for event in of.of_kind(EventKind.RESULT)] == ["busy", "busy", "ok"]
    assert of.clock.seconds == 20.0


def test_patience_ends_and_no_other_remedy_is_tried() -> None:
    """Although a failed step would lead to the next one."""
    of, machine = world(2, 2, 2)

    verdict = of.run()["a"]

    assert verdict.status is Status.FAILED
    assert machine.changes == [INSTALL] * 3
    assert verdict.reason == "set: said busy; tried 3 times in 20s"
    assert verdict.advice == "mind that it is busy"


def test_a_plain_failure_still_leads_to_the_next_remedy() -> None:
    """Also one after the wait."""
    for codes in ((1, 0), (2, 1, 0)):
        of, machine = world(*codes)
        of.run()
        assert machine.changes[-1] == HARSH, codes


def test_before_each_try_the_target_is_looked_at() -> None:
    """What the other one brought need not be brought again, and nothing of it was ours."""
    of, machine = world(2)
    of.clock = clock_that_mends(machine)
    verdict = of.run()["a"]

    assert verdict.status is Status.FIXED
    assert machine.changes == [INSTALL]
    finished = of.of_kind(EventKind.ACTION_FINISHED)[0]
    assert finished.data["status"] == "unchanged"


def test_a_request_to_stop_ends_the_wait_at_once() -> None:
    """Nothing was done yet, so nothing is left half done; and nothing is begun after it."""
    of, machine = world(2, 2, 0)

    class Interrupted(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.seconds >= 12.0:
                of.stop.request("Ctrl-C")

    of.clock = Interrupted()
    verdict = of.run()["a"]

    assert machine.changes == [INSTALL] * 2
    assert of.clock.seconds < 14.0
    assert verdict.status is Status.FAILED
    assert verdict.reason == "set: said busy; tried 2 times in 10s; not tried again: Ctrl-C"


def test_a_request_to_stop_before_the_wait() -> None:
    """There is none then."""
    of, machine = world(2, 0)
    ends = machine.on_set

    def interrupted(of_it: Machine, command: Command) -> CommandResult | None:
        of.stop.request("Ctrl-C")
        return ends(of_it, command) if ends else None

    machine.on_set = interrupted
    assert of.run()["a"].reason == "set: said busy; not tried again: Ctrl-C"
    assert machine.changes == [INSTALL]


def test_when_a_second_try_gets_lost_nothing_is_known() -> None:
    """The first one had done nothing; the second one may have."""
    of, machine = world(2, ConnectionLost("the line broke"))

    assert of.run()["a"].status is Status.INDETERMINATE
    assert machine.changes == [INSTALL] * 2


@pytest.mark.parametrize("dead", [True, None, False])
def test_what_goes_on_by_itself_is_unknown_although_its_command_is_dead(
    dead: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it handed its work to, such as a service, is none of its processes. So there is no next remedy."""
    monkeypatch.setattr(Installing, "decide", lambda *asked: _going_on(RunCommand.decide(*asked)))
    monkeypatch.setattr(Installing, "bound", lambda *asked: tuple(map(_lasting, RunCommand.bound(*asked))))
    of, machine = world(ConnectionLost("the line broke", process_dead=dead))

    assert of.run()["a"].status is Status.INDETERMINATE
    assert machine.changes == [INSTALL]


def _lasting(command: Command) -> Command:
    return replace(command, goes_on=True)


def _going_on(decision: Decision) -> Decision:
    return replace(decision, commands=tuple(map(_lasting, decision.commands)))


def test_when_a_second_try_cannot_be_sent_the_other_is_still_at_work() -> None:
    """So there is no next remedy either."""
    of, machine = world(2, Unreachable("no route"))

    assert of.run()["a"].status is Status.FAILED
    assert HARSH not in machine.changes


def test_when_it_cannot_be_looked_at_before_a_second_try_nothing_was_done() -> None:
    """That is what is said; and the other one is still at work."""
    of, machine = world(2)

    def unreachable(_machine: Machine, _command: Command) -> CommandResult:
        message = "no route"
        raise Unreachable(message)

    class Breaks(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            machine.on_get = unreachable

    of.clock = Breaks()
    verdict = of.run()["a"]

    assert (verdict.status, verdict.reason) == (Status.FAILED, "set: nothing was done yet, and then: no route")
    assert machine.changes == [INSTALL]


def test_what_may_still_be_at_work_is_looked_at_and_then_unknown() -> None:
    """Never failed, which would lead to the next remedy."""
    of, machine = world(3)

    verdict = of.run()["a"]

    assert verdict.status is Status.INDETERMINATE
    assert "may still be at work" in verdict.reason
    assert machine.changes == [INSTALL]
    assert of.clock.seconds == 20.0


def test_what_shows_later_is_proof_and_what_is_left_to_do_is_said() -> None:
    """On a target that is fixed."""
    of, machine = world(3)
    of.clock = clock_that_mends(machine)
    verdict = of.run()["a"]

    assert verdict.status is Status.FIXED
    assert verdict.advice == "mind that it is started"
    assert str(of.of_kind(EventKind.ACTION_FINISHED)[0].data["text"]).endswith("; said started")


def test_a_machine_that_goes_down_is_left_to_a_person() -> None:
    """And to no other remedy."""
    of, machine = world(4)

    verdict = of.run()["a"]

    assert verdict.status is Status.NEEDS_PERSON
    assert verdict.advice == "mind that it is restarting"
    assert machine.changes == [INSTALL]
