"""One playbook as the rules look at it: every expression with what it sees, every command, who depends on whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from runner.diagnostics import Span
from runner.expressions import attributes_of, is_template, names_used
from runner.load.document import Document
from runner.load.playbook_check import TARGET
from runner.load.tree import Path, Table
from runner.model.fields import parse_duration
from runner.model.playbook import Expression, Observation, Playbook, Remedy, Step
from runner.plan.facts import FIRST
from runner.steps import STEP_TYPES
from runner.steps.rendering import expressions_in, templates_in

PROGRAM, SHELL, POWERSHELL = "command", "shell", "powershell"
INSTALLER = "installer"
SCRIPTS = (SHELL, POWERSHELL)
CHANGES = (PROGRAM, *SCRIPTS)
"""The step types that run what their author wrote, and are no more known than that."""


@dataclass(frozen=True, slots=True)
class Text:
    """An expression, or with ``template`` a text that is rendered, and which ``item`` or ``steps`` it sees.

    ``plain``: it sees nothing of the playbook but ``own``, the result of a step's check, which ``parse`` reads.
    """

    on: str
    span: Span
    text: str
    template: bool = False
    observation: Observation | None = None
    step: Step | None = None
    remedy: Remedy | None = None
    plain: bool = False
    parse: str = ""

    @property
    def names(self) -> frozenset[str]:
        return names_used(self.text, template=self.template)


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its remedy, its place in words, and its path in the document."""

    step: Step
    remedy: Remedy
    on: str
    path: Path

    @property
    def argv(self) -> tuple[str, ...]:
        """Program and arguments of a ``command``; values of a script."""
        given = self.step.args.get("argv" if self.step.type == PROGRAM else "args", ())
        return tuple(map(str, given)) if isinstance(given, Sequence) else ()

    @property
    def script(self) -> str:
        return str(self.step.args.get("script") or "") if self.step.type in SCRIPTS else ""

    @property
    def check(self) -> Mapping[str, object]:
        given = self.step.args.get("check")
        return given if isinstance(given, Mapping) else {}

    @property
    def checks(self) -> tuple[Mapping[str, object], ...]:
        """Those of an ``installer``."""
        given = self.step.args.get("checks")
        return tuple(one for one in given if isinstance(one, Mapping)) if isinstance(given, Sequence) else ()


