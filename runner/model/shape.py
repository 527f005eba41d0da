"""What is known of a value before there is one: which fields a fact has, and which words a field can hold."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class Sort(enum.Enum):
    """ANY: nothing is known. RECORD has exactly its ``fields``; LIST and TABLE (by text) hold ``inner`` values."""

    ANY = "any"
    SCALAR = "scalar"
    RECORD = "record"
    LIST = "list"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Shape:
    """``words``: all texts that a scalar can be; empty: any. ``number``: it is never a text."""

    sort: Sort
    fields: Mapping[str, Shape] = field(default_factory=lambda: MappingProxyType({}))
    inner: Shape | None = None
    words: frozenset[str] = frozenset()
    number: bool = False


ANY = Shape(Sort.ANY)
SCALAR = Shape(Sort.SCALAR)
NUMBER = Shape(Sort.SCALAR, number=True)


def record(names: Iterable[str], /, **known: Shape) -> Shape:
    """A record with these fields, of which only the ``known`` ones have a shape themselves."""
    return Shape(Sort.RECORD, MappingProxyType({**dict.fromkeys(names, ANY), **known}))


def many(inner: Shape) -> Shape:
    """A list."""
    return Shape(Sort.LIST, inner=inner)


def table(inner: Shape) -> Shape:
    """A mapping whose keys nobody knows before."""
    return Shape(Sort.TABLE, inner=inner)


def one_of(*words: str) -> Shape:
    """One of these texts."""
    return Shape(Sort.SCALAR, words=frozenset(words))


def joined(one: Shape, other: Shape) -> Shape:
    """What is known of a value that is one or the other."""
    if one == other:
        return one
    if one.sort is other.sort is Sort.LIST:
        return many(joined(one.inner or ANY, other.inner or ANY))
    if one.sort is other.sort is Sort.SCALAR:
        return SCALAR
    return ANY
