"""The YAML parser's complaints about broken syntax, in plain words and with what to do."""

from __future__ import annotations

import yaml

from runner.load.tree import Position

_SPACES = "Use spaces instead."
_BRACKET = 'Close every "[" and "{", and quote a text that begins with one of them.'

# A part of the parser's own words -> ours, and what to do. The first that fits is taken.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("tab character", "a tab is used for indentation", _SPACES),
    (
        "mapping values are not allowed",
        'a ": " stands where no new key can begin',
        'Quote the text if the ": " is part of it; else check the indentation of this line and the one above.',
    ),
    ("found unexpected end of stream", "a quoted text is not closed", "Add the missing quotation mark."),
    (
        "found unexpected document indicator",
        "a quoted text is not closed before the document ends",
        "Add the missing quotation mark.",
    ),
    (
        "unknown escape character",
        "an unknown escape in a text in double quotes",
        r'Write "\\" for a backslash, or use single quotes, which know no escapes.',
    ),
    ("invalid Unicode character escape", "an escape that is no character", "Check the digits after the backslash."),
    (
        "did not find expected hexdecimal number",
        "an escape without its hexadecimal digits",
        r'Write "\\" for a backslash, or use single quotes, which know no escapes.',
    ),
    (
        "did not find expected hexadecimal",
        "an escape without its hexadecimal digits",
        r'Write "\\" for a backslash, or use single quotes, which know no escapes.',
    ),
    ("did not find expected node content", "a value is missing here", _BRACKET),
    ("expected ',' or", "a list or mapping in brackets is not closed, or lacks a comma", _BRACKET),
    (
        "did not find expected '-' indicator",
        'the list ends here without reason: a "- " was expected',
        'Check the indentation of this line: entries of one list begin with "- " in the same column.',
    ),
    (
        "did not find expected key",
        "a key was expected here",
        "Check the indentation of this line, and quotes and brackets that begin a text on the line above.",
    ),
    ("could not find expected ':'", 'a ":" is missing after a key', 'Write "key: value", with a space after the ":".'),
    (
        "while scanning a block scalar",
        "the indentation of a block of text is not even",
        'Indent the lines below "|" or ">" by the same number of spaces.',
    ),
    (
        "block sequence entries are not allowed",
        'a "- " stands where no list can begin',
        "Put the list on a line of its own below its key, or quote the text.",
    ),
    (
        "did not find expected <document start>",
        "there is text after the end of the document",
        "Indent it so that it belongs to the document, or remove it.",
    ),
    ("anchor", "an anchor (&name) or alias (*name) without a proper name", 'Quote a text that begins with "&" or "*".'),
    ("tag", "a tag (!name) that is none", 'Quote a text that begins with "!".'),
    ("directive", "a directive (%) that is none", 'Quote a text that begins with "%".'),
)


def explain(error: yaml.YAMLError, lines: list[str]) -> tuple[Position, str, str]:
    """Where it is, what is wrong, what to do."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Position(0, 0), f"this is not YAML: {_first_line(error)}", ""
    mark = error.problem_mark or error.context_mark
    at = Position(mark.line, mark.column) if mark else Position(0, 0)
    if "cannot start any token" in (error.problem or ""):
        return at, *_bad_start(at, lines)
    said = f"{error.context or ''} {error.problem or ''}"
    for part, message, remedy in _KNOWN:
        if part in said:
            return _better_place(at, message, error), message, remedy
    return at, f"this is not YAML: {said.strip()}", ""


def _better_place(at: Position, message: str, error: yaml.MarkedYAMLError) -> Position:
    """An open quotation is noticed at the end of the file; its beginning is what helps."""
    if message.startswith("a quoted text") and error.context_mark is not None:
        return Position(error.context_mark.line, error.context_mark.column)
    return at


def _bad_start(at: Position, lines: list[str]) -> tuple[str, str]:
    line = lines[at.line] if at.line < len(lines) else ""
    found = line[at.column : at.column + 1]
    if found == "\t":
        return "a tab is used for indentation", _SPACES
    return f'a text cannot begin with "{found}" here', "Put the text in quotes."


def _first_line(error: yaml.YAMLError) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
