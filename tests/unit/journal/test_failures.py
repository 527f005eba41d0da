"""A journal that cannot be written: intents are refused, what happened is spilled."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import JournalError
from runner.journal import Journal, JournalReader, spill
from runner.journal.directory import DATABASE
from runner.model.event import Event, EventKind

MakeEvent = Callable[..., Event]


@pytest.fixture(params=["locked", "read-only", "full"])
def broken(request: pytest.FixtureRequest, journal: Journal, state: Path) -> Iterator[Journal]:
    """The journal, with its database locked by another process, read-only, or without room."""
    blocker = sqlite3.connect(state / DATABASE, isolation_level=None)
    writer = journal._writer._connection  # noqa: SLF001 - nothing public can make it fail
    if request.param == "locked":
        blocker.execute("BEGIN IMMEDIATE")
    elif request.param == "read-only":
        writer.execute("PRAGMA query_only = ON")
    else:
        pages = writer.execute("PRAGMA page_count").fetchone()[0]
        writer.execute(f"PRAGMA max_page_count = {pages}")
    yield journal
    blocker.close()


BIG = "x" * 4096


class TestCannotWrite:
    def test_intent_is_refused(self, broken: Journal, run: str, make_event: MakeEvent) -> None:
        """No intent is accepted, and the engine can see that the journal is no longer healthy."""
        with pytest.raises(JournalError, match="the journal cannot be written"):
            broken.record(make_event(EventKind.INTENT, prior=BIG * 4))

        assert not broken.healthy
        assert [e.kind for e in broken.events(run)] == [EventKind.RUN_STARTED]

    def test_result_is_spilled(self, broken: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """Results go to a private file without being refused, secrets redacted, and readers show them."""
        result = make_event(EventKind.RESULT, stdout="hunter2" + BIG * 4)
        broken.record(result)
        broken.note(make_event(EventKind.NOTE, text="more"))
        broken.finish_run(run, "finished", {})

        path = spill.spill_path(state, run)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "hunter2" not in path.read_text()
        events = list(JournalReader(state).events(run))
        assert [e.kind.value for e in events] == ["run_started", "result", "note", "run_finished"]
        assert events[1].data["stdout"] == "***" + BIG * 4

    def test_stays_refused(self, broken: Journal, make_event: MakeEvent) -> None:
        """After a gap nothing more is written, even if the cause went away: the chain stays a true beginning."""
        broken.record(make_event(EventKind.RESULT, stdout=BIG * 4))
        broken._writer._connection.execute("PRAGMA query_only = OFF")  # noqa: SLF001

        with pytest.raises(JournalError):
            broken.record(make_event(EventKind.INTENT))

    def test_head_is_still_verified(self, broken: Journal, run: str, make_event: MakeEvent) -> None:
        """What had been written before the failure still verifies, and the record says that events were spilled."""
        broken.record(make_event(EventKind.RESULT, stdout=BIG * 4))

        assert broken.verify(run) == broken.run(run).head
        assert broken.run(run).spilled


class TestSpill:
    def test_intent_without_a_journal(self, broken: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """What runs although the journal is gone (``always`` steps) is kept beside it, in order and redacted."""
        with pytest.raises(JournalError):
            broken.record(make_event(EventKind.INTENT, prior=BIG * 4))
        broken.spill(make_event(EventKind.INTENT, command={"argv": ["mount", "hunter2"]}))
        broken.record(make_event(EventKind.RESULT, exit_code=0))

        intent, result = list(JournalReader(state).events(run))[1:]
        assert (intent.kind, result.kind) == (EventKind.INTENT, EventKind.RESULT)
        assert intent.data["command"] == {"argv": ["mount", "***"]}

    def test_nowhere_to_go(self, tmp_path: Path, make_event: MakeEvent) -> None:
        """An event that not even the spill file takes is told to the callback, complete."""
        told: list[str] = []
        spill.Spill(tmp_path / "gone", told.append).keep(make_event(EventKind.RESULT, exit_code=7))

        assert len(told) == 1
        assert '"exit_code":7' in told[0]

    def test_torn_line(self, tmp_path: Path, run: str, make_event: MakeEvent) -> None:
        """A line that was cut by a crash is passed over; the others are read."""
        kept = make_event(EventKind.RESULT, exit_code=7)
        spill.Spill(tmp_path, print).keep(kept)
        with spill.spill_path(tmp_path, run).open("a") as file:
            file.write('{"run": "2026')

        assert list(spill.spilled(tmp_path, run)) == [kept]

    def test_no_link_is_followed(self, tmp_path: Path, run: str, make_event: MakeEvent) -> None:
        """A planted symbolic link is not written through."""
        spill.spill_path(tmp_path, run).symlink_to(tmp_path / "victim")
        told: list[str] = []
        spill.Spill(tmp_path, told.append).keep(make_event(EventKind.RESULT))

        assert told
        assert not (tmp_path / "victim").exists()

    def test_written_after_all(self, journal: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """An event both in the journal and in the spill file (a commit that failed late) is shown once."""
        event = make_event(EventKind.RESULT, exit_code=0)
        journal.record(event)
        spill.Spill(state, print).keep(event)

        assert [e.kind for e in journal.events(run)].count(EventKind.RESULT) == 1

    def test_what_is_outside_replaces_nothing(
        self, journal: Journal, state: Path, run: str, make_event: MakeEvent
    ) -> None:
        """Nobody can change a recorded outcome by a line in the spill file; what the chain has not is still shown."""
        journal.record(make_event(EventKind.RESULT, exit_code=7))
        journal.record(make_event(EventKind.TARGET_FINISHED, status="failed"))
        journal.finish_run(run, "finished", {})
        added = [
            make_event(EventKind.RESULT, epoch=2, exit_code=0),
            make_event(EventKind.TARGET_FINISHED, action="other", status="fixed"),
            make_event(EventKind.RUN_FINISHED, entry="", state="cancelled"),
            make_event(EventKind.TARGET_FINISHED, entry="fs-freeze-failed@vm-2", status="fixed"),
            make_event(EventKind.NOTE, text="more"),
        ]
        for event in added:
            spill.Spill(state, print).keep(event)

        shown = list(journal.events(run))[4:]
        assert [(event.kind, event.entry) for event in shown] == [(e.kind, e.entry) for e in added[3:]]
        assert journal.run(run).spilled == len(added)


class TestGone:
    @pytest.mark.parametrize("replaced", [True, False])
    def test_a_removed_journal_is_noticed(
        self, journal: Journal, state: Path, replaced: bool, make_event: MakeEvent
    ) -> None:
        """SQLite would go on writing into a file that nobody can find again."""
        for file in state.iterdir():
            file.rename(file.with_suffix(".old"))
        if replaced:
            (state / DATABASE).touch()

        with pytest.raises(JournalError, match="removed or replaced while it was written"):
            journal.record(make_event(EventKind.INTENT))
        assert not journal.healthy


class TestDirectory:
    def test_made_private(self, journal: Journal, state: Path) -> None:
        """The directory is 0700; the database and SQLite's side files are 0600, whatever the umask."""
        assert journal.healthy
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert {stat.S_IMODE(p.stat().st_mode) for p in state.iterdir()} == {0o600}

    @pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
    def test_writable_by_others(self, tmp_path: Path, now: Callable[[], str], mode: int) -> None:
        """A directory that others can write is refused, with the command that mends it."""
        tmp_path.chmod(mode)

        with pytest.raises(JournalError, match=r"can be written by others(?s:.)*chmod 700"):
            Journal(tmp_path, redact=str, now=now)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
    def test_of_another_user(self, tmp_path: Path, now: Callable[[], str]) -> None:
        """A directory of another user is refused, for writing and for reading."""
        os.chown(tmp_path, 12345, -1)
        (tmp_path / DATABASE).touch()

        with pytest.raises(JournalError, match="belongs to another user"):
            Journal(tmp_path, redact=str, now=now)
        with pytest.raises(JournalError, match="belongs to another user"):
            JournalReader(tmp_path).runs()

    def test_open_file_is_closed_to_others(self, tmp_path: Path, now: Callable[[], str]) -> None:
        """A database that others could read is made private."""
        tmp_path.chmod(0o700)
        (tmp_path / DATABASE).touch(mode=0o666)
        (tmp_path / DATABASE).chmod(0o666)
        Journal(tmp_path, redact=str, now=now).close()

        assert stat.S_IMODE((tmp_path / DATABASE).stat().st_mode) == 0o600

    def test_file_in_the_way(self, tmp_path: Path, now: Callable[[], str]) -> None:
        """A file where the directory should be, or a link where the database should be, is refused plainly."""
        (tmp_path / "file").touch()
        with pytest.raises(JournalError, match="cannot be used"):
            Journal(tmp_path / "file", redact=str, now=now)

        tmp_path.chmod(0o700)
        (tmp_path / DATABASE).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(JournalError, match="cannot be used"):
            Journal(tmp_path, redact=str, now=now)

    def test_not_a_database(self, tmp_path: Path, now: Callable[[], str]) -> None:
        """A file that is no journal is neither used nor overwritten."""
        tmp_path.chmod(0o700)
        (tmp_path / DATABASE).write_text("my shopping list, longer than any header\n" * 50)

        with pytest.raises(JournalError, match="cannot be opened"):
            Journal(tmp_path, redact=str, now=now)
        assert "shopping" in (tmp_path / DATABASE).read_text()

    def test_newer_format(self, journal: Journal, state: Path, now: Callable[[], str]) -> None:
        """A journal of a newer version is left alone by writers and readers."""
        journal.close()
        with sqlite3.connect(state / DATABASE) as raw:
            raw.execute("PRAGMA user_version = 99")
        raw.close()

        with pytest.raises(JournalError, match="format 99"):
            Journal(state, redact=str, now=now)
        with pytest.raises(JournalError, match="format 99"):
            JournalReader(state).runs()
