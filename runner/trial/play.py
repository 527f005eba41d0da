"""One case, played through: observe, plan, approve, run, verify, as `vmfix plan` and `vmfix run --plan` do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner import __version__, codec
from runner.approve import approve
from runner.errors import NotApproved
from runner.execute import engine
from runner.execute.clock import SimulatedClock
from runner.execute.survey import survey
from runner.execute.tools import Stop, Tools
from runner.execute.verdict import Verdict
from runner.model.approval import Approval, ApprovedPlan
from runner.model.case import Case
from runner.model.event import Event, EventKind, Status
from runner.model.plan import Entry, Plan
from runner.model.playbook import Playbook
from runner.model.times import stamp
from runner.plan.assemble import Made, assemble
from runner.plan.entries import Subject
from runner.transports.fake import FakeConnection
from runner.trial.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a case: the plan's entry, every event of the run, the verdict, and the machine as it is now."""

    case: Case
    playbook: Playbook
    entry: Entry
    events: Sequence[Event]
    verdict: Verdict
    machine: Machine

    def begun(self) -> tuple[str, ...]:
        """The remedies that were begun, in order."""
        return tuple(event.remedy for event in self.events if event.kind is EventKind.REMEDY_STARTED)


def play(case: Case, playbook: Playbook) -> Played:
    """Nothing of it touches a network, a disk or a real clock."""
    clock = SimulatedClock()
    machine = Machine(case, playbook, clock)
    connection = FakeConnection([(lambda _command: True, machine)])
    subject = Subject(playbook, case.target, case.params, case.applied, case.backup_failed_at)
    (entry,) = survey([subject], lambda _target: connection, clock, concurrency=1)
    plan = _plan(entry, subject, clock)
    if case.since_plan is not None:
        machine.become(case.since_plan)
    events: list[Event] = []
    try:
        approved = _approved(plan, case, clock)
    except NotApproved as problem:
        verdict = Verdict(Status.REFUSED, problem.message, problem.remedy)
    else:
        tools = _tools(machine, connection, clock, events)
        verdicts = engine.run(approved, {entry.key: subject}, tools, concurrency=1, just_observed=False)
        verdict = verdicts[entry.key]
    return Played(case=case, playbook=playbook, entry=entry, events=events, verdict=verdict, machine=machine)


def _plan(entry: Entry, subject: Subject, clock: SimulatedClock) -> Plan:
    made = Made(at=clock.now(), creator="test", tool_version=__version__, note="", offline=False)
    return assemble((entry,), [(subject.playbook, subject.params)], [subject.target], made=made)


def _approved(plan: Plan, case: Case, clock: SimulatedClock) -> ApprovedPlan:
    """With consent to what the case approves, as far as the plan has it."""
    ids = plan.remedies()
    wanted = [full for full in ids if case.approve is None or full.partition("/")[2] in case.approve]
    approval = Approval(
        identity="test",
        digest=codec.digest(plan, evidence=False),
        remedies=frozenset(wanted),
        at=stamp(clock.now()),
        how="test",
        acknowledged=frozenset(case.acknowledge),
    )
    return approve(plan, [approval] if wanted or case.acknowledge else [], clock.now())


def _tools(machine: Machine, connection: FakeConnection, clock: SimulatedClock, events: list[Event]) -> Tools:
    """Records stay in memory; the intent that comes before each changing command tells whose it is."""

    def record(event: Event) -> None:
        if event.kind is EventKind.INTENT:
            machine.action = event.action
        events.append(event)

    return Tools(
        run="test",
        connect=lambda _target: connection,
        record=record,
        note=events.append,
        spill=events.append,
        can_record=lambda: True,
        clock=clock,
        stop=Stop(),
    )


def outcomes(entry: Entry) -> Mapping[str, str]:
    """What the plan says of each action, by ``REMEDY/ACTION``."""
    return {f"{remedy.id}/{a.id}": a.outcome.value for remedy in entry.remedies for a in remedy.actions}
