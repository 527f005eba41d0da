"""Complaints about the shape of a document, in plain words: what is wrong, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from runner.load.document import Document
from runner.load.faults import Fault
from runner.load.scalars import yaml11_bool, yaml11_int, yaml11_reading
from runner.load.tree import Node, Path, Scalar, Sequence, Table
from runner.model.fields import IDENTIFIER_PATTERN

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_NOT_A_WORD = re.compile(r"""[][{}"',:#&*!|>%@`\\]|\n""")  # what YAML or a shell would not take as it stands
_MANY = 30  # more names than this are a wall, not a help
_LONG = 60  # characters; a longer value is not repeated in a complaint
_LIMITS = ("min_length", "max_length", "ge", "gt", "le", "lt")
_LIMIT_WORDS = MappingProxyType(
    {
        "too_short": "it needs at least {limit} entr{ies}",
        "too_long": "it may have at most {limit} entr{ies}",
        "string_too_short": "it needs at least {limit} character{s}",
        "string_too_long": "it may have at most {limit} character{s}",
        "greater_than_equal": "it must be at least {limit}",
        "greater_than": "it must be more than {limit}",
        "less_than_equal": "it must be at most {limit}",
        "less_than": "it must be less than {limit}",
    }
)
_PATTERNS = MappingProxyType(
    {
        IDENTIFIER_PATTERN: "Use small letters, digits and hyphens, and begin with a letter.",
        r"^[a-z][a-z0-9_]*$": "Use small letters, digits and underscores, and begin with a letter.",
        r"^/": "Write an absolute path, such as /etc/hosts.",
        r"^/[^\x00]*$": "Write an absolute path, such as /etc/hosts.",
    }
)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, or None. Case and ``_`` for ``-`` count little."""

    def plain(text: str) -> str:
        return text.lower().replace("_", "-")

    known = {plain(candidate): candidate for candidate in candidates}
    close = difflib.get_close_matches(plain(word), known, n=1, cutoff=0.6)
    return known[close[0]] if close else None


def listed(names: Iterable[str]) -> str:
    """Names for a reader: sorted as given, in backquotes, cut where they become a wall."""
    every = [f"`{name}`" for name in names]
    more = f" and {len(every) - _MANY} more" if len(every) > _MANY else ""
    return ", ".join(every[:_MANY]) + more


def word(fault: Fault, document: Document, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    """Message and remedy. ``fields`` are the keys of the mapping that the fault is about, or stands in."""
    if fault.kind == "extra_forbidden":
        return _unknown_key(fault, fields)
    if fault.kind == "missing":
        return _missing(fault, fields)
    if fault.kind in {"value_error", "assertion_error"}:
        message, _, remedy = str(fault.context.get("error", fault.message)).partition("\n")
        return message, remedy.strip()
    if fault.kind in {"enum", "literal_error", "union_tag_invalid"}:
        return _not_among(fault, document)
    return _other_kind(fault, document, fields) if fault.expected else _other(fault, document, fields)


def name_of(path: Path) -> str:
    """What to call the value at ``path``."""
    if not path:
        return "the document"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of {name_of(path[:-1])}"
    return f"`{path[-1]}`"


def _unknown_key(fault: Fault, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    key = str(fault.path[-1])
    close = nearest(key, fields)
    message = f"unknown key `{key}`" + (f"; did you mean `{close}`?" if close else "")
    return message, f"Known here: {listed(fields)}." if fields else "No key is allowed here."


def _missing(fault: Fault, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    field = fields.get(fault.absent)
    only = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    value = str(only[0]) if len(only) == 1 else "..."
    about = (field.description or "") if field else ""
    return f"the key `{fault.absent}` is missing", f"Add `{fault.absent}: {value}`" + (f": {about}" if about else ".")


def _not_among(fault: Fault, document: Document) -> tuple[str, str]:
    expected = str(fault.context.get("expected", fault.context.get("expected_tags", "")))
    known = _QUOTED.findall(expected) or [expected]
    node = document.node(fault.path)
    if fault.kind != "union_tag_invalid" and not (isinstance(node, Scalar) and isinstance(node.data, str)):
        hint = _hint("text", node) if expected != known[0] else ""
        return f"{name_of(fault.path)} must be one of {listed(known)}, not {describe(node)}", hint
    value = str(fault.context["tag"]) if fault.kind == "union_tag_invalid" else _text(node)
    close = nearest(value, known)
    message = f"{name_of(fault.path)} cannot be `{value}`" + (f"; did you mean `{close}`?" if close else "")
    return message, f"Known here: {listed(known)}."


def _other_kind(fault: Fault, document: Document, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    node = document.node(fault.path)
    message = f"{name_of(fault.path)} must be {' or '.join(fault.expected)}, not {describe(node)}"
    of_command = bool(fault.path) and fault.path[-1] in _COMMANDS
    hints = (
        _hint_argv(expected, node, fields) or _hint(expected, node, of_command=of_command)
        for expected in fault.expected
    )
    return message, next((hint for hint in hints if hint), "")


def _other(fault: Fault, document: Document, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    """Limits and patterns."""
    if fault.kind == "union_tag_not_found":
        key = str(fault.context.get("discriminator", "")).strip("'")
        return f"{name_of(fault.path)} does not say what it is", f"Add `{key}: ...`." if key.isidentifier() else ""
    value = str(fault.path[-1]) if fault.at_key else _text(document.node(fault.path))
    said = "the key" if fault.at_key else name_of(fault.path)
    said += f" cannot be `{value}`: " if value else ": "
    if fault.kind == "string_pattern_mismatch":
        pattern = str(fault.context["pattern"])
        return f"{said}it does not look as it should", _PATTERNS.get(pattern) or _about(fault, fields)
    return said + _limit(fault), ""


def _about(fault: Fault, fields: Mapping[str, FieldInfo]) -> str:
    """What the schema says of the key at fault, as a sentence."""
    field = fields.get(str(fault.path[-1])) if fault.path else None
    about = (field.description or "") if field else ""
    return f"What belongs here: {about[:1].lower()}{about[1:].rstrip('.')}." if about else ""


def _limit(fault: Fault) -> str:
    """What a value must be, where it is of the right kind; of what is not known here, pydantic's message."""
    limit = next((fault.context[name] for name in _LIMITS if name in fault.context), None)
    wording = _LIMIT_WORDS.get(fault.kind)
    if wording is not None and limit is not None:
        return wording.format(limit=limit, s="" if limit == 1 else "s", ies="y" if limit == 1 else "ies")
    message = fault.message.replace("Input should", "it should").replace("String should", "the text should")
    return message[:1].lower() + message[1:]


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""


