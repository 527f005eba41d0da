"""What the journal says is owed: by whom it was left, to which machine, and whether it is settled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.debts import owed_to, owed_to_others
from runner.journal import Journal, JournalReader
from runner.journal.directory import DATABASE
from runner.model.event import Event, EventKind
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.plan import Plan

MakeEvent = Callable[..., Event]
Start = Callable[..., None]
STATE = {"type": "service", "args": {"name": ["Dhcp"], "state": "started"}}
LATER = "20260101-130000-dcba"


def leave(journal: Journal, make_event: MakeEvent, **place: str) -> None:
    """A target begins, and a restart is announced; then the runner is gone."""
    journal.record(make_event(EventKind.TARGET_STARTED, action="", **place))
    journal.record(make_event(EventKind.INTENT, owes=[STATE], touches=["service:dhcp"], command={}, **place))


def test_a_run_without_an_end_owes_what_its_intents_say(journal: Journal, run: str, make_event: MakeEvent) -> None:
    """To this target, and to no other."""
    leave(journal, make_event)

    (debt,) = journal.debts("vm-1")
    assert (debt.run, debt.target, debt.type, debt.args, debt.ended) == (run, "vm-1", "service", STATE["args"], False)
    assert debt.platform is Platform.LINUX  # as the plan of the run has it
    assert journal.debts("vm-2") == []
    assert [one.id for one in journal.debts()] == [debt.id]


def test_a_run_that_ended_owes_what_it_said(journal: Journal, make_event: MakeEvent) -> None:
    """Nothing, if it said nothing; until it is settled, which may stand behind its end."""
    leave(journal, make_event)
    journal.record(make_event(EventKind.OWED, debt="d1", **STATE))
    journal.record(make_event(EventKind.TARGET_FINISHED, action="", status="failed"))

    assert [debt.id for debt in journal.debts("vm-1")] == ["d1"]
    journal.finish_run(journal.runs()[0].id, "finished", {})
    journal.record(make_event(EventKind.SETTLED, debt="d1", by="kim", why="gone"))
    assert journal.debts() == []


def test_a_machine_is_told_by_its_azure_id(
    journal: Journal, start: Start, make_plan: Callable[..., Plan], make_event: MakeEvent
) -> None:
    """A renamed machine is found, under the name that it has now; a namesake is not."""
    start(journal, LATER, make_plan(azure_id="/subscriptions/1/VM"))
    leave(journal, make_event, run=LATER)

    (debt,) = journal.debts("renamed", azure_id="/subscriptions/1/vm")
    assert debt.target == "renamed"
    assert journal.debts("vm-1", azure_id="/subscriptions/2/vm") == []
    assert len(journal.debts("vm-1")) == 1


@pytest.mark.parametrize("recorded", [None, "/subscriptions/1/VM"])
@pytest.mark.parametrize("name", ["vm-1", "vm-9"])
@pytest.mark.parametrize("azure_id", [None, "/subscriptions/1/vm", "/subscriptions/2/vm"])
def test_others_are_those_that_the_target_is_not(  # noqa: PLR0913, PLR0917 - fixtures
    journal: Journal,
    start: Start,
    make_plan: Callable[..., Plan],
    make_event: MakeEvent,
    tmp_path: Path,
    recorded: str | None,
    name: str,
    azure_id: str | None,
) -> None:
    """What is owed is told either to the target or of the others, and never left out."""
    start(journal, LATER, make_plan(azure_id=recorded))
    leave(journal, make_event, run=LATER)
    target = Target(name=name, address="", transport=TransportKind.SSH, platform=Platform.LINUX, azure_id=azure_id)

    mine, others = owed_to(journal, tmp_path, target), owed_to_others(journal, tmp_path, [target])
    assert len(mine) + len(others) == 1
    assert len(owed_to_others(journal, tmp_path, [])) == 1


def test_what_was_spilled_counts(journal: Journal, make_event: MakeEvent) -> None:
    """The end of an always step that ran when the journal could not be written any more."""
    leave(journal, make_event)
    journal.spill(make_event(EventKind.ACTION_FINISHED, status="changed"))

    assert journal.debts("vm-1") == []


def test_a_journal_of_an_earlier_version_gets_its_indexes_from_the_writer(
    journal: Journal, make_event: MakeEvent, tmp_path: Path
) -> None:
    """A reader does without."""
    leave(journal, make_event)
    journal.close()
    path = next(tmp_path.rglob(DATABASE))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX event_owed")
        connection.execute("DROP INDEX target_run_unfinished")
    connection.close()

    assert len(JournalReader(path.parent).debts("vm-1")) == 1
    Journal(path.parent, redact=str, now=str).close()
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    assert {"event_owed", "target_run_unfinished"} <= names
