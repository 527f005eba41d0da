"""Fields that a value has not got, words that a field never holds, and loops over what is no list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from runner.expressions.shapes import Misuse, NoField, NoWord, infer
from runner.lint.book import Book, Text
from runner.lint.finding import Finding, error
from runner.load.playbook_check import TARGET
from runner.load.wording import listed, nearest
from runner.model.playbook import Observation, Parameter, Remedy
from runner.model.shape import ANY, NUMBER, SCALAR, Shape, Sort, many, one_of, record
from runner.parsers import PARSERS
from runner.plan.actions import RESULTS
from runner.plan.facts import FIRST, ready

NO_SUCH_FIELD = error("no-such-field", "An expression asks a fact for a field that its parser does not give.")
NO_SUCH_WORD = error(
    "no-such-word", "Something is compared with a word that it never is: a misspelt status, or a number in quotes."
)
LOOP_OVER_NO_LIST = error("loop-over-no-list", "`for_each` gets a mapping or a single value, and not a list.")

RESULT = record(
    ("sent", "exit_code", "facts", "ok", "changed"),
    status=one_of(
        *("changed", "unchanged", "skipped", "failed", "refused", "needs_person", "indeterminate", "not_approved"),
        "not_run",
    ),
)
WOULD = record(
    ("outcome", "evidence"), outcome=one_of("would change", "no change", "cannot know", "refused"), evidence=SCALAR
)
TARGET_SHAPE = record(
    ("name", "address", "azure_id", "subscription", "resource_group", "vm", "vars"),
    platform=one_of("linux", "windows"),
    groups=many(SCALAR),
)


def find(book: Book) -> Iterator[Finding]:
    """Everything that the playbook's expressions and templates ask for in vain."""
    shapes = _Shapes(book)
    for text in book.texts:
        _, misuses = infer(text.text, shapes.seen_by(text), template=text.template)
        for misuse in dict.fromkeys(misuses):
            yield _finding(text, misuse)
    yield from _loops(book, shapes)


def _finding(text: Text, misuse: Misuse) -> Finding:
    name, known = (misuse.name, misuse.known) if isinstance(misuse, NoField) else (misuse.word, misuse.known)
    if isinstance(misuse, NoWord) and not known:
        message = f"this is a number, and never the text `{name}`"
        return Finding(NO_SUCH_WORD, text.on, text.span, message, "Compare it with a number, without quotes.")
    close = nearest(name, known)
    advice = f"Did you mean `{close}`? " if close else ""
    advice += f"Known: {listed(known)}." if known else "It has no fields."
    if not isinstance(misuse, NoField):
        return Finding(
            NO_SUCH_WORD, text.on, text.span, f"this is never `{name}`, so the comparison is useless", advice
        )
    message = f"there is no field `{name}` here"
    if misuse.listed:
        message = f"a list has no field `{name}`" + ("; its items have" if name in known else "")
        advice = f'Use map(attribute="{name}"), selectattr or `first`.' if name in known else advice
    elif misuse.of_items:
        message = f"the items have no field `{name}`"
    return Finding(NO_SUCH_FIELD, text.on, text.span, message, advice)


def _loops(book: Book, shapes: _Shapes) -> Iterator[Finding]:
    loops = [(f"observe.{o.name}", o.for_each) for o in book.playbook.observe]
    loops += [(placed.on, placed.step.for_each) for placed in book.steps]
    for on, expression in loops:
        if expression is None:
            continue
        shape, _ = infer(expression.text, shapes.names)
        if shape.sort in (Sort.RECORD, Sort.TABLE, Sort.SCALAR):
            kind = "a single value" if shape.sort is Sort.SCALAR else "a mapping"
            advice = "Loop over its keys with `| list`, or over a list in it."
            yield Finding(LOOP_OVER_NO_LIST, on, expression.span, f"`for_each` gets {kind}, and needs a list", advice)


class _Shapes:
    """The shapes of all names, in the order in which they come into being."""

    def __init__(self, book: Book) -> None:
        self._book = book
        given = ((parameter.name, _parameter(parameter)) for parameter in book.playbook.params)
        self.names: dict[str, Shape] = {TARGET: TARGET_SHAPE, **dict(given)}
        self._items: dict[str, Shape] = {}
        for observation in book.playbook.observe:
            self._add(observation)
            self._define()
        facts = {o.name: self.names[o.name] for o in book.playbook.observe}
        self.names[FIRST] = record((), **facts)
        self._define()

    def _add(self, observation: Observation) -> None:
        one = WOULD if observation.would is not None else PARSERS[observation.parse].shape
        if observation.for_each is not None:
            self._items[observation.name] = item = self._item(observation.for_each.text)
            one = many(record((), item=item, value=one))
        self.names[observation.name] = one

    def _define(self) -> None:
        every = (*self._book.playbook.data, *(p.name for p in self._book.playbook.params), *self.names)
        for definition in ready(self._book.playbook.define, every):
            if definition.name not in self.names:
                self.names[definition.name] = infer(definition.value.text, self.names)[0]

    def _item(self, loop: str) -> Shape:
        shape = infer(loop, self.names)[0]
        return shape.inner or ANY if shape.sort is Sort.LIST else ANY

    def seen_by(self, text: Text) -> Mapping[str, Shape]:
        """What every name has in this text, also ``item`` and ``steps``."""
        if text.plain:
            return MappingProxyType({"value": PARSERS[text.parse].shape if text.parse in PARSERS else ANY})
        names = dict(self.names)
        if text.observation is not None:
            names["item"] = self._items.get(text.observation.name, ANY)
        if text.step is not None and text.remedy is not None:
            names[RESULTS] = _results(text.remedy)
            names["item"] = self._item(text.step.for_each.text) if text.step.for_each is not None else ANY
        return names


def _parameter(parameter: Parameter) -> Shape:
    if parameter.type == "int":
        return NUMBER
    words = [choice for choice in parameter.choices if isinstance(choice, str)] if parameter.type == "str" else []
    return one_of(*words) if words else ANY


def _results(remedy: Remedy) -> Shape:
    return record((), **{step.id: RESULT for step in remedy.steps})


RULES = (NO_SUCH_FIELD, NO_SUCH_WORD, LOOP_OVER_NO_LIST)
