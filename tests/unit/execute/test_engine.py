"""The engine: what is sent, what is recorded, and the one status that every entry ends in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from runner.errors import (
    AuthenticationFailed,
    ConnectionLost,
    DeadlineExceeded,
    GuardViolation,
    HostIdentityError,
    NotApproved,
    Unreachable,
)
from runner.execute.clock import SimulatedClock
from runner.execute.observe import Observer
from runner.model.command import Command, CommandResult, Effect
from runner.model.event import Applied, EventKind, Status
from runner.model.plan import Outcome, Standing
from tests.unit.execute.world import HEAD, SIMPLE, Machine, World, load


def world(text: str = SIMPLE, **flags: str) -> World:
    """One target, ``a``, with these flags."""
    return World(load(text), {"a": Machine(dict(flags))})


def machine(of: World, name: str = "a") -> Machine:
    """The simulated machine behind a target."""
    found = of.machines[name]
    assert isinstance(found, Machine)
    return found


def test_a_faulty_target_is_mended_and_proven() -> None:
    """Observed faulty, changed once, observed healthy: fixed."""
    it = world(state="bad")

    verdict = it.run()["a"]

    assert verdict.status is Status.FIXED
    assert verdict.changed
    assert machine(it).changes == [("put", "state", "good")]


def test_a_healthy_target_gets_observations_only() -> None:
    """Nothing is sent that could change anything, and no intent is recorded."""
    it = world(state="good")

    assert it.run()["a"].status is Status.HEALTHY
    assert machine(it).changes == []
    assert it.of_kind(EventKind.INTENT) == []


def test_a_second_run_changes_nothing() -> None:
    """What was fixed is healthy the next time."""
    it = world(state="bad")
    it.run()
    before = len(machine(it).changes)

    assert it.run()["a"].status is Status.HEALTHY
    assert len(machine(it).changes) == before


def test_planning_sends_observations_only() -> None:
    """A plan is made of looks, and says what would be changed."""
    it = world(state="bad")

    plan = it.plan()

    assert machine(it).changes == []
    (action,) = plan.entries[0].remedies[0].actions
    assert action.outcome is Outcome.WOULD_CHANGE
    assert [command.argv for command in action.commands] == [("put", "state", "good")]


def test_the_guard_lets_no_change_through() -> None:
    """The observer refuses a changing command before it is sent."""
    target = Machine()

    with pytest.raises(GuardViolation):
        Observer(target, SimulatedClock())(Command(argv=("put", "state", "x"), effect=Effect.CHANGE))

    assert target.sent == []


def test_the_intent_is_recorded_before_the_command_is_sent() -> None:
    """At the moment of sending, the intent with the exact command is there already."""
    seen: list[int] = []
    it = world(state="bad")

    def look(_machine: Machine, _command: Command) -> None:
        seen.append(len(it.of_kind(EventKind.INTENT)))

    machine(it).on_set = look

    it.run()

    assert seen == [1]
    (intent,) = it.of_kind(EventKind.INTENT)
    command = intent.data["command"]
    assert isinstance(command, dict)
    assert command["argv"] == ("put", "state", "good")


def test_without_a_journal_nothing_is_sent() -> None:
    """An intent that cannot be recorded stops the command, not only its record."""
    it = world(state="bad")
    it.refuse_intents = True

    verdict = it.run()["a"]

    assert verdict.status is Status.FAILED
    assert "cannot be recorded" in verdict.reason
    assert machine(it).changes == []


def test_a_broken_journal_starts_no_remedy() -> None:
    """Once the journal failed, the next remedy is not begun."""
    it = world(state="bad")
    it.journal_broken = True

    assert it.run()["a"].status is Status.FAILED
    assert machine(it).changes == []


def test_nothing_runs_without_consent() -> None:
    """A plan with something to do and no approval is refused as a whole."""
    it = world(state="bad")

    with pytest.raises(NotApproved):
        it.run(remedies=())

    assert machine(it).changes == []


LADDER = (
    HEAD
    + """
remedies:
  - id: first
    risk: [config]
    steps:
      - id: one
        command: {argv: [put, extra, one], check: {command: [get, extra], that: out == "one", why_read_only: a test}}
  - id: second
    risk: [config]
    steps:
      - id: two
        command: {argv: [put, state, good], check: {command: [get, state], that: out == "good", why_read_only: a test}}
