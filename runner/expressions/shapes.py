"""What an expression makes of values whose shape is known, without evaluating it; what it asks of them in vain.

Where nothing is known nothing is said: a method, a filter or a test that is not treated here gives ``ANY``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from runner.expressions import _environment
from runner.model.shape import ANY, SCALAR, Shape, Sort, joined, many

_METHODS = frozenset((*dir(dict), *dir(list), *dir(str)))
_SAME = frozenset(
    ("above", "below", "list", "reject", "rejectattr", "repeated", "reverse", "select", "selectattr", "sort")
) | {"unique", "vss_last"}
_ONE = frozenset(("first", "last", "max", "min"))
_TEXTS = frozenset(
    (
        "as_filename",
        "basename",
        "dirname",
        "int",
        "join",
        "length",
        "lower",
        "quote",
        "regex_escape",
        "replace",
        "string",
    )
) | {"trim", "upper"}
_FIRST_ARGUMENT = frozenset(("selectattr", "rejectattr", "groupby", "repeated"))
_BY_KEYWORD = frozenset(("map", "max", "min", "sort", "sum", "unique"))


@dataclass(frozen=True, slots=True)
class NoField:
    """``name`` is asked of something that has ``known`` fields only; of the items of a list if ``of_items``.

    ``listed``: it is asked of a list itself, which has no fields; its items may.
    """

    name: str
    known: tuple[str, ...]
    of_items: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class NoWord:
    """Something that is one of the ``known`` words is compared with another; without words it is a number."""

    word: str
    known: tuple[str, ...]


Misuse = NoField | NoWord


def infer(text: str, names: Mapping[str, Shape], *, template: bool = False) -> tuple[Shape, list[Misuse]]:
    """The shape of an expression (of a template: a text), and what is wrong in it. Its syntax must be right."""
    reader = _Reader()
    if template:
        known = dict(names)
        for node in _environment().parse(text).body:
            reader.statement(node, known)
        return SCALAR, reader.found
    return reader.value(_parsed(text), names), reader.found


def _parsed(text: str) -> nodes.Expr:
    output = _environment().parse("{{ (" + text + ") }}").body[0]
    assert isinstance(output, nodes.Output)  # noqa: S101 - it was written so above
    return output.nodes[0]


class _Reader:
    """One pass over one expression or template; ``found`` grows."""

    def __init__(self) -> None:
        self.found: list[Misuse] = []

    def statement(self, node: nodes.Node, names: dict[str, Shape]) -> None:
        """A part of a template. What ``set`` and ``for`` name is known below them."""
        if isinstance(node, nodes.For):
            inner = {**names, "loop": ANY}
            self._bind(node.target, _inner(self.value(node.iter, names)), inner)
            if node.test is not None:
                self.value(node.test, inner)
            self._all(node.body, inner)
            self._all(node.else_, names)
        elif isinstance(node, nodes.If):
            self.value(node.test, names)
            for branch in (node.body, node.elif_, node.else_):
                self._all(branch, names)
        elif isinstance(node, nodes.Assign):
            self._bind(node.target, self.value(node.node, names), names)
        elif isinstance(node, nodes.Output):
            for part in node.nodes:
                self.value(part, names)

    def _all(self, statements: Sequence[nodes.Node], names: dict[str, Shape]) -> None:
        for statement in statements:
            self.statement(statement, names)

    def _bind(self, target: nodes.Node, shape: Shape, names: dict[str, Shape]) -> None:
        if isinstance(target, nodes.Name):
            names[target.name] = shape
        for name in target.find_all(nodes.Name) if not isinstance(target, nodes.Name) else ():
            names[name.name] = ANY

    def value(self, node: nodes.Node, names: Mapping[str, Shape]) -> Shape:
        """The shape of a part of an expression."""
        match node:
            case nodes.Name():
                return names.get(node.name, ANY)
            case nodes.Getattr():
                return self.field(self.value(node.node, names), node.attr)
            case nodes.Getitem():
                return self._item(node, names)
            case nodes.Filter():
                return self._filter(node, names)
            case nodes.Compare():
                self._compare(node, names)
                return SCALAR
            case _:
                return self._combined(node, names)

    def _combined(self, node: nodes.Node, names: Mapping[str, Shape]) -> Shape:
        """What is made of its parts: one of them, a truth value, or something unknown."""
        parts = [self.value(child, names) for child in node.iter_child_nodes()]
        match node:
            case nodes.CondExpr():  # its parts: the test, the value, the other value
                return joined(parts[1], parts[2]) if node.expr2 is not None else ANY
            case nodes.Or() | nodes.Add():
                return joined(*parts)
            case nodes.Not():
                return SCALAR
            case nodes.Const() if node.value is not None:
                return SCALAR
        return ANY

    def _item(self, node: nodes.Getitem, names: Mapping[str, Shape]) -> Shape:
        holder = self.value(node.node, names)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self.field(holder, node.arg.value)
        self.value(node.arg, names)
        if isinstance(node.arg, nodes.Slice):
            return holder
        return _inner(holder)

    def field(self, holder: Shape, name: str, *, of_items: bool = False) -> Shape:
        """One field of something, as ``x.name`` and ``x["name"]`` ask for it."""
        match holder.sort:
            case Sort.RECORD if name in holder.fields:
                return holder.fields[name]
            case Sort.TABLE if name not in _METHODS:
                return holder.inner or ANY
            case Sort.RECORD | Sort.LIST if name not in _METHODS:
                shown = holder if holder.sort is Sort.RECORD else _inner(holder)
                listed = holder.sort is Sort.LIST
                self.found.append(NoField(name, tuple(shown.fields), of_items=of_items, listed=listed))
        return ANY

    def path(self, holder: Shape, dotted: str) -> Shape:
        """What ``attribute="a.b"`` of a filter leads to, in each item."""
        for name in dotted.split("."):
            holder = _inner(holder) if name.isdecimal() else self.field(holder, name, of_items=True)
        return holder

    def _filter(self, node: nodes.Filter, names: Mapping[str, Shape]) -> Shape:
        given = self.value(node.node, names) if node.node is not None else ANY
        inputs = [self.value(part, names) for part in node.args]
        keywords: dict[str, nodes.Node] = {str(pair.key): pair.value for pair in node.kwargs}
        for pair in node.kwargs:
            self.value(pair.value, names)
        reached = ANY
        for dotted in _attributes(node, keywords):
            reached = self.path(_inner(given), dotted)
        if node.name in ("selectattr", "rejectattr"):
            self._words_of_test(reached, node.args[1:])
        if node.name in _SAME:
            return given if given.sort is Sort.LIST else ANY
        if node.name in _ONE:
            return _inner(given)
        if node.name == "map":
            return many(reached)
        if node.name in ("default", "d"):
            return joined(given, inputs[0]) if inputs else ANY
        return SCALAR if node.name in _TEXTS else ANY

    def _words_of_test(self, field: Shape, rest: Sequence[nodes.Node]) -> None:
        """``selectattr("status", "equalto", "faild")``, also with eq, ==, ne and in."""
        if len(rest) == 2 and isinstance(rest[0], nodes.Const):  # noqa: PLR2004 - the test and its argument
            if rest[0].value in ("equalto", "eq", "==", "ne", "!="):
                self._words(field, [rest[1]])
            elif rest[0].value == "in" and isinstance(rest[1], nodes.List):
                self._words(field, rest[1].items)

    def _compare(self, node: nodes.Compare, names: Mapping[str, Shape]) -> None:
        left: nodes.Node = node.expr
        shape = self.value(left, names)
        for operand in node.ops:
            other = self.value(operand.expr, names)
            if operand.op in ("in", "notin"):
                self._words(shape, operand.expr.items if isinstance(operand.expr, nodes.List | nodes.Tuple) else ())
            elif operand.op in ("eq", "ne") or shape.number or other.number:
                self._words(shape, [operand.expr])
                self._words(other, [left])
            left, shape = operand.expr, other

    def _words(self, shape: Shape, others: Sequence[nodes.Node]) -> None:
        for other in others:
            word = other.value if isinstance(other, nodes.Const) else None
            if (shape.words or shape.number) and isinstance(word, str) and word not in shape.words:
                self.found.append(NoWord(word, tuple(sorted(shape.words))))


def _inner(holder: Shape) -> Shape:
    """An item of it."""
    return holder.inner or ANY if holder.sort in (Sort.LIST, Sort.TABLE) else ANY


def _attributes(node: nodes.Filter, keywords: Mapping[str, nodes.Node]) -> list[str]:
    """The attributes of each item that a filter reads, as they are written there."""
    if node.name in _FIRST_ARGUMENT:
        named: nodes.Node | None = node.args[0] if node.args else keywords.get("attribute")
    else:
        named = keywords.get("attribute") if node.name in _BY_KEYWORD else None
    if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
        return []
    return [part.strip() for part in named.value.split(",")] if node.name == "sort" else [named.value]
