"""Measures the journal: events per second from 20 threads, against one transaction per event by one connection.

Prints the ratio. Both sides use write-ahead logging with synchronous=FULL in the same directory.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from runner.journal import Journal
from runner.model.event import Event, EventKind
from runner.model.plan import Plan

THREADS = 20
EVENTS = 250  # per thread
ROUNDS = 3
TEXT = "x" * 300
_PLAN = Plan(
    format=1, tool_version="0", offline=False, creator="", note="", expires_at="", playbooks=(), targets=(), entries=()
)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _event(name: str, attempt: int) -> Event:
    return Event(
        run="bench", at=_now(), kind=EventKind.RESULT, entry=name, action="a", attempt=attempt, data={"stdout": TEXT}
    )


def grouped(directory: Path, threads: int) -> float:
    """Events per second through the journal, each waited for until durable."""
    with Journal(directory, redact=str, now=_now) as journal:
        journal.start_run("bench", _PLAN, "d", {})

        def work(name: str) -> None:
            for attempt in range(EVENTS):
                journal.record(_event(name, attempt))

        workers = [threading.Thread(target=work, args=(f"vm-{n}",)) for n in range(threads)]
        begin = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return threads * EVENTS / (time.perf_counter() - begin)


def single(path: Path) -> float:
    """Events per second as bare inserts, a transaction each."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, at TEXT, entry TEXT, attempt INTEGER, data TEXT)")
    begin = time.perf_counter()
    for attempt in range(EVENTS * 4):
        connection.execute(
            "INSERT INTO event (at, entry, attempt, data) VALUES (?, ?, ?, ?)", (_now(), "vm", attempt, TEXT)
        )
    elapsed = time.perf_counter() - begin
    connection.close()
    return EVENTS * 4 / elapsed


def main() -> None:
    """Prints the best of some rounds, taken in turn."""
    best = {"bare": 0.0, "one": 0.0, "many": 0.0}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            best["bare"] = max(best["bare"], single(folder / "bare.sqlite3"))
            best["one"] = max(best["one"], grouped(folder / "one", 1))
            best["many"] = max(best["many"], grouped(folder / "many", THREADS))
    sys.stdout.write(
        f"bare inserts, a transaction each: {best['bare']:8.0f} events/s\n"
        f"journal, 1 thread:                {best['one']:8.0f} events/s\n"
        f"journal, {THREADS} threads:              {best['many']:8.0f} events/s\n"
        f"ratio of {THREADS} threads to a transaction each: {best['many'] / best['bare']:.2f}\n"
        f"ratio of {THREADS} threads to 1 thread:           {best['many'] / best['one']:.2f}\n"
    )


if __name__ == "__main__":
    main()
