"""What may start now: a pure, repeatable decision over the state of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry takes up from its start to its end: its machine, and a place in each of ``slots``.

    Entries about the same machine never run at the same time.
    """

    target: str
    slots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunView:
    """The state of a run as far as starting more is concerned, by the keys of the plan's entries.

    ``waiting``: those that nothing but the others keeps from starting, in the order in which they shall start.
    ``room``: how many targets may be in a slot at once; a slot that is not in it has no limit. To save looking at all
    who wait where none has room, the caller may count them: ``kinds`` is how many different sets of slots are among
    them, ``crowd`` how many of them are for each slot.
    """

    waiting: Mapping[str, Claim]
    running: Mapping[str, Claim]
    concurrency: int
    room: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    stopping: bool = False
    kinds: int = 0
    crowd: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def tick(run: RunView) -> tuple[str, ...]:
    """The entries to start now. Asking twice without a change in between gives the same answer.

    If nothing runs, ``concurrency`` and every room are at least 1, and something waits, then something starts.
    """
    free = run.concurrency - len(run.running)
    if run.stopping or free <= 0:
        return ()
    busy = {claim.target for claim in run.running.values()}
    used = Counter(slot for claim in run.running.values() for slot in claim.slots)
    full = _full(run, used, used)
    blocked: set[frozenset[str]] = set()
    chosen: list[str] = []
    if _shut(run, full):
        return ()
    for key, claim in run.waiting.items():
        if claim.slots in blocked or claim.target in busy:
            continue
        if not full.isdisjoint(claim.slots):
            blocked.add(claim.slots)
            if len(blocked) == run.kinds:
                break
            continue
        chosen.append(key)
        busy.add(claim.target)
        used.update(claim.slots)
        filled = _full(run, used, claim.slots)
        full |= filled
        if len(chosen) == free or _shut(run, filled):
            break
    return tuple(chosen)


def _full(run: RunView, used: Mapping[str, int], slots: Iterable[str]) -> set[str]:
    """Those of the slots that have no room left."""
    return {slot for slot in slots if slot in run.room and used[slot] >= run.room[slot]}


def _shut(run: RunView, full: Iterable[str]) -> bool:
    """Whether everybody who waits is for one of these full slots."""
    return any(run.crowd.get(slot) == len(run.waiting) for slot in full)
