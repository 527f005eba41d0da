"""A document as a tree of located nodes, and the positions in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Path = tuple[str | int, ...]  # the way from the root to a node: keys and indexes


class Position(NamedTuple):
    """Line and column, counted from 0 as the parser does."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a value that was complained about already; no later layer should complain about it again."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A scalar with a foreign tag that the caller asked to keep, such as ``!vault``. ``text`` is not interpreted."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. ``plain`` means unquoted, ``block`` is ``|`` or ``>`` or empty."""

    at: Position
    data: object
    text: str
    plain: bool
    block: str = ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    at: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping of text to nodes, with the position of each key."""

    at: Position
    keys: Mapping[str, Position]
    items: Mapping[str, Node]


Node = Scalar | Sequence | Table


def data_of(node: Node) -> object:
    """Plain Python values: dict, list, str, int, float, bool, None."""
    match node:
        case Table():
            return {key: data_of(item) for key, item in node.items.items()}
        case Sequence():
            return [data_of(item) for item in node.items]
        case Scalar():
            return node.data


def child(node: Node, step: str | int) -> Node | None:
    """The node one step below, or None if there is none."""
    match node:
        case Table():
            return node.items.get(step) if isinstance(step, str) else None
        case Sequence():
            known = isinstance(step, int) and 0 <= step < len(node.items)
            return node.items[step] if known and isinstance(step, int) else None
        case Scalar():
            return None