def describe(node: Node | None) -> str:
    """What stands there, as a reader of the document would call it."""
    if isinstance(node, Scalar):
        return _describe_scalar(node)
    if isinstance(node, Table):
        return "a mapping"
    return "a list" if isinstance(node, Sequence) else "nothing"


def _describe_scalar(node: Scalar) -> str:
    if node.data is None:
        return "nothing"
    if isinstance(node.data, bool):
        return f"the boolean {node.text}"
    if isinstance(node.data, (int, float)):
        return f"the number {node.text}"
    return f"the text `{node.text}`" if "\n" not in node.text and len(node.text) < _LONG else "a text"


_COMMANDS = ("argv", "command", "undo")


def _hint(expected: str, node: Node | None, *, of_command: bool = False) -> str:
    """What to write instead, where the way it was written explains the mistake."""
    if not isinstance(node, Scalar):
        return ""
    if expected == "a list":
        return _hint_list(node, of_command=of_command)
    if expected == "text":
        return _hint_text(node)
    return _HINTS[expected](node) if expected in _HINTS and isinstance(node.data, str) else ""


def _hint_list(node: Scalar, *, of_command: bool) -> str:
    """One value, or the words of a command that was written as one text."""
    if node.data is None:
        return ""
    words = node.text.split()
    if of_command and len(words) > 1 and not _NOT_A_WORD.search(node.text):
        return f"Write a list, with each word for itself: [{', '.join(words)}]."
    return f"Write a list, even for one value: [{node.text}]."


def _hint_argv(expected: str, node: Node | None, fields: Mapping[str, FieldInfo]) -> str:
    """A command's words, where a mapping with them is wanted."""
    if expected != "a mapping" or "argv" not in fields or not isinstance(node, Scalar) or _NOT_A_WORD.search(node.text):
        return ""
    return f"Write {{argv: [{', '.join(node.text.split())}]}}, with each word for itself." if node.data else ""


def _hint_text(node: Scalar) -> str:
    if node.data is None:
        return 'Write a value, or "" for an empty text.'
    return f'To mean text, write "{node.text}" in quotes.' if node.plain and not isinstance(node.data, str) else ""


def _hint_bool(node: Scalar) -> str:
    meant = yaml11_bool(node.text)
    if meant is not None:
        shown = str(meant).lower()
        return f"YAML 1.1 tools read `{node.text}` as a boolean, but it is text: write {shown}."
    return f"Write {node.text} without quotes." if node.text in {"true", "false"} else "Write true or false."


def _hint_number(node: Scalar) -> str:
    reading, number = yaml11_reading(node.text), yaml11_int(node.text)
    if node.plain and reading and number is not None:
        return f"YAML 1.1 tools read `{node.text}` as {reading}, but it is text: write {number}."
    if not node.plain and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", node.text):
        return f"Write {node.text} without quotes."
    return ""


_HINTS: Mapping[str, Callable[[Scalar], str]] = MappingProxyType(
    {"true or false": _hint_bool, "a whole number": _hint_number, "a number": _hint_number}
)
