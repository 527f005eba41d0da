"""What a parser is: the output of one remote program -> plain JSON data that expressions can read."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import ANY, Shape, many, record
from runner.model.text import beginning

_SHOWN = 200


class Gives(enum.Enum):
    """A RECORD with the parser's fields and no others, a LIST of such records, or what only the output knows (OPEN)."""

    OPEN = "open"
    RECORD = "record"
    LIST = "list"


@dataclass(frozen=True)
class Parser:
    """A named reader of output. ``fields`` (name -> meaning) is what expressions may rely on: a public contract.

    ``parse`` returns only dict, list, str, int, float, bool and None, and raises ``ParseError`` for output that has
    not the structure it knows. It judges by structure, numbers and exit codes, never by English words.

    ``gives`` says what has the ``fields``, and ``known`` what some of them hold: the linter reads expressions with it.
    """

    name: str
    summary: str
    fields: Mapping[str, str]
    parse: Callable[[CommandResult], object]
    gives: Gives = Gives.OPEN
    known: Mapping[str, Shape] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def shape(self) -> Shape:
        """What expressions can rely on."""
        if self.gives is Gives.OPEN:
            return ANY
        one = record(self.fields, **self.known)
        return many(one) if self.gives is Gives.LIST else one


def whole_text(result: CommandResult) -> str:
    """Standard output, or ``ParseError`` if a part of it is missing: half a list is worse than none."""
    if result.truncated:
        message = "the output was cut off at the transport's limit, so it cannot be judged"
        raise ParseError(message, remedy="Ask the program for less, for example by a filter.")
    return result.out


def unreadable(what: str, result: CommandResult) -> ParseError:
    """The error for output that is not ``what``; shows the exit code and the beginning of what was said instead."""
    said = " ".join((result.err.strip() or result.out.strip()).split())
    shown = f"`{beginning(said, _SHOWN)}`" if said else "nothing"
    return ParseError(f"expected {what}, but the program said {shown} (exit {result.exit_code})")
