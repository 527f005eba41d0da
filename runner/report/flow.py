"""Text of an author, such as a manual remedy: its paragraphs and lists stay, the lines within them are joined."""

from __future__ import annotations

import re

from runner.report.escape import lines

_ITEM = re.compile(r" *(?:[-*+•]|\d{1,3}[.)]) +(?=\S)")
_VERBATIM = 4  # blanks before a line that stands for itself, such as a command
_TOLD = 1000  # characters at the beginning of a paragraph, which tell what may follow it


def paragraphs(text: object) -> list[str]:
    """One text for each paragraph, list item and indented line; an empty one between what stands apart."""
    made: list[list[str]] = []
    before = ""  # the beginning of the last paragraph, which tells what may follow it
    for line in lines(text):
        if not line:
            made += [[""]] if before else []
            before = ""
        elif not before or _ITEM.match(line) or _stands_alone(line, before):
            made.append([line])
            before = line[:_TOLD]
        else:
            made[-1].append(line.strip())
            before = f"{before} {line.strip()[:1]}"[:_TOLD]
    return [" ".join(parts) for parts in made]


def hanging(paragraph: str) -> int:
    """How far the second and further lines of a wrapped paragraph are indented."""
    item = _ITEM.match(paragraph)
    return len(item[0]) if item else _indent(paragraph)


def _stands_alone(line: str, before: str) -> bool:
    """An indented line is kept as it is; so is what comes after one."""
    if _ITEM.match(before):
        return _indent(line) >= hanging(before) + _VERBATIM
    return _indent(line) >= _VERBATIM or _indent(before) >= _VERBATIM


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
