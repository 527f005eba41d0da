"""The lines that ``sc`` prints about services, by their order and their numbers: the labels may be translated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.base import integer, shown, unreadable
from runner.parsers.windows_lines import lines_of

STATES: Mapping[int, str] = MappingProxyType(
    {
        1: "stopped",
        2: "start-pending",
        3: "stop-pending",
        4: "running",
        5: "continue-pending",
        6: "pause-pending",
        7: "paused",
    }
)
"""dwCurrentState of SERVICE_STATUS (winsvc.h), in words of our own."""

_LAST_NUMBER = re.compile(r"(?<!\d)\d+\Z")
_NAME = re.compile(r"\S[^:]*:(.*)")
_CONTROLS = re.compile(r"\s+\((.*)\)\s*")
_NUMBER = re.compile(r"\d+\b")

_STATUS_LINES = 6  # type, state, exit code of Win32, exit code of its own, checkpoint, wait hint
_EXTENDED_LINES = 8  # and process id and flags
_DEPENDENCIES = 8  # they are the eighth setting that qc prints


def failure(result: CommandResult) -> int:
    """The Win32 number with which sc failed; 0 if it did not."""
    for line in lines_of(result):
        found = _failed(line)
        if found is not None:
            return found
    return result.exit_code


def _failed(line: str) -> int | None:
    """The number at the end of ``[SC] OpenService FAILED 1060:``."""
    said = line.rstrip()
    if not line.startswith("[SC]") or not said.endswith(":"):
        return None
    found = _LAST_NUMBER.search(said[:-1].rstrip())
    return integer(found[0]) if found else None


def blocks(lines: Iterable[str], what: str, result: CommandResult) -> list[tuple[str, list[str]]]:
    """(name, its indented lines) of each service. A second unindented line is its name for people."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        name = _NAME.fullmatch(line)
        if not line.strip() or line.startswith("[SC]"):
            continue
        if line[0] in " \t" and found:
            found[-1][1].append(line)
        elif name and (not found or found[-1][1]):
            found.append((name[1].strip(), []))
        elif not name:
            raise unreadable(what, result)
    if any(not name or not block for name, block in found):
        raise unreadable(what, result)
    return found


def status(name: str, lines: Sequence[str]) -> dict[str, object]:
    """The fields of the parser ``sc_query``."""
    fields = [line for line in lines if not _CONTROLS.fullmatch(line)]
    values = [value for _, value in map(_field, fields)]
    if len(values) not in (_STATUS_LINES, _EXTENDED_LINES):
        message = f"sc printed {len(values)} lines about the service {shown(name)} where 6 or 8 are expected"
        raise ParseError(message)
    state = number(values[1], "the state of a service")
    extended = len(values) == _EXTENDED_LINES
    return {
        "name": name,
        "exists": True,
        "type": service_type(values[0]),
        "state": state,
        "state_word": word(state, STATES, "the state of a service"),
        "accepts_stop": _accepts_stop(lines),
        "win32_exit_code": number(values[2], "an exit code"),
        "service_exit_code": number(values[3], "an exit code"),
        "pid": number(values[6], "a process id") if extended else None,
        "flags": values[7].strip() if extended else "",
    }


def settings(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of ``sc qc``, and the dependencies: one to a line, of which only the first has a label."""
    values: list[str] = []
    dependencies: list[str] = []
    for label, text in map(_field, lines):
        if label:
            values.append(text.strip())
        if len(values) == _DEPENDENCIES:
            dependencies.append(text.strip())
        elif not label:
            message = "sc printed a line without a label in an unexpected place"
            raise ParseError(message)
    return values, [name for name in dependencies if name]


def _field(line: str) -> tuple[str, str]:
    label, colon, text = line.partition(":")
    if not colon or not line[0].isspace():
        message = f"sc printed a line that is not understood: {shown(line)}"
        raise ParseError(message)
    return label.strip(), text.removeprefix(" ")


def _accepts_stop(lines: Iterable[str]) -> bool | None:
    """The names of controls are constants of winsvc.h; where they are not there, nobody knows."""
    shown = [found[1] for line in lines if (found := _CONTROLS.fullmatch(line))]
    names = {name.strip() for text in shown for name in text.split(",")}
    if "NOT_STOPPABLE" in names:
        return False
    return True if "STOPPABLE" in names else None


def number(text: str, what: str) -> int:
    """The number at the beginning of ``4  RUNNING``."""
    found = _numbered(text)
    value = integer(found[0]) if found else None
    if value is None:
        message = f"sc printed {shown(text)} as {what}, which is no number of Windows"
        raise ParseError(message)
    return value


def in_brackets(text: str) -> bool:
    """Whether something in brackets follows, such as ``2  AUTO_START  (DELAYED)``."""
    found = _numbered(text)
    return bool(found and found[1])


def _numbered(text: str) -> tuple[str, str] | None:
    """The number at the beginning, and what stands in brackets at the end."""
    found = _NUMBER.match(text)
    if not found:
        return None
    _, bracket, tail = text[found.end() :].rstrip().partition("(")
    return (found[0], bracket + tail) if not bracket or tail.endswith(")") else None


def service_type(text: str) -> int:
    """The bits of it are printed in hexadecimal, without 0x."""
    found = re.match(r"[0-9a-fA-F]+\b", text)
    value = integer(found[0], 16) if found else None
    if value is None:
        message = f"sc printed {shown(text)} as the type of a service, which is no number of Windows"
        raise ParseError(message)
    return value


def word(value: int, words: Mapping[int, str], what: str) -> str:
    """The word for a number, which must be one that Windows has."""
    if value not in words:
        message = f"sc printed {value} as {what}, which is not among those of Windows ({min(words)} to {max(words)})"
        raise ParseError(message)
    return words[value]
