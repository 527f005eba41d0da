"""The same words in the report, in its other forms, and while it goes on; and as whom a command runs."""

from __future__ import annotations

import pytest

from runner.cli.progress import event_line, places_in
from runner.model.command import Command, Effect
from runner.model.event import Event, EventKind
from runner.model.inventory import Platform
from runner.model.plan import TargetRef
from runner.report.junit import render as junit
from runner.report.plan_text import render as plan_text
from runner.report.summary import summarise
from runner.report.text import render as report_text
from runner.report.words import titled
from tests.unit.report import story


def test_a_remedy_that_is_not_approved_is_no_requirement_that_does_not_hold() -> None:
    """JUnit says the reason, and nothing else beside it."""
    reason = "the next remedy, `repair`, is not approved"
    events = story.Story().begin().done("vm", "refused", reason=reason).end()

    made = junit(summarise(story.plan(story.entry("vm")), events, head=story.HEAD))

    assert "a requirement does not hold" not in made
    assert f"<system-out>refused: {reason}</system-out>" in made


def test_what_is_fixed_is_to_be_backed_up_again() -> None:
    """Only that tells."""
    events = story.Story().begin().done("vm", "fixed", remedy="repair", changed=True).end()

    said = report_text(summarise(story.plan(story.entry("vm")), events, head=story.HEAD))

    assert "next: Run the backup again" in said


@pytest.mark.parametrize(
    ("healthy", "said"), [(True, "  verified: it looks"), (False, "  not verified:"), (None, "  not verified:")]
)
def test_progress_calls_verified_what_the_report_does(healthy: bool | None, said: str) -> None:
    """A look that shows nothing verifies nothing."""
    data = {"healthy": healthy, "text": "it looks"}
    event = Event(run="r", at="", kind=EventKind.VERIFIED, entry="book@vm", remedy="repair", data=data)

    assert said in event_line(event)


def test_a_remedy_that_is_not_needed_says_why_in_report_and_progress() -> None:
    """The sentence of the engine, without the word for how it ended."""
    told = story.Story().begin()
    told.tell(EventKind.REMEDY_FINISHED, "vm", "skip", result="skipped", text="not needed, since `free` does not hold")
    events = told.done("vm", "not_fixed").end()

    made = report_text(summarise(story.plan(story.entry("vm")), events, head=story.HEAD))

    assert "remedy skip: not needed, since `free` does not hold" in made
    assert "not needed, since `free` does not hold" in event_line(events[2])


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (story.target("vm"), "as root"),
        (story.target("vm", settings={"ssh.sudo": False}), "as who logs in, without sudo"),
        (story.target("vm", settings={"ssh.sudo": False}, user="root"), "as root"),
        (story.target("vm", settings={"ssh.sudo": False}, transport="local"), "as who runs vmfix, without sudo"),
        (story.target("vm", platform=Platform.WINDOWS.value, transport="winrm"), "as administrator"),
    ],
)
def test_a_command_that_wants_all_rights_says_as_whom_it_runs(target: TargetRef, said: str) -> None:
    """As the inventory has it, in plan and report."""
    plan = story.plan(story.entry("vm"), targets=(target,))
    events = story.Story().begin().sent("vm", ("umount", "/data"), exit_code=0).done("vm", "fixed").end()

    assert f"runs: umount /data  # {said}\n" in plan_text(plan, story.DIGEST)
    assert f"$ umount /data  # {said};" in report_text(summarise(plan, events, head=story.HEAD))


def test_nobody_logs_in_to_this_machine() -> None:
    """A user that the inventory has for all is not shown."""
    made = plan_text(story.plan(story.entry("vm"), targets=(story.target("vm", transport="local"),)), story.DIGEST)

    assert "azureuser" not in made


@pytest.mark.parametrize(
    ("name", "title", "said"),
    [("enable", "enable", ""), ("enable[sda]", "enable", ""), ("enable", "Enable it", " (Enable it)"), ("a", "", "")],
)
def test_a_title_that_says_nothing_more_is_left_out(name: str, title: str, said: str) -> None:
    """Not `enable (enable)`."""
    assert titled(name, title) == said


def test_a_line_for_windows_is_shown_as_it_is_sent() -> None:
    """In plan, progress and report; words that nobody could send are still shown."""
    argv = ("reg", "add", r"HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys", "/d", "a b\u202e")
    line = r'reg add HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys /d "a b\u202e"'
    windows = story.target("vm", platform=Platform.WINDOWS.value, transport="winrm")
    command = Command(argv=argv, effect=Effect.CHANGE)
    remedy = story.remedy(actions=(story.action(commands=(command,), undo=(command,)),))
    plan = story.plan(story.entry("vm", remedies=(remedy,)), targets=(windows,))
    events = story.Story().begin().sent("vm", argv, exit_code=0).sent("vm", ("echo",), exit_code=0).done("vm", "fixed")

    shown = plan_text(plan, story.DIGEST)
    assert f"runs: {line}  # as administrator\n" in shown
    assert f"can be undone: yes: {line}\n" in shown
    said = report_text(summarise(plan, events.end(), head=story.HEAD))
    assert f"$ {line}  # as administrator;" in said
    assert "$ echo  #" in said
    told = [event_line(event, places_in(plan)) for event in events.events if event.kind is EventKind.INTENT]
    assert line in told[0]