"""
)


def test_the_ladder_goes_on_until_healthy() -> None:
    """The first rung does not help, the second does."""
    it = world(LADDER, state="bad")

    verdict = it.run()["a"]

    assert verdict.status is Status.FIXED
    assert verdict.remedy == "second"
    assert machine(it).changes == [("put", "extra", "one"), ("put", "state", "good")]


def test_a_rung_that_nobody_approved_ends_the_ladder() -> None:
    """The first rung ran and did not help; the second is not approved, so the target is not fixed."""
    it = world(LADDER, state="bad")

    verdict = it.run(remedies=("demo/first",))["a"]

    assert verdict.status is Status.NOT_FIXED
    assert "not approved" in verdict.reason
    assert machine(it).changes == [("put", "extra", "one")]


def test_an_unapproved_first_rung_is_never_jumped() -> None:
    """Approval of the second rung does not allow to leave the first one out."""
    it = world(LADDER, state="bad")

    assert it.run(remedies=("demo/second",))["a"].status is Status.REFUSED
    assert machine(it).changes == []


ALWAYS = (
    HEAD
    + """
remedies:
  - id: mend
    risk: [config]
    steps:
      - id: stop
        command:
          argv: [put, service, stopped]
          check: {command: [get, service], that: out == "stopped", why_read_only: a test}
      - id: work
        command: {argv: [put, state, good], check: {command: [get, state], that: out == "good", why_read_only: a test}}
      - id: start
        always: true
        command:
          argv: [put, service, running]
          check: {command: [get, service], that: out == "running", why_read_only: a test}
