"""The composition root: load -> validate -> observe -> plan -> approve -> execute -> journal -> report.

Read this first. Every real edge (network, disk, clock, terminal) is tied to the pure core here and nowhere else.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import platform
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from runner import __version__, codec, stops
from runner.approve import approve, full_ids
from runner.credentials import Resolver, redact_json
from runner.debts import OBSERVED_BY, owed_to, settlement
from runner.errors import JournalError, UsageError, VmfixError
from runner.execute import engine
from runner.execute.pool import Connections
from runner.execute.survey import reach, survey
from runner.execute.tools import Stop, Tools, Where
from runner.execute.verdict import Verdict
from runner.govern.gatekeeper import Gatekeeper
from runner.govern.quorum import judge
from runner.journal import CANCELLED, FINISHED, Journal, JournalReader
from runner.model.approval import Approval, ApprovedPlan, Judgement, Offered
from runner.model.debt import Debt
from runner.model.event import Event, EventKind, Status
from runner.model.inventory import Target
from runner.model.plan import Entry, Plan
from runner.model.times import stamp
from runner.plan.assemble import PLAN_LIFETIME, Made, assemble
from runner.plan.entries import Subject, plan_offline
from runner.prepare import Prepared, Request, prepare
from runner.report.summary import summarise
from runner.report.values import Report
from runner.rules import Rules
from runner.surroundings import Surroundings
from runner.transports.base import Connection
from runner.transports.table import connector
from runner.trial.record import Recorder

log = logging.getLogger(__name__)


class App:
    """One invocation of vmfix. A context manager: leaving it closes every connection."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.stop = Stop()
        self.resolver = Resolver(surroundings.environ, surroundings.prompt)
        self.connections = Connections(self._connect)
        self.recorder: Recorder | None = None
        """Hears what is sent to the one target of this invocation, and what comes back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connections.close()

    def _connect(self, target: Target) -> Connection:
        connection = connector(target.transport)(target, self.resolver)
        if self.recorder is None:
            return connection
        self.recorder.connection = connection
        return self.recorder

    def redact(self, text: str) -> str:
        """The text without any secret that was resolved."""
        return self.resolver.redact(text)

    def prepare(self, request: Request) -> Prepared:
        """Load and validate everything that the request names; see ``runner.prepare``."""
        return prepare(request, self.surroundings.state)

    def plan(
        self,
        prepared: Prepared,
        request: Request,
        *,
        offline: bool = False,
        seen: Callable[[Entry], None] = lambda _entry: None,
    ) -> Plan:
        """Look at every target (observations only), or with ``offline`` at none, and say what would be done."""
        if offline:
            entries = tuple(plan_offline(subject) for subject in prepared.subjects)
        else:
            settled: dict[str, Debt] = {}
            found = survey(
                prepared.subjects,
                self.connections,
                self.surroundings.clock,
                concurrency=request.concurrency,
                seen=seen,
                settled=lambda debt: settled.update({debt.id: debt}),
            )
            try:
                self.settle(settled.values())
            except JournalError as problem:  # then it will be seen again
                log.warning("what is no longer owed could not be recorded: %s", problem.message)
            entries = tuple(self._redacted(entry) for entry in found)
        made = Made(
            at=self.surroundings.clock.now(),
            creator=self.surroundings.identity,
            tool_version=__version__,
            note=request.note,
            offline=offline,
            lifetime=dt.timedelta(seconds=request.lifetime) if request.lifetime else PLAN_LIFETIME,
        )
        playbooks = [(playbook, prepared.params[playbook.id]) for playbook in prepared.playbooks]
        return assemble(entries, playbooks, prepared.targets, made=made)

    def settle(self, debts: Iterable[Debt], *, by: str = OBSERVED_BY, why: str = "") -> None:
        """Record that these are no longer owed: as was seen, or as a person says and ``why``. Raises JournalError."""
        found = list(debts)
        if found:
            with self._journal() as journal:
                for debt in found:
                    journal.record(settlement(debt, self._now(), by=by, why=why or debt.seen))

    def _journal(self) -> Journal:
        return Journal(self.surroundings.state, redact=self.redact, now=self._now)

    def _now(self) -> str:
        return stamp(self.surroundings.clock.now())

    def _redacted(self, entry: Entry) -> Entry:
        """The entry without secrets that a target sent back to us. Before the digest, or a saved plan would not fit it.

        Should a command hold one, the masked command is not the one that is needed, and the target ends as stale.
        """
        before = codec.to_json(entry)
        after = redact_json(before, self.redact)
        return entry if before == after else codec.from_json(Entry, after)

    def consent(self, plan: Plan, remedies: Iterable[str], how: str, acknowledged: Iterable[str] = ()) -> ApprovedPlan:
        """The plan with the consent of whoever runs vmfix now, unsigned. ``remedies`` may leave the playbook out.

        Raises ``NotApproved`` and ``PlanFileError`` as ``approve`` does.
        """
        given = self._unsigned(plan, remedies, how, acknowledged)
        return approve(plan, [given] if given else [], self.surroundings.clock.now())

    def judge(  # noqa: PLR0913 - all that a consent is made of
        self,
        plan: Plan,
        rules: Rules,
        offered: Sequence[Offered],
        remedies: Iterable[str],
        *,
        how: str,
        acknowledged: Iterable[str] = (),
    ) -> tuple[ApprovedPlan, Judgement]:
        """The plan as far as the policy's quorums are met by what was signed, and by unsigned consent where it counts.

        Raises ``NotApproved`` and ``PlanFileError`` as ``approve`` does.
        """
        if rules.policy is None:
            raise AssertionError
        now = self.surroundings.clock.now()
        given = self._unsigned(plan, remedies, how, acknowledged)
        digest = codec.digest(plan, evidence=False)
        judged = judge(plan, digest, rules.policy, offered, now, emergency=bool(rules.emergency), consent=given)
        return approve(plan, [], now, judged), judged

    def _unsigned(self, plan: Plan, remedies: Iterable[str], how: str, acknowledged: Iterable[str]) -> Approval | None:
        wanted = frozenset(full for remedy in remedies for full in full_ids(plan, remedy))
        said = frozenset(acknowledged)
        if not wanted and not said:
            return None
        return Approval(
            identity=self.surroundings.identity,
            digest=codec.digest(plan, evidence=False),
            remedies=wanted,
            at=stamp(self.surroundings.clock.now()),
            how=how,
            acknowledged=said,
        )

    def gatekeeper(self, approved: ApprovedPlan, rules: Rules) -> Gatekeeper:
        """Who says whether something of this plan may start, at each moment."""
        return Gatekeeper(
            approved,
            self.surroundings.clock.now,
            timetable=rules.schedule,
            waits=rules.wait,
            changed=rules.changed,
            holds_until=approved.holds_until,
        )

    def execute(  # noqa: PLR0913 - each is a different side of a run
        self,
        approved: ApprovedPlan,
        subjects: Mapping[str, Subject],
        *,
        concurrency: int,
        just_observed: bool,
        rules: Rules,
        listener: Callable[[Event], None] = lambda _event: None,
    ) -> Report:
        """Run an approved plan, durably recorded, and return its report.

        A plan that was not made just now (``just_observed``) is run once only. Raises ``PlanSpent`` or another
        ``JournalError`` before anything ran, or the latter at the end if the journal has lost the run.
        """
        clock = self.surroundings.clock
        run_id = f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with (
            self._journal() as journal,
            stops.answering(self.surroundings.state, run_id) as stop_asked,
        ):
            data = self._run_data(approved, rules, concurrency)
            journal.start_run(run_id, approved.plan, approved.digest, data, once=not just_observed)
            gatekeeper = self.gatekeeper(approved, rules)
            tools = self._tools(run_id, journal, gatekeeper, listener)
            self._record_terms(tools, approved, rules)
            verdicts = engine.run(
                approved,
                subjects,
                tools,
                concurrency=concurrency,
                just_observed=just_observed,
                pace=rules.pace,
                holds=gatekeeper.entry,
                stop_asked=stop_asked,
            )
            journal.finish_run(run_id, *_finished(verdicts, self.stop))
        try:
            return self.report(run_id)
        except UsageError as problem:  # the reader knows no such run; but it was carried out
            message = f"run {run_id} has ended, but its record is gone from the journal in {self.surroundings.state}"
            remedy = "Look at each target of the run. What was printed above is all that is left of it."
            raise JournalError(message, remedy=remedy) from problem

    def _record_terms(self, tools: Tools, approved: ApprovedPlan, rules: Rules) -> None:
        """Who consented, and by which rules the run goes."""
        for approval in approved.approvals:
            data = codec.to_json(approval)
            tools.record(Event(run=tools.run, at=approval.at, kind=EventKind.APPROVAL, data=data))
        for text in rules.lines():
            tools.record(tools.event(EventKind.NOTE, Where(), {"text": text}))

    def _tools(self, run_id: str, journal: Journal, gatekeeper: Gatekeeper, listener: Callable[[Event], None]) -> Tools:
        """The engine's ways to the outside. ``listener`` hears of every event after the journal has it."""

        def told(write: Callable[[Event], None]) -> Callable[[Event], None]:
            def tell(event: Event) -> None:
                write(event)
                listener(event)

            return tell

        return Tools(
            run=run_id,
            connect=self.connections,
            record=told(journal.record),
            note=told(journal.note),
            spill=journal.spill,
            can_record=lambda: journal.healthy,
            clock=self.surroundings.clock,
            stop=self.stop,
            gate=gatekeeper.remedy,
            debts=lambda target: owed_to(journal, self.surroundings.state, target),
            settle=lambda debt: journal.record(settlement(debt, self._now(), by=OBSERVED_BY, why=debt.seen)),
        )

    def _run_data(self, approved: ApprovedPlan, rules: Rules, concurrency: int) -> Mapping[str, object]:
        policy = rules.policy
        return {
            "policy": None if policy is None else {"name": policy.name, "digest": policy.digest},
            "emergency": rules.emergency,
            "tool_version": __version__,
            "digest": approved.digest,
            "concurrency": concurrency,
            "identity": self.surroundings.identity,
            "host": platform.node(),
        }

    def report(self, run: str) -> Report:
        """The report of a run, from the journal alone. Raises ``JournalCorrupt`` if its hash chain is broken."""
        journal = JournalReader(self.surroundings.state)
        record = journal.run(run)
        head = journal.verify(record.id)
        report = summarise(record.plan, journal.events(record.id), head=head, state=record.state)
        if not record.spilled:
            return report
        outside = "1 event of this run stands" if record.spilled == 1 else f"{record.spilled} events of this run stand"
        note = f"{outside} outside the hash chain, in the spill file: nothing proves what is said there"
        return dataclasses.replace(report, notes=(*report.notes, note))

    def ping(self, targets: Sequence[Target], concurrency: int) -> dict[str, VmfixError | None]:
        """Log in everywhere, become root or administrator, and say per target what is wrong; None if nothing is."""
        return reach(targets, self.connections, self.surroundings.clock, concurrency=concurrency)


def _finished(verdicts: Mapping[str, Verdict], stop: Stop) -> tuple[str, Mapping[str, object]]:
    """The state of the run. What was stopped at once is cancelled too, whatever its targets ended as."""
    counts: dict[str, int] = {}
    for verdict in verdicts.values():
        counts[verdict.status.value] = counts.get(verdict.status.value, 0) + 1
    left = [v for v in verdicts.values() if v.status is Status.CANCELLED or (stop.at_once and not v.status.in_order)]
    return CANCELLED if stop.interrupted and left else FINISHED, {"counts": counts}
