"""A tiny simulated target for the engine's tests: flags that commands read and set, and faults on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runner import codec
from runner.approve import approve
from runner.diagnostics import Diagnostics
from runner.errors import JournalError, VmfixError
from runner.execute import engine
from runner.execute.clock import SimulatedClock
from runner.execute.survey import survey
from runner.execute.tools import Stop, Tools
from runner.execute.verdict import Verdict
from runner.load.playbook import load_playbook
from runner.model.approval import Approval
from runner.model.command import Command, CommandResult, Effect
from runner.model.event import Applied, Event, EventKind
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.plan import PLAN_FORMAT, Entry, Plan
from runner.model.playbook import Playbook
from runner.model.times import stamp
from runner.plan.entries import Subject


@dataclass
class Machine:
    """``get FLAG`` prints a flag; ``put FLAG VALUE`` sets it. ``on_set`` may change what a set does, or raise."""

    flags: dict[str, str] = field(default_factory=dict)
    on_set: Callable[[Machine, Command], CommandResult | None] | None = None
    on_get: Callable[[Machine, Command], CommandResult | None] | None = None
    sent: list[Command] = field(default_factory=list)
    closed: bool = False

    @property
    def changes(self) -> list[tuple[str, ...]]:
        return [command.argv for command in self.sent if command.effect is Effect.CHANGE]

    def run(self, command: Command) -> CommandResult:
        self.sent.append(command)
        verb, flag, *value = command.argv
        special = self.on_set if verb == "put" else self.on_get
        answer = special(self, command) if special else None
        if answer is not None:
            return answer
        if verb == "put":
            self.flags[flag] = value[0]
            return CommandResult(exit_code=0)
        return CommandResult(exit_code=0, stdout=self.flags.get(flag, "").encode())

    def close(self) -> None:
        self.closed = True


HEAD = """
vmfix: 1
playbook: demo
title: A demonstration
platform: linux
solves: [Demo]
observe:
  state: {command: [get, state], why_read_only: a test}
  extra: {command: [get, extra], why_read_only: a test}
healthy: state == "good"
"""

SIMPLE = (
    HEAD
    + """
remedies:
  - id: mend
    risk: [config]
    steps:
      - id: set
        command: {argv: [put, state, good], check: {command: [get, state], that: out == "good", why_read_only: a test}}
"""
)


def load(text: str) -> Playbook:
    """A playbook that must be right."""
    diagnostics = Diagnostics()
    playbook = load_playbook(text, "demo.yml", diagnostics)
    assert playbook is not None, "\n".join(map(str, diagnostics))
    return playbook


@dataclass
class World:
    """Targets by name, and everything that a run of them emits."""

    playbook: Playbook
    machines: Mapping[str, Machine | VmfixError]
    applied: Mapping[str, Applied] = field(default_factory=dict)
    failed_at: str = ""
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    stop: Stop = field(default_factory=Stop)
    events: list[Event] = field(default_factory=list)
    spilled: list[Event] = field(default_factory=list)
    refuse_intents: bool = False
    journal_broken: bool = False

    def target(self, name: str) -> Target:
        return Target(name=name, address=name, transport=TransportKind.FAKE, platform=Platform.LINUX)

    @property
    def subjects(self) -> dict[str, Subject]:
        return {
            f"{self.playbook.id}@{name}": Subject(
                self.playbook, self.target(name), {}, self.applied.get(name), self.failed_at
            )
            for name in self.machines
        }

    def connect(self, target: Target) -> Machine:
        machine = self.machines[target.name]
        if isinstance(machine, VmfixError):
            raise machine
        return machine

    def plan(self) -> Plan:
        entries = survey(list(self.subjects.values()), self.connect, self.clock, concurrency=4)
        return self.plan_of(entries)

    def plan_of(self, entries: tuple[Entry, ...]) -> Plan:
        return Plan(
            format=PLAN_FORMAT,
            tool_version="test",
            offline=False,
            creator="tester",
            note="",
            expires_at=stamp(self.clock.now() + dt.timedelta(hours=1)),
            playbooks=(),
            targets=(),
            entries=entries,
        )

    def record(self, event: Event) -> None:
        if event.kind is EventKind.INTENT and self.refuse_intents:
            message = "disk full"
            raise JournalError(message)
        self.events.append(event)

    def run(
        self, plan: Plan | None = None, remedies: tuple[str, ...] | None = None, *, just_observed: bool = False
    ) -> dict[str, Verdict]:
        """Approve ``remedies`` (default: all) of the plan (default: of now) and execute it; verdicts by target."""
        plan = plan or self.plan()
        wanted = plan.remedies() if remedies is None else remedies
        digest = codec.digest(plan, evidence=False)
        at = stamp(self.clock.now())
        consent = Approval(identity="t", digest=digest, remedies=frozenset(wanted), at=at, how="test")
        approved = approve(plan, [consent] if wanted else [], self.clock.now())
        verdicts = engine.run(approved, self.subjects, self.tools(), concurrency=4, just_observed=just_observed)
        return {key.split("@")[1]: verdict for key, verdict in verdicts.items()}

    def tools(self) -> Tools:
        return Tools(
            run="r1",
            connect=self.connect,
            record=self.record,
            note=self.events.append,
            spill=self.spilled.append,
            can_record=lambda: not self.journal_broken,
            clock=self.clock,
            stop=self.stop,
        )

    def of_kind(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]
