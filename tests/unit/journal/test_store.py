"""Writing: what is durable, what is refused, what is redacted."""

from __future__ import annotations

import enum
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import JournalError, StaleEpoch
from runner.journal import CANCELLED, FINISHED, Journal, JournalReader
from runner.model.event import Event, EventKind
from runner.model.plan import Plan

MakeEvent = Callable[..., Event]


class Colour(enum.Enum):
    RED = "red"


def _kinds(journal: JournalReader, run: str) -> list[EventKind]:
    return [event.kind for event in journal.events(run)]


class TestRecord:
    def test_comes_back_equal(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """What was recorded is read back as it was, in its order."""
        intent = make_event(EventKind.INTENT, command={"argv": ["fsck", "-y", "/dev/sdc1"]}, prior={"mounted": True})
        result = make_event(EventKind.RESULT, exit_code=1, stdout="grüße\x1b[31m\n", stderr="\ud800", elapsed=1.5)
        journal.record(intent)
        journal.record(result)

        assert list(journal.events(run))[1:] == [intent, result]

    def test_survives_reopening(self, journal: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """Another process, reading only, sees an event as soon as record returned."""
        journal.record(make_event(EventKind.INTENT))

        assert _kinds(JournalReader(state), run) == [EventKind.RUN_STARTED, EventKind.INTENT]

    def test_note_keeps_order(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """A note is not waited for, but stands before whatever came after it."""
        journal.note(make_event(EventKind.NOTE, text="first"))
        journal.record(make_event(EventKind.INTENT))

        assert _kinds(journal, run)[1:] == [EventKind.NOTE, EventKind.INTENT]

    def test_note_refuses_intents(self, journal: Journal, make_event: MakeEvent) -> None:
        """An intent that nobody waits for would be no fence at all."""
        with pytest.raises(ValueError, match="must be recorded"):
            journal.note(make_event(EventKind.INTENT))

    def test_close_writes_what_waits(
        self, state: Path, run: str, now: Callable[[], str], make_event: MakeEvent
    ) -> None:
        """Notes queued before the end are written by closing."""
        with Journal(state, redact=str, now=now) as journal:
            journal.start_run(run, _empty_plan(), "d", {})
            for number in range(50):
                journal.note(make_event(EventKind.NOTE, text=str(number)))

        assert [e.data.get("text") for e in JournalReader(state).events(run)][1:] == [str(n) for n in range(50)]

    def test_closed_takes_nothing(self, journal: Journal, make_event: MakeEvent) -> None:
        """A closed journal says so instead of blocking."""
        journal.close()

        with pytest.raises(JournalError, match="closed"):
            journal.record(make_event(EventKind.RESULT))

    def test_odd_data_is_recorded(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """What has no JSON form is written down as well as can be: a result happened, whatever is in it."""
        data = {"a": float("nan"), "b": b"\xff", "c": {3, 1}, "d": Colour.RED, "e": object(), "f": (1, None, True)}
        journal.record(make_event(EventKind.RESULT, **data))

        stored = list(journal.events(run))[-1].data
        assert dict(stored) == {
            "a": "nan", "b": "\\xff", "c": [1, 3], "d": "red", "e": "<object>", "f": [1, None, True]
        }  # fmt: skip
        assert journal.verify(run)

    def test_from_many_threads(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """Twenty threads at once: every event is there once, and the chain holds."""

        def work(name: str) -> None:
            for attempt in range(1, 21):
                journal.record(make_event(EventKind.INTENT, action=name, attempt=attempt))

        threads = [threading.Thread(target=work, args=(f"a{n}",)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = [(e.action, e.attempt) for e in journal.events(run) if e.kind is EventKind.INTENT]
        assert sorted(found) == sorted((f"a{n}", a) for n in range(20) for a in range(1, 21))
        assert journal.verify(run)


class TestSecrets:
    def test_data_is_redacted(self, journal: Journal, state: Path, run: str, make_event: MakeEvent) -> None:
        """A secret in any depth, value or key, of an event is gone from the files before they are written."""
        journal.record(make_event(EventKind.RESULT, stdout="pw hunter2", facts={"hunter2": [{"x": ("hunter2",)}]}))

        event = list(journal.events(run))[-1]
        assert dict(event.data) == {"stdout": "pw ***", "facts": {"***": [{"x": ["***"]}]}}
        assert not any(b"hunter2" in path.read_bytes() for path in state.iterdir())

    def test_snapshot_is_redacted(
        self, journal: Journal, state: Path, start: Callable[..., Plan], make_plan: Callable[..., Plan]
    ) -> None:
        """The plan's snapshot holds facts from targets, so it is redacted as well."""
        start(journal, "20260101-120000-ffff", make_plan(note="hunter2"))

        assert journal.run("20260101-120000-ffff").plan.note == "***"
        assert not any(b"hunter2" in path.read_bytes() for path in state.iterdir())


class TestFence:
    @pytest.mark.parametrize("state_of_run", [FINISHED, CANCELLED])
    def test_no_intent_after_the_end(
        self, journal: Journal, run: str, make_event: MakeEvent, state_of_run: str
    ) -> None:
        """A run that is not running sends nothing more."""
        journal.finish_run(run, state_of_run, {})

        with pytest.raises(StaleEpoch, match=f"is {state_of_run}"):
            journal.record(make_event(EventKind.INTENT))

    def test_cancelled_by_another_process(
        self, journal: Journal, state: Path, run: str, now: Callable[[], str], make_event: MakeEvent
    ) -> None:
        """A cancel through another journal object fences this one off; the chain stays whole."""
        with Journal(state, redact=str, now=now) as other:
            other.cancel_run(run, "lee")

        with pytest.raises(StaleEpoch, match="is cancelled"):
            journal.record(make_event(EventKind.INTENT))
        assert journal.verify(run)

    @pytest.mark.parametrize("entry", ["", "fs-freeze-failed@vm-1"])
    def test_taken_over(self, journal: Journal, run: str, make_event: MakeEvent, entry: str) -> None:
        """Under an old epoch nothing is sent, under the new one it is; the message names the owner."""
        epoch = journal.claim(run, "desk-2", entry=entry)

        with pytest.raises(StaleEpoch, match="taken over by desk-2"):
            journal.record(make_event(EventKind.INTENT))
        journal.record(make_event(EventKind.INTENT, epoch=epoch))

    def test_other_entries_stay(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """Taking over one entry leaves the others with their owner."""
        journal.claim(run, "desk-2", entry="fs-freeze-failed@vm-1")

        journal.record(make_event(EventKind.INTENT, entry="fs-freeze-failed@vm-2"))

    def test_result_is_never_refused(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """A command that was under way when the run was cancelled has its result recorded."""
        journal.record(make_event(EventKind.INTENT))
        journal.finish_run(run, CANCELLED, {})
        journal.claim(run, "desk-2")

        journal.record(make_event(EventKind.RESULT, exit_code=0))
        assert _kinds(journal, run)[-1] is EventKind.RESULT
        assert journal.healthy

    def test_same_intent_twice(self, journal: Journal, make_event: MakeEvent) -> None:
        """The same command cannot be announced twice in one epoch."""
        journal.record(make_event(EventKind.INTENT))

        with pytest.raises(JournalError, match="refuses this intent"):
            journal.record(make_event(EventKind.INTENT))

    def test_second_result_is_kept_beside(self, journal: Journal, run: str, make_event: MakeEvent) -> None:
        """Two results of one command: the first stands, the second is kept as a note."""
        journal.record(make_event(EventKind.RESULT, exit_code=0))
        journal.record(make_event(EventKind.RESULT, exit_code=1))

        first, second = list(journal.events(run))[1:]
        assert (first.kind, second.kind) == (EventKind.RESULT, EventKind.NOTE)
        assert second.data["result"] == {"exit_code": 1}

    def test_unknown_run(self, journal: Journal, run: str, state: Path, make_event: MakeEvent) -> None:
        """An intent of a run that nobody started is refused; a result of it is spilled, not lost."""
        with pytest.raises(JournalError, match="holds no run other"):
            journal.record(make_event(EventKind.INTENT, run="other"))
        journal.record(make_event(EventKind.RESULT, run="other"))

        assert json.loads((state / "spill-other.jsonl").read_text())["kind"] == "result"
        assert journal.healthy
        assert _kinds(journal, run) == [EventKind.RUN_STARTED]

    def test_run_id_once(self, journal: Journal, start: Callable[..., Plan]) -> None:
        """A run id is given once; a clash does not harm the journal."""
        with pytest.raises(JournalError, match="already holds a run"):
            start(journal)
        assert journal.healthy

    def test_claim_of_unknown_run(self, journal: Journal) -> None:
        """A run that is not there cannot be taken over."""
        with pytest.raises(JournalError, match="holds no run nope"):
            journal.claim("nope", "desk-2")


def _empty_plan() -> Plan:
    return Plan(
        format=1,
        tool_version="0",
        offline=False,
        creator="",
        note="",
        expires_at="",
        playbooks=(),
        targets=(),
        entries=(),
    )
