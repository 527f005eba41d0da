"""A step that a person does: an instruction to acknowledge."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from runner.model.command import Command
from runner.model.plan import Outcome
from runner.steps.base import Args, Decision, Kind, Observing, StepType


class ManualArgs(Args):
    """``text`` is shown to the person; it may be a template."""

    text: Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class Manual(StepType[ManualArgs, None]):
    """Runs nothing. The engine shows the text, and the target needs a person until somebody acknowledges it."""

    name = "manual"
    kind = Kind.MANUAL
    args = ManualArgs
    summary = "An instruction that a person carries out and acknowledges; shown in plan, report and exit code."

    def observe(self, args: ManualArgs) -> Observing[None]:
        """Nothing can be observed: only the person knows."""
        yield from ()

    def decide(self, args: ManualArgs, state: None) -> Decision:
        return Decision(outcome=Outcome.CANNOT_KNOW, evidence="a person has to do this")

    def bound(self, args: ManualArgs, state: None) -> tuple[Command, ...]:
        return ()
