"""Whether a remedy may be started at this moment: plan and consent still hold, and the window is long enough.

Asked before an entry is started, and again before each of its remedies, since time goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from runner.model.approval import ApprovedPlan
from runner.model.plan import Entry, RemedyPlan, Standing
from runner.model.times import to_the_second


@dataclass(frozen=True, slots=True)
class Hold:
    """Why something is not started. ``until``: not before then; None: not at all in this run."""

    reason: str
    until: dt.datetime | None = None


class Slot(Protocol):
    """What a schedule says: open or not; why not; when ``need`` fits next, if ever."""

    @property
    def open(self) -> bool: ...
    @property
    def why(self) -> str: ...
    @property
    def next(self) -> dt.datetime | None: ...


class Timetable(Protocol):
    """Windows and freezes of groups of targets."""

    def at(self, groups: Collection[str], now: dt.datetime, need: float) -> Slot: ...


def worst_case(remedy: RemedyPlan) -> float:
    """Seconds that a remedy may take on one target: what its author says, else the deadlines of all its commands."""
    if remedy.takes is not None:
        return remedy.takes
    return sum(command.at_most for action in remedy.actions for command in action.commands)


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """``timetable`` None: any time is right, as without a policy or in an emergency.

    ``waits``: who comes too early is told when to come again, rather than sent away. ``changed`` says what of policy or
    approvals is not as it was when the run began, or nothing: a run can go on, or wait, for hours.
    """

    approved: ApprovedPlan
    now: Callable[[], dt.datetime]
    timetable: Timetable | None = None
    waits: bool = False
    changed: Callable[[], str] = lambda: ""
    holds_until: Mapping[str, dt.datetime] = field(default_factory=lambda: MappingProxyType({}))
    _groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._groups.update({target.name: target.groups for target in self.approved.plan.targets})
        self._entries.update({entry.key: entry for entry in self.approved.plan.entries})

    def entry(self, key: str) -> Hold | None:
        """Why nothing of this entry may start now: what holds for the first remedy that it may come to."""
        entry = self._entries[key]
        first = next(self._runnable(entry), None)
        return None if first is None else self._at(entry, first, self.now(), waits=self.waits)

    def remedy(self, key: str, remedy: RemedyPlan) -> str:
        """Why this remedy may not start now; empty if it may."""
        hold = self._at(self._entries[key], remedy, self.now(), waits=False)
        return hold.reason if hold else ""

    def opening(self) -> tuple[dt.datetime | None, str] | None:
        """If nothing at all may start now although something should: when the first may, and why not yet."""
        held = []
        for entry in self._entries.values():
            first = next(self._runnable(entry), None)
            if first is None:
                continue
            hold = self._at(entry, first, self.now(), waits=True)
            if hold is None:
                return None
            held.append(hold)
        times = [hold.until for hold in held if hold.until is not None]
        return (min(times, default=None), held[0].reason) if held else None

    def _runnable(self, entry: Entry) -> Iterator[RemedyPlan]:
        if entry.standing is Standing.PLANNED:
            allowed = self.approved.remedies
            yield from (r for r in entry.remedies if r.offered and f"{entry.playbook}/{r.id}" in allowed)

    def _at(self, entry: Entry, remedy: RemedyPlan, now: dt.datetime, *, waits: bool) -> Hold | None:
        expires = dt.datetime.fromisoformat(self.approved.plan.expires_at)
        if now >= expires:
            return Hold(f"the plan expired on {to_the_second(self.approved.plan.expires_at)}")
        ends = self.holds_until.get(f"{entry.playbook}/{remedy.id}")
        if ends is not None and now >= ends:
            return Hold(f"its approval ended at {ends:%Y-%m-%d %H:%M:%S %Z}")
        changed = self.changed()
        if changed:
            return Hold(changed)
        if self.timetable is None:
            return None
        slot = self.timetable.at(self._groups.get(entry.target, ()), now, worst_case(remedy))
        if slot.open:
            return None
        last = min(expires, ends or expires)
        if slot.next is not None and slot.next >= last:
            what = "the plan" if last == expires else "its approval"
            return Hold(f"{slot.why}, and {what} ends before that, at {last:%Y-%m-%d %H:%M:%S %Z}")
        return Hold(slot.why, slot.next if waits else None)
