"""The fold: one status per entry, exit codes, and what is known of each command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from runner.codec import to_json
from runner.model.event import Event, EventKind, Status
from runner.report.json_view import report_json
from runner.report.markdown import render as report_markdown
from runner.report.summary import summarise
from runner.report.text import render as report_text
from runner.report.values import Report
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


class TestText:
    def test_head(self) -> None:
        """The first line counts in plain words, what is not in order first."""
        told = Story().begin()
        names = ("applied", "fixed", "needs_person", "needs_person", "indeterminate")
        for number, status in enumerate(names):
            told.done(f"vm-{number}", status)
        made = report_text(fold(told.end(), *(f"vm-{n}" for n in range(len(names)))))

        assert " ".join(made.split("\n\n")[0].split()).startswith(
            f"vmfix run {story.RUN} (fs-freeze-failed): 3 of 5 targets not in order (1 with unknown outcome, "
            "2 need a person, 1 fixed, 1 awaiting the next backup)"
        )

    def test_success_is_short(self) -> None:
        """Where all went well, a command takes one line, and what it printed is not shown."""
        told = Story().begin()
        told.sent("vm-1", exit_code=1, stdout="FIXED", elapsed=0.5, judged="ok", text="exit 1: errors were corrected")
        told.tell(EventKind.ACTION_FINISHED, "vm-1", "repair", "check", status="changed", text="/dev/sdc1 is clean")
        report = fold(told.done("vm-1", "fixed", remedy="repair").end())
        made = report_text(report)

        assert "    check (Repair it): changed: /dev/sdc1 is clean\n      $ fsck.ext4 -p /dev/sdc1  # as root; " in made
        assert "# as root; exit 1: errors were corrected, after 0.5s\n" in made
        assert "FIXED" not in made
        assert "FIXED" in report_json(report)

    @pytest.mark.parametrize("status", ["failed", "indeterminate", "needs_person", "refused", ""])
    def test_trouble_is_shown(self, status: str) -> None:
        """Of what did not go well, the last twenty lines of output are shown, and the command with its limits."""
        told = Story().begin()
        told.sent(
            "vm-1",
            exit_code=8,
            stderr="".join(f"line {n}\n" for n in range(30)),
            judged="failed",
            text="exit 8: no luck",
        )
        if status:
            told.tell(
                EventKind.ACTION_FINISHED,
                "vm-1",
                "repair",
                "check",
                status=status,
                text="it did not work: exit 8: no luck",
            )
        made = report_text(fold(told.done("vm-1", "failed").end()))

        assert "$ fsck.ext4 -p /dev/sdc1  # as root; at most 30m; never killed\n        exit 8 (failed)\n" in made
        assert made.count("no luck") == 1
        assert "stderr (its last 20 lines):\n          | line 10\n" in made
        assert "line 29" in made
        assert "line 9\n" not in made

    @pytest.mark.parametrize(
        ("healthy", "text", "said"),
        [
            (True, "observed: the guest shows no fault now", "    verified: the guest shows no fault now\n"),
            (True, "", "    verified: the guest shows no fault now\n"),
            (False, "the guest still shows the fault", "    not verified: the guest still shows the fault\n"),
            (None, "only the next backup can tell", "    not verified: only the next backup can tell\n"),
        ],
    )
    def test_proof(self, healthy: bool | None, text: str, said: str) -> None:
        """What a look showed is said once."""
        told = Story().begin().sent("vm-1", exit_code=0)
        told.tell(EventKind.VERIFIED, "vm-1", "repair", healthy=healthy, text=text)
        told.tell(EventKind.REMEDY_FINISHED, "vm-1", "repair", result="healthy", text=text)
        made = report_text(fold(told.done("vm-1", "fixed", reason=text, remedy="repair").end()))

        assert said in made
        assert "remedy repair (Check and repair the file system) (5s): healthy\n" in made
        assert not text or made.count(text.removeprefix("observed: ")) <= 2

    def test_remarks(self) -> None:
        """What the author says of what was seen is in every report, once, and before what is to be done next."""
        told = Story().begin()
        for _ in range(2):
            told.tell(EventKind.OBSERVED, "vm-1", healthy=False, why="", remarks=["Guilty: /data."])
        report = fold(told.done("vm-1", "needs_person", advice="Call.\nNow.").end())

        assert report.entries[0].remarks == ("Guilty: /data.",)
        assert "      note: Guilty: /data.\n      next: Call. Now.\n" in report_text(report)
        assert "- note: Guilty: /data." in report_markdown(report)

    def test_several_playbooks(self) -> None:
        """Where there is more than one playbook, each target is named with its own."""
        entries = (story.entry("vm-1"), replace(story.entry("vm-1"), playbook="other"))
        made = report_text(summarise(story.plan(*entries), Story().begin().end(), head=story.HEAD))

        assert "1 of 1 target not in order (by target and playbook: 2 cancelled)" in made
        assert "vm-1, other: cancelled" in made
