"""Waves and the failure budget, as one entry after the other ends. Values only: no clock, nothing is started here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.model.event import Status
from runner.model.plan import Entry, Standing
from runner.model.policy import Amount, Waves

BAD = frozenset({Status.FAILED, Status.NOT_FIXED, Status.UNREACHABLE, Status.INDETERMINATE})
"""What counts against the budget, all alike."""

_MOST_NAMES = 5


def waves_of(entries: Iterable[Entry], waves: Waves | None) -> tuple[tuple[str, ...], ...]:
    """The targets on which something is planned, in the plan's order, cut into waves; no wave is empty."""
    targets = tuple(dict.fromkeys(entry.target for entry in entries if entry.standing is Standing.PLANNED))
    ends = [min(size.of(len(targets)), len(targets)) for size in waves.sizes] if waves else []
    found: list[tuple[str, ...]] = []
    begin = 0
    for end in (*ends, len(targets)):
        if end > begin:
            found.append(targets[begin:end])
            begin = end
    return tuple(found)


@dataclass(frozen=True, slots=True)
class WaveEnd:
    """How a wave ended. ``text`` says which one and how; ``well``: whether the next one may begin."""

    text: str
    well: bool


class Rollout:
    """Which wave is under way, and who has ended badly. Told of the end of every entry.

    Entries with nothing to do are in no wave; they come with the first one, and none waits for them. But a target of a
    wave has ended only when all its entries have, those too, and is in order if all are.
    """

    def __init__(self, entries: Sequence[Entry], waves: Waves | None, budget: Amount | None) -> None:
        self._waves = waves
        self._parts = waves_of(entries, waves) or ((),)
        self._number = 0  # of the wave under way, from 1
        self._judged = True  # whether nothing is left to be said of the wave under way
        self._entries: defaultdict[str, list[str]] = defaultdict(list)
        for entry in entries:
            if entry.standing is Standing.PLANNED:
                self._entries[entry.target].append(entry.key)
        self._idle = [entry.key for entry in entries if entry.standing is not Standing.PLANNED]
        self._target_of = {entry.key: entry.target for entry in entries}
        self._left = Counter(entry.target for entry in entries)
        self._out_of_order: dict[str, Status] = {}
        self._under_way: set[str] = set()
        self._bad: set[str] = set()
        self._budget = None if budget is None else budget.of(len(self._left))

    def count(self, key: str, status: Status) -> None:
        """How an entry ends counts against the budget; also if that is known before it was settled."""
        if status in BAD:
            self._bad.add(self._target_of[key])

    def ended(self, key: str, status: Status) -> None:
        """An entry has ended."""
        target = self._target_of[key]
        self.count(key, status)
        self._left[target] -= 1
        if not status.in_order:
            self._out_of_order.setdefault(target, status)
        if not self._left[target]:
            self._under_way.discard(target)

    @property
    def overdrawn(self) -> str:
        """Why nothing new may start, if more targets than the budget allows have ended badly; else empty."""
        if self._budget is None or len(self._bad) <= self._budget:
            return ""
        return f"{_targets(len(self._bad))} ended badly, and the budget is {self._budget}"

    @property
    def more(self) -> bool:
        """Whether a wave is left that has not begun."""
        return self._number < len(self._parts)

    def begin(self) -> tuple[str, list[str]]:
        """The next wave: what to say of it (nothing where there is no talk of waves), and its entries."""
        targets = self._parts[self._number]
        self._number += 1
        self._judged = self._waves is None or not targets
        self._under_way = {target for target in targets if self._left[target]}
        text = "" if self._judged else f"{self._name} begins: {_targets(len(targets))}"
        idle, self._idle = self._idle, []
        return text, idle + [key for target in targets for key in self._entries[target]]

    def end(self) -> WaveEnd | None:
        """How the wave under way ended, once, when all its targets have; else None. Without waves there is no end."""
        if self._judged or self._under_way:
            return None
        self._judged = True
        targets = self._parts[self._number - 1]
        bad = [target for target in targets if target in self._out_of_order]
        good = len(targets) - len(bad)
        needed = min(self._waves.in_order.of(len(targets)), len(targets)) if self._waves else 0
        if good >= needed:
            return WaveEnd(f"{self._name} ended: {good} of {len(targets)} in order", well=True)
        short = f"{good} of {len(targets)}" + (f", and {needed} had to" if needed < len(targets) else "")
        named = ", ".join(f"`{target}` is {_word(self._out_of_order[target])}" for target in bad[:_MOST_NAMES])
        more = f" and {len(bad) - _MOST_NAMES} more are not in order" if len(bad) > _MOST_NAMES else ""
        return WaveEnd(f"{self._name} did not end in order: {short}; {named}{more}", well=False)

    @property
    def _name(self) -> str:
        return f"wave {self._number} of {len(self._parts)}"


def _targets(count: int) -> str:
    return f"{count} target" if count == 1 else f"{count} targets"


def _word(status: Status) -> str:
    return status.value.replace("_", " ")
