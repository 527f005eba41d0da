"""What may be written, and how: every rule of the journal, inside one transaction of the writer."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from types import MappingProxyType

from runner.codec import to_json
from runner.errors import JournalError, PlanSpent, StaleEpoch
from runner.journal import chain
from runner.journal.records import RUNNING
from runner.model.event import Event, EventKind

_INSERT = f"INSERT INTO event ({chain.COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """A row of ``target_run`` at the start of a run."""

    entry: str
    playbook: str
    target: str
    azure_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A row of ``run`` at its start; ``plan`` and ``budget`` are JSON text."""

    id: str
    created_at: str
    plan: str
    digest: str
    note: str
    creator: str
    owner: str
    budget: str
    targets: tuple[TargetRow, ...]


class Ledger:
    """The open transaction. It caches what it read, so it must not outlive that transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._heads: dict[str, str] = {}

    def start(self, row: RunRow, event: Event, *, once: bool) -> None:
        """A new run, its targets, and its first event. ``once``: raises PlanSpent if its plan has a run already."""
        if once:
            self._refuse_spent(row.digest)
        try:
            self._connection.execute(
                "INSERT INTO run (id, created_at, plan, digest, note, state, creator, owner, budget)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (row.id, row.created_at, row.plan, row.digest, row.note, RUNNING, row.creator, row.owner, row.budget),
            )
        except sqlite3.IntegrityError as problem:
            message = f"the journal already holds a run {row.id}"
            raise JournalError(message) from problem
        self._connection.executemany(
            "INSERT INTO target_run (run, entry, playbook, target, azure_id, state, owner) VALUES (?,?,?,?,?,?,?)",
            [(row.id, t.entry, t.playbook, t.target, t.azure_id, "pending", row.owner) for t in row.targets],
        )
        self._heads[row.id] = chain.genesis(row.id, row.plan)
        self.append(event)

    def _refuse_spent(self, digest: str) -> None:
        """A run that ended before anything was sent has spent nothing: the same plan may be run again."""
        before = self._connection.execute(
            "SELECT id, state, creator, created_at FROM run WHERE digest = ? AND (state = ? OR EXISTS"
            " (SELECT 1 FROM event WHERE event.run = run.id AND event.kind = ?)) LIMIT 1",
            (digest, RUNNING, EventKind.INTENT.value),
        ).fetchone()
        if before is None:
            return
        run, state, creator, at = before
        how = "it has not ended, or was killed" if state == RUNNING else f"it is {state}"
        message = f"this plan is spent: {creator} ran it on {at} as run {run} ({how})"
        raise PlanSpent(message, remedy=f"Look at it with `vmfix report {run}`, then make a new plan.")

    def append(self, event: Event) -> None:
        """One more event of its run. Raises StaleEpoch or JournalError for an intent that must not be carried out."""
        if event.kind is EventKind.INTENT:
            self._fence(event)
        try:
            self._insert(event)
        except sqlite3.IntegrityError as problem:
            if event.kind is EventKind.RESULT and self._head(event.run):
                self._second_result(event)
                return
            message = f"the journal refuses this {event.kind.value} of {event.entry or event.run}: {problem}"
            raise JournalError(message) from problem
        self._follow(event)

    def finish(self, event: Event, state: str) -> None:
        """The run's last event and its state, together."""
        self.append(event)
        self.set_state(event.run, state)

    def set_state(self, run: str, state: str) -> None:
        """The run's state; any but ``running`` fences further intents off."""
        self._connection.execute("UPDATE run SET state = ? WHERE id = ?", (state, run))

    def claim(self, run: str, entry: str, owner: str) -> int:
        """A new epoch for the run (or one entry of it), under which only ``owner`` works."""
        newest = self._connection.execute(
            "SELECT max(epoch) FROM (SELECT epoch FROM run WHERE id = :run"
            " UNION ALL SELECT epoch FROM target_run WHERE run = :run)",
            {"run": run},
        ).fetchone()[0]
        if newest is None:
            message = f"the journal holds no run {run}"
            raise JournalError(message)
        epoch = int(newest) + 1
        if not entry:
            self._connection.execute("UPDATE run SET epoch = ?, owner = ? WHERE id = ?", (epoch, owner, run))
        self._connection.execute(
            "UPDATE target_run SET epoch = ?, owner = ? WHERE run = ? AND (? = '' OR entry = ?)",
            (epoch, owner, run, entry, entry),
        )
        return epoch

    def _fence(self, event: Event) -> None:
        """Read inside the transaction: a cancel by another process must win over an intent still queued here."""
        row = self._connection.execute(
            "SELECT run.state, coalesce(target_run.epoch, run.epoch), coalesce(target_run.owner, run.owner) FROM run"
            " LEFT JOIN target_run ON target_run.run = run.id AND target_run.entry = ? WHERE run.id = ?",
            (event.entry, event.run),
        ).fetchone()
        if row is None:
            message = f"the journal holds no run {event.run}"
            raise JournalError(message)
        if row[0] != RUNNING:
            message = f"run {event.run} is {row[0]}; nothing more is sent to {event.entry}"
            raise StaleEpoch(message)
        if row[1] != event.epoch:
            message = f"{event.entry} of run {event.run} was taken over by {row[2]} (epoch {row[1]}, not {event.epoch})"
            raise StaleEpoch(message)

    def _insert(self, event: Event) -> None:
        row = chain.to_row(event, self._head(event.run))
        self._connection.execute(_INSERT, row)
        self._heads[event.run] = str(row[-1])

    def _head(self, run: str) -> str:
        """The newest hash of the run; another process may have written since our last transaction."""
        if run not in self._heads:
            row = self._connection.execute(
                "SELECT hash FROM event WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,)
            ).fetchone()
            self._heads[run] = row[0] if row else ""
        return self._heads[run]

    def _second_result(self, event: Event) -> None:
        """The same command reported twice: what was said first stays, what was said later is kept as a note."""
        data = MappingProxyType({"text": "a second result of the same command", "result": to_json(event.data)})
        self._insert(replace(event, kind=EventKind.NOTE, data=data))

    def _follow(self, event: Event) -> None:
        """Keeps ``target_run`` in step, so that listing runs needs no fold over events."""
        if event.kind is EventKind.TARGET_STARTED:
            state = RUNNING
        elif event.kind is EventKind.TARGET_FINISHED:
            state = str(event.data.get("status", "indeterminate"))
        else:
            return
        self._connection.execute(
            "UPDATE target_run SET state = ? WHERE run = ? AND entry = ?", (state, event.run, event.entry)
        )


def json_text(value: object) -> str:
    """ASCII JSON, as it is stored."""
    return json.dumps(to_json(value), ensure_ascii=True, separators=(",", ":"))
