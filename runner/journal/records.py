"""What is read back from the journal, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.model.plan import Plan

RUNNING = "running"
FINISHED = "finished"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of ``vmfix runs``. ``counts`` says how many entries stand at which state or status.

    A run that was killed stays ``running``; ``last_at``, the time of its newest event, tells it from one at work.
    """

    id: str
    created_at: str
    state: str
    creator: str
    owner: str
    digest: str
    note: str
    playbooks: tuple[str, ...]
    counts: Mapping[str, int]
    last_at: str

    @property
    def targets(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the journal holds it. ``digest`` is the plan's, as approved.

    ``head`` is the hash of the newest event, unverified. ``spilled`` counts the events of this run that lie
    outside the hash chain, since the journal could not be written when they happened: no hash protects them.
    """

    id: str
    created_at: str
    plan: Plan
    digest: str
    state: str
    creator: str
    epoch: int
    owner: str
    budget: Mapping[str, object]
    head: str
    spilled: int
