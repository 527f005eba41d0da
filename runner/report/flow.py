"""Text of an author, such as a manual remedy: paragraphs and lists stay, and lines to be copied stay as they are.

A line that begins two blanks or more to the right of the text above it is one to be copied, such as a command. It is
never wrapped, joined or changed, and neither are the lines after it that begin no further to the left. Whatever else
follows in the next line goes on with the paragraph; a list item begins a new one. What looks like a list item is one to
be copied if it begins four blanks to the right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.report.escape import lines

_ITEM = re.compile(r" *(?:[-*+•]|\d{1,3}[.)]) +(?=\S)")
_STATEMENT = re.compile(r" *\{%.*%\}")  # of a template that is shown as its author wrote it
_DEEPER = 2  # blanks to the right of the text above
_DEEPER_THAN_A_LIST = 4  # the same of a line that could be a list item, as in a piece of YAML


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph or list item in one line, or, if ``exact``, a line to be copied. Without text: a gap."""

    text: str
    exact: bool = False


def parts(text: object) -> list[Part]:
    """The parts of a text in their order, their leading blanks kept; one gap at most between two of them."""
    made: list[Part] = []
    open_lines: list[str] = []  # of a paragraph that may go on
    column = block = -1  # where the text above begins, and the lines to be copied; -1: there are none

    def close() -> None:
        if open_lines:
            made.append(Part(" ".join(open_lines)))
            open_lines.clear()

    for line in lines(text):
        indent = _indent(line)
        if not line:
            close()
            made += [Part("")] if made and made[-1].text else []
        elif _STATEMENT.fullmatch(line):
            close()
            made.append(Part(line, exact=True))
        elif 0 <= block <= indent or 0 <= column <= indent - (_DEEPER_THAN_A_LIST if _ITEM.match(line) else _DEEPER):
            close()
            block = indent if block < 0 else block
            made.append(Part(line, exact=True))
        else:
            if not open_lines or indent < column or _ITEM.match(line):
                close()
                column = hanging(line)
            open_lines.append(line.strip() if open_lines else line)
            block = -1
    close()
    return made


def hanging(paragraph: str) -> int:
    """Where the text of a paragraph or list item begins: so far its second and further lines are indented."""
    item = _ITEM.match(paragraph)
    return len(item[0]) if item else _indent(paragraph)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
