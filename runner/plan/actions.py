"""Steps to actions: loops unrolled, templates rendered, and what each would do in the state that is seen now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runner import codec
from runner.errors import ExpressionError
from runner.expressions import names_used
from runner.model.command import AtDeadline, Command
from runner.model.plan import Action, Outcome
from runner.model.playbook import Expression, Step
from runner.plan.conditions import natural_name, not_needed
from runner.plan.facts import View
from runner.steps.base import Args, Decision, Kind, Observing, StepType
from runner.steps.rendering import render_args

RESULTS = "steps"
"""The name under which an expression reads the results of earlier steps; known only during the run."""


@dataclass(slots=True)
class Touched:
    """What the actions planned so far would change, so that later ones know that they look at a passing state."""

    by_resource: dict[str, str] = field(default_factory=dict)
    anything: str = ""

    def by(self, resources: frozenset[str]) -> str:
        """The id of an earlier action on which the state of these resources depends, or an empty string."""
        if not resources:
            return self.anything or next(iter(self.by_resource.values()), "")
        return next((self.by_resource[r] for r in sorted(resources) if r in self.by_resource), self.anything)

    def add(self, action: Action, resources: frozenset[str]) -> None:
        if action.outcome not in (Outcome.WOULD_CHANGE, Outcome.CANNOT_KNOW):
            return
        if not resources and action.commands:
            self.anything = action.id
        self.by_resource.update(dict.fromkeys(resources, action.id))


@dataclass(frozen=True, slots=True)
class Turn:
    """A step for one item (``item`` is None without a loop), with the id of the action that it becomes."""

    step: Step
    item: object | None
    id: str
    names: Mapping[str, object]


def turns(step: Step, view: View) -> Iterator[Turn]:
    """One turn per distinct item of the step's loop. Raises ``ExpressionError`` if the loop is not a list."""
    if step.for_each is None:
        yield Turn(step, None, step.id, {})
        return
    items = view.evaluate(step.for_each)
    if not isinstance(items, list):
        message = f"{step.for_each.span}: `for_each` of step `{step.id}` is not a list"
        raise ExpressionError(message)
    seen: dict[str, object] = {}
    for item in items:
        name = f"{step.id}[{label(item)}]"
        if name in seen and seen[name] != item:
            name = f"{step.id}[{label(item)} {_short_digest(item)}]"
        if name in seen:
            continue  # the same item twice: the step is done once
        seen[name] = item
        yield Turn(step, item, name, {"item": item})


def label(item: object) -> str:
    """What an item is called in the id of its action: stable, and readable where the item has a natural name."""
    name = natural_name(item)
    return _short_digest(item) if name is None else name


def _short_digest(item: object) -> str:
    return hashlib.sha256(codec.canonical(item)).hexdigest()[:8]


def waits_for_results(expression: Expression | None) -> bool:
    """Whether a ``when`` can be judged only during the run, since it reads the results of earlier steps."""
    return expression is not None and RESULTS in names_used(expression.text)


def plan_action(turn: Turn, view: View, touched: Touched) -> Observing[Action]:
    """What one turn would do, observed now. Raises ``ExpressionError`` and ``ParseError``."""
    step_type = view.step_type(turn.step.type)
    args = arguments(turn, view)
    action = blank(turn, args)
    if step_type.kind is not Kind.COMMANDS:
        return replace(action, **_special(step_type, args))
    state = yield from step_type.observe(args)
    decision = step_type.decide(args, state)
    action = replace(
        action,
        commands=timed(turn.step, step_type.bound(args, state)),
        undo=decision.undo,
        can_undo=bool(decision.undo),
        **_outlook(turn, view, decision, touched.by(step_type.touches(args))),
    )
    touched.add(action, step_type.touches(args))
    return action


