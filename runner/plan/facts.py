"""Observing the facts of a playbook on one target, and the names that its expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.errors import ExpressionError, ParseError
from runner.expressions import BUILT_IN, evaluate, names_used, render
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target
from runner.model.playbook import Definition, Expression, Observation, Playbook
from runner.parsers import PARSERS
from runner.shells.readonly import why_argv_may_write
from runner.steps import STEP_TYPES
from runner.steps.base import Observing, StepType, last_line
from runner.steps.rendering import render_args


@dataclass(frozen=True, slots=True)
class View:
    """What is known of one target: the facts, and every name that an expression of the playbook may use."""

    facts: Mapping[str, object]
    names: Mapping[str, object]
    platform: Platform

    def step_type(self, name: str) -> StepType[Any, Any]:
        """What carries out steps of this name here."""
        return STEP_TYPES[name].on(self.platform)

    def evaluate(self, expression: Expression, **more: object) -> object:
        """The value of an expression here. Raises ``ExpressionError`` that says where it stands."""
        try:
            return evaluate(expression.text, {**self.names, **more})
        except ExpressionError as problem:
            message = f"{expression.span}: {problem.message}"
            raise ExpressionError(message) from problem

    def holds(self, expression: Expression, **more: object) -> bool:
        return bool(self.evaluate(expression, **more))


def known_names(playbook: Playbook, target: Target, params: Mapping[str, object]) -> dict[str, object]:
    """The names that are known without looking at the target: parameters, tables, and the target's own entry."""
    return {
        **playbook.data,
        **params,
        "target": {
            "name": target.name,
            "address": target.address,
            "platform": target.platform.value,
            "azure_id": target.azure_id or "",
            **_azure_names(target.azure_id or ""),
            "groups": list(target.groups),
            "vars": dict(target.vars),
        },
    }


def _azure_names(azure_id: str) -> dict[str, str]:
    """The names in a virtual machine's resource id, which the inventory has checked; empty without one."""
    parts = azure_id.split("/")
    if len(parts) != _ID_PARTS:
        return {"subscription": "", "resource_group": "", "vm": ""}
    return {"subscription": parts[2], "resource_group": parts[4], "vm": parts[8]}


_ID_PARTS = 9  # "", subscriptions, ID, resourceGroups, NAME, providers, Microsoft.Compute, virtualMachines, NAME


FIRST = "first"
"""The facts as they were when the run (or the plan) first looked at the target, before anything was stopped."""


def observe_facts(
    playbook: Playbook,
    target: Target,
    params: Mapping[str, object],
    first: Mapping[str, object] | None = None,
) -> Observing[View]:
    """Make every observation of the playbook, in order; later ones may use the facts of earlier ones.

    ``first``: the facts of the first look, if this is not the first. Raises ``ParseError`` or ``ExpressionError``,
    whose message names the observation.
    """
    names = known_names(playbook, target, params)
    facts: dict[str, object] = {}
    view = View(facts, names, target.platform)
    for observation in playbook.observe:
        facts[observation.name] = names[observation.name] = yield from _observe(observation, view)
        names.update(defined(playbook, view))
    names[FIRST] = facts if first is None else first
    names.update(defined(playbook, view))
    return view


def defined(playbook: Playbook, view: View) -> dict[str, object]:
    """The definitions that can be given a value by now and have none yet; so later observations can use them.

    Raises ``ExpressionError``.
    """
    found: dict[str, object] = {}
    known = ready(playbook.define, view.names.keys())
    for definition in known:
        if definition.name not in view.names:
            found[definition.name] = view.evaluate(definition.value, **found)
    return found


def ready(definitions: Sequence[Definition], known: Iterable[str]) -> tuple[Definition, ...]:
    """The definitions that need no other names than these, Jinja's own, and each other's, in their order."""
    names = {*known, *BUILT_IN}
    found = []
    for definition in definitions:
        if names_used(definition.value.text) <= names:
            found.append(definition)
            names.add(definition.name)
    return tuple(found)


def _observe(observation: Observation, view: View) -> Observing[object]:
    """The fact of one observation: None if its ``when`` is false, a list if it loops."""
    if observation.when is not None and not view.holds(observation.when):
        return None
    if observation.for_each is None:
        return (yield from _look(observation, view))
    items = view.evaluate(observation.for_each)
    if not isinstance(items, list):
        message = f"{observation.for_each.span}: `for_each` of observation {observation.name} is not a list"
        raise ExpressionError(message)
    values = []
    for item in items:
        value = yield from _look(observation, replace(view, names={**view.names, "item": item}))
        values.append({"item": item, "value": value})
    return values


def _look(observation: Observation, view: View) -> Observing[object]:
    if observation.would is not None:
        return (yield from _would(observation, observation.would, view))
    result = yield observation_command(observation, view.platform, view.names)
    if result.exit_code not in observation.ok_exit:
        message = f"observation `{observation.name}` ended with exit {result.exit_code}: {last_line(result)}"
        raise ParseError(message, remedy="Run the command by hand on the target to see what is wrong.")
    return parse(observation, result)


def _would(observation: Observation, would: tuple[str, Mapping[str, object]], view: View) -> Observing[object]:
    """What a step of this type would do now, as its own code sees it."""
    step_type = view.step_type(would[0])
    try:
        args = render_args(step_type, would[1], view.names)
    except ExpressionError as problem:
        message = f"{observation.span}: observation `{observation.name}`: {problem.message}"
        raise ExpressionError(message) from problem
    state = yield from step_type.observe(args)
    decision = step_type.decide(args, state)
    return {"outcome": decision.outcome.value, "evidence": decision.evidence}


def parse(observation: Observation, result: CommandResult) -> object:
    """The fact in a result. A cut-off output is an error: half a list would look like a short one."""
    if result.truncated:
        message = f"observation `{observation.name}` printed more than can be taken in"
        raise ParseError(message)
    try:
        return PARSERS[observation.parse].parse(result)
    except ParseError as problem:
        message = f"observation `{observation.name}`: {problem.message}"
        raise ParseError(message, remedy=problem.remedy) from problem


def observation_command(observation: Observation, platform: Platform, names: Mapping[str, object]) -> Command:
    """The exact command of an observation. Raises ``ExpressionError`` for a template that has no value here."""
    dialect = Dialect.ARGV
    if observation.script:
        dialect = Dialect.POWERSHELL if platform is Platform.WINDOWS else Dialect.SH
    try:
        argv = tuple(render(part, names) for part in observation.argv)
    except ExpressionError as problem:
        message = f"{observation.span}: observation `{observation.name}`: {problem.message}"
        raise ExpressionError(message) from problem
    # Judged again: a template may have become an option that changes something, such as find's -delete.
    danger = "" if observation.script or observation.why_read_only else why_argv_may_write(argv)
    if danger:
        message = f"{observation.span}: observation `{observation.name}` may change something: {danger}"
        raise ExpressionError(message, remedy="It was not sent. See what its templates became.")
    return Command(
        dialect=dialect,
        argv=argv,
        script=observation.script,
        elevated=observation.elevated,
        at_most=observation.at_most,
    )
