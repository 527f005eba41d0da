"""What a run took away and did not bring back: the next plan knows, until it is there again or a person says so."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Done, program
from tests.cli.test_stop import wait_for

BOOK = """\
vmfix: 1
playbook: door
title: The door is in the way
platform: linux
solves: [UserErrorDoor]
observe:
  fault:
    command: [sh, -c, 'cat "{folder}/fault" 2>/dev/null; exit 0']
    why_read_only: It only reads.
    elevated: false
healthy: fault == ""
remedies:
  - id: mend
    title: Mend it with the door off
    risk: [config]
    takes: 1m
    steps:
      - id: off
        shell: {{script: 'rm -f "$1/door"', args: ["{folder}"], elevated: false}}
      - id: mend
        shell: {{script: 'touch "$1/begun"; {work}', args: ["{folder}"], elevated: false}}
      - id: door-on
        always: true
        shell:
          script: '[ ! -e "$1/jammed" ] && touch "$1/door"'
          args: ["{folder}"]
          elevated: false
          check: {{command: [test, -e, "{folder}/door"], elevated: false}}
"""
SLOW = 'until [ -e "$1/go" ]; do sleep 0.1; done; rm -f "$1/fault"'


@pytest.fixture
def door(desk: Desk) -> Desk:
    """A target whose fault shows, and whose door is there."""
    with_work(desk, 'rm -f "$1/fault"')
    (desk.flags / "door").touch()
    (desk.flags / "fault").write_text("bad")
    return desk


def with_work(desk: Desk, work: str) -> None:
    """The playbook whose middle step does this."""
    desk.book.write_text(BOOK.format(folder=desk.flags, work=work))


def jammed(desk: Desk) -> Done:
    """A run that mends the fault, and cannot put the door back."""
    (desk.flags / "jammed").touch()
    done = desk.work("run", "--approve", "all", "--json")
    (desk.flags / "jammed").unlink()
    return done


def planned(desk: Desk) -> dict[str, object]:
    """The one entry of a plan of now."""
    done = desk.work("plan", "--json")
    entry: dict[str, object] = done.data["plan"]["entries"][0]
    assert done.code == (0 if entry["standing"] in {"healthy", "planned"} else 5)
    return entry


def owed(desk: Desk, run: str = "last") -> list[dict[str, object]]:
    """What the report of a run says of it."""
    found: list[dict[str, object]] = desk.vmfix("report", run, "--json").data["entries"][0]["owed"]
    return found


def open_ids(desk: Desk) -> list[str]:
    """What is still owed to any target."""
    return [one["id"] for one in desk.vmfix("settle", "--json").data["owed"]]


def test_a_run_that_brings_all_back_owes_nothing(door: Desk) -> None:
    """The usual case: nothing is said, listed or asked."""
    assert door.work("run", "--approve", "all").code == 0
    assert (door.flags / "door").exists()
    assert owed(door) == []
    assert open_ids(door) == []
    assert door.vmfix("settle").out == "Nothing is owed.\n"
    assert "OWED" not in door.vmfix("runs").out


def test_what_was_not_brought_back_is_in_the_report_with_the_exact_command(door: Desk) -> None:
    """The fault itself is gone, and yet the target is not in order."""
    done = jammed(door)

    assert done.code == 5
    entry = done.data["entries"][0]
    assert entry["status"] == "failed"
    (one,) = entry["owed"]
    assert one["action"] == "mend/door-on"
    assert "touch" in one["ways"][0]
    text = door.vmfix("report").out
    assert f"owed {one['id']}: step `door-on` should have run" in text
    assert "restore: " in text
    assert "1 OWED" in door.vmfix("runs").out
    assert door.vmfix("runs", "--json").data["runs"][0]["owed"] == 1
    door.vmfix("report", "--markdown", door.folder / "r.md", "--junit", door.folder / "r.xml")
    assert f"owed {one['id']}" in (door.folder / "r.md").read_text()
    assert f"owed {one['id']}" in (door.folder / "r.xml").read_text()


def test_the_next_plan_does_not_call_it_healthy(door: Desk) -> None:
    """Its playbook sees no fault any more; the journal knows better, and says how to put it back."""
    jammed(door)
    assert not (door.flags / "fault").exists()

    entry = planned(door)

    assert entry["standing"] == "refused"
    assert "`door-on` should have run" in str(entry["reason"])
    assert "vmfix settle" in str(entry["advice"])
    assert "touch" in str(entry["advice"])
    assert door.work("run", "--approve", "all").code == 4
    assert len(open_ids(door)) == 1


def test_what_is_there_again_is_seen_and_settled_for_good(door: Desk) -> None:
    """A person put the door back: the next plan says so, and the journal has it as evidence."""
    jammed(door)
    (door.flags / "door").touch()

    entry = planned(door)

    assert entry["standing"] == "healthy"
    assert any("no longer owed by run" in str(remark) for remark in entry["remarks"])  # type: ignore[attr-defined]
    assert open_ids(door) == []
    (one,) = owed(door)
    assert "seen to be there again on 20" in str(one["settled"])
    assert "settled" in door.vmfix("report").out
    (door.flags / "door").unlink()  # what a person does later is their own affair
    assert planned(door)["standing"] == "healthy"


def test_a_saved_plan_of_before_sees_it_when_it_is_run(door: Desk) -> None:
    """The journal is looked at again at the start of a run."""
    plan = door.folder / "plan.json"
    assert door.work("plan", "-o", plan).code == 0
    jammed(door)
    (door.flags / "fault").write_text("bad")

    done = door.vmfix("run", "--plan", plan, door.book, "-i", door.inventory, "--approve", "all", "--json")

    entry = done.data["entries"][0]
    assert (done.code, entry["status"], entry["remedies"]) == (4, "refused", [])
    (door.flags / "door").touch()
    again = door.vmfix("run", "--plan", plan, door.book, "-i", door.inventory, "--approve", "all", "--json")
    assert again.data["entries"][0]["status"] == "fixed"
    assert any("no longer owed" in note for note in again.data["entries"][0]["notes"])
    assert open_ids(door) == []


def test_a_person_says_that_it_is_not_wanted_any_more(door: Desk) -> None:
    """Who and why is kept; a slip is refused, and says what to write."""
    jammed(door)
    (one,) = open_ids(door)
    assert one in door.vmfix("settle").out

    assert door.vmfix("settle", one).code == 2
    assert door.vmfix("settle", "--reason", "why").code == 2
    assert door.vmfix("settle", "nothing", "--reason", "why").code == 2
    assert open_ids(door) == [one]
    assert door.vmfix("settle", one, "--reason", "the door was sold").code == 0

    assert open_ids(door) == []
    assert "the door was sold" in str(owed(door)[0]["settled"])
    assert "no longer wanted, says " in door.vmfix("report").out
    assert planned(door)["standing"] == "healthy"
    assert not (door.flags / "door").exists()


def test_a_target_that_was_renamed_is_not_forgotten(door: Desk) -> None:
    """Without an azure_id nobody can tell that it is the same, so every plan says what is owed, until it is settled."""
    jammed(door)
    kept = door.inventory.read_text()
    door.inventory.write_text(kept.replace("here:", "renamed:"))

    for command in ("plan", "run"):
        said = door.work(command, *(("--approve", "all") if command == "run" else ())).err
        assert "note: earlier runs left something owed to `here`, not in this inventory." in said
        assert "look at `vmfix settle` before you go on" in said
    assert len(open_ids(door)) == 1
    door.inventory.write_text(kept)
    assert "not in this inventory" not in door.work("plan").err
    door.vmfix("settle", *open_ids(door), "--reason", "sold")
    door.inventory.write_text(kept.replace("here:", "renamed:"))
    assert "not in this inventory" not in door.work("plan").err


def test_what_is_to_be_pasted_works(door: Desk) -> None:
    """The line of the report, in a shell as it stands there, puts the door back."""
    jammed(door)
    report = door.vmfix("report").out
    (line,) = [line.strip().removeprefix("restore: ") for line in report.splitlines() if "restore: " in line]
    subprocess.run(["sh", "-c", line], check=True, timeout=20)
    assert (door.flags / "door").exists()
    assert planned(door)["standing"] == "healthy"


def killed(desk: Desk) -> None:
    """A run that is ended by kill -9 while its middle step is under way, which then goes on to its end."""
    with_work(desk, SLOW)
    argv = program("run", desk.book, "-i", desk.inventory, "--approve", "all")
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        wait_for(desk.flags / "begun")
        at_work(desk)
        process.kill()
    (desk.flags / "go").touch()
    _wait_until_gone(desk.flags / "fault")


def at_work(desk: Desk) -> None:
    """As long as the run goes on, nobody else plans upon its half-done work, nor says that it is settled."""
    entry = planned(desk)
    assert entry["standing"] == "refused"
    assert "is at work there now" in str(entry["reason"])
    assert "Wait until that run has ended" in str(entry["advice"])
    (one,) = open_ids(desk)
    assert desk.vmfix("settle", one, "--reason", "in a hurry").code == 4
    assert "OWED" not in desk.vmfix("runs").out


def _wait_until_gone(path: Path) -> None:
    subprocess.run(["sh", "-c", 'while [ -e "$0" ]; do sleep 0.1; done', str(path)], check=True, timeout=60)


def test_a_run_that_was_killed_owes_what_its_intents_say(door: Desk) -> None:
    """No end was recorded; what was taken away is known all the same, and so is what may still run."""
    killed(door)

    entry = planned(door)
    assert entry["standing"] == "refused"
    assert "First see whether this still runs there" in str(entry["advice"])
    (one,) = owed(door)
    assert one["certain"] is False
    assert "1 OWED" in door.vmfix("runs").out

    (door.flags / "door").touch()
    assert planned(door)["standing"] == "healthy"
    assert open_ids(door) == []
    assert "seen to be there again" in str(owed(door)[0]["settled"])


def test_the_journal_is_whole_after_a_settlement(door: Desk) -> None:
    """It stands in the record of the run that left the debt, behind its end."""
    done = jammed(door)
    head = done.data["head"]
    door.vmfix("settle", *open_ids(door), "--reason", "sold")

    made = door.vmfix("report", "--json")

    assert made.code == 0
    assert made.data["head"] != head
    assert json.loads(made.out)["exit_code"] == 5