def _special(step_type: StepType[Any, Any], args: Args) -> dict[str, Any]:
    if step_type.kind is Kind.MANUAL:
        text = str(getattr(args, "text", ""))
        return {"outcome": Outcome.CANNOT_KNOW, "manual": text, "evidence": "a person does this"}
    return {"outcome": Outcome.NO_CHANGE, "evidence": "only observes, until the condition holds"}


def _outlook(turn: Turn, view: View, decision: Decision, earlier: str) -> dict[str, Any]:
    """What the plan says of an action, when its condition and the steps before it are taken into account."""
    when = turn.step.when
    if waits_for_results(when):
        note = f"only if {when.text}" if when else ""
        return {"outcome": Outcome.CANNOT_KNOW, "condition": when.text if when else "", "evidence": note}
    if when is not None and not view.holds(when, **turn.names):
        return {"outcome": Outcome.NO_CHANGE, "condition": when.text, "evidence": not_needed(when, view, **turn.names)}
    if earlier:
        return {
            "outcome": Outcome.CANNOT_KNOW,
            "evidence": f"depends on step `{earlier}` before it; now: {decision.evidence}",
        }
    evidence = decision.evidence if not decision.remedy else f"{decision.evidence} {decision.remedy}"
    return {"outcome": decision.outcome, "evidence": evidence, "diff": decision.diff}


def arguments(turn: Turn, view: View) -> Args:
    """The step's arguments for this turn. Raises ``ExpressionError`` that says where the step stands."""
    try:
        args: Args = render_args(view.step_type(turn.step.type), turn.step.args, {**view.names, **turn.names})
    except ExpressionError as problem:
        message = f"{turn.step.span}: step `{turn.step.id}`: {problem.message}"
        raise ExpressionError(message, remedy=problem.remedy) from problem
    return args


def blank(turn: Turn, args: Args | Mapping[str, object]) -> Action:
    """An action of which nothing is known but its arguments."""
    shown = args if isinstance(args, Mapping) else args.model_dump(mode="json", exclude_defaults=True)
    return Action(
        id=turn.id,
        step=turn.step.id,
        type=turn.step.type,
        title=turn.step.title,
        args=shown,
        item=turn.item,
        always=turn.step.always,
        doubt=turn.step.doubt,
        condition="",
        outcome=Outcome.CANNOT_KNOW,
        commands=(),
    )


def timed(step: Step, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """The commands with the step's own deadline and what is to happen then, where its author gave one.

    What goes on by itself is not killed whatever the author says: only the command would be dead then.
    """
    if step.at_most is None and step.at_deadline is None:
        return commands
    return tuple(
        replace(
            command,
            at_most=command.at_most if step.at_most is None else step.at_most,
            at_deadline=command.at_deadline
            if step.at_deadline is None or command.goes_on
            else AtDeadline(step.at_deadline),
        )
        for command in commands
    )


def offline_actions(step: Step, view: View) -> list[Action]:
    """The actions of a step of which nothing was observed: the commands that can be known, loops shown as loops."""
    condition = step.when.text if step.when else ""
    evidence = f"only if {condition}" if condition else ""
    try:
        planned = [(turn, "") for turn in turns(step, view)]
    except ExpressionError:
        loop = step.for_each.text if step.for_each else ""
        planned = [(Turn(step, None, f"{step.id}[*]", {}), loop)]
    made = [replace(_offline(turn, view), loop=loop, condition=condition) for turn, loop in planned]
    return [replace(action, evidence=evidence or _unseen(action)) for action in made]


def _unseen(action: Action) -> str:
    return "" if action.commands or action.manual else "what it sends is known only from a look at the target"


def _offline(turn: Turn, view: View) -> Action:
    """Rendered if its templates have a value without facts, else as its author wrote it."""
    step_type = view.step_type(turn.step.type)
    try:
        args = arguments(turn, view)
    except ExpressionError:
        return blank(turn, turn.step.args)
    action = blank(turn, args)
    if step_type.kind is not Kind.COMMANDS:
        return replace(action, **_special(step_type, args))
    return replace(action, commands=timed(turn.step, step_type.bound(args, None)))
