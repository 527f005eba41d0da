"""One playbook on one target, from the first look to its one final status."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runner.errors import VmfixError
from runner.execute.identity import check_identity
from runner.execute.observe import Nobody, Observer
from runner.execute.outcome import Ended, RemedyResult
from runner.execute.owing import Memory, close, refuse
from runner.execute.proof import Proof
from runner.execute.remedy import Treatment
from runner.execute.tools import Tools, Where
from runner.execute.verdict import ENDED_STATUS, STANDING_STATUS, Verdict, owing, standing_after
from runner.model.event import Event, EventKind, Status
from runner.model.plan import Entry, RemedyPlan, Standing
from runner.model.playbook import OnFailure, Remedy
from runner.plan.actions import Touched
from runner.plan.by_person import manual_text
from runner.plan.conditions import not_needed
from runner.plan.debts import advice, reason, wanted
from runner.plan.entries import Assessment, Subject, assess, plan_remedy, remarks
from runner.plan.facts import View
from runner.plan.owing import pledges
from runner.plan.staleness import differences
from runner.transports.base import Connection

log = logging.getLogger(__name__)


@dataclass(slots=True)
class EntryRun:
    """An entry under way. ``approved``: ids ``PLAYBOOK/REMEDY`` that somebody consented to."""

    entry: Entry
    subject: Subject
    approved: frozenset[str]
    acknowledged: frozenset[str]
    tools: Tools
    changed: bool = False
    tried: list[str] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    observer: Observer | None = None

    def run(self) -> Verdict:
        """Work the entry to its end. Never raises: whatever happens becomes the verdict."""
        tools = self.tools
        self.tools = self.memory.beside(tools)
        verdict = self._worked()
        owed = close(self.memory, self.subject.target, self.observer, tools, Where(self.entry.key))
        return owing(verdict, owed) if owed else verdict

    def _worked(self) -> Verdict:
        try:
            return self._run()
        except VmfixError as problem:
            if self.tried:
                text = f"after `{self.tried[-1]}` the target could not be observed: {problem.message}"
                return self._verdict(Status.FAILED, text, problem.remedy)
            status = STANDING_STATUS[standing_after(problem)]
            return self._verdict(status, problem.message, problem.remedy)
        except Exception as problem:  # a bug of ours must not take the record of what is owed with it
            log.exception("internal error on %s", self.entry.key)
            text = f"internal error of vmfix: {type(problem).__name__}: {problem}"
            return self._verdict(Status.INDETERMINATE, text)

    def _run(self) -> Verdict:
        guide = self.subject.playbook.is_guide
        connection = Nobody() if guide else self.tools.connect(self.subject.target)
        observer = Observer(connection, self.tools.clock)
        if not guide:
            observer.answer(check_identity(self.subject.target))
            self.observer = observer
            refusal = self._refusal(observer)
            if refusal is not None:
                return refusal
        proof = Proof(self.subject, observer, self.tools, self.entry.key)
        view = proof.look()
        assessment = assess(self.subject, view)
        self._note(
            EventKind.OBSERVED,
            {
                "healthy": assessment.healthy,
                "why": assessment.reason,
                "facts": view.facts,
                "remarks": remarks(self.subject.playbook, view),
            },
        )
        if assessment.standing is not Standing.PLANNED:
            return self._verdict(STANDING_STATUS[assessment.standing], assessment.reason)
        return self._ladder(Bench(connection, observer, proof), view, assessment)

    def _refusal(self, observer: Observer) -> Verdict | None:
        """Nothing is done on a target, and it is not called healthy, as long as something is owed to it."""
        target = self.subject.target
        before = self.tools.debts(target)
        debts = refuse(self.tools, target, observer) if before else ()
        if debts:
            return self._verdict(Status.REFUSED, reason(debts), advice(debts, target.platform))
        for debt in before:
            self._note(EventKind.NOTE, {"text": f"no longer owed by run {debt.run}: {wanted(debt)}"})
        return None

    def _ladder(self, bench: Bench, view: View, assessment: Assessment) -> Verdict:
        """Rung by rung, until one ends the matter."""
        last = self._verdict(Status.NOT_FIXED, "no remedy applies to what is seen on this target")
        for number, remedy in enumerate(self.subject.playbook.remedies[assessment.first_rung :]):
            if number:
                view = bench.proof.look()
            if remedy.when is not None and not view.holds(remedy.when):
                said = {"result": "skipped", "text": not_needed(remedy.when, view)}
                self._note(EventKind.REMEDY_FINISHED, said, remedy)
                continue
            # Looking whether it is stale takes time, in which a window may close or a stop be asked for.
            gate = self._gate(remedy, view) or self._stale(bench, remedy, view) or self._gate(remedy, view)
            if gate is not None:
                return gate
            result = self._treat(bench, remedy, view, assessment.keeps)
            last = self._verdict(ENDED_STATUS.get(result.ended, Status.FAILED), result.text, result.advice)
            last = replace(last, ends_ladder=result.ends_ladder)
            if result.ended is Ended.NOT_APPROVED:
                return self._as_stale(result.text)
            if not _goes_on(remedy, result):
                return last
        return last

    def _gate(self, remedy: Remedy, view: View) -> Verdict | None:
        """Why a remedy may not be started."""
        if remedy.manual:
            return self._by_person(remedy, view)
        if not self.tools.can_record():
            return self._verdict(Status.FAILED, f"`{remedy.id}` was not started, for the journal cannot be written")
        if self.tools.stop.asked:
            done = f"; changed by {', '.join(f'`{name}`' for name in self.tried)} before" if self.changed else ""
            return self._verdict(Status.CANCELLED, f"stopped before `{remedy.id}`: {self.tools.stop.reason}{done}")
        planned = self._planned.get(remedy.id)
        if planned is None or not planned.actions:
            return self._as_stale(self._unplanned(remedy))
        status = Status.NOT_FIXED if self.tried else Status.REFUSED
        if f"{self.subject.playbook.id}/{remedy.id}" in self.approved:
            closed = self.tools.gate(self.entry.key, planned)
            return self._verdict(status, f"`{remedy.id}` was not started: {closed}") if closed else None
        advice = f"Approve it with --approve {self.subject.playbook.id}/{remedy.id} if it is wanted."
        return self._verdict(status, f"the next remedy, `{remedy.id}`, is not approved", advice)

    def _unplanned(self, remedy: Remedy) -> str:
        """Why the plan holds nothing for a remedy that would apply."""
        if self.entry.standing in (Standing.FAILED, Standing.UNREACHABLE):
            return f"it could not be planned then: {self.entry.reason}"
        return f"now `{remedy.id}` would apply, and the plan holds no commands for it"

    def _by_person(self, remedy: Remedy, view: View) -> Verdict:
        name = f"{self.subject.playbook.id}/{remedy.id}"
        if name in self.acknowledged:
            return self._verdict(Status.APPLIED, f"{remedy.title}: a person says that it is done")
        text = manual_text(remedy.manual, view.names)
        return self._verdict(
            Status.NEEDS_PERSON, remedy.title, f"{text}\n\nWhen it is done, say so with --acknowledge {name}"
        )

    def _stale(self, bench: Bench, remedy: Remedy, view: View) -> Verdict | None:
        """Plan the remedy on the facts of now, and compare with what was approved, before anything of it is sent."""
        approved = self._planned[remedy.id]
        now = bench.observer.answer(plan_remedy(remedy, view, Touched()))
        new = differences(approved, now)
        return self._as_stale("; ".join(new)) if new else None

    def _as_stale(self, difference: str) -> Verdict:
        """Not as approved: stale while untouched; if an earlier remedy already ran, the target is simply not fixed."""
        advice = "Make a new plan and look at it."
        status = Status.NOT_FIXED if self.changed else Status.STALE
        return self._verdict(status, f"the target is not as it was when the plan was approved: {difference}", advice)

    @property
    def _planned(self) -> dict[str, RemedyPlan]:
        return {plan.id: plan for plan in self.entry.remedies}

    def _treat(self, bench: Bench, remedy: Remedy, view: View, keeps: tuple[object, ...]) -> RemedyResult:
        self.tried.append(remedy.id)
        data = {"title": remedy.title, "pledges": pledges(remedy, view)}
        self.tools.record(self._event(EventKind.REMEDY_STARTED, data, remedy))
        treatment = Treatment(
            self.subject,
            remedy,
            self._planned[remedy.id],
            view,
            bench.connection,
            bench.observer,
            self.tools,
            self.entry.key,
            self.acknowledged,
            bench.proof,
        )
        result = treatment.run(keeps)
        self.changed = self.changed or result.changed
        self._note(EventKind.REMEDY_FINISHED, {"result": result.ended.value, "text": result.text}, remedy)
        return result

    def _verdict(self, status: Status, reason: str, advice: str = "") -> Verdict:
        return Verdict(status, reason, advice, self.tried[-1] if self.tried else "", self.changed)

    def _event(self, kind: EventKind, data: Mapping[str, object], remedy: Remedy | None = None) -> Event:
        return self.tools.event(kind, Where(self.entry.key, remedy.id if remedy else ""), data)

    def _note(self, kind: EventKind, data: Mapping[str, object], remedy: Remedy | None = None) -> None:
        self.tools.note(self._event(kind, data, remedy))


@dataclass(frozen=True, slots=True)
class Bench:
    """What a treatment works with on one target."""

    connection: Connection
    observer: Observer
    proof: Proof


def _goes_on(remedy: Remedy, result: RemedyResult) -> bool:
    """Whether the ladder goes on to the next rung after this result."""
    if result.ended is Ended.NOT_HEALTHY:
        return True
    if result.ends_ladder:
        return False
    mishap = result.ended in (Ended.FAILED, Ended.NEEDS_PERSON)
    return mishap and remedy.on_failure is OnFailure.NEXT
