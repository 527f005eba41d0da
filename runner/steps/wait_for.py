"""A step that waits until fresh observations satisfy an expression."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runner.model.command import Command
from runner.model.fields import Duration
from runner.model.plan import Outcome
from runner.steps.base import Args, Decision, IsExpression, Kind, Observing, Settle, StepType, lasting


class WaitForArgs(Args):
    """Before each look the engine observes again what ``until`` refers to; ``within`` is over: the step failed."""

    until: Annotated[str, IsExpression(), Field(min_length=1)]
    within: Duration
    every: Duration = lasting("5s")


class WaitFor(StepType[WaitForArgs, None]):
    """Runs nothing of its own. The engine evaluates ``until`` over the playbook's observations, made afresh."""

    name = "wait_for"
    kind = Kind.WAIT
    args = WaitForArgs
    summary = "Waits until an expression over fresh observations is true, with a deadline."

    def observe(self, args: WaitForArgs) -> Observing[None]:
        """The observations are the playbook's own, and the engine makes them."""
        yield from ()

    def decide(self, args: WaitForArgs, state: None) -> Decision:
        return Decision(outcome=Outcome.CANNOT_KNOW, evidence=f"will wait until {args.until}")

    def bound(self, args: WaitForArgs, state: None) -> tuple[Command, ...]:
        return ()

    def settle(self, args: WaitForArgs) -> Settle:
        return Settle(args.within, args.every)
