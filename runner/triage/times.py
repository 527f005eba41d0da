"""The times of jobs: RFC 3339 as the REST API and `az` write it, and what the portal writes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

_CLOCK = r",?\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<sec>\d{2}))?\s*(?P<half>[AP]M)?"
_SLASHED = re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4})" + _CLOCK, re.IGNORECASE)
# Of these there is one reading only: with dots the day comes first, and behind a year the month.
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + _CLOCK, re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.-](?P<month>\d{1,2})[/.-](?P<day>\d{1,2})" + _CLOCK, re.IGNORECASE)
_MONTHS = 12
_NEVER = 2001  # what services write for "not yet": years 1, 1601, 1970 and 2001; nobody backed up a VM to Azure by then
_NOON = 12


def read_time(text: str, *, day_first: bool | None = None) -> tuple[dt.datetime | None, bool]:
    """The time, and whether it came with a zone; without one it is taken for UTC. None for what cannot be read.

    None too for the times that stand for none, such as 0001-01-01, or what ended then would have ended before all else.
    ``day_first`` says how 6/7/2021 is meant. Where that is not known, such a time is not read: a guess would put
    backups in the wrong order.
    """
    moment, zoned = _read(text.strip(), day_first=day_first)
    return (None, False) if moment is None or moment.year <= _NEVER else (moment, zoned)


def _read(text: str, *, day_first: bool | None) -> tuple[dt.datetime | None, bool]:
    try:
        moment = dt.datetime.fromisoformat(text)
        zoned = moment.tzinfo is not None
        return (moment.astimezone(dt.UTC) if zoned else moment.replace(tzinfo=dt.UTC)), zoned
    except (ValueError, OverflowError):
        pass
    try:
        return _sure(text) or _slashed(text, day_first=day_first), False
    except ValueError:
        return None, False


def day_first(texts: Iterable[str]) -> bool | None:
    """How a document writes its days, if one of its times can be read in one way only and none contradicts."""
    found = {
        int(match["first"]) > _MONTHS
        for match in map(_SLASHED.fullmatch, texts)
        if match and max(int(match["first"]), int(match["second"])) > _MONTHS
    }
    return found.pop() if len(found) == 1 else None


def needs_order(text: str) -> bool:
    """Whether day and month of this time can only be told with ``day_first``."""
    return _SLASHED.fullmatch(text) is not None


def _sure(text: str) -> dt.datetime | None:
    match = _DOTTED.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    return _moment(match, int(match["month"]), int(match["day"])) if match else None


def _slashed(text: str, *, day_first: bool | None) -> dt.datetime | None:
    match = _SLASHED.fullmatch(text)
    if not match or day_first is None:
        return None
    day, month = (match["first"], match["second"]) if day_first else (match["second"], match["first"])
    return _moment(match, int(month), int(day))


def _moment(match: re.Match[str], month: int, day: int) -> dt.datetime:
    """Raises ``ValueError`` for a day or an hour that there is not."""
    hour = _hour(int(match["hour"]), match["half"] or "")
    second = int(match["sec"] or 0)
    return dt.datetime(int(match["year"]), month, day, hour, int(match["minute"]), second, tzinfo=dt.UTC)


def _hour(hour: int, half: str) -> int:
    """12 AM is midnight, and 12 PM is noon. Raises ``ValueError`` for 13 PM."""
    if not half:
        return hour
    if not 1 <= hour <= _NOON:
        raise ValueError(hour)
    return hour % _NOON + (_NOON if half.upper() == "PM" else 0)
