"""``vssadmin list writers`` in any language: by structure, GUIDs and the number of the state, never by words.

A writer begins with an unindented line whose value is in quotes (single ones in English and Danish, double ones in
German; French puts a blank or a no-break space before the colon). In its indented lines the first GUID is the
writer's, the second that of its instance, the number in brackets is its state, and the last line is its last error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import NUMBER, one_of
from runner.parsers.base import Gives, Parser, integer, shown, unreadable
from runner.parsers.vss_writer_table import row_of, why_denied
from runner.parsers.windows_lines import lines_of

_QUOTES = "'\"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_GUID = re.compile(r"\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}")
_STATE = re.compile(r"\[(\d+)\](.*)")

_GOOD = 1  # VSS_WS_STABLE
_IN_PROGRESS = range(2, 6)  # waiting for freeze, thaw, post-snapshot, completion
_LAST = 15  # VSS_WS_FAILED_AT_BACKUPSHUTDOWN
_FIELDS = 4
_REPLICA = "microsoft exchange replica writer"


def parse_vss_writers(result: CommandResult) -> list[dict[str, object]]:
    """The writers in their order. Without any writer nothing is known, so that is an error, never "all stable"."""
    if result.exit_code != 0:
        what = "the list of VSS writers, for which vssadmin exits with 0"
        _, _, said = "\n".join(lines_of(result)).partition("\n\n")  # without the banner
        raise unreadable(what, replace(result, stdout=said.encode() or result.stdout))
    blocks: list[tuple[str, list[str]]] = []
    for line in lines_of(result):
        name = _header(line)
        if name:
            blocks.append((name, []))
        elif line[:1] in (" ", "\t") and line.strip():
            if not blocks:
                raise unreadable("the list of VSS writers", result)
            blocks[-1][1].append(line)
    if not blocks:
        raise unreadable("at least one VSS writer", result)
    old = any(name.lower() == _REPLICA for name, _ in blocks)
    return [_writer(name, lines, exchange_2010=old) for name, lines in blocks]


def _header(line: str) -> str:
    """The name in ``Writer name: 'System Writer'``; empty for a line of another kind."""
    text = _after_colon(line)
    if line[:1].isspace() or not text or text[0] not in _QUOTES or text[-1] not in _QUOTES:
        return ""
    return text[1:-1].strip()


def _value(line: str) -> str | None:
    """What the label of an indented line is followed by; None for a line of another kind."""
    return _after_colon(line.lstrip()) if line[:1].isspace() else None


def _after_colon(text: str) -> str | None:
    """What follows a label of at least one character and its colon."""
    at = text.find(":", 1)
    return text[at + 1 :].strip() if at > 0 else None


def _writer(name: str, lines: Sequence[str], *, exchange_2010: bool) -> dict[str, object]:
    values = [value for line in lines if (value := _value(line)) is not None]
    if len(values) != _FIELDS or len(lines) != _FIELDS:
        raise _not_understood(name, f"{len(lines)} lines where {_FIELDS} are expected")
    ids = [_GUID.fullmatch(text.strip()) for text in values[:2]]
    state = _STATE.fullmatch(values[2])
    if not (ids[0] and ids[1] and state):
        raise _not_understood(name, "no two GUIDs followed by a state in brackets")
    number = integer(state[1])
    if number is None or number > _LAST:
        raise _not_understood(name, f"the state {shown(state[1])}, which VSS_WRITER_STATE does not have")
    writer_id = ids[0][1].lower()
    return {
        "name": name,
        "writer_id": writer_id,
        "instance_id": ids[1][1].lower(),
        "state": number,
        "state_class": _state_class(number),
        "state_text": state[2].strip(),
        "last_error": values[3].strip(),
        **_service(writer_id, name, exchange_2010=exchange_2010),
    }


def _not_understood(name: str, why: str) -> ParseError:
    return ParseError(f"the VSS writer {shown(name)} is not listed as expected: {why}")


def _state_class(number: int) -> str:
    if number == _GOOD:
        return "good"
    return "in_progress" if number in _IN_PROGRESS else "fault"


def _service(writer_id: str, name: str, *, exchange_2010: bool) -> Mapping[str, object]:
    row = row_of(writer_id, name, exchange_2010=exchange_2010)
    why = row.why_not
    denied = why_denied(row.service)
    if denied:
        why = f"{row.service} is never restarted automatically: {denied}"
    return {
        "service": None if why else row.service,
        "known_service": row.service or None,
        "why_no_service": f"{name} ({writer_id}): {why}" if why else "",
        "mark": row.mark,
        "advice": row.advice,
    }


VSS_WRITERS = Parser(
    "vss_writers",
    "`vssadmin list writers`, in any language: a list of VSS writers. A list without any writer is an error.",
    MappingProxyType(
        {
            "name": "as printed",
            "writer_id": "its GUID, in small letters, without braces: the same on every machine",
            "instance_id": "GUID of this instance: another one after each start of its service",
            "state": "number, as of VSS_WRITER_STATE: 1 stable, 2 to 5 in progress, 6 to 15 failed, 0 unknown",
            "state_class": "good (1), in_progress (2 to 5: a backup may be running, so nothing must be restarted) or "
            "fault. A stable writer with a last error is good: it has recovered",
            "state_text": "the state in the words of the target's language",
            "last_error": "the last error in the words of the target's language",
            "service": "the service to restart; null: unknown, contradictory, or never restarted automatically",
            "known_service": "the service that hosts it, even if it must not be restarted; null: unknown",
            "why_no_service": "why `service` is null, with the writer's name and id; empty if it is not",
            "mark": "how sure the service is: V read in a public source, M from memory, conflict, or empty: unknown",
            "advice": "what a restart of the service means, or what to do instead",
        }
    ),
    parse_vss_writers,
    gives=Gives.LIST,
    known=MappingProxyType({"state": NUMBER, "state_class": one_of("good", "in_progress", "fault")}),
)
