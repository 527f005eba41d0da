"""How much of a run may be under way at once, and what an entry takes up of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.execute.tick import Claim
from runner.govern.gatekeeper import Hold
from runner.model.approval import ApprovedPlan
from runner.model.inventory import Target
from runner.model.plan import Entry, Plan, Standing
from runner.model.policy import ALWAYS, EVERYWHERE, Amount, Limit, Waves
from runner.plan.entries import Subject


@dataclass(frozen=True, slots=True)
class Pace:
    """``waves`` None: all at once. ``budget``: how many targets may end badly before nothing new starts; None: all."""

    limits: tuple[Limit, ...] = ALWAYS
    waves: Waves | None = None
    budget: Amount | None = None

    @property
    def in_force(self) -> tuple[Limit, ...]:
        """The limits, and those that always hold: a site can be stricter, never laxer."""
        return (*self.limits, *(limit for limit in ALWAYS if limit not in self.limits))


def no_hold(_key: str) -> Hold | None:
    """Nothing is held."""
    return None


def claims(approved: ApprovedPlan, subjects: Mapping[str, Subject], limits: tuple[Limit, ...]) -> dict[str, Claim]:
    """What each entry of the plan takes up while it is under way, by its key.

    It counts for a limit with the first of its remedies to the end of the last, whichever of them has the risk: its
    place is never wanting in the middle of a ladder.
    """
    return {
        entry.key: Claim(entry.target, frozenset(_slots_of(approved, entry, subjects[entry.key].target, limits)))
        for entry in approved.plan.entries
    }


def room(plan: Plan, subjects: Mapping[str, Subject], limits: tuple[Limit, ...]) -> dict[str, int]:
    """How many targets may be in each slot at once. A share is that of all the plan's targets in it; at least 1."""
    members: defaultdict[str, set[str]] = defaultdict(set)
    allowed: dict[str, Amount] = {}
    for entry in plan.entries:
        for number, limit in enumerate(limits):
            for slot in _slots(number, limit, subjects[entry.key].target):
                members[slot].add(entry.target)
                allowed[slot] = limit.at_once
    return {slot: max(1, amount.of(len(members[slot]))) for slot, amount in allowed.items()}


def _slots_of(approved: ApprovedPlan, entry: Entry, target: Target, limits: tuple[Limit, ...]) -> Iterator[str]:
    if entry.standing is not Standing.PLANNED:
        return
    may_run = (r for r in entry.remedies if r.offered and f"{entry.playbook}/{r.id}" in approved.remedies)
    risks = frozenset().union(*(remedy.risk for remedy in may_run))
    for number, limit in enumerate(limits):
        if risks & limit.risks:
            yield from _slots(number, limit, target)


def _slots(number: int, limit: Limit, target: Target) -> Iterator[str]:
    """Where a target counts for a limit. The number keeps limits apart that are about the same label or group."""
    if limit.label:
        yield from (f"{number}: {limit.label}={value}" for value in _values(target.vars.get(limit.label)))
    if limit.group and (limit.group == EVERYWHERE or limit.group in target.groups):
        yield f"{number}: group {limit.group}"


def _values(value: object) -> frozenset[str]:
    """The values of a label as they are compared: what people write differently and mean alike is one."""
    each = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    texts = ("" if one is None else str(one).strip().casefold() for one in each)
    return frozenset(text for text in texts if text)
