"""What a parser is: the output of one remote program -> plain JSON data that expressions can read."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import ANY, Shape, many, record
from runner.model.text import beginning

_SHOWN = 200
_INTEGERS = {10: re.compile(r"[+-]?[0-9]{1,20}"), 16: re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,16}")}


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


def integer(text: str, base: int = 10) -> int | None:
    """The number that a text is, blanks around it aside; None if it is none, or has more digits than 64 bits need.

    ``int`` alone raises for more than 4,300 digits, and for digits such as "²" that ``isdigit`` lets pass; and a number
    that it did read could not be written into a plan or a journal afterwards. ``base`` is 10 or 16.
    """
    found = text.strip()
    return int(found, base) if _INTEGERS[base].fullmatch(found) else None


def shown(text: str) -> str:
    """Output as a message quotes it: in one line, and not more than the beginning of it; `nothing` if there is none."""
    said = " ".join(text.split())
    return f"`{beginning(said, _SHOWN)}`" if said else "nothing"


def unreadable(what: str, result: CommandResult) -> ParseError:
    """The error for output that is not ``what``; shows the exit code and the beginning of what was said instead."""
    said = shown(result.err.strip() or result.out)
    return ParseError(f"expected {what}, but the program said {said} (exit {result.exit_code})")
