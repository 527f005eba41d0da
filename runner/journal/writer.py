"""The one thread that writes, and its group commit."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable

from runner.errors import JournalError
from runner.journal.directory import Anchor
from runner.journal.ledger import Ledger
from runner.journal.spill import Spill
from runner.model.event import Event

_BATCH = 512  # jobs in one transaction at most; bounds how long the first of them waits


class Job:
    """Something to write. ``spill`` is the event to save if it cannot be written; without it, the caller is told."""

    __slots__ = ("done", "problem", "result", "spill", "work")

    def __init__(self, work: Callable[[Ledger], int | None], *, spill: Event | None) -> None:
        self.work = work
        self.spill = spill
        self.done = threading.Event()
        self.problem: JournalError | None = None
        self.result: int | None = None


class Writer:
    """Takes jobs from any thread and writes all that wait in one transaction, in their order.

    Once a transaction failed it writes no more: what happens later is spilled, so that the chain in the journal
    stays a true beginning of the story instead of a story with a gap. ``anchor`` is asked before each transaction:
    SQLite writes on and on into a file that was removed.
    """

    def __init__(self, connection: sqlite3.Connection, spill: Spill, anchor: Anchor) -> None:
        self._connection = connection
        self._anchor = anchor
        self._spill = spill
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._broken = ""
        self._thread = threading.Thread(target=self._loop, name="vmfix-journal", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> str:
        """Why nothing is written any more; empty while all is well."""
        return self._broken

    def submit(self, job: Job) -> None:
        """Queues the job; ``job.done`` is set when it is durable, spilled or refused."""
        with self._lock:  # so that no job slips in behind the end mark
            if self._closed:
                message = "the journal is closed"
                raise JournalError(message)
            self._jobs.put(job)

    def close(self) -> None:
        """Writes what waits, then ends the thread. Safe to call twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while True:
            batch, last = self._next_batch()
            if batch:
                self._write(batch)
                for job in batch:
                    job.done.set()
            if last:
                break
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _next_batch(self) -> tuple[list[Job], bool]:
        """All jobs that wait now, at least one, and whether the end mark was among them."""
        batch: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _write(self, batch: list[Job]) -> None:
        if not self._broken:
            try:
                self._transaction(batch)
            except Exception as problem:  # noqa: BLE001 - whatever it was, nobody may wait for ever
                said = problem.message if isinstance(problem, JournalError) else f"{problem}"
                self._broken = said or type(problem).__name__
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                for job in batch:
                    job.problem, job.result = None, None  # their transaction is gone: judge all alike
        if self._broken:
            for job in batch:
                self._give_up(job)
        for job in batch:
            if job.problem is not None and job.spill is not None:
                self._spill.keep(job.spill)
                job.problem = None

    def _transaction(self, batch: list[Job]) -> None:
        self._anchor.check()
        self._connection.execute("BEGIN IMMEDIATE")
        ledger = Ledger(self._connection)
        for job in batch:
            try:
                job.result = job.work(ledger)
            except JournalError as problem:  # this one is refused; its neighbours are not
                job.problem = problem
        self._connection.execute("COMMIT")

    def _give_up(self, job: Job) -> None:
        message = f"the journal cannot be written: {self._broken}"
        job.problem = JournalError(
            message, remedy="Nothing new is started. Free space or mend the disk, then run again."
        )
