"""What an unquoted scalar means: the YAML 1.2 core schema, and how YAML 1.1 tools would have read it otherwise."""

from __future__ import annotations

import datetime as dt
import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_OLD_TRUE = frozenset(cased for word in ("yes", "on") for cased in (word, word.title(), word.upper()))
_OLD_FALSE = frozenset(cased for word in ("no", "off") for cased in (word, word.title(), word.upper()))
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_HEX = re.compile(r"[-+]?0x[0-9a-fA-F_]+")
_BINARY = re.compile(r"[-+]?0b[01_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_UNDERSCORED = re.compile(r"[-+]?[1-9][0-9_]*_[0-9_]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?")


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar.

    Only decimal numbers are numbers (no octal, no ``1:30``), and a number that a float cannot hold stays text, for
    infinity has no place in canonical JSON.
    """
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def yaml11_bool(text: str) -> bool | None:
    """The truth value that YAML 1.1 gives to ``yes``, ``no``, ``on`` and ``off``; None for any other text."""
    if text in _OLD_TRUE or text in _OLD_FALSE:
        return text in _OLD_TRUE
    return None


def yaml11_reading(text: str) -> str | None:
    """How YAML 1.1 tools read this plain text, in words, where we read text; None where both agree."""
    if yaml11_bool(text) is not None:
        return "a boolean"
    for pattern, words in _OLD_NUMBERS:
        if pattern.fullmatch(text):
            return words
    return "a date" if _is_date(text) else None


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def yaml11_int(text: str) -> int | None:
    """The whole number that YAML 1.1 reads in ``0777``, ``0x1F``, ``0b11``, ``1_000`` or ``1:30``; else None."""
    digits = text.replace("_", "").lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    for pattern, base in ((_OCTAL, 8), (_HEX, 16), (_BINARY, 2), (_UNDERSCORED, 10)):
        if pattern.fullmatch(text):
            return sign * int(digits, base)
    if _SEXAGESIMAL.fullmatch(text) and "." not in text:
        total = 0
        for part in digits.split(":"):
            total = total * 60 + int(part)
        return sign * total
    return None


_OLD_NUMBERS = (
    (_OCTAL, "an octal number"),
    (_HEX, "a hexadecimal number"),
    (_BINARY, "a binary number"),
    (_SEXAGESIMAL, "a number in base 60"),
    (_UNDERSCORED, "a number"),
)
