"""Secrets out of JSON without breaking it."""

from __future__ import annotations

import json
from collections.abc import Callable


def masked_json(text: str, redact: Callable[[str], str]) -> str:
    """The JSON document with its texts redacted and all else as it was; what is no JSON is redacted as text."""
    try:
        data = json.loads(text)
    except ValueError:
        return redact(text)
    return json.dumps(masked(data, redact), indent=2) + "\n"


def masked(value: object, redact: Callable[[str], str]) -> object:
    """JSON data with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): masked(item, redact) for key, item in value.items()}
    return [masked(item, redact) for item in value] if isinstance(value, list) else value
