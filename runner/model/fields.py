"""Field types that documents share, as pydantic understands them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema

DURATION_PATTERN = r"^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?$"
IDENTIFIER_PATTERN = r"^[a-z][a-z0-9-]*$"

_DURATION = re.compile(DURATION_PATTERN)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_LONGEST = 366 * 86400.0  # seconds; more is a slip of the pen, and overflows what waits for it


class Shape(BaseModel):
    """Base of every model that a document is held against: frozen, exact types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def parse_duration(text: object) -> float:
    """Seconds of ``90s``, ``5m``, ``2h``, ``1d`` or ``1h30m``. The error's second line is the remedy."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        message = f"a duration needs a unit, and {text} has none\nWrite {text}s for seconds, or use m, h or d."
        raise ValueError(message)  # noqa: TRY004 - pydantic turns only a ValueError into a complaint
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        shown = f"`{text}`" if isinstance(text, str) else "this"
        message = f"{shown} is not a duration\nWrite 90s, 5m, 2h, 1d or 1h30m."
        raise ValueError(message)
    seconds = sum(float(number) * dict(_UNITS)[unit] for number, unit in re.findall(r"([0-9.]+)([dhms])", text))
    if seconds > _LONGEST:
        message = f"`{text}` is longer than a year\nWrite a shorter duration."
        raise ValueError(message)
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest text that ``parse_duration`` reads as the same time, to a millisecond: 90 -> ``1m30s``."""
    rest = round(seconds * 1000)
    if rest <= 0:
        return "0s"
    text = ""
    for unit, size in _UNITS[:-1]:
        count, rest = divmod(rest, size * 1000)
        text += f"{count}{unit}" if count else ""
    return f"{text}{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s" if rest else text


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["90s", "5m", "2h", "1h30m"]}),
]
"""Seconds, written with units."""

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""A name that playbooks, remedies and steps go by: small letters, digits and hyphens."""
