"""How vmfix writes times."""

from __future__ import annotations

import datetime as dt


def stamp(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with microseconds: the one form in which vmfix writes times; its texts sort as the times do."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
