"""vmfix run without a terminal, runs and report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.cli.desk import Desk
from tests.cli.test_plan import unreachable


def test_without_a_terminal_and_without_approval_nothing_runs(desk: Desk) -> None:
    """Exit 4; the plan is shown, and the message says exactly what to type."""
    done = desk.work("run")
    assert done.code == 4
    assert "may run: script A" in done.out
    assert f"vmfix run {desk.book} -i {desk.inventory} --approve flag-missing/raise" in done.err
    assert not desk.flag.exists()
    assert desk.vmfix("runs").out == "There are no runs yet.\n"


@pytest.mark.parametrize("word", ["raise", "flag-missing/raise", "all"])
def test_an_approved_remedy_runs_and_is_verified(desk: Desk, word: str) -> None:
    """Exit 0, and the flag is up."""
    done = desk.work("run", "--approve", word)
    assert done.code == 0
    assert desk.flag.read_text() == "up"
    assert "here  flag-missing  FINISHED fixed" in done.err


def test_the_texts_of_scripts_are_in_the_plan_of_a_run_only_if_asked_for(desk: Desk) -> None:
    """They are long; `plan` has them, and the run says so."""
    short, full = desk.work("run"), desk.work("run", "-v")
    assert "Scripts: 1; `vmfix plan` prints them, and so does `vmfix run -v`" in short.out
    assert "printf %s up" not in short.out
    for done in (full, desk.work("plan"), desk.work("run", "--dry-run")):
        assert '    | printf %s up >"$1/flag"\n' in done.out


def test_a_second_run_changes_nothing_and_says_so(desk: Desk) -> None:
    """It is recorded all the same, and an approval of what is not needed is no error."""
    assert desk.work("run", "--approve", "raise").code == 0
    before = desk.flag.stat().st_mtime_ns
    for options in ([], ["--approve", "raise"], ["--approve", "all"]):
        done = desk.work("run", *options)
        assert done.code == 0
        assert "Nothing to change." in done.out
    assert desk.flag.stat().st_mtime_ns == before
    assert len(desk.vmfix("runs", "--json").data["runs"]) == 4


def test_a_dry_run_shows_the_plan_and_changes_nothing(desk: Desk) -> None:
    """The same view as `plan`, also if something was approved."""
    done = desk.work("run", "--dry-run", "--approve", "all", "--json")
    assert done.code == 0
    assert done.data["vmfix_plan_view"] == 1
    assert not desk.flag.exists()
    assert not (desk.folder / "state").exists()


def test_an_unknown_remedy_is_a_usage_error_before_anything_is_sent(desk: Desk) -> None:
    """With the nearest one. A remedy for a person cannot be approved either."""
    done = desk.work("run", "--approve", "rise")
    assert done.code == 2
    assert "Did you mean `raise`?" in done.err
    assert "planned" not in done.err
    assert desk.work("run", "--approve", "by-hand").code == 2
    assert desk.work("run", "--acknowledge", "flag-missing/raise/write").code == 2


def test_reports_are_written_in_every_format(desk: Desk) -> None:
    """JUnit for CI, Markdown for a ticket, JSON on standard output."""
    junit, markdown = desk.folder / "junit.xml", desk.folder / "report.md"
    done = desk.work("run", "--approve", "all", "--json", "--junit", junit, "--markdown", markdown)
    assert done.code == 0
    assert done.data["vmfix_report"] == 1
    suite = ET.parse(junit).getroot()  # noqa: S314 - we have just written it
    assert [case.get("name") for case in suite.iter("testcase")] == ["here"]
    assert markdown.read_text().startswith("## vmfix run ")

    again = desk.folder / "again.md"
    assert desk.vmfix("report", "--markdown", again).out == ""
    assert again.read_text() == markdown.read_text()
    assert desk.vmfix("report", "last", "--json").data == done.data
    assert desk.vmfix("report", done.data["run"][:12]).code == 0
    assert desk.vmfix("report", "nonsense").code == 2


@pytest.mark.parametrize("option", ["--junit", "--markdown", "-o"])
def test_a_file_that_cannot_be_written_stops_the_run_before_it_begins(desk: Desk, option: str) -> None:
    """Nobody wants to learn it afterwards."""
    done = desk.work("run", "--approve", "all", option, "/proc/nowhere/file")
    assert done.code == 2
    assert f"{option} /proc/nowhere/file cannot be written" in done.err
    assert not desk.flag.exists()


def test_two_outputs_cannot_be_one_file(desk: Desk) -> None:
    """The second would replace the first."""
    both = desk.folder / "both"
    done = desk.work("run", "--approve", "all", "--junit", both, "--markdown", both)
    assert done.code == 2
    assert "name the same file" in done.err


def test_a_target_that_is_not_in_order_makes_exit_code_5(desk: Desk) -> None:
    """One fixed, one unreachable."""
    done = desk.vmfix("run", desk.book, "-i", unreachable(desk), "--approve", "all", "--json")
    assert done.code == 5
    assert done.data["counts"] == {"fixed": 1, "unreachable": 1}


def test_a_step_that_fails_makes_exit_code_5(desk: Desk) -> None:
    """The remedy ran, so it is not a refusal."""
    desk.book.write_text(desk.book.read_text().replace("printf %s up", "false"))
    done = desk.work("run", "--approve", "all", "--json")
    assert done.code == 5
    assert done.data["counts"] == {"failed": 1}


def test_a_command_without_a_known_outcome_makes_exit_code_6(desk: Desk) -> None:
    """It outlives its deadline and is left alone, for it must not be killed."""
    text = desk.book.read_text().replace("printf %s up >", "sleep 3; : ")
    desk.book.write_text(text.replace("      - id: write\n", "      - id: write\n        at_most: 1s\n"))
    done = desk.work("run", "--approve", "all", "--json")
    assert done.code == 6
    assert done.data["counts"] == {"indeterminate": 1}


def test_a_manual_step_waits_for_a_person_who_says_that_it_is_done(desk: Desk) -> None:
    """Named with --acknowledge."""
    manual = "steps:\n      - id: look\n        manual: {text: Look at the mast.}\n"
    desk.book.write_text(desk.book.read_text().replace("steps:\n", manual))
    done = desk.work("run", "--approve", "all")
    assert done.code == 5
    assert "--acknowledge flag-missing/raise/look" in done.out
    assert not desk.flag.exists()

    done = desk.work("run", "--approve", "all", "--acknowledge", "flag-missing/raise/look")
    assert done.code == 0
    assert desk.flag.read_text() == "up"


def test_a_run_that_could_only_be_done_by_a_person_needs_no_consent(desk: Desk) -> None:
    """There is nothing to run: exit 5, the report says what to do."""
    text = desk.book.read_text()
    start, end = text.index("  - id: raise"), text.index("  - id: by-hand")
    desk.book.write_text(text[:start] + text[end:])
    done = desk.work("run")
    assert done.code == 5
    assert "There is no remedy that vmfix could run" in done.out
    assert "Raise it by hand." in done.out


def test_runs_lists_the_newest_first(desk: Desk) -> None:
    """With note, counts and state."""
    desk.work("run", "--approve", "all", "--note", "first")
    desk.work("run", "--approve", "all", "--note", "second")
    _, newest, oldest = desk.vmfix("runs").out.splitlines()
    assert newest.endswith("second")
    assert "1 healthy" in newest
    assert oldest.endswith("first")
    assert "1 fixed" in oldest


def test_without_a_journal_nothing_is_changed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that cannot be recorded is not begun; a plan needs no journal."""
    monkeypatch.setenv("VMFIX_STATE", "/proc/nowhere")
    assert desk.work("plan").code == 0
    done = desk.work("run", "--approve", "all")
    assert done.code == 1
    assert "the journal's directory /proc/nowhere cannot be used" in done.err
    assert "Traceback" not in done.err
    assert not desk.flag.exists()
