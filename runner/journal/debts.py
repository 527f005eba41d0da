"""Which entries of earlier runs owe something to a target."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from runner.journal import chain
from runner.journal.records import RUNNING
from runner.journal.spill import Outside
from runner.model.debt import Debt
from runner.model.event import Event
from runner.model.inventory import Platform
from runner.plan.owing import account

# An entry that ended has said what it owes; one that did not has to be read. The machine is told as by `last_applied`.
_ENTRIES = f"""
SELECT t.run, t.entry, t.target, t.azure_id FROM target_run t JOIN run ON run.id = t.run
WHERE (t.run, t.entry) IN (SELECT run, entry FROM event WHERE kind = 'owed'
                           UNION SELECT run, entry FROM target_run WHERE state = '{RUNNING}')
  AND (:target IS NULL OR t.azure_id = :azure_id
       OR (t.target = :target AND (t.azure_id IS NULL OR :azure_id IS NULL)))
ORDER BY run.created_at, run.rowid, t.entry
"""  # noqa: S608 - a constant

_PLATFORM = """
SELECT json_extract(target.value, '$.platform') FROM run, json_each(run.plan, '$.targets') AS target
WHERE run.id = ? AND json_extract(target.value, '$.name') = ?
"""

_EVENTS = f"SELECT {chain.COLUMNS} FROM event WHERE run = ? AND entry = ? ORDER BY seq"  # noqa: S608 - the same


Passed = Callable[[str, str | None], bool]
"""Of a machine's name and azure_id, as the journal has them: whether nobody asks what is owed to it."""


def open_debts(
    connection: sqlite3.Connection, directory: Path, target: str | None, azure_id: str | None, unless: Passed
) -> Iterator[Debt]:
    """What is owed to this target, or to any, oldest run first; of those ``unless`` passes over, nothing is read.

    Raises ValueError for a record that cannot have been written by us.
    """
    values = {"target": target, "azure_id": azure_id}
    for row in connection.execute(_ENTRIES, values).fetchall():
        if unless(row["target"], row["azure_id"]):
            continue
        found = account(_events(connection, directory, row["run"], row["entry"]), row["target"]).open
        platform = _platform(connection, row) if found else None
        # By the name that it has now, if it was renamed.
        yield from (replace(debt, target=target or row["target"], platform=platform) for debt in found)


def _platform(connection: sqlite3.Connection, row: sqlite3.Row) -> Platform | None:
    """As the plan of that run had it."""
    found = connection.execute(_PLATFORM, (row["run"], row["target"])).fetchone()
    return Platform(found[0]) if found else None


def _events(connection: sqlite3.Connection, directory: Path, run: str, entry: str) -> Iterable[Event]:
    """Those in the chain, then those that had to be spilled."""
    outside = Outside(directory, run)
    for row in connection.execute(_EVENTS, (run, entry)):
        event = chain.from_row(row)
        outside.chained(event)
        yield event
    yield from (event for event in outside.shown() if event.entry == entry)
