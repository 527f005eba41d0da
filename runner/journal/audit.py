"""Checking the hash chain of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from runner.errors import JournalCorrupt
from runner.journal import chain
from runner.journal.records import FINISHED
from runner.model.event import EventKind

_SHORTEST_HEAD = 12


def verify_chain(run: str, plan_text: str, state: str, rows: Iterable[sqlite3.Row], printed_head: str) -> str:
    """The head, or JournalCorrupt naming the first event that is not as it was written."""
    head = chain.genesis(run, plan_text)
    seen_printed, finished, number = not printed_head, False, 0
    for number, row in enumerate(rows, start=1):
        head = _checked(row, head, number)
        finished = finished or row["kind"] == EventKind.RUN_FINISHED.value
        seen_printed = seen_printed or _same(head, printed_head)
    if number == 0:
        message = f"run {run} has no events; every run has at least one"
        raise JournalCorrupt(message)
    if state == FINISHED and not finished:
        message = f"run {run} is finished, but its events end at number {number} before that: the rest was cut off"
        raise JournalCorrupt(message)
    if not seen_printed:
        message = (
            f"run {run} ends at event {number} with head {head}; a report was made at head {printed_head}, "
            "which this journal never had: events were cut off or altered"
        )
        raise JournalCorrupt(message)
    return head


def _checked(row: sqlite3.Row, head: str, number: int) -> str:
    """The hash of a row that is what it was and follows ``head``."""
    name = f"event {number} of run {row['run']} ({row['kind']} {row['entry']} {row['action']}, at {row['at']})"
    if row["prev"] != head:
        what = "or the plan snapshot was altered" if number == 1 else "or one before it was removed"
        message = f"{name} does not follow what stands before it: it was altered, {what}"
        raise JournalCorrupt(message)
    try:
        expected = chain.link(head, chain.from_row(row))
    except ValueError as problem:
        message = f"{name} was altered and cannot be read: {problem}"
        raise JournalCorrupt(message) from problem
    if expected != row["hash"]:
        message = f"{name} was altered after it was written"
        raise JournalCorrupt(message)
    return expected


def _same(head: str, printed: str) -> bool:
    return len(printed) >= _SHORTEST_HEAD and head.startswith(printed)
