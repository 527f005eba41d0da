"""Tampering is found: altered, removed, exchanged and cut events, and an altered plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import JournalCorrupt
from runner.journal import Journal, JournalReader
from runner.journal.directory import DATABASE
from runner.model.event import Event, EventKind

MakeEvent = Callable[..., Event]


@pytest.fixture
def head(journal: Journal, run: str, make_event: MakeEvent) -> str:
    """The head of a finished run of twelve events, as a report would print it."""
    for attempt in range(1, 6):
        journal.record(make_event(EventKind.INTENT, attempt=attempt))
        journal.record(make_event(EventKind.RESULT, attempt=attempt, exit_code=0))
    journal.finish_run(run, "finished", {})
    journal.close()
    return journal.verify(run)


@pytest.fixture
def raw(head: str, state: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who removed the triggers."""
    assert head
    connection = sqlite3.connect(state / DATABASE, isolation_level=None)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE event SET data = '{\"exit_code\":1}' WHERE seq = 5", "event 5 of run .* was altered"),
        ("UPDATE event SET at = '2030' WHERE seq = 4", "event 4 of run .* was altered"),
        ("UPDATE event SET kind = 'note' WHERE seq = 6", "event 6 of run"),
        ("UPDATE event SET kind = 'nonsense' WHERE seq = 6", "event 6 of run .* cannot be read"),
        ("UPDATE event SET data = '[]' WHERE seq = 6", "event 6 of run .* cannot be read"),
        ("DELETE FROM event WHERE seq = 3", "event 3 of run .* one before it was removed"),
        ("UPDATE event SET seq = -1 WHERE seq = 1", "event 1 of run"),
        ("UPDATE run SET plan = replace(plan, 'vm-1', 'vm-9')", "event 1 of run .* plan snapshot was altered"),
        ("DELETE FROM event WHERE seq > 9", "events end at number 9 .* cut off"),
        ("DELETE FROM event", "has no events"),
    ],
)
def test_found(raw: sqlite3.Connection, state: Path, run: str, tampering: str, said: str) -> None:
    """Each kind of tampering is found, and the first bad event is named."""
    raw.execute(tampering)

    with pytest.raises(JournalCorrupt, match=said):
        JournalReader(state).verify(run)


def test_exchanged(raw: sqlite3.Connection, state: Path, run: str) -> None:
    """Two events that changed places are found."""
    for old, new in ((4, 100), (5, 4), (100, 5)):
        raw.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))

    with pytest.raises(JournalCorrupt, match="event 4"):
        JournalReader(state).verify(run)


def test_cut_tail(raw: sqlite3.Connection, head: str, state: Path, run: str) -> None:
    """A tail that was cut, with the run's state set back, shows against the head that a report printed."""
    raw.execute("DELETE FROM event WHERE seq > 9")
    raw.execute("UPDATE run SET state = 'running'")
    reader = JournalReader(state)

    assert reader.verify(run) != head
    with pytest.raises(JournalCorrupt, match="events were cut off or altered"):
        reader.verify(run, printed_head=head)
    with pytest.raises(JournalCorrupt):
        reader.verify(run, printed_head=head[:12])


def test_rewritten_chain(raw: sqlite3.Connection, head: str, state: Path, run: str) -> None:
    """A forger who computes all hashes anew is found by the printed head."""
    raw.execute("DELETE FROM event WHERE seq = 12")
    raw.execute("UPDATE run SET state = 'running'")

    with pytest.raises(JournalCorrupt, match=head):
        JournalReader(state).verify(run, printed_head=head)


def test_earlier_head_is_fine(journal: Journal, run: str, make_event: MakeEvent) -> None:
    """A head printed before more events came is part of the chain; too short a head proves nothing."""
    early = journal.verify(run)
    journal.record(make_event(EventKind.INTENT))

    assert journal.verify(run, printed_head=early) != early
    assert journal.verify(run, printed_head=early[:12])
    with pytest.raises(JournalCorrupt):
        journal.verify(run, printed_head=early[:4])


@pytest.mark.parametrize(
    "statement",
    ["UPDATE event SET at = ''", "DELETE FROM event", "DELETE FROM run", "UPDATE run SET plan = ''"],
)
def test_triggers(head: str, state: Path, statement: str) -> None:
    """SQL that would change history by mistake is refused by the database itself."""
    assert head
    connection = sqlite3.connect(state / DATABASE)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
    connection.close()
