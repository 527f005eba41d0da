"""How long a command is sent again that did nothing, since something else was at work."""

from __future__ import annotations

from runner.execute.tools import Tools
from runner.model.fields import format_duration
from runner.steps.base import Settle

_NAP = 1.0  # seconds between two looks whether a stop was asked for


class Patience:
    """Begins with the first wait. A request to stop ends it: nothing was done yet, so nothing is left half done."""

    def __init__(self, pause: Settle, tools: Tools) -> None:
        self._pause = pause
        self._tools = tools
        self._until: float | None = None
        self._waits = 0
        self._stopped = ""

    def waits(self) -> bool:
        """Wait until the next try; False: there is none any more."""
        clock, stop = self._tools.clock, self._tools.stop
        if self._until is None:
            self._until = clock.monotonic() + self._pause.within
        again = clock.monotonic() + self._pause.every
        if again > self._until:
            return False
        while not stop.asked and (left := again - clock.monotonic()) > 0:
            clock.sleep(min(left, _NAP))
        if stop.asked:
            self._stopped = f"; not tried again: {stop.reason}"
            return False
        self._waits += 1
        return True

    @property
    def said(self) -> str:
        """How often and for how long it was tried, to be put behind another text; empty where it was tried once."""
        waited = format_duration(self._waits * self._pause.every)
        tried = f"; tried {self._waits + 1} times in {waited}" if self._waits else ""
        return f"{tried}{self._stopped}"
