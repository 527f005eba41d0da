"""The durable, append-only record of what was meant to be done and what was done.

The engine writes through ``Journal``; ``JournalReader`` reads, creates nothing and needs no right to write events.
"""

from runner.journal.reader import JournalReader
from runner.journal.records import CANCELLED, FINISHED, RUNNING, RunRecord, RunSummary
from runner.journal.store import Journal

__all__ = [
    "CANCELLED",
    "FINISHED",
    "RUNNING",
    "Journal",
    "JournalReader",
    "RunRecord",
    "RunSummary",
]
