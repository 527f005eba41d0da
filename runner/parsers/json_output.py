"""Output that is one JSON document."""

from __future__ import annotations

import json
import math
from collections import Counter
from types import MappingProxyType
from typing import NoReturn, cast

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.base import Parser, shown, unreadable, whole_text


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """RFC 8259 leaves the meaning of a repeated name open, so nothing can be concluded from one."""
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name in made if counts[name] > 1)
        message = f"the JSON output has the name {shown(twice)} twice in one object"
        raise ParseError(message)
    return made


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        message = f"the JSON output has the number {shown(text)}, which is too large"
        raise ParseError(message)
    return value


def _constant(text: str) -> NoReturn:
    message = f"the JSON output has {text}, which is not a JSON value"
    raise ParseError(message)


def _json(result: CommandResult) -> object:
    text = whole_text(result).lstrip("\ufeff")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text that could be sent on
    except (ValueError, RecursionError) as problem:
        what = "one JSON document"
        raise unreadable(what, result) from problem
    return cast("object", value)


JSON = Parser("json", "Standard output as one JSON document; its own structure.", MappingProxyType({}), _json)
