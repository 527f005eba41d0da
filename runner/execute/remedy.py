"""One remedy on one target: its steps in order, its ``always`` steps whatever happened, then the proof."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from runner.errors import CredentialError, ExpressionError, NothingSent, ParseError, TransportError
from runner.execute.action import Performance
from runner.execute.observe import Observer
from runner.execute.outcome import ActionResult, ActionStatus, Ended, RemedyResult, earlier_results
from runner.execute.proof import Proof
from runner.execute.tools import Tools, Where
from runner.model.event import EventKind
from runner.model.fields import format_duration
from runner.model.plan import Action, RemedyPlan
from runner.model.playbook import Expression, Remedy, Step
from runner.plan.actions import RESULTS, Turn, arguments, turns
from runner.plan.conditions import not_needed
from runner.plan.entries import Subject
from runner.plan.facts import View
from runner.steps.base import Args, Kind, Settle
from runner.transports.base import Connection

log = logging.getLogger(__name__)

_AFTER_TROUBLE = {
    ActionStatus.INDETERMINATE: Ended.INDETERMINATE,
    ActionStatus.NEEDS_PERSON: Ended.NEEDS_PERSON,
    ActionStatus.REFUSED: Ended.NEEDS_PERSON,
    ActionStatus.NOT_APPROVED: Ended.NOT_APPROVED,
}


@dataclass(slots=True)
class Treatment:
    """A remedy under way. ``view`` are the facts at its start: loops and arguments stay as they were then."""

    subject: Subject
    remedy: Remedy
    approved: RemedyPlan
    view: View
    connection: Connection
    observer: Observer
    tools: Tools
    entry: str
    acknowledged: frozenset[str]
    proof: Proof
    results: list[ActionResult] = field(default_factory=list)

    def run(self, keeps: tuple[object, ...]) -> RemedyResult:
        """Run it. Every step that was started has its result in the journal when this returns."""
        trouble: ActionResult | None = None
        for step in self.remedy.steps:
            for turn in turns(step, self.view):
                if trouble is not None and not self._runs_after_trouble(step, turn):
                    continue
                result = self._act(turn)
                self.results.append(result)
                if not result.status.went_well and trouble is None:
                    trouble = result
        if trouble is not None:
            return self._failed(trouble)
        proved = self.proof.of(self.remedy, keeps, changed=self.changed)
        left = dict.fromkeys(result.advice for result in self.results if result.advice)
        return replace(proved, advice="\n".join(left) or proved.advice)

    def _runs_after_trouble(self, step: Step, turn: Turn) -> bool:
        """Whether a step still runs: the ``always`` ones do, but never upon what is in an unknown state."""
        if not step.always or self.tools.stop.at_once:
            return False
        unknown = [result.touches for result in self.results if result.status is ActionStatus.INDETERMINATE]
        if not unknown:
            return True
        touches = self.view.step_type(step.type).touches(arguments(turn, self.view))
        return bool(touches) and all(unsure and not touches & unsure for unsure in unknown)

    def _act(self, turn: Turn) -> ActionResult:
        where = Where(self.entry, self.remedy.id, turn.id)
        approved = {action.id: action for action in self.approved.actions}.get(turn.id)
        title = turn.step.title or turn.id
        self.tools.note(self.tools.event(EventKind.ACTION_STARTED, where, {"title": title}))
        result = self._result_of(turn, approved, where)
        data = {"status": result.status.value, "text": result.text, "advice": result.advice, "facts": result.facts}
        self.tools.note(self.tools.event(EventKind.ACTION_FINISHED, where, data))
        return result

    def _result_of(self, turn: Turn, approved: Action | None, where: Where) -> ActionResult:
        """Every way in which an action can end, as a value."""
        try:
            names = {**turn.names, RESULTS: earlier_results(self._ids, self.results, turn.item)}
            if turn.step.when is not None and not self.view.holds(turn.step.when, **names):
                return _plain(turn, ActionStatus.SKIPPED, not_needed(turn.step.when, self.view, **names))
            args = arguments(turn, self.view)
            step_type = self.view.step_type(turn.step.type)
            if step_type.kind is Kind.MANUAL:
                return self._manual(turn, args)
            if step_type.kind is Kind.WAIT:
                return self._wait(turn, args)
            if approved is None:
                text = "the target changed: this action is not in the approved plan"
                return _plain(turn, ActionStatus.NOT_APPROVED, text)
            must_run = turn.step.always
            return Performance(
                turn, step_type, args, approved, self.connection, self.observer, self.tools, where, must_run
            ).perform()
        except (ParseError, ExpressionError, NothingSent, CredentialError) as problem:
            return _plain(turn, ActionStatus.FAILED, problem.message, problem.remedy)
        except TransportError as problem:
            return _plain(turn, ActionStatus.FAILED, f"could not be observed: {problem.message}", problem.remedy)
        except Exception as problem:  # before anything was sent: what was sent is Performance's to account for
            log.exception("internal error in %s", turn.id)
            return _plain(turn, ActionStatus.FAILED, f"internal error of vmfix: {type(problem).__name__}: {problem}")

    def _manual(self, turn: Turn, args: Args) -> ActionResult:
        name = f"{self.subject.playbook.id}/{self.remedy.id}/{turn.step.id}"
        if name in self.acknowledged:
            return _plain(turn, ActionStatus.UNCHANGED, "a person says that it is done")
        text = str(getattr(args, "text", "")).strip()
        advice = f"{text}\n\nWhen it is done, run again with --acknowledge {name}"
        return _plain(turn, ActionStatus.NEEDS_PERSON, turn.step.title or "a person has to do something first", advice)

    def _wait(self, turn: Turn, args: Args) -> ActionResult:
        """Observe until the step's condition holds or its time is up."""
        until, within, every = (getattr(args, name) for name in ("until", "within", "every"))
        condition = Expression(text=until, span=turn.step.span)
        pause = Settle(within, every)
        held, trouble = self.proof.poll(lambda view: view.holds(condition, **turn.names), pause)
        if held:
            return _plain(turn, ActionStatus.UNCHANGED, f"observed: {until}")
        return _plain(turn, ActionStatus.FAILED, trouble or f"not so within {format_duration(within)}: {until}")

    def _failed(self, trouble: ActionResult) -> RemedyResult:
        """What the remedy's end is called after trouble; whatever is unknown outweighs the rest."""
        ended = _AFTER_TROUBLE.get(trouble.status, Ended.FAILED)
        if any(result.status is ActionStatus.INDETERMINATE for result in self.results):
            ended = Ended.INDETERMINATE
        later = [r for r in self.results if not r.status.went_well and r is not trouble]
        text = "; ".join(f"{r.id}: {r.text}" for r in [trouble, *later])
        ends_ladder = any(result.ends_ladder for result in self.results)
        return RemedyResult(ended, text, trouble.advice, changed=self.changed, ends_ladder=ends_ladder)

    @property
    def _ids(self) -> tuple[str, ...]:
        return tuple(step.id for step in self.remedy.steps)

    @property
    def changed(self) -> bool:
        return any(result.sent for result in self.results)


def _plain(turn: Turn, status: ActionStatus, text: str, advice: str = "") -> ActionResult:
    """The result of an action that sent nothing."""
    return ActionResult(id=turn.id, step=turn.step.id, item=turn.item, status=status, text=text, advice=advice)
