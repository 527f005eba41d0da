"""Reading: runs by name, what was applied, readers beside the writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import JournalCorrupt, UsageError
from runner.journal import Journal, JournalReader
from runner.model.event import Applied, Event, EventKind
from runner.model.plan import Plan

MakeEvent = Callable[..., Event]
Start = Callable[..., Plan]
LATER = "20260102-090000-beef"
PLAYBOOK = "fs-freeze-failed"


class TestRuns:
    def test_none_yet(self, tmp_path: Path) -> None:
        """Without a journal there are no runs, and reading makes no file."""
        reader = JournalReader(tmp_path / "state")

        assert reader.runs() == []
        assert list(reader.events("x")) == []
        assert reader.last_applied("vm-1", PLAYBOOK) is None
        with pytest.raises(UsageError, match="holds no runs yet"):
            reader.run("last")
        with pytest.raises(JournalCorrupt, match="holds no run"):
            reader.verify("x")
        assert not (tmp_path / "state").exists()

    def test_newest_first(self, journal: Journal, run: str, start: Start, make_event: MakeEvent) -> None:
        """The list shows states and counts, newest run first."""
        journal.record(make_event(EventKind.TARGET_STARTED))
        journal.record(make_event(EventKind.TARGET_FINISHED, status="fixed"))
        journal.finish_run(run, "finished", {})
        start(journal, LATER)

        newer, older = journal.runs()
        assert (newer.id, newer.state, dict(newer.counts)) == (LATER, "running", {"pending": 3})
        assert (older.id, older.state, dict(older.counts)) == (run, "finished", {"fixed": 1, "pending": 2})
        assert (older.creator, older.owner, older.note, older.playbooks) == ("kim", "desk-1", "CHG-1", (PLAYBOOK,))
        assert older.targets == 3
        assert older.last_at > older.created_at

    def test_by_name(self, journal: Journal, run: str, start: Start) -> None:
        """A full id, an unambiguous beginning, and ``last`` each find a run, with its plan."""
        plan = start(journal, LATER)

        assert journal.run(run).id == run
        assert journal.run("20260101").id == run
        assert journal.run("last").id == LATER
        assert journal.run("last").plan == plan

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("2026", "could be 2 runs"),
            ("20260101-120000-abce", "The nearest is 20260101-120000-abcd"),
            ("", "holds no run"),
            ("%", "holds no run"),
        ],
    )
    def test_not_one(self, journal: Journal, start: Start, name: str, said: str) -> None:
        """None or several: the message says what would be right."""
        start(journal, LATER)

        with pytest.raises(UsageError, match=said):
            journal.run(name)

    def test_beside_a_busy_writer(self, journal: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """Readers at work while events are written see a growing, always valid beginning of the chain."""
        lengths: list[int] = []
        stop = threading.Event()

        def read() -> None:
            reader = JournalReader(state)
            while not stop.is_set():
                reader.verify(run)
                lengths.append(len(list(reader.events(run))))

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for attempt in range(1, 301):
            journal.record(make_event(EventKind.INTENT, attempt=attempt))
        stop.set()
        for thread in threads:
            thread.join()

        assert lengths
        assert journal.healthy
        assert len(list(journal.events(run))) == 301

    def test_more_than_a_page(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """Long runs are read in pages without loss or doubles."""
        for number in range(2500):
            journal.note(make_event(EventKind.NOTE, text=number))
        journal.record(make_event(EventKind.INTENT))

        assert [e.data["text"] for e in journal.events(run) if e.kind is EventKind.NOTE] == list(range(2500))


class TestLastApplied:
    def test_found(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """A remedy that ended as applied is found by target and playbook, and by nothing else."""
        event = make_event(EventKind.TARGET_FINISHED, status="applied", remedy="skip-mount", changed=True)
        journal.record(event)

        assert journal.last_applied("vm-1", PLAYBOOK) == Applied(remedy="skip-mount", at=event.at, run=run)
        assert journal.last_applied("vm-2", PLAYBOOK) is None
        assert journal.last_applied("vm-1", "other") is None

    @pytest.mark.parametrize("data", [{"status": "fixed"}, {"status": "applied", "changed": False}])
    def test_nothing_was_applied(self, journal: Journal, make_event: MakeEvent, data: dict[str, object]) -> None:
        """Other statuses do not count, nor does a second run that only said so and changed nothing."""
        journal.record(make_event(EventKind.TARGET_FINISHED, remedy="r", **data))

        assert journal.last_applied("vm-1", PLAYBOOK) is None

    def test_by_azure_id(
        self, journal: Journal, start: Start, make_plan: Callable[..., Plan], make_event: MakeEvent
    ) -> None:
        """The Azure id, in any case of letters, finds a renamed machine and no namesake."""
        start(journal, LATER, make_plan(azure_id="/subscriptions/1/VM"))
        journal.record(make_event(EventKind.TARGET_FINISHED, run=LATER, status="applied", remedy="r"))

        found = journal.last_applied("renamed", PLAYBOOK, azure_id="/subscriptions/1/vm")
        assert found is not None
        assert found.run == LATER
        assert journal.last_applied("vm-1", PLAYBOOK, azure_id="/subscriptions/2/vm") is None
        assert journal.last_applied("vm-1", PLAYBOOK) is not None
