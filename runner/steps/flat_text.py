"""Changing one option in the text of a file of ``Key=value`` lines without sections, such as /etc/waagent.conf.

Where a key stands more than once the last one counts, so that is the line that is changed.
"""

from __future__ import annotations

import re

from runner.parsers.ini import Unreadable
from runner.parsers.waagent_conf import read_flat

_LINE = re.compile(r"(?P<before>\s*(?P<key>[^=\n]*?)\s*=[ \t]*)(?P<value>[^#\r\n]*?)(?P<after>[ \t]*(?:#[^\r\n]*)?\r?)")


def set_flat(text: str, option: str, value: str | None) -> str:
    """The text with the option set, or removed if ``value`` is None; comments behind a value stay.

    Proven by reading both texts: nothing else may have changed. ``Unreadable`` if that cannot be had.
    """
    lines = text.split("\n")
    own = [index for index, line in enumerate(lines) if not line.startswith("#") and _key(line) == option]
    if value is None:
        lines = [line for index, line in enumerate(lines) if index not in own]
    elif own:
        lines[own[-1]] = _changed(lines[own[-1]], value)
    else:
        lines = _added(lines, f"{option}={value}")
    new = "\n".join(lines)
    expected = {**read_flat(text), option: value}
    if {key: found for key, found in expected.items() if found is not None} != read_flat(new):
        raise Unreadable("the file is written in a way in which this option cannot be changed alone")
    return new


def _key(line: str) -> str | None:
    key, sign, _ = line.partition("=")
    return key.strip() if sign else None


def _changed(line: str, value: str) -> str:
    match = _LINE.fullmatch(line)
    if match is None:
        raise Unreadable(f"the line {line.strip()!r} cannot be understood")
    return f"{match['before']}{value}{match['after']}"


def _added(lines: list[str], line: str) -> list[str]:
    """At the end; a file whose last line has a line end keeps one."""
    end = "\r" if any(each.endswith("\r") for each in lines) else ""
    if lines[-1] == "":
        return [*lines[:-1], line + end, ""]
    return [*lines, line]
