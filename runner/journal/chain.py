"""The hash chain that ties every event of a run to all events before it, and to the plan."""

from __future__ import annotations

import enum
import hashlib
import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from types import MappingProxyType

from runner.codec import canonical, to_json
from runner.model.event import Event, EventKind

COLUMNS = "run, at, kind, entry, remedy, action, attempt, epoch, data, prev, hash"


def genesis(run: str, plan_text: str) -> str:
    """What the first event of a run is chained to, so that an altered plan snapshot breaks the chain, too."""
    return hashlib.sha256(f"vmfix journal 1\n{run}\n{plan_text}".encode("utf-8", "surrogatepass")).hexdigest()


def link(prev: str, event: Event) -> str:
    """The hash of ``event`` behind ``prev``."""
    return hashlib.sha256(prev.encode() + canonical(event)).hexdigest()


def prepare(event: Event, redact: Callable[[str], str]) -> Event:
    """``event`` as it may be stored: plain JSON data with every text redacted.

    Never fails on odd data, since what happened has to be recorded even if it has no JSON form.
    """
    return replace(event, data=MappingProxyType(prepare_mapping(event.data, redact)))


def prepare_mapping(data: Mapping[str, object], redact: Callable[[str], str]) -> dict[str, object]:
    """``data`` as plain JSON with every text redacted; dataclasses in it become what the codec makes of them."""
    return {_text(key, redact): _plain(value, redact) for key, value in data.items()}


def _plain(value: object, redact: Callable[[str], str]) -> object:
    match value:
        case str():
            return redact(value)
        case bool() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {_text(key, redact): _plain(item, redact) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, redact) for item in _ordered(value)]
        case _:
            return _foreign(value, redact)


def _foreign(value: object, redact: Callable[[str], str]) -> object:
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, enum.Enum) or is_dataclass(value):
        try:
            return _plain(to_json(value), redact)
        except TypeError:
            pass
    return f"<{type(value).__name__}>"  # not its repr, which may hold anything


def _ordered(items: list[object] | tuple[object, ...] | set[object] | frozenset[object]) -> list[object]:
    return sorted(items, key=str) if isinstance(items, (set, frozenset)) else list(items)


def _text(key: object, redact: Callable[[str], str]) -> str:
    return redact(str(key))


def to_row(event: Event, prev: str) -> tuple[object, ...]:
    """The values of COLUMNS. The data is ASCII JSON: SQLite takes no lone surrogates, which remote output may hold."""
    data = json.dumps(dict(event.data), ensure_ascii=True, separators=(",", ":"))
    return (
        event.run,
        event.at,
        event.kind.value,
        event.entry,
        event.remedy,
        event.action,
        event.attempt,
        event.epoch,
        data,
        prev,
        link(prev, event),
    )


def from_row(row: sqlite3.Row) -> Event:
    """The event of a row with COLUMNS. Raises ValueError if it cannot have been written by us."""
    data = json.loads(row["data"])
    if not isinstance(data, dict):
        message = "the event's data is not an object"
        raise ValueError(message)  # noqa: TRY004 - bad stored text, not a bug
    return Event(
        run=row["run"],
        at=row["at"],
        kind=EventKind(row["kind"]),
        entry=row["entry"],
        remedy=row["remedy"],
        action=row["action"],
        attempt=row["attempt"],
        epoch=row["epoch"],
        data=MappingProxyType(data),
    )
