"""Reading the journal; every call uses its own connection, which cannot write."""

from __future__ import annotations

import contextlib
import difflib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from runner.codec import from_json
from runner.errors import JournalCorrupt, JournalError, UsageError
from runner.journal import chain
from runner.journal.audit import verify_chain
from runner.journal.debts import Passed, open_debts
from runner.journal.directory import DATABASE, check
from runner.journal.records import RunRecord, RunSummary
from runner.journal.schema import open_reader
from runner.journal.spill import Outside
from runner.model.debt import Debt
from runner.model.event import Applied, Event
from runner.model.plan import Plan

_PAGE = 1000  # rows per query: a long read transaction would keep the writer's log from being folded back

_APPLIED = """
SELECT e.remedy, e.data, e.at, e.run FROM target_run t
JOIN event e ON e.run = t.run AND e.entry = t.entry AND e.kind = 'target_finished'
WHERE t.playbook = :playbook AND t.state = 'applied'
  AND (t.azure_id = :azure_id OR (t.target = :target AND (t.azure_id IS NULL OR :azure_id IS NULL)))
  AND json_extract(e.data, '$.status') = 'applied' AND coalesce(json_extract(e.data, '$.changed'), 1) = 1
ORDER BY e.at DESC, e.seq DESC LIMIT 1
"""


