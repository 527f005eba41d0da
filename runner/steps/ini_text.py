"""Changing one option in the text of an INI file, so that comments, order and line ends stay.

What a file means is asked of the strict parser, before and after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runner.model.text import beginning
from runner.parsers.ini import Unreadable, read

_HEADER = re.compile(r"^\[(?P<name>.+)\]")
_LONGEST_SHOWN = 200  # characters
_SIGN = re.compile(r"[=:][ \t]*")


@dataclass(frozen=True, slots=True)
class _Option:
    """The parts of a line ``key = value``, which together are the line."""

    indent: str
    key: str
    delimiter: str  # with the blanks around the sign
    value: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A line: which section it belongs to, and which option starts or goes on there."""

    text: str
    section: str | None
    key: str | None  # in small letters
    starts: bool


def set_option(text: str, section: str, option: str, value: str | None) -> str:
    """The text with the option set, or removed if ``value`` is None.

    Proven by reading both texts: nothing else may have changed. ``Unreadable`` if that cannot be had.
    """
    before = read(text) if text else {}
    end = "\r\n" if "\r\n" in text else "\n"
    lines = _scan(text)
    own = [index for index, line in enumerate(lines) if line.section == section and line.key == option.lower()]
    if own:
        new = _replace(lines, own, value)
    elif value is None:
        raise Unreadable(f"the option {option} does not stand in [{section}] itself, but in [DEFAULT]")
    elif section in before:
        new = _insert(lines, section, option, value, end)
    else:
        new = _append(lines, section, option, value, end)
    _prove(before, new, (section, option.lower()), value)
    return new


def _option(line: str) -> _Option | None:
    """A regular expression for all of it takes the square of the length of a row of blanks in time."""
    sign = _SIGN.search(line)
    head = line[: sign.start()] if sign else ""
    key = head.strip()
    if sign is None or not key or key[0] in "#;[":
        return None
    start = head.index(key)
    return _Option(head[:start], key, head[start + len(key) :] + sign[0], line[sign.end() :])


def _scan(text: str) -> list[_Line]:
    """Assign lines as configparser does: a line that is indented deeper than its option goes on with its value."""
    lines: list[_Line] = []
    section: str | None = None
    key: str | None = None
    indent = 0
    for raw in re.findall(r"[^\n]*\n|[^\n]+", text):  # not splitlines: configparser knows no form feeds as line ends
        line = raw.rstrip("\r\n")
        depth = len(line) - len(line.lstrip())
        header, option = _HEADER.match(line.strip()), _option(line)
        if not line.strip() or line.lstrip()[0] in "#;":
            lines.append(_Line(raw, section, None, starts=False))
        elif key is not None and depth > indent:
            lines.append(_Line(raw, section, key, starts=False))
        elif header:
            section, key, indent = header["name"], None, depth
            lines.append(_Line(raw, section, None, starts=False))
        else:
            key, indent = (option.key.lower() if option else None), depth
            lines.append(_Line(raw, section, key, starts=True))
    return lines


def _replace(lines: list[_Line], own: list[int], value: str | None) -> str:
    """The option's first line gets the value, its other lines go."""
    first = lines[own[0]].text
    option = _option(first.rstrip("\r\n"))
    if option is None:
        raise Unreadable(f"the line {beginning(first.strip(), _LONGEST_SHOWN)!r} has no = or :")
    kept, gone = [], set(own)
    for index, line in enumerate(lines):
        if index == own[0] and value is not None:
            end = line.text[len(line.text.rstrip("\r\n")) :]
            gap = "" if option.delimiter.endswith((" ", "\t")) or option.value else _gap(option.delimiter)
            kept.append(f"{option.indent}{option.key}{option.delimiter}{gap}{value}{end}")
        elif index not in gone:
            kept.append(line.text)
    return "".join(kept)


def _gap(delimiter: str) -> str:
    """``key =`` without a value lost the blank behind the sign."""
    return " " if delimiter[:1].isspace() else ""


def _insert(lines: list[_Line], section: str, option: str, value: str, end: str) -> str:
    """After the last line of the section that says something, written as its options are."""
    inside = [index for index, line in enumerate(lines) if line.section == section]
    said = [index for index in inside if lines[index].key is not None]
    last = said[-1] if said else inside[0]
    starts = [found for index in said if lines[index].starts and (found := _option(lines[index].text.rstrip()))]
    indent, delimiter = (starts[-1].indent, starts[-1].delimiter) if starts else ("", " = ")
    texts = [line.text for line in lines]
    texts[last : last + 1] = _after(texts[last], f"{indent}{option}{delimiter}{value}", end)
    return "".join(texts)


def _append(lines: list[_Line], section: str, option: str, value: str, end: str) -> str:
    texts = [line.text for line in lines]
    blank = end if texts and texts[-1].strip() else ""
    if texts and not texts[-1].endswith(("\n", "\r")):
        texts[-1] += end
    return "".join([*texts, blank, f"[{section}]{end}", f"{option} = {value}{end}"])


def _after(line: str, new: str, end: str) -> list[str]:
    """A last line without a line end hands that on to the new last line."""
    return [line, new + end] if line.endswith(("\n", "\r")) else [line + end, new]


def _prove(before: Mapping[str, Mapping[str, str]], text: str, where: tuple[str, str], value: str | None) -> None:
    section, key = where
    after = read(text)
    expected = {name: dict(options) for name, options in before.items()}
    expected.setdefault(section, dict(after.get(section, {})))
    if value is None:
        expected[section].pop(key, None)
    else:
        expected[section][key] = value
    if after != expected:
        raise Unreadable("the file is written in a way in which this option cannot be changed alone")
