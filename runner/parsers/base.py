"""What a parser is: the output of one remote program -> plain JSON data that expressions can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.text import beginning

_SHOWN = 200


@dataclass(frozen=True)
class Parser:
    """A named reader of output. ``fields`` (name -> meaning) is what expressions may rely on: a public contract.

    ``parse`` returns only dict, list, str, int, float, bool and None, and raises ``ParseError`` for output that has
    not the structure it knows. It judges by structure, numbers and exit codes, never by English words.
    """

    name: str
    summary: str
    fields: Mapping[str, str]
    parse: Callable[[CommandResult], object]


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