"""
)


Answer = Callable[[Machine, Command], CommandResult | None]


def refuse(flag: str, code: int = 7) -> Answer:
    """Setting this flag fails."""

    def answer(_machine: Machine, command: Command) -> CommandResult | None:
        return CommandResult(exit_code=code, stderr=b"cannot") if command.argv[1] == flag else None

    return answer


def test_always_steps_run_after_a_failure() -> None:
    """What was stopped is started again though the step between failed."""
    it = world(ALWAYS, state="bad", service="running")
    machine(it).on_set = refuse("state")

    verdict = it.run()["a"]

    assert verdict.status is Status.FAILED
    assert "exit 7: cannot" in verdict.reason
    assert machine(it).flags["service"] == "running"


def test_a_planned_action_that_depends_on_an_earlier_one_is_not_called_certain() -> None:
    """The service runs now, but the plan does not claim that starting it would be needless."""
    it = world(ALWAYS, state="bad", service="running")

    actions = {action.id: action for action in it.plan().entries[0].remedies[0].actions}

    assert actions["start"].outcome is Outcome.CANNOT_KNOW
    assert "depends on step" in actions["start"].evidence
    assert actions["start"].commands


def lose(flag: str, *, done: bool) -> Answer:
    """The connection breaks under setting this flag, which takes effect or not."""

    def answer(of: Machine, command: Command) -> CommandResult | None:
        if command.argv[1] != flag:
            return None
        if done:
            of.flags[flag] = command.argv[2]
        message = "the line broke"
        raise ConnectionLost(message)

    return answer


def test_a_lost_answer_is_settled_by_looking() -> None:
    """The command took effect though its answer was lost: observed, so the target counts as fixed; sent once."""
    it = world(state="bad")
    machine(it).on_set = lose("state", done=True)

    assert it.run()["a"].status is Status.FIXED
    assert len(machine(it).changes) == 1


def test_what_cannot_be_settled_is_indeterminate_and_never_repeated() -> None:
    """The answer was lost and no effect is seen: it may still come, so nothing more is sent."""
    it = world(ALWAYS, state="bad", service="running")
    machine(it).on_set = lose("state", done=False)

    verdict = it.run()["a"]

    assert verdict.status is Status.INDETERMINATE
    assert machine(it).changes.count(("put", "state", "good")) == 1


@pytest.mark.parametrize(
    ("dead", "status"), [(True, Status.FAILED), (False, Status.INDETERMINATE), (None, Status.INDETERMINATE)]
)
def test_a_missed_deadline_is_failed_only_if_the_process_is_dead(dead: bool | None, status: Status) -> None:
    """A command that may still be at work leaves the target indeterminate, whatever is seen now."""
    it = world(state="bad")

    def hang(_machine: Machine, _command: Command) -> CommandResult:
        message = "not done in time"
        raise DeadlineExceeded(message, process_dead=dead)

    machine(it).on_set = hang

    assert it.run()["a"].status is status


def test_a_lost_observation_is_repeated() -> None:
    """Reading twice harms nobody: two lost looks, then an answer."""
    it = world(state="good")
    losses = iter([True, True, False])

    def flaky(_machine: Machine, _command: Command) -> CommandResult | None:
        if next(losses, False):
            message = "the line broke"
            raise ConnectionLost(message)
        return None

    machine(it).on_get = flaky

    assert it.run()["a"].status is Status.HEALTHY


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Unreachable("no route"), Status.UNREACHABLE),
        (AuthenticationFailed("no key fits"), Status.UNREACHABLE),
        (HostIdentityError("another key"), Status.REFUSED),
    ],
)
def test_targets_that_cannot_be_reached_do_not_stop_the_others(problem: Exception, status: Status) -> None:
    """Each entry has its own status, with the reason."""
    it = World(load(SIMPLE), {"gone": problem, "a": Machine({"state": "bad"})})  # type: ignore[dict-item]

    verdicts = it.run()

    assert verdicts["gone"].status is status
    assert verdicts["gone"].reason == str(problem)
    assert verdicts["a"].status is Status.FIXED


def test_a_target_that_changed_since_the_plan_is_stale_and_untouched() -> None:
    """An action that the approved plan does not hold is not run, nor is anything else on that target."""
    text = HEAD + (
        "define: {items: 'extra.split(\",\")'}\n"
        "remedies:\n- id: mend\n  risk: [config]\n  steps:\n  - id: set\n    for_each: items\n"
        '    command: {argv: [put, "{{ item }}", done], '
        'check: {command: [get, "{{ item }}"], that: out == "done", why_read_only: a test}}\n'
    )
    it = World(load(text), {"a": Machine({"state": "bad", "extra": "x"})})
    plan = it.plan()
    machine(it).flags["extra"] = "x,y"

    verdict = it.run(plan)["a"]

    assert verdict.status is Status.STALE
    assert "`set[y]` is new" in verdict.reason
    assert machine(it).changes == []


def test_fewer_actions_than_approved_are_fine() -> None:
    """An item that is gone by the time of the run is simply not done."""
    text = HEAD + (
        "define: {items: 'extra.split(\",\")'}\n"
        "remedies:\n- id: mend\n  risk: [config]\n  proves: next-backup\n  steps:\n  - id: set\n    for_each: items\n"
        '    command: {argv: [put, "{{ item }}", done], '
        'check: {command: [get, "{{ item }}"], that: out == "done", why_read_only: a test}}\n'
    )
    it = World(load(text), {"a": Machine({"state": "bad", "extra": "x,y"})})
    plan = it.plan()
    machine(it).flags["extra"] = "y"

    assert it.run(plan)["a"].status is Status.APPLIED
    assert machine(it).changes == [("put", "y", "done")]


APPLIED = (
    SIMPLE.replace("    risk: [config]", "    risk: [config]\n    proves: next-backup")
    .replace("put, state, good", "put, extra, on")
    .replace('[get, state], that: out == "good"', '[get, extra], that: out == "on"')
)


def test_what_only_a_backup_proves_ends_as_applied() -> None:
    """The guest cannot tell, and the report does not pretend that it can."""
    it = world(APPLIED, state="bad")

    assert it.run()["a"].status is Status.APPLIED


def test_an_applied_remedy_waits_for_the_next_backup() -> None:
    """A second run changes nothing and says since when it waits."""
    it = world(APPLIED, state="bad")
    it.applied = {"a": Applied(remedy="mend", at="2026-11-25T01:00:00.000000Z", run="r0")}

    verdict = it.run()["a"]

    assert verdict.status is Status.APPLIED
    assert "awaiting a backup" in verdict.reason
    assert machine(it).changes == []


def test_only_a_later_failure_leads_to_the_next_rung() -> None:
    """A backup that failed after the remedy was applied shows that it did not help."""
    it = world(LADDER, state="bad")
    it.applied = {"a": Applied(remedy="first", at="2026-11-25T01:00:00.000000Z", run="r0")}
    it.failed_at = "2026-11-25T02:00:00+00:00"

    assert it.run()["a"].status is Status.FIXED
    assert machine(it).changes == [("put", "state", "good")]


def test_a_requirement_that_does_not_hold_refuses_the_target() -> None:
    """With the author's own words, and nothing sent."""
    it = world(
        SIMPLE.replace("remedies:", "requires: [{that: extra, else: A backup is running}]\nremedies:"), state="bad"
    )

    verdict = it.run()["a"]

    assert verdict.status is Status.REFUSED
    assert verdict.reason == "A backup is running"


def test_a_manual_remedy_needs_a_person() -> None:
    """Its text is what the person reads, rendered with the facts."""
    text = HEAD + "remedies:\n- {id: call, title: Call someone, manual: 'state is {{ state }}'}\n"

    verdict = world(text, state="bad").run()["a"]

    assert verdict.status is Status.NEEDS_PERSON
    assert verdict.advice.startswith("state is bad\n")


