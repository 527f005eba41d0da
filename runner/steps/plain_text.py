"""Changing one option in a file of ``Name=value`` lines without sections, so that all other lines stay as they are."""

from __future__ import annotations

from runner.parsers.ini import Unreadable
from runner.parsers.plain_conf import Assignment, assignments, read_plain

_ENDS_VALUE = '#"'  # for the reader, a # begins a comment, and quotes at the ends go


def set_plain(text: str, option: str, value: str | None) -> str:
    """The text with the option set, or removed if ``value`` is None.

    The last line that sets it is changed, as it is the one that counts; where none does, one is added at the end.
    Proven by reading both texts: nothing else may have changed. ``Unreadable`` if that cannot be had.
    """
    if value is not None and any(sign in value for sign in _ENDS_VALUE):
        raise Unreadable(f'the value {value!r} holds a # or a ", which its reader would take for something else')
    before = read_plain(text)
    own = [each for each in assignments(text) if each.name == option]
    lines = text.split("\n")
    if value is None:
        gone = {each.number for each in own}
        lines = [line for number, line in enumerate(lines, start=1) if number not in gone]
    elif own:
        lines[own[-1].number - 1] = _written(own[-1], value)
    else:
        lines = _added(lines, f"{option}={value}")
    new = "\n".join(lines)
    expected = {name: meaning for name, meaning in before.items() if name != option}
    if read_plain(new) != (expected if value is None else {**expected, option: value}):
        raise Unreadable("the file is written in a way in which this option cannot be changed alone")
    return new


def _written(old: Assignment, value: str) -> str:
    """Blanks around the value, a comment behind it and the line's end stay; quotes go."""
    core = old.value.strip('" \t\r')
    start = old.value.index(core) if core else len(old.value) - len(old.value.lstrip(" \t"))
    lead, tail = old.value[:start].replace('"', ""), old.value[start + len(core) :].replace('"', "")
    return f"{old.before}{lead}{value}{tail}{old.after}"


def _added(lines: list[str], line: str) -> list[str]:
    """At the end; a last line without a line end gets a plain one: a carriage return would belong to its value."""
    end = "\r" if any(each.endswith("\r") for each in lines) else ""
    kept = lines if lines[-1] else lines[:-1]
    return [*kept, line + end, ""]