class JournalReader:
    """What was done, as far as the journal in ``directory`` knows. Creates nothing; a missing journal has no runs."""

    def __init__(self, directory: Path, *, busy_timeout: float = 10.0) -> None:
        self._directory = directory
        self._busy_timeout = busy_timeout

    def runs(self) -> list[RunSummary]:
        """All runs, newest first."""
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT * FROM run ORDER BY created_at DESC, rowid DESC").fetchall()
            return [_summary(connection, row) for row in rows]

    def run(self, name: str) -> RunRecord:
        """The run with this id, beginning of an id, or ``last``. Raises UsageError if there is none or several."""
        with self._reading() as connection:
            ids = [] if connection is None else _ids(connection)
            run = _choose(name, ids)
            if connection is None:  # _choose has raised: there are no ids
                raise AssertionError
            row = connection.execute("SELECT * FROM run WHERE id = ?", (run,)).fetchone()
            head = connection.execute(
                "SELECT hash FROM event WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,)
            ).fetchone()
        return self._record(row, head[0] if head else "")

    def events(self, run: str) -> Iterator[Event]:
        """The events of the run with this full id, in their order, then those that had to be spilled.

        Says nothing about their truth; ``verify`` does, for all but the spilled ones (``RunRecord.spilled``).
        """
        outside = Outside(self._directory, run)
        for event in self._chained(run):
            outside.chained(event)
            yield event
        yield from outside.shown()

    def verify(self, run: str, *, printed_head: str = "") -> str:
        """The head of the run's hash chain, after checking all of it.

        Raises JournalCorrupt naming the first bad event. ``printed_head`` is a head (or its first 12 or more digits)
        from a report: if the chain never had it, its tail was cut.
        """
        with self._reading() as connection:
            row = None
            if connection is not None:
                row = connection.execute("SELECT plan, state FROM run WHERE id = ?", (run,)).fetchone()
        if row is None:
            message = f"the journal holds no run {run}"
            raise JournalCorrupt(message)
        return verify_chain(run, row["plan"], row["state"], self._rows(run), printed_head)

    def last_applied(self, target: str, playbook: str, *, azure_id: str | None = None) -> Applied | None:
        """The newest change on this target that waits for a backup to prove it.

        With an ``azure_id``, a machine that was renamed is found, and another one of the same name is not.
        """
        values = {"target": target, "playbook": playbook, "azure_id": azure_id}
        with self._reading() as connection:
            row = None if connection is None else connection.execute(_APPLIED, values).fetchone()
        if row is None:
            return None
        remedy = json.loads(row["data"]).get("remedy") or row["remedy"]
        return Applied(remedy=str(remedy), at=row["at"], run=row["run"])

    def debts(
        self, target: str | None = None, *, azure_id: str | None = None, unless: Passed = lambda _name, _id: False
    ) -> list[Debt]:
        """What runs left owing to this target, or to any, oldest first; the machine is told as by ``last_applied``.

        A run that has not ended, or was killed, owes what its intents say (``Debt.ended``). ``unless`` passes over
        some machines.
        """
        with self._reading() as connection:
            try:
                if connection is None:
                    return []
                return list(open_debts(connection, self._directory, target, azure_id, unless))
            except (ValueError, KeyError) as problem:
                message = f"what earlier runs left owing cannot be read from the journal: {problem}"
                raise JournalCorrupt(message) from problem

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for one call, or None if there is no journal yet."""
        path = self._directory / DATABASE
        if not path.exists():
            yield None
            return
        check(self._directory)
        connection = open_reader(path, busy_timeout=self._busy_timeout)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        except sqlite3.Error as problem:
            message = f"the journal {path} cannot be read: {problem}"
            raise JournalError(message) from problem
        finally:
            connection.close()

    def _rows(self, run: str) -> Iterator[sqlite3.Row]:
        with self._reading() as connection:
            seq = 0
            while connection is not None:
                rows = connection.execute(
                    f"SELECT seq, {chain.COLUMNS} FROM event WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
                    (run, seq, _PAGE),
                ).fetchall()
                yield from rows
                if len(rows) < _PAGE:
                    return
                seq = rows[-1]["seq"]

    def _chained(self, run: str) -> Iterator[Event]:
        for row in self._rows(run):
            try:
                yield chain.from_row(row)
            except (ValueError, KeyError) as problem:
                message = f"event {row['seq']} of run {run} cannot be read: {problem}"
                raise JournalCorrupt(message) from problem

    def _spilled(self, run: str) -> int:
        outside = Outside(self._directory, run)
        if outside.count:
            for event in self._chained(run):
                outside.chained(event)
        return outside.count

    def _record(self, row: sqlite3.Row, head: str) -> RunRecord:
        try:
            plan = from_json(Plan, json.loads(row["plan"]))
            budget = json.loads(row["budget"])
        except ValueError as problem:
            message = f"the plan of run {row['id']} in the journal cannot be read: {problem}"
            raise JournalCorrupt(message) from problem
        return RunRecord(
            id=row["id"],
            created_at=row["created_at"],
            plan=plan,
            digest=row["digest"],
            state=row["state"],
            creator=row["creator"],
            epoch=row["epoch"],
            owner=row["owner"],
            budget=MappingProxyType(budget),
            head=head,
            spilled=self._spilled(row["id"]),
        )


def _summary(connection: sqlite3.Connection, row: sqlite3.Row) -> RunSummary:
    run = row["id"]
    states = connection.execute(
        "SELECT state, count(*) AS n FROM target_run WHERE run = ? GROUP BY state ORDER BY state", (run,)
    ).fetchall()
    playbooks = connection.execute(
        "SELECT DISTINCT playbook FROM target_run WHERE run = ? ORDER BY playbook", (run,)
    ).fetchall()
    last = connection.execute("SELECT at FROM event WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,)).fetchone()
    counts: Mapping[str, int] = MappingProxyType({r["state"]: r["n"] for r in states})
    return RunSummary(
        id=run,
        created_at=row["created_at"],
        state=row["state"],
        creator=row["creator"],
        owner=row["owner"],
        digest=row["digest"],
        note=row["note"],
        playbooks=tuple(r["playbook"] for r in playbooks),
        counts=counts,
        last_at=last["at"] if last else row["created_at"],
    )


def _ids(connection: sqlite3.Connection) -> list[str]:
    """Newest first."""
    return [r["id"] for r in connection.execute("SELECT id FROM run ORDER BY created_at DESC, rowid DESC")]


def _choose(name: str, ids: list[str]) -> str:
    if not ids:
        message = "the journal holds no runs yet"
        raise UsageError(message, remedy="`vmfix run` begins one. If there were some, is VMFIX_STATE as it was then?")
    if name == "last":
        return ids[0]
    found = [run for run in ids if name and run.startswith(name)]
    if name in found or len(found) == 1:
        return name if name in found else found[0]
    if found:
        message = f"{name} could be {len(found)} runs: {', '.join(found[:5])}{' ...' if found[5:] else ''}"
        raise UsageError(message, remedy="Give more of the id.")
    near = difflib.get_close_matches(name, ids, n=1, cutoff=0.0)
    message = f"the journal holds no run {name}"
    raise UsageError(message, remedy=f"The nearest is {near[0]}; vmfix runs lists them all.")
