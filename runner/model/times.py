"""How vmfix writes times."""

from __future__ import annotations

import datetime as dt
import re

_FRACTION = re.compile(r"(?<=:\d\d)\.\d+(?=Z$|[+-]\d\d:\d\d$)")


def stamp(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with microseconds: the one form in which vmfix writes times; its texts sort as the times do."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_the_second(text: str) -> str:
    """A time as ``stamp`` writes it, for people: without the fraction of its second. Any other text stays."""
    return _FRACTION.sub("", text)
