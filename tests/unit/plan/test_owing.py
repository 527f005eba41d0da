"""What is owed, read out of the events of one entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runner.model.debt import Account, Debt
from runner.model.event import Event, EventKind
from runner.model.inventory import Platform
from runner.plan.debts import advice, look, reason, restoring, wanted
from runner.plan.owing import account, said
from tests.unit.steps.driving import Target

MOUNT = {"path": "/data", "state": "mounted", "source": "/dev/sdb1", "fstype": "ext4", "options": "rw,noatime"}
TOUCHES = ["mount:/data", "device:/dev/sdb1"]
DHCP = {"name": ["Dhcp"], "state": "started"}


def event(kind: EventKind, action: str = "", attempt: int = 0, **data: Any) -> Event:  # noqa: ANN401 - JSON
    """An event of the remedy `repair`."""
    return Event(
        run="r1", at="2026-11-25T03:00:00Z", kind=kind, entry="p@a", remedy="repair", action=action, attempt=attempt,
        data=data,
    )  # fmt: skip


def begin(condition: str = "") -> Event:
    """The remedy begins; it would mount again whatever happens."""
    pledge = {"action": "mount", "type": "mount", "args": MOUNT, "touches": TOUCHES, "condition": condition}
    return event(EventKind.REMEDY_STARTED, pledges=[pledge])


def intent(action: str, *argv: str, attempt: int = 1, **data: object) -> Event:
    """A command is about to be sent."""
    more: dict[str, Any] = {"command": {"argv": argv}, **data}
    return event(EventKind.INTENT, action, attempt, **more)


def result(action: str, attempt: int = 1, **data: object) -> Event:
    """It has answered, or its line broke."""
    return event(EventKind.RESULT, action, attempt, **data)


def ended(action: str, status: str) -> Event:
    """An action is over."""
    return event(EventKind.ACTION_FINISHED, action, status=status, text="so it was", advice="Do that.")


UNMOUNT = intent("unmount", "umount", "/data", touches=["mount:/data"])
FINISHED = Event(run="r1", at="", kind=EventKind.TARGET_FINISHED, entry="p@a")


def of(*events: Event) -> Account:
    """What they come to."""
    return account(events, "a")


def test_nothing_is_owed_before_anything_was_sent() -> None:
    """A pledge alone is none."""
    assert of(begin()) == Account()
    assert of(begin(), intent("other", "x", touches=["file:/etc/x"])) == Account()


@pytest.mark.parametrize("touches", [["mount:/data"], []])
def test_an_always_step_is_owed_from_the_first_intent_that_may_touch_it(touches: list[str]) -> None:
    """Also if that intent says nothing of what it touches: then it may be anything."""
    (debt,) = of(begin(), intent("unmount", "umount", "/data", touches=touches)).open

    assert (debt.action, debt.type, debt.args, debt.target, debt.ended) == ("mount", "mount", MOUNT, "a", False)
    assert debt.why == "was not carried out to its end"
    assert debt.unanswered == ("umount /data",)
    assert wanted(debt) == "mount /data should be mounted"
    assert restoring(debt, Platform.LINUX) == ("mount -t ext4 -o rw,noatime -- /dev/sdb1 /data",)


@pytest.mark.parametrize(("status", "owed"), [("changed", 0), ("unchanged", 0), ("failed", 1), ("indeterminate", 1)])
def test_until_the_step_that_restores_it_has_ended_well(status: str, owed: int) -> None:
    """Its own word decides, for it has looked."""
    found = of(begin(), UNMOUNT, result("unmount"), ended("unmount", "changed"), ended("mount", status)).open

    assert len(found) == owed
    assert all(debt.why.startswith(f"{status}: so it was") and debt.unanswered == () for debt in found)


def test_a_step_that_was_skipped_has_brought_nothing_back() -> None:
    """A mount after a check that failed: the file system is still gone, and the reason is told."""
    story = (begin("steps.check.ok"), UNMOUNT, result("unmount"), ended("check", "failed"), ended("mount", "skipped"))
    (debt,) = of(*story).open

    assert debt.skipped
    assert debt.why == "left so on purpose, since `check` failed: so it was Do that."
    assert debt.condition == "steps.check.ok"
    assert "When that is mended" in advice([debt], Platform.LINUX)


def test_a_skipped_step_is_not_owed_for_what_only_may_have_touched_it() -> None:
    """A command touches who knows what; the run has judged that the step is not needed."""
    assert of(begin("steps.x.sent"), intent("cmd", "x", touches=[]), ended("mount", "skipped")).open == ()


def test_a_restart_owes_what_it_stops() -> None:
    """Each of them, once, however often it is said."""
    owes = [{"type": "service", "args": DHCP}]
    stop = intent("restart", "net", "stop", "Dhcp", owes=owes, touches=["service:dhcp"])
    start = intent("restart", "net", "start", "Dhcp", attempt=2, owes=owes, touches=["service:dhcp"])

    (debt,) = of(stop, result("restart"), start, result("restart", 2), ended("restart", "failed")).open

    assert restoring(debt, Platform.WINDOWS) == ("net start Dhcp",)
    assert of(stop, result("restart"), start, result("restart", 2), ended("restart", "changed")).open == ()


@pytest.mark.parametrize(("dead", "unanswered"), [(True, ()), (False, ("umount /data",)), (None, ("umount /data",))])
def test_a_command_whose_line_broke_may_still_run_unless_it_is_known_to_be_dead(
    dead: bool | None, unanswered: tuple[str, ...]
) -> None:
    """A person has to look for it first."""
    (debt,) = of(begin(), UNMOUNT, result("unmount", lost=True, process_dead=dead)).open

    assert debt.unanswered == unanswered
    assert ("First see whether this still runs there" in advice([debt], Platform.LINUX)) is bool(unanswered)


def test_an_entry_that_ended_owes_what_it_said_at_its_end() -> None:
    """What it saw to be there again is not on its list, though no step ended well."""
    (debt,) = of(begin(), UNMOUNT).open
    words = said(debt)
    words["seen"] = "Nothing is mounted."
    owed = event(EventKind.OWED, "mount", 0, **words)

    assert of(begin(), UNMOUNT, FINISHED).open == ()
    (kept,) = of(begin(), UNMOUNT, owed, FINISHED).open
    assert (kept.id, kept.seen, kept.args, kept.ended) == (debt.id, "Nothing is mounted.", MOUNT, True)
    assert "but: Nothing is mounted." in reason([kept])


@pytest.mark.parametrize("finished", [True, False])
def test_a_settlement_ends_it_and_a_later_intent_begins_it_anew(finished: bool) -> None:
    """Who said it, when and why is kept. A run that was only thought to be dead goes on."""
    (debt,) = of(begin(), UNMOUNT).open
    end = [event(EventKind.OWED, "mount", 0, **said(debt)), FINISHED] if finished else []
    settled = event(EventKind.SETTLED, "mount", debt=debt.id, by="kim", why="gone", observed=False)

    found = of(begin(), UNMOUNT, *end, settled)

    assert found.open == ()
    assert [(one.by, one.why, one.observed, one.debt.id) for one in found.settled] == [("kim", "gone", False, debt.id)]
    again = intent("unmount", "umount", "/data", attempt=2, touches=["mount:/data"])
    assert len(of(begin(), UNMOUNT, settled, again).open) == 1


@pytest.mark.parametrize(
    "data", [{}, {"owes": "x"}, {"owes": [1, {}]}, {"touches": 3}, {"command": "x"}, {"command": {"argv": 1}}]
)
def test_a_damaged_record_is_read_as_far_as_it_makes_sense(data: Mapping[str, object]) -> None:
    """Never an exception."""
    of(begin(), event(EventKind.INTENT, "x", 1, **data), event(EventKind.OWED), event(EventKind.SETTLED))
    of(event(EventKind.REMEDY_STARTED, pledges=[None, {}, {"action": "x"}]), event(EventKind.INTENT, "y", 1))


def debt(type_: str, args: Mapping[str, object], **more: Any) -> Debt:  # noqa: ANN401 - any field
    """Something owed."""
    return Debt(
        id="d1", run="r1", at="", entry="p@a", target="a", remedy="repair", action="x", type=type_, args=args, **more
    )


@pytest.mark.parametrize(
    ("type_", "args", "seen"),
    [
        ("no-such-step", {}, "no step `no-such-step`"),
        ("service", {"name": "***", "colour": "red"}, "could not be observed"),
    ],
)
def test_what_cannot_be_looked_at_stays_owed(type_: str, args: Mapping[str, object], seen: str) -> None:
    """And there is something to say all the same."""
    one = debt(type_, args)
    looked = Target([]).observe(look([one], Platform.LINUX))

    assert (len(looked.open), looked.settled) == (1, ())
    assert seen in looked.open[0].seen
    assert "vmfix report r1" in advice([one], Platform.LINUX)


@pytest.mark.parametrize(
    ("was", "is_now", "way", "whom"),
    [
        (Platform.WINDOWS, Platform.LINUX, "net start Dhcp", "administrator"),
        (Platform.LINUX, Platform.WINDOWS, "systemctl start Dhcp", "root"),
    ],
)
def test_what_is_owed_to_another_platform_is_not_looked_at(
    was: Platform, is_now: Platform, way: str, whom: str
) -> None:
    """The inventory changed: a command for the one says nothing of the other. The commands are those of the run."""
    one = debt("service", DHCP, platform=was)
    looked = Target([]).observe(look([one], is_now))

    assert looked.settled == ()
    words = {Platform.LINUX: "a Linux", Platform.WINDOWS: "a Windows"}
    seen = f"it is owed to {words[was]} machine, and by the inventory this is {words[is_now]} one now."
    assert seen in looked.open[0].seen
    said_of_it = advice(looked.open, is_now)
    assert "correct the inventory" in said_of_it
    assert f"put it back there as {whom}, then plan again:\n    {way}" in said_of_it.replace("Put", "put")
    assert "correct the inventory" not in advice([debt("service", DHCP, platform=is_now)], is_now)


def test_a_script_is_given_so_that_it_can_be_pasted() -> None:
    """On one line, with its values."""
    one = debt("shell", {"script": 'cd "$1"\ntouch door\n', "args": ["/a b"]})
    (line,) = restoring(one, Platform.LINUX)

    assert line == """sh -c "$(printf '%s\\n%s\\n%s' 'cd "$1"' 'touch door' '')" sh '/a b'"""
    assert f"    {line}\n" in advice([one], Platform.LINUX)


def test_what_a_run_works_on_is_left_alone() -> None:
    """Nothing is observed in the middle of it, or it would be called settled too early."""
    looked = Target([]).observe(look([debt("service", DHCP, at_work=True)], Platform.WINDOWS))

    assert "at work there now" in looked.open[0].seen


def test_a_step_without_a_check_says_nothing_of_itself() -> None:
    """It is owed if it did not run, and not if the run found that it was not needed."""
    looked = Target([]).observe(
        look([debt("command", {"argv": ["x"]}), debt("command", {"argv": ["y"]}, skipped=True)], Platform.LINUX)
    )

    assert [one.args["argv"] for one in looked.open] == [["x"]]
    assert [one.args["argv"] for one in looked.settled] == [["y"]]
