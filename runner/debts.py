"""What earlier runs left owing to a target: looked up beside the runs at work, and settled in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from runner import stops
from runner.journal import JournalReader
from runner.model.debt import Debt
from runner.model.event import Event, EventKind
from runner.model.inventory import Target

OBSERVED_BY = "observation"
"""Who settles what is seen to be there again."""


def owed_to(journal: JournalReader, state: Path, target: Target) -> tuple[Debt, ...]:
    """What is owed to this machine. ``at_work`` tells a run that still goes on from one that was killed."""
    return _told_apart(journal.debts(target.name, azure_id=target.azure_id), state)


def owed_anywhere(journal: JournalReader, state: Path) -> tuple[Debt, ...]:
    """What is owed to any machine that the journal knows."""
    return _told_apart(journal.debts(), state)


def owed_to_others(journal: JournalReader, state: Path, targets: Iterable[Target]) -> tuple[Debt, ...]:
    """What is owed to machines that are none of these, as ``owed_to`` tells them; not what a run still works on.

    One of these may be such a machine all the same, under a new name.
    """
    names: dict[str, str | None] = {}
    ids: set[str] = set()
    for target in targets:
        names[target.name] = target.azure_id
        ids.update([target.azure_id.lower()] if target.azure_id else [])

    def known(name: str, azure_id: str | None) -> bool:
        return (azure_id or "").lower() in ids or (name in names and (azure_id is None or names[name] is None))

    return tuple(debt for debt in _told_apart(journal.debts(unless=known), state) if not debt.at_work)


def _told_apart(debts: list[Debt], state: Path) -> tuple[Debt, ...]:
    working = {run: stops.at_work(state, run) for run in {debt.run for debt in debts if not debt.ended}}
    return tuple(replace(debt, at_work=working.get(debt.run, False) and not debt.ended) for debt in debts)


def settlement(debt: Debt, at: str, *, by: str, why: str) -> Event:
    """The event that ends a debt, in the record of the run that left it. ``at`` is ISO 8601, UTC."""
    return Event(
        run=debt.run,
        at=at,
        kind=EventKind.SETTLED,
        entry=debt.entry,
        remedy=debt.remedy,
        action=debt.action,
        data={"debt": debt.id, "by": by, "why": why, "observed": by == OBSERVED_BY},
    )
