"""What the event log of a target holds from before its first boot, as data."""

from collections.abc import Iterable
from dataclasses import dataclass

HOUR_MS = 3_600_000
WARNING, ERROR = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, and how long before the first boot it was written."""

    log: str
    provider: str
    number: int
    level: int
    before_ms: int
    data: str = ""


# I/O that could not be held for the snapshot: domain.md (c), event log.
SHADOW_COPY_TIMEOUTS = (
    Event(
        log="Application",
        provider="VSS",
        number=12298,
        level=ERROR,
        before_ms=2 * HOUR_MS,
        data="The I/O writes cannot be held during the shadow copy creation period. hr = 0x80042314",
    ),
    Event(
        log="System",
        provider="volsnap",
        number=8,
        level=ERROR,
        before_ms=2 * HOUR_MS,
        data="The flush and hold writes operation on volume C: timed out.",
    ),
    Event(
        log="System",
        provider="Volsnap",
        number=9,
        level=ERROR,
        before_ms=2 * HOUR_MS - 5000,
        data="The flush and hold writes operation on volume D: timed out.",
    ),
    Event(
        log="Application",
        provider="VSS",
        number=12298,
        level=ERROR,
        before_ms=50 * HOUR_MS,
        data="The I/O writes cannot be held during the shadow copy creation period. hr = 0x80042314",
    ),
)
# The same numbers from others, which prove nothing.
NOISE = (
    Event(log="System", provider="Microsoft-Windows-Eventlog", number=8, level=WARNING, before_ms=HOUR_MS),
    Event(log="Application", provider="VSS", number=8224, level=4, before_ms=HOUR_MS, data="idle timeout"),
)


def event_file(events: Iterable[Event]) -> bytes:
    """The file that wevtutil.c reads."""
    rows = [(e.log, e.provider, str(e.number), str(e.level), str(-e.before_ms), e.data) for e in (*NOISE, *events)]
    return "".join("\t".join(row) + "\n" for row in rows).encode()
