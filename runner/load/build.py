"""Events of the YAML parser -> tree of nodes, complaining about what our part of the language does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from runner.diagnostics import Diagnostics, Span
from runner.load.scalars import resolve
from runner.load.tree import Node, Position, Scalar, Sequence, Table, Tagged, Unreadable

MAX_DEPTH = 64
MAX_NODES = 2_000_000
MAX_COMPLAINTS = 100  # per document: nobody reads more, and a hostile text could make millions

_Start = yaml.MappingStartEvent | yaml.SequenceStartEvent
_TEMPLATE = 'If a template is meant, put it in quotes: "{{ name }}".'


class TooMuch(Exception):
    """A limit against hostile input is exceeded."""

    def __init__(self, at: Position, message: str) -> None:
        super().__init__(message)
        self.at = at


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; ``key`` is the key that waits for its value."""

    at: Position
    is_table: bool
    broken: bool = False  # it has a key that is none: complained about, and not to be looked at by a schema
    items: list[Node] = field(default_factory=list)
    key: tuple[str, Position] | None = None
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)

    def closed(self) -> Node:
        if self.broken:
            return Scalar(self.at, Unreadable("key"), "", plain=False)
        return Table(self.at, self.keys, self.values) if self.is_table else Sequence(self.at, tuple(self.items))


class Builder:
    """Feed it every event with ``take``, then ``finish``. Uses no recursion, so depth is what we say it is."""

    def __init__(self, span: Callable[[Position], Span], diagnostics: Diagnostics, keep_tags: frozenset[str]) -> None:
        self._span = span
        self._diagnostics = diagnostics
        self._keep_tags = keep_tags
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._nodes = 0
        self._documents = 0
        self._complaints = 0

    def take(self, event: yaml.Event) -> None:
        if self._documents > 1 or event.start_mark is None:
            return
        at = Position(event.start_mark.line, event.start_mark.column)
        match event:
            case yaml.ScalarEvent():
                self._refuse_anchor(event, at)
                self._put(self._scalar(event, at))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event, at)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._put(self._stack.pop().closed())
            case yaml.AliasEvent():
                self._complain(at, f"aliases (*{event.anchor}) are not allowed", "Write the value out.")
                self._put(Scalar(at, Unreadable("alias"), f"*{event.anchor}", plain=False))
            case yaml.DocumentStartEvent():
                self._begin_document(at)
            case _:
                pass

    def finish(self) -> Node:
        """The root. An empty text is an empty value."""
        return self._root or Scalar(Position(0, 0), None, "", plain=True)

    def _begin_document(self, at: Position) -> None:
        self._documents += 1
        if self._documents > 1:
            self._complain(at, "a second document begins here", "Keep one document per file: remove the line ---.")

    def _open(self, event: _Start, at: Position) -> None:
        self._refuse_anchor(event, at)
        if event.tag not in {None, "!"}:
            self._complain(at, f"tags ({_shown(event.tag)}) are not allowed", "Remove the tag.")
        self._stack.append(_Open(at, isinstance(event, yaml.MappingStartEvent)))
        if len(self._stack) > MAX_DEPTH:
            raise TooMuch(at, f"the document is nested deeper than {MAX_DEPTH} levels")

    def _refuse_anchor(self, event: _Start | yaml.ScalarEvent, at: Position) -> None:
        if event.anchor is not None:
            remedy = 'Write the value out where it is needed. A text that begins with "&" needs quotes.'
            self._complain(at, f"anchors (&{event.anchor}) are not allowed", remedy)

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> Scalar:
        plain = not event.style
        block = event.style if event.style in {"|", ">"} else ""
        if event.tag is None or event.tag == "!":
            data: object = resolve(event.value) if plain else event.value
        elif event.tag in self._keep_tags:
            data = Tagged(event.tag, event.value)
        else:
            remedy = "Remove the tag. To make a text of a number or boolean, put it in quotes."
            if event.tag == "!vault":
                remedy = "Encrypted values are not supported: write a reference such as {env: NAME} or {file: PATH}."
            self._complain(at, f"tags ({_shown(event.tag)}) are not allowed", remedy)
            data = Unreadable("tag")
        return Scalar(at, data, event.value, plain, block)

    def _put(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise TooMuch(node.at, f"the document has more than {MAX_NODES} values")
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if not parent.is_table:
            parent.items.append(node)
        elif parent.key is None:
            parent.broken = parent.broken or not isinstance(node, Scalar)
            parent.key = (self._key(node), node.at)
        else:
            self._add(parent, parent.key, node)
            parent.key = None

    def _key(self, node: Node) -> str:
        if not isinstance(node, Scalar):
            hint = _TEMPLATE if isinstance(node, Table) else "Use a text as the key."
            self._complain(node.at, "a list or mapping cannot be a key", hint)
            return ""
        if node.plain and node.text == "<<":
            self._complain(node.at, "merge keys (<<) are not allowed", "Write the keys out.")
        elif node.data is None:
            self._complain(node.at, "a key is missing or null", 'Write a key, in quotes if it is "null".')
        elif not isinstance(node.data, (str, Unreadable)):
            self._complain(node.at, f"the key {node.text} is not text", f'Put it in quotes: "{node.text}".')
        return node.text

    def _add(self, parent: _Open, key: tuple[str, Position], node: Node) -> None:
        name, at = key
        if name in parent.keys and not parent.broken:
            first = self._span(parent.keys[name])
            message = f"the key `{name}` stands here a second time; first on line {first.line}, column {first.column}"
            self._complain(at, message, "Remove one of them.")
            return
        parent.keys[name] = at
        parent.values[name] = node

    def _complain(self, at: Position, message: str, remedy: str) -> None:
        self._complaints += 1
        if self._complaints <= MAX_COMPLAINTS:
            self._diagnostics.error(self._span(at), message, remedy)


def _shown(tag: str | None) -> str:
    return (tag or "").replace("tag:yaml.org,2002:", "!!")
