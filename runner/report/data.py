"""Reading the open data of events, which may come from an older or damaged record: never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from runner.model.event import Event


def text(event: Event, name: str) -> str:
    """The value as text; empty if it is missing."""
    value = event.data.get(name)
    return "" if value is None else str(value)


def texts(event: Event, name: str) -> tuple[str, ...]:
    """The items of a list as texts."""
    value = event.data.get(name)
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def truth(event: Event, name: str) -> bool | None:
    """True or False; None if the value is missing or no truth value."""
    value = event.data.get(name)
    return value if isinstance(value, bool) else None


def integer(event: Event, name: str) -> int | None:
    """None if the value is missing or no whole number."""
    value = event.data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(event: Event, name: str) -> float | None:
    """None if the value is missing or no number."""
    value = event.data.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def mapping(event: Event, name: str) -> Mapping[str, object]:
    """Empty if the value is missing or no mapping."""
    value = event.data.get(name)
    return value if isinstance(value, Mapping) else {}


def seconds_between(start: str, end: str) -> float | None:
    """None if one of the times is missing or no time."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):  # TypeError: one with and one without a zone
        return None