def test_what_was_there_before_must_be_there_after() -> None:
    """A remedy that makes the target healthy by losing something has failed, and no other remedy is tried on that."""
    text = SIMPLE.replace("remedies:", "keeps: extra.split(',')\nremedies:")
    text = text.replace("  - id: mend", "  - id: mend\n    on_failure: next")
    text += "  - {id: more, title: More, manual: Do more.}\n"
    it = World(load(text), {"a": Machine({"state": "bad", "extra": "x,y"})})

    def lossy(of: Machine, _command: Command) -> CommandResult | None:
        of.flags.update(state="good", extra="x")
        return CommandResult(exit_code=0)

    machine(it).on_set = lossy

    verdict = it.run()["a"]

    assert verdict.status is Status.FAILED
    assert "is gone: y" in verdict.reason


def test_a_stop_takes_effect_between_remedies() -> None:
    """The remedy under way is finished; the next one is not begun."""
    it = world(LADDER, state="bad")

    def ask(_machine: Machine, _command: Command) -> None:
        it.stop.request("Ctrl-C")

    machine(it).on_set = ask

    verdict = it.run()["a"]

    assert verdict.status is Status.CANCELLED
    assert verdict.reason == "stopped before `second`: Ctrl-C; changed by `first` before"
    assert machine(it).changes == [("put", "extra", "one")]


def test_a_stop_accounts_for_every_entry() -> None:
    """Entries that were never started are cancelled, each with its own record."""
    it = World(load(SIMPLE), {name: Machine({"state": "bad"}) for name in "abcdefgh"})
    plan = it.plan()
    it.stop.request("Ctrl-C")

    verdicts = it.run(plan)

    assert {verdict.status for verdict in verdicts.values()} == {Status.CANCELLED}
    assert len(it.of_kind(EventKind.TARGET_FINISHED)) == 8


def test_an_unreadable_observation_fails_only_its_target() -> None:
    """An exit code that the observation does not know is an error, never taken for healthy."""
    it = world(state="bad")
    machine(it).on_get = lambda _machine, _command: CommandResult(exit_code=3, stderr=b"no such thing")

    plan = it.plan()

    assert plan.entries[0].standing is Standing.FAILED
    assert "exit 3: no such thing" in plan.entries[0].reason


def test_a_half_read_observation_is_an_error() -> None:
    """A list that was cut off must not look like a short one."""
    it = world(state="bad")
    machine(it).on_get = lambda _machine, _command: CommandResult(exit_code=0, stdout=b"good", truncated=True)

    assert it.plan().entries[0].standing is Standing.FAILED


def test_a_command_outside_the_approved_plan_is_not_sent() -> None:
    """Consent is to exact commands: a plan whose commands were taken away runs none."""
    it = world(state="bad")
    plan = it.plan()
    entry = plan.entries[0]
    bare = dataclasses.replace(entry.remedies[0].actions[0], commands=())
    stripped = dataclasses.replace(entry, remedies=(dataclasses.replace(entry.remedies[0], actions=(bare,)),))

    verdict = it.run(it.plan_of((stripped,)))["a"]

    assert verdict.status is Status.STALE
    assert machine(it).changes == []


def test_a_target_that_was_healthy_in_the_plan_and_is_not_now_is_stale() -> None:
    """Consent was given for the other target; nothing was planned here, so nothing is done here."""
    it = World(load(SIMPLE), {"a": Machine({"state": "good"}), "b": Machine({"state": "bad"})})
    plan = it.plan()
    machine(it).flags["state"] = "bad"

    verdicts = it.run(plan)

    assert verdicts["a"].status is Status.STALE
    assert verdicts["b"].status is Status.FIXED
    assert machine(it).changes == []


def test_a_later_remedy_knows_what_the_first_look_saw() -> None:
    """What an earlier remedy stopped, and could not start again, is started by the one that mends the cause."""
    text = (
        HEAD
        + """
define:
  ran: first.extra.split()
remedies:
  - id: tries
    risk: [config]
    steps: [{id: stop, command: {argv: [put, extra, ""]}}]
  - id: mends
    risk: [config]
    steps:
      - {id: mend, command: {argv: [put, state, good]}}
      - {id: start, for_each: ran, command: {argv: [put, extra, "{{ item }}"]}}
"""
    )
    it = world(text, state="bad", extra="MSMQ")

    assert it.run()["a"].status is Status.FIXED
    assert machine(it).changes == [("put", "extra", ""), ("put", "state", "good"), ("put", "extra", "MSMQ")]