class Book:
    """A playbook without errors, and the document that it was read from."""

    def __init__(self, playbook: Playbook, document: Document) -> None:
        self.playbook = playbook
        self.document = document

    @cached_property
    def steps(self) -> tuple[Placed, ...]:
        """Every step of every remedy, in their order."""
        return tuple(
            Placed(step, remedy, f"remedies.{remedy.id}.steps.{step.id}", ("remedies", rung, "steps", number))
            for rung, remedy in enumerate(self.playbook.remedies)
            for number, step in enumerate(remedy.steps)
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """What expressions and templates can refer to, wherever they stand."""
        book = self.playbook
        own = (*(p.name for p in book.params), *(o.name for o in book.observe), *(d.name for d in book.define))
        return frozenset((*own, *book.data, TARGET, FIRST, "item", "steps"))

    def says(self, path: Path, key: str) -> bool:
        """Whether the mapping at ``path`` has this key in the document, and not only its default."""
        node = self.document.node(path)
        return isinstance(node, Table) and key in node.keys

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every expression, and every text that is rendered."""
        return tuple(self._texts())

    def _texts(self) -> Iterator[Text]:
        playbook = self.playbook
        for observation in playbook.observe:
            yield from self._of_observation(observation)
        for definition in playbook.define:
            yield Text(f"define.{definition.name}", definition.value.span, definition.value.text)
        for number, requirement in enumerate(playbook.requires):
            yield from _expression(f"requires.{number + 1}", requirement.that)
            yield from _template(Text(f"requires.{number + 1}", requirement.span, requirement.otherwise))
        for number, remark in enumerate(playbook.remarks):
            yield from _expression(f"remarks.{number + 1}", remark.when)
            yield from _template(Text(f"remarks.{number + 1}", remark.span, remark.say))
        for name in ("last_failure", "last_success", "healthy", "keeps"):
            yield from _expression(name, getattr(playbook, name))
        for rung, remedy in enumerate(playbook.remedies):
            yield from self._of_remedy(remedy, ("remedies", rung))
        for placed in self.steps:
            yield from self._of_step(placed)

    def _of_observation(self, observation: Observation) -> Iterator[Text]:
        on, path = f"observe.{observation.name}", ("observe", observation.name)
        yield from _expression(on, observation.when)
        yield from _expression(on, observation.for_each)
        key = "args" if observation.script else "command"
        for number, text in enumerate(observation.argv):
            span = self.document.span((*path, key, number))
            yield from _template(Text(on, span, text, observation=observation))
        if observation.would is not None:
            yield from self._of_arguments(
                Text(on, observation.span, "", observation=observation), observation.would, (*path, "would")
            )

    def _of_remedy(self, remedy: Remedy, path: Path) -> Iterator[Text]:
        on = f"remedies.{remedy.id}"
        yield from _expression(on, remedy.when)
        yield from _template(Text(on, self.document.span((*path, "manual")), remedy.manual))
        for key in ("within", "every", "stays"):
            yield from _template(Text(on, self.document.span((*path, "verify", key)), getattr(remedy.verify, key)))

    def _of_step(self, placed: Placed) -> Iterator[Text]:
        step, on = placed.step, placed.on
        yield from _expression(on, step.for_each)
        if step.when is not None:
            yield Text(on, step.when.span, step.when.text, step=step, remedy=placed.remedy)
        whole = Text(on, step.span, "", step=step, remedy=placed.remedy)
        yield from self._of_arguments(whole, (step.type, step.args), placed.path)

    def _of_arguments(self, whole: Text, kind: tuple[str, Mapping[str, object]], path: Path) -> Iterator[Text]:
        name, args = kind
        step_type = STEP_TYPES[name]
        for where, text in templates_in(step_type, args):
            span = self.document.span((*path, name, *where))
            yield replace(whole, span=span, text=text, template=True)
        for where, text, marker in expressions_in(step_type, args):
            span = self.document.span((*path, name, *where))
            parse = str(_at(args, where[:-1]).get("parse", "text")) if len(where) > 1 else ""
            yield replace(whole, span=span, text=text, plain=not marker.outer, parse=parse)

    @cached_property
    def _needs(self) -> Mapping[str, frozenset[str]]:
        """The names that each observation and each definition refers to."""
        found: dict[str, frozenset[str]] = {}
        for text in self.texts:
            section, _, name = text.on.partition(".")
            if section in ("observe", "define"):
                found[name] = found.get(name, frozenset()) | looked_at(text)
        return found

    def depends(self, names: frozenset[str]) -> frozenset[str]:
        """These names and all that they are made of, through definitions and observations."""
        found: set[str] = set()
        left = set(names)
        while left:
            name = left.pop()
            found.add(name)
            left |= self._needs.get(name, frozenset()) - found
        return frozenset(found)

    @cached_property
    def decided_by(self) -> frozenset[str]:
        """The names on which ``healthy`` depends."""
        healthy = self.playbook.healthy
        return frozenset() if healthy is None else self.depends(names_used(healthy.text))


def _at(data: Any, where: Path) -> Mapping[str, object]:  # noqa: ANN401 - plain data of any shape
    """The mapping at a place in the arguments of a step where there is one, such as its check."""
    for key in where:
        data = data[key]
    return data if isinstance(data, Mapping) else {}


def looked_at(text: Text) -> frozenset[str]:
    """The names that a text refers to; ``first.X`` is X."""
    if text.plain:
        return frozenset()
    if FIRST in text.names and not text.template:
        return text.names | attributes_of(FIRST, text.text)
    return text.names


def _expression(on: str, expression: Expression | None) -> Iterator[Text]:
    if expression is not None:
        yield Text(on, expression.span, expression.text)


def _template(text: Text) -> Iterator[Text]:
    if is_template(text.text):
        yield replace(text, template=True)


def seconds(given: object) -> float | None:
    """A duration that is written out, in a field or as an argument of a step; None for a template, and for nothing."""
    return parse_duration(given) if isinstance(given, str) and not is_template(given) else None
