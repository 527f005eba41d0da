"""One action on one target: look, decide, record the intent, send, judge, look again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.errors import (
    CredentialError,
    JournalError,
    NothingSent,
    OutcomeUnknown,
    ParseError,
    TransportError,
    VmfixError,
)
from runner.execute.deeds import Deeds
from runner.execute.observe import Observer
from runner.execute.outcome import ActionResult, ActionStatus
from runner.execute.patience import Patience
from runner.execute.record import intent_data, result_data
from runner.execute.tools import Tools, Where
from runner.model.command import Command, Dialect
from runner.model.event import EventKind
from runner.model.plan import Action, Outcome
from runner.model.playbook import Doubt
from runner.plan.actions import Turn, timed
from runner.steps.base import Args, Decision, Judged, Judgement, StepType
from runner.transports.base import Connection

log = logging.getLogger(__name__)

_LOOK_FIRST = "Look at the target before anything else is done there."


@dataclass(slots=True)
class Performance:
    """An action under way. ``must_run``: it is an ``always`` step, which runs even if the journal cannot be written."""

    turn: Turn
    type: StepType[Any, Any]
    args: Args
    approved: Action
    connection: Connection
    observer: Observer
    tools: Tools
    where: Where
    must_run: bool = False
    intended: bool = False
    deeds: Deeds = field(default_factory=Deeds)

    def perform(self) -> ActionResult:
        """Bring the target to the wanted state, or say why not.

        Raises ``TransportError`` and ``ParseError`` only from looking before anything was sent. A bug of ours becomes
        a result too, so that the ``always`` steps after it still run.
        """
        try:
            return self._perform()
        except VmfixError:
            raise
        except Exception as problem:
            log.exception("internal error in %s", self.turn.id)
            status = ActionStatus.INDETERMINATE if self.intended else ActionStatus.FAILED
            return self._end(status, f"internal error of vmfix: {type(problem).__name__}: {problem}")

    def _perform(self) -> ActionResult:
        text = ""
        patience = Patience(self.type.patience(self.args), self.tools)
        rounds = self.type.rounds
        while rounds:
            looked = self._look()
            if isinstance(looked, ActionResult):
                return looked
            state, decision = looked
            ended = self._apply(decision)
            if isinstance(ended, OutcomeUnknown):
                return self._settle(ended, state)
            if ended is not None and self.deeds.busy and patience.waits():
                continue
            if ended is not None:
                return dataclasses.replace(ended, text=f"{ended.text}{patience.said}")
            verdict = self._verify(state)
            if verdict.judged in (Judged.OK, Judged.UNSEEN):
                return self._end(ActionStatus.CHANGED, *self.deeds.with_what_is_left(verdict.text))
            text = verdict.text
            rounds -= 1
        if self.deeds.unfinished:
            text = f"the command has returned, and what it started may still be at work: {text}"
            return self._end(ActionStatus.INDETERMINATE, text, _LOOK_FIRST)
        return self._end(ActionStatus.FAILED, f"the commands ran, but: {text}")

    def _look(self) -> tuple[object, Decision] | ActionResult:
        """What is seen and follows from it; or the end, if nothing is left to do or nothing may be done."""
        try:
            state = self.observer.answer(self.type.observe(self.args))
            decision = self.type.decide(self.args, state)
        except (ParseError, TransportError) as problem:
            if not self.deeds.sent:
                raise
            came = "the commands ran, but" if self.deeds.done else "nothing was done yet, and then"
            return self._end(ActionStatus.FAILED, f"{came}: {problem.message}", problem.remedy)
        if decision.outcome is Outcome.NO_CHANGE:
            status = ActionStatus.CHANGED if self.deeds.done else ActionStatus.UNCHANGED
            return self._end(status, *self.deeds.with_what_is_left(decision.evidence))
        return self._refusal(decision) or (state, decision)

    def _refusal(self, decision: Decision) -> ActionResult | None:
        """Why the decision cannot be carried out, if so. A command is never sent twice in one action."""
        if decision.outcome is Outcome.REFUSED:
            status = ActionStatus.FAILED if self.deeds.sent else ActionStatus.REFUSED
            return self._end(status, decision.evidence, decision.remedy)
        commands = timed(self.turn.step, decision.commands)
        if not set(commands) <= set(self.approved.commands):
            text = f"this would now need a command that is not in the approved plan: {decision.evidence}"
            return self._end(ActionStatus.NOT_APPROVED, text, "Make a new plan and look at it.")
        if set(commands) & self.deeds.done:
            return self._end(ActionStatus.FAILED, f"the commands ran, but: {decision.evidence}")
        return None

    def _apply(self, decision: Decision) -> ActionResult | OutcomeUnknown | None:
        """Send the commands in order. None: all ran and none was judged a failure."""
        commands = timed(self.turn.step, decision.commands)
        for number, command in enumerate(commands, start=1):
            ended = self._carry_out(command, decision, must_run=self.must_run)
            if ended is not None:
                return self._restored(ended, decision, commands[number:])
        return None

    def _restored(
        self, ended: ActionResult | OutcomeUnknown, decision: Decision, left: tuple[Command, ...]
    ) -> ActionResult | OutcomeUnknown:
        """The same end, after what the action had stopped was started again, as far as that can be done.

        Nothing is sent upon a command that may still be running.
        """
        if not self.deeds.sent or (isinstance(ended, OutcomeUnknown) and ended.may_run):
            return ended
        said = []
        restore = timed(self.turn.step, tuple(decision.restore))
        for command in left:
            if command in restore and not self.tools.stop.at_once:
                trouble = self._carry_out(command, decision, must_run=True)
                said.append(f"{_named(command)}: {_outcome(trouble)}")
        if not said:
            return ended
        text = f"; afterwards, to put things back: {'; '.join(said)}"
        if isinstance(ended, ActionResult):
            return dataclasses.replace(ended, text=ended.text + text)
        ended.message += text
        return ended

    def _carry_out(
        self, command: Command, decision: Decision, *, must_run: bool
    ) -> ActionResult | OutcomeUnknown | None:
        """One command, its intent first. None: it ran and was not judged a failure."""
        self.deeds.busy = False
        if self.tools.stop.at_once:
            return self._end(ActionStatus.FAILED, "stopped before its next command")
        attempt = len(self.deeds.sent) + 1
        try:
            self._intent(command, decision, attempt, must_run=must_run)
        except JournalError as problem:
            if not must_run:
                return self._end(ActionStatus.FAILED, f"not started, for it cannot be recorded: {problem.message}")
        return self._send(command, attempt)

    def _send(self, command: Command, attempt: int) -> ActionResult | OutcomeUnknown | None:
        try:
            result = self.connection.run(command)
        except (NothingSent, CredentialError) as problem:
            self._result({"not_sent": True, "error": problem.message}, attempt)
            return self._end(ActionStatus.FAILED, f"not sent: {problem.message}", problem.remedy)
        except OutcomeUnknown as problem:
            self.deeds.lost(command)
            lost = {"lost": True, "error": problem.message, "process_dead": problem.process_dead}
            self._result(lost, attempt)
            return problem
        judgement = self.type.judge(self.args, command, result)
        self.deeds.heard(command, result, judgement)
        self._result(result_data(result, judgement), attempt)
        if judgement.judged.went_well:
            return None
        needs_person = judgement.judged in (Judged.NEEDS_PERSON, Judged.RESTARTING)
        status = ActionStatus.NEEDS_PERSON if needs_person else ActionStatus.FAILED
        return self._end(status, judgement.text, judgement.advice)

    def _verify(self, before: object) -> Judgement:
        """Look until the wanted state shows, for as long as the step type gives it."""
        settle = self.type.settle(self.args)
        until = self.tools.clock.monotonic() + settle.within
        while True:
            try:
                after = self.observer.answer(self.type.observe(self.args))
                verdict = self.type.verify(self.args, before, after)
            except (ParseError, TransportError) as problem:
                verdict = Judgement(Judged.FAILED, f"could not be observed: {problem.message}")
            if verdict.judged is not Judged.FAILED or self.tools.clock.monotonic() >= until or self.tools.stop.at_once:
                return verdict
            self.tools.clock.sleep(settle.every)

    def _settle(self, lost: OutcomeUnknown, before: object) -> ActionResult:
        """The command was sent and its outcome is not known: observe, as far as observing can tell."""
        doubt = f"outcome unknown: {lost.message}"
        if lost.may_run or self.turn.step.doubt is Doubt.HOLD or self.tools.stop.at_once:
            return self._end(ActionStatus.INDETERMINATE, doubt, _LOOK_FIRST)
        verdict = self._verify(before)
        if verdict.judged is Judged.OK:
            return self._end(ActionStatus.CHANGED, f"{doubt}; observed afterwards: {verdict.text}")
        if lost.process_dead and verdict.judged is Judged.FAILED and not self.deeds.unfinished:
            return self._end(ActionStatus.FAILED, f"{lost.message}; observed afterwards: {verdict.text}")
        return self._end(ActionStatus.INDETERMINATE, f"{doubt}; observed afterwards: {verdict.text}")

    def _intent(self, command: Command, decision: Decision, attempt: int, *, must_run: bool) -> None:
        data = intent_data(self.type, self.args, command, decision)
        self.intended = True
        event = self.tools.event(EventKind.INTENT, self.where, data, attempt=attempt)
        try:
            self.tools.record(event)
        except JournalError:
            if must_run:
                self.tools.spill(event)
            raise

    def _result(self, data: Mapping[str, object], attempt: int) -> None:
        self.tools.record(self.tools.event(EventKind.RESULT, self.where, data, attempt=attempt))

    def _end(self, status: ActionStatus, text: str, advice: str = "") -> ActionResult:
        return ActionResult(
            id=self.turn.id,
            step=self.turn.step.id,
            item=self.turn.item,
            status=status,
            text=text,
            advice=advice,
            sent=bool(self.deeds.sent),
            exit_code=self.deeds.last.exit_code if self.deeds.last else None,
            facts=self.deeds.facts,
            touches=self.type.touches(self.args),
            ends_ladder=self.deeds.ends_ladder,
        )


def _named(command: Command) -> str:
    return f"`{' '.join(command.argv)}`" if command.dialect is Dialect.ARGV else "its script"


def _outcome(trouble: ActionResult | OutcomeUnknown | None) -> str:
    if trouble is None:
        return "done"
    return trouble.text if isinstance(trouble, ActionResult) else trouble.message
