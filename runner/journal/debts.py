"""Which entries of earlier runs owe something to a target."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from runner.journal import chain
from runner.journal.records import RUNNING
from runner.journal.spill import Outside
from runner.model.debt import Debt
from runner.model.event import Event
from runner.plan.owing import account

# An entry that ended has said what it owes; one that did not has to be read. The machine is told as by `last_applied`.
_ENTRIES = f"""
SELECT t.run, t.entry, t.target FROM target_run t JOIN run ON run.id = t.run
WHERE (t.run, t.entry) IN (SELECT run, entry FROM event WHERE kind = 'owed'
                           UNION SELECT run, entry FROM target_run WHERE state = '{RUNNING}')
  AND (:target IS NULL OR t.azure_id = :azure_id
       OR (t.target = :target AND (t.azure_id IS NULL OR :azure_id IS NULL)))
ORDER BY run.created_at, run.rowid, t.entry
"""  # noqa: S608 - a constant

_EVENTS = f"SELECT {chain.COLUMNS} FROM event WHERE run = ? AND entry = ? ORDER BY seq"  # noqa: S608 - the same


def open_debts(
    connection: sqlite3.Connection, directory: Path, target: str | None, azure_id: str | None
) -> Iterator[Debt]:
    """What is owed to this target, or to any, oldest run first.

    Raises ValueError for a record that cannot have been written by us.
    """
    values = {"target": target, "azure_id": azure_id}
    for row in connection.execute(_ENTRIES, values).fetchall():
        events = _events(connection, directory, row["run"], row["entry"])
        # By the name that it has now, if it was renamed.
        yield from (replace(debt, target=target or row["target"]) for debt in account(events, row["target"]).open)


def _events(connection: sqlite3.Connection, directory: Path, run: str, entry: str) -> Iterable[Event]:
    """Those in the chain, then those that had to be spilled."""
    outside = Outside(directory, run)
    for row in connection.execute(_EVENTS, (run, entry)):
        event = chain.from_row(row)
        outside.chained(event)
        yield event
    yield from (event for event in outside.shown() if event.entry == entry)
