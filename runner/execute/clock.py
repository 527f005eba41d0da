"""Time, handed in from outside, so that tests own it."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> dt.datetime:
        """The time of day in UTC, for records."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, for deadlines."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SimulatedClock:
    """Time that passes only when somebody sleeps: hours of waiting cost nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> dt.datetime:
        return _BEGIN + dt.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


_BEGIN = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)
