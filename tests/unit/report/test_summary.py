"""The fold: one status per entry, exit codes, and what is known of each command."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from runner.codec import to_json
from runner.model.event import Event, EventKind, Status
from runner.report import Report, report_json, report_text, summarise
from tests.unit.report import story
from tests.unit.report.story import Story


def fold(events: Sequence[Event], *names: str, state: str = "") -> Report:
    """The report of a run over entries of these targets."""
    return summarise(story.plan(*map(story.entry, names or ("vm-1",))), events, head=story.HEAD, state=state)


class TestStatus:
    @pytest.mark.parametrize("status", Status)
    def test_is_the_engines_word(self, status: Status) -> None:
        """What the engine said last is the entry's status, and the counts have it once."""
        report = fold(Story().begin().done("vm-1", status.value, reason="because").end())

        assert [(e.status, e.certain, e.reason) for e in report.entries] == [(status, True, "because")]
        assert dict(report.counts) == {status.value: 1}

    def test_no_word_and_an_open_intent(self) -> None:
        """Without a last word, a command without a result makes the entry indeterminate."""
        (entry,) = fold(Story().begin().sent("vm-1").end()).entries

        assert (entry.status, entry.certain, entry.changed) == (Status.INDETERMINATE, False, True)

    def test_no_word_and_all_results(self) -> None:
        """Without a last word but with all results, it is cancelled, and known to be changed."""
        (entry,) = fold(Story().begin().sent("vm-1", exit_code=0).end()).entries

        assert (entry.status, entry.certain, entry.changed) == (Status.CANCELLED, False, True)

    def test_nothing_at_all(self) -> None:
        """An entry that no event names still has its one status; nothing was changed there."""
        first, second = fold(Story().begin().done("vm-1", "fixed").end(), "vm-1", "vm-2").entries

        assert (first.status, second.status) == (Status.FIXED, Status.CANCELLED)
        assert not second.changed

    def test_unknown_word(self) -> None:
        """A status that this version does not know is not taken for success."""
        (entry,) = fold(Story().begin().done("vm-1", "splendid").end()).entries

        assert (entry.status, entry.certain) == (Status.INDETERMINATE, False)

    def test_result_of_another_epoch(self) -> None:
        """A result answers the intent of its own epoch only."""
        events = Story().begin().sent("vm-1", exit_code=0).end()
        moved = [_with_epoch(e, 2) if e.kind is EventKind.RESULT else e for e in events]

        assert fold(moved).entries[0].status is Status.INDETERMINATE


def _with_epoch(event: Event, epoch: int) -> Event:
    return Event(**{**{n: getattr(event, n) for n in Event.__slots__}, "epoch": epoch})


class TestExitCode:
    @pytest.mark.parametrize(
        ("statuses", "code"),
        [
            (("healthy", "fixed", "applied"), 0),
            (("refused", "stale"), 4),
            (("refused", "healthy"), 5),
            (("fixed", "not_fixed"), 5),
            (("unreachable",), 5),
            (("cancelled",), 5),
            (("failed", "indeterminate"), 6),
        ],
    )
    def test_by_statuses(self, statuses: Sequence[str], code: int) -> None:
        """The worst of the entries decides."""
        told = Story().begin()
        for number, status in enumerate(statuses):
            told.done(f"vm-{number}", status)

        assert fold(told.end(), *(f"vm-{n}" for n in range(len(statuses)))).exit_code == code

    def test_refused_after_a_change(self) -> None:
        """Refused is exit 4 only if nothing was changed anywhere."""
        assert fold(Story().begin().sent("vm-1", exit_code=0).done("vm-1", "refused").end()).exit_code == 5

    def test_interrupted(self) -> None:
        """A cancelled run is 130, whatever else; also if only the journal knows that it was cancelled."""
        assert fold(Story().begin().done("vm-1", "failed").end("cancelled")).exit_code == 130
        assert fold(Story().begin().events, state="cancelled").exit_code == 130


class TestRun:
    def test_approvals(self) -> None:
        """Who approved what, how, and that nobody proved it."""
        (approval,) = fold(Story().begin().end()).approvals

        assert (approval.identity, approval.signed, approval.how) == ("lee", False, "--approve")
        assert approval.remedies == ("fs-freeze-failed/repair",)
        assert approval.acknowledged == ("fs-freeze-failed/repair/ask",)

    def test_unfinished(self) -> None:
        """A run without an end is said to be running, and text says that it may have been killed."""
        report = fold(Story().begin().events)

        assert (report.state, report.duration) == ("running", None)
        assert "still at work, or it was killed" in report_text(report)

    def test_odd_data(self) -> None:
        """Events whose data is not as agreed make no report fail."""
        told = Story().begin()
        told.tell(EventKind.OBSERVED, "vm-1", healthy="perhaps", why=3)
        told.tell(EventKind.INTENT, "vm-1", "r", "a", command="rm")
        told.tell(EventKind.RESULT, "vm-1", "r", "a", exit_code="1", elapsed="long", lost=0, stdout=None)
        told.tell(EventKind.VERIFIED, "vm-1", "r", healthy=1)
        told.tell(EventKind.APPROVAL, remedies="all")

        assert report_text(fold(told.end()))

    def test_json_is_versioned_and_complete(self) -> None:
        """The JSON view is the Report under a version."""
        report = fold(Story().begin().done("vm-1", "fixed").end())

        assert json.loads(report_json(report)) == {"vmfix_report": 1, **to_json(report)}

    def test_lost_command(self) -> None:
        """A lost command has no exit code, and says whether its process is known to be dead."""
        (entry,) = fold(Story().begin().sent("vm-1", lost=True, error="broke", process_dead=True).end()).entries
        (command,) = entry.remedies[0].actions[0].commands

        assert (command.answered, command.lost, command.exit_code, command.process_dead) == (True, True, None, True)
