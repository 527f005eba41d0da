"""The entries of a run that wait for their turn."""

from __future__ import annotations

import datetime as dt
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from runner.execute.tick import Claim


class Waiting:
    """Those in ``line`` may start as far as waves and windows go; those that are held may not, before their time."""

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        self._claims = claims
        self._order = {key: number for number, key in enumerate(claims)}
        # Not a dict: taking from its front again and again makes looking at its front slow.
        self.line: OrderedDict[str, Claim] = OrderedDict()
        self._held: dict[str, tuple[dt.datetime, float]] = {}
        self._kinds: Counter[frozenset[str]] = Counter()
        self.crowd: Counter[str] = Counter()  # how many of the line are for each slot

    @property
    def kinds(self) -> int:
        """How many different sets of slots are in the line."""
        return len(self._kinds)

    @property
    def any_held(self) -> bool:
        return bool(self._held)

    def add(self, keys: Iterable[str]) -> None:
        """To the end of the line, in the order of the plan."""
        for key in sorted(keys, key=self._order.__getitem__):
            self._enter(key)

    def take(self, key: str) -> Claim:
        """Out of the line."""
        claim = self.line.pop(key)
        self._kinds[claim.slots] -= 1
        if not self._kinds[claim.slots]:
            del self._kinds[claim.slots]
        self.crowd.subtract(claim.slots)
        return claim

    def hold(self, key: str, until: dt.datetime, pause: float) -> None:
        """Out of the line until then, and at least until the monotonic clock says ``pause``."""
        self.take(key)
        self._held[key] = until, pause

    def release(self, now: dt.datetime, monotonic: float) -> None:
        """Back to the front of the line, in the order of the plan, with those whose time has come."""
        due = [key for key, (until, pause) in self._held.items() if until <= now and pause <= monotonic]
        due.sort(key=self._order.__getitem__)
        for key in reversed(due):
            del self._held[key]
            self._enter(key)
            self.line.move_to_end(key, last=False)

    def _enter(self, key: str) -> None:
        self.line[key] = self._claims[key]
        self._kinds[self._claims[key].slots] += 1
        self.crowd.update(self._claims[key].slots)
