"""Texts made fit to be said: set in one line, or cut short so that redaction can still see where a secret was cut."""

from __future__ import annotations

CUT = "…"  # stands where something was left out; the redactor looks for pieces of secrets beside it


def in_one_line(text: str) -> str:
    """Each run of blanks and line ends as one blank."""
    return " ".join(text.split())


def beginning(text: str, longest: int) -> str:
    """At most ``longest`` characters from the start, and a mark if that is not all."""
    return text if len(text) <= longest else text[:longest] + CUT


def end(text: str, longest: int) -> str:
    """At most ``longest`` characters up to the end, behind a mark if that is not all."""
    return text if len(text) <= longest else CUT + text[-longest:]
