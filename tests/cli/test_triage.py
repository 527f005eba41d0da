"""vmfix triage: from failed jobs to what to do, and to a plan."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import BOOK, Desk

HAND = {"errorTitle": "UserErrorByHand"}
GUIDE = """\
vmfix: 1
playbook: by-hand
title: By hand
platform: any
solves: [UserErrorByHand]
remedies:
  - id: hand
    title: Do it by hand
    manual: Do it.
"""
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
FLAG = {"errorCode": 400001, "errorTitle": "UserErrorFlagMissing", "errorString": "No flag."}
POLE = {"errorCode": 400002, "errorTitle": "UserErrorPoleMissing", "errorString": "No pole."}
NEW = {"errorCode": 400003, "errorTitle": "UserErrorFlagMissin", "errorString": "\x1b[2JNothing to see."}


def job(number: int, vm: str, *errors: object) -> dict[str, Any]:
    """A failed job as `az backup job list` prints it."""
    return {
        "id": f"{VAULT}/backupJobs/job-{number}",
        "name": f"job-{number}",
        "resourceGroup": "g",
        "tags": None,
        "properties": {
            "jobType": "AzureIaaSVMJob",
            "containerName": f"iaasvmcontainerv2;prod;{vm}",
            "entityFriendlyName": vm,
            "operation": "Backup",
            "status": "Failed",
            "errorDetails": list(errors),
            "startTime": f"2026-11-{number:02}T09:45:35.912717+00:00",
            "endTime": f"2026-11-{number:02}T09:56:08.605244+00:00",
        },
    }


def jobs(desk: Desk, *entries: object) -> Path:
    """A file with these jobs."""
    return desk.write("my jobs.json", json.dumps(entries))


def folder(desk: Desk) -> Path:
    """Two playbooks with steps, and a guide."""
    text = desk.book.read_text(encoding="utf-8")
    pole = text.replace("flag-missing", "pole-missing").replace("UserErrorFlagMissing", "UserErrorPoleMissing")
    desk.write("books/pole.yml", pole.replace("4242", "4243").replace('/flag"', '/pole"'))
    guide = (
        text.replace("flag-missing", "by-hand").replace("UserErrorFlagMissing", "UserErrorByHand").split("remedies:")[0]
    )
    desk.write("books/guide.yml", guide.replace("4242", "4244") + "remedies: [{id: hand, manual: Do it by hand.}]\n")
    return desk.write("books/flag.yml", text).parent


def test_what_goes_where_and_the_exact_calls_are_shown(desk: Desk) -> None:
    """Exit 0: every failure has a playbook and a target. The call can be typed as it stands."""
    books = folder(desk)
    done = desk.vmfix("triage", jobs(desk, job(3, "here", FLAG)), "-i", desk.inventory, "--playbooks", books)
    assert done.code == 0
    assert "here <- here in prod: UserErrorFlagMissing (400001)" in done.out
    said = " ".join(done.out.split())
    assert "began 2026-11-03T09:45:35Z, failed 2026-11-03T09:56:08Z; job job-3; target by computer name" in said
    assert "--backup-failed-at is when the first of these backups began" in said
    call = next(line for line in done.out.splitlines() if "vmfix plan" in line)
    words = shlex.split(call)
    assert words[1:3] == ["plan", "flag-missing"]
    assert words[-4:] == ["--backup-failed-at", "2026-11-03T09:45:35Z", "-o", "plan-1.json"]
    assert desk.vmfix(*words[1:-1], desk.folder / "plan-1.json").code == 0


def test_a_failed_restore_is_in_no_plan_and_its_guide_is_named(desk: Desk) -> None:
    """Once for each error, with how often it came; one that went well is only counted. The exit code is the same."""
    entries = [job(number, "here", HAND) for number in (1, 2, 3)] + [job(4, "here", NEW)]
    for entry in entries:
        entry["properties"]["operation"] = "Restore"
    entries[2]["properties"] |= {"status": "Completed", "errorDetails": None}
    args = ("triage", jobs(desk, *entries), "-i", desk.inventory, "--playbooks", folder(desk))
    done = desk.vmfix(*args)

    assert done.code == 0
    assert "4 no backup, but Restore" in done.out
    _, _, below = done.out.partition("Failed, and no backups: in no plan\n")
    assert below.startswith(
        "  2 Restore: UserErrorByHand\n    vmfix show by-hand\n  1 Restore: UserErrorFlagMissin (400003)"
    )
    assert (
        "no playbook and no guide knows this error\n    perhaps: `UserErrorFlagMissing` is spelled nearly so" in below
    )
    assert "vmfix plan" not in done.out
    assert [(one["count"], one["playbooks"]) for one in desk.vmfix(*args, "--json").data["elsewhere"]] == [
        (2, ["by-hand"]),
        (1, []),
    ]


def test_what_nobody_knows_makes_exit_code_5_and_no_call(desk: Desk) -> None:
    """The hint is marked as one, and what Azure says cannot clear the screen."""
    done = desk.vmfix(
        "triage",
        jobs(desk, job(3, "here", NEW), job(4, "elsewhere", FLAG)),
        "-i",
        desk.inventory,
        "--playbooks",
        folder(desk),
    )
    assert done.code == 5
    assert "vmfix plan" not in done.out
    assert "perhaps: `UserErrorFlagMissing` is spelled nearly so; vmfix does not act on that" in done.out
    assert "it is in no inventory that was named" in done.out
    assert "\x1b" not in done.out


def test_guides_are_for_a_person(desk: Desk) -> None:
    """They are shown; planned they are with --plan, and the call that does so can be typed."""
    error = {"errorTitle": "UserErrorByHand"}
    done = desk.vmfix("triage", jobs(desk, job(3, "here", error)), "-i", desk.inventory, "--playbooks", folder(desk))
    assert done.code == 0
    assert "For a person" in done.out
    assert "vmfix show by-hand" in done.out
    assert "vmfix plan" not in done.out
    call = shlex.split(next(line for line in done.out.splitlines() if "vmfix triage" in line))
    assert desk.vmfix(*call[1:-1], desk.folder / "plan.json").code == 0


def test_as_json_it_is_versioned(desk: Desk) -> None:
    """And the only thing on standard output."""
    args = ("-i", desk.inventory, "--playbooks", folder(desk), "--json")
    done = desk.vmfix("triage", jobs(desk, job(3, "here", FLAG), job(4, "elsewhere", NEW)), *args)
    assert done.code == 5
    assert done.data["vmfix_triage"] == 1
    assert done.data["counts"]["failed"] == 2
    assert done.data["act"][0]["target"] == "here"
    assert done.data["unmatched"][0]["why"] == ["no playbook knows this error", "it is in no inventory that was named"]
    assert shlex.split(done.data["plans"][0]["command"]) == done.data["plans"][0]["argv"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("table", [False, True])
def test_what_windows_writes_can_be_read(desk: Desk, encoding: str, *, table: bool) -> None:
    """PowerShell's `>` writes UTF-16 with a byte order mark, and Excel UTF-8 with one; CSV, too, with CR LF."""
    text = json.dumps([job(3, "here", FLAG)], indent=1)
    if table:
        text = "Workload name;Operation;Status;Error code\nhere;Backup;Failed;UserErrorFlagMissing\n"
    mark = "\ufeff" if encoding.endswith("e") else ""
    file = desk.folder / "jobs"
    file.write_bytes((mark + text.replace("\n", "\r\n")).encode(encoding))
    done = desk.vmfix("triage", file, "-i", desk.inventory, "--playbooks", folder(desk))
    assert done.code == 0, done.err
    assert "vmfix plan flag-missing" in done.out


def test_a_damaged_file_is_said_to_be_one(desk: Desk) -> None:
    """UTF-16 that ends within a character."""
    file = desk.folder / "jobs"
    file.write_bytes(b"\xff\xfe[\x00]")
    done = desk.vmfix("triage", file, "-i", desk.inventory)
    assert done.code == 2
    assert "is damaged UTF-16" in done.err


def test_standard_input_and_several_files_are_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A success in one supersedes a failure in the other."""
    success = job(5, "here")
    success["properties"] |= {"status": "Completed", "errorDetails": None}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(success).encode())))
    done = desk.vmfix("triage", jobs(desk, job(3, "here", FLAG)), "-", "-i", desk.inventory)
    assert done.code == 0
    assert "no backup is in a failed state" in done.out
    assert "1 that went well" in done.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"name":\n]', ":2:1: error: this is not JSON"),
        ("ERROR: az login", ":1:1: error: this is neither JSON nor a table"),
        ("", "there is nothing in it"),
    ],
)
def test_what_cannot_be_read_makes_exit_code_3(desk: Desk, text: str, said: str) -> None:
    """With its place."""
    done = desk.vmfix("triage", desk.write("jobs.json", text), "-i", desk.inventory)
    assert done.code == 3
    assert f"jobs.json{said}" in done.err or said in done.err


@pytest.mark.parametrize(
    "words",
    [[], ["nowhere.json"], ["-", "-"], ["{jobs}", "--plan"], ["{jobs}", "-o", "plan.json"], ["{jobs}", "--note", "x"]],
)
def test_wrong_words_make_exit_code_2(desk: Desk, words: list[str]) -> None:
    """Before anything is read, or because there is nothing to read."""
    given = [word.format(jobs=jobs(desk, job(3, "here", FLAG))) for word in words]
    assert desk.vmfix("triage", *given, "-i", desk.inventory).code == 2


def test_without_an_inventory_it_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every other command."""
    monkeypatch.delenv("VMFIX_INVENTORY", raising=False)
    assert desk.vmfix("triage", jobs(desk, job(3, "here", FLAG))).code == 2


def test_a_backup_that_runs_is_warned_of(desk: Desk) -> None:
    """A remedy would break it off; and it may end well."""
    again = job(4, "here")
    again["properties"] |= {"status": "InProgress", "endTime": None}
    where = ("-i", desk.inventory, "--playbooks", folder(desk))
    for entries, said in (([job(3, "here", FLAG), again], True), ([job(3, "here", FLAG)], False)):
        file = jobs(desk, *entries)
        assert ("a backup of `here` is running" in desk.vmfix("triage", file, *where).out) is said
        assert desk.vmfix("triage", file, *where, "--json").data["backup_is_running"] == (["here"] if said else [])
        planned = desk.vmfix("triage", file, *where, "--plan", "-o", desk.folder / "plan.json")
        assert ("a backup of `here` is running" in planned.err) is said


class TestPlan:
    INVENTORY = "vmfix: 1\ntargets:\n" + "".join(
        f"  {name}: {{transport: local, address: localhost}}\n" for name in ("here", "there", "idle")
    )

    def test_one_plan_holds_exactly_the_pairs_and_is_run_like_any_other(self, desk: Desk) -> None:
        """Several playbooks on several targets, though not each on each."""
        books, plan = folder(desk), desk.folder / "plan.json"
        where = ("-i", desk.write("three.yml", self.INVENTORY), "--playbooks", books)
        file = jobs(desk, job(3, "here", FLAG), job(4, "there", FLAG, POLE))
        done = desk.vmfix("triage", file, *where, "--plan", "-o", plan, "--note", "TICKET-1", "--json")
        assert done.code == 0, done.err
        saved = json.loads(plan.read_text(encoding="utf-8"))["plan"]
        assert sorted((entry["playbook"], entry["target"]) for entry in saved["entries"]) == [
            ("flag-missing", "here"),
            ("flag-missing", "there"),
            ("pole-missing", "there"),
        ]
        assert (saved["note"], saved["left_out"]) == ("TICKET-1", [])
        assert not list(desk.flags.iterdir())

        done = desk.vmfix("run", "--plan", plan, *where, "--approve", "all")
        assert sorted(path.name for path in desk.flags.iterdir()) == ["flag", "pole"], done.err

    def test_guides_are_in_it_and_acknowledged_in_the_run(self, desk: Desk) -> None:
        """Beside what runs; the plan says how to say that it was done. Nobody connects for a guide."""
        books, plan = folder(desk), desk.folder / "plan.json"
        desk.write("books/guide.yml", GUIDE)
        where = ("-i", desk.write("three.yml", self.INVENTORY), "--playbooks", books)
        desk.write("three.yml", f"{self.INVENTORY}  away: {{transport: ssh, address: 192.0.2.1, user: nobody}}\n")
        file = jobs(desk, job(3, "here", FLAG, HAND), job(4, "away", HAND))
        done = desk.vmfix("triage", file, *where, "--plan", "-o", plan)
        assert done.code == 0, done.err
        assert "--acknowledge by-hand/hand" in done.out
        saved = json.loads(plan.read_text(encoding="utf-8"))["plan"]
        pairs = sorted((entry["playbook"], entry["target"]) for entry in saved["entries"])
        assert pairs == [("by-hand", "away"), ("by-hand", "here"), ("flag-missing", "here")]

        words = ("run", "--plan", plan, *where, "--approve", "flag-missing/raise")
        done = desk.vmfix(*words, "--acknowledge", "by-hand/hand")
        assert done.code == 0, done.out + done.err
        assert "2 targets, all in order (by target and playbook: 1 fixed, 2 awaiting the next backup)" in done.out
        assert "said to be done: by-hand/hand" in done.out
        assert desk.flag.exists()

    def test_the_vault_that_all_jobs_tell_is_filled_in(self, desk: Desk) -> None:
        """For playbooks that ask for it, and if nobody gave another one."""
        books, plan = folder(desk), desk.folder / "plan.json"
        asking = "params:\n  vault: {type: str, default: VAULT, help: X}\n  vault_group: {type: str, help: X}\n"
        text = GUIDE.replace("remedies:", f"{asking}remedies:")
        desk.write("books/guide.yml", text.replace("Do it.", '"az -g {{ vault_group }} -v {{ vault }}"'))
        where = ("-i", desk.write("three.yml", self.INVENTORY), "--playbooks", books)
        file = jobs(desk, job(3, "here", FLAG, HAND), job(4, "there", HAND))
        assert "needs" not in desk.vmfix("triage", file, *where).out

        done = desk.vmfix("triage", file, *where, "--plan", "-o", plan)
        assert done.code == 0, done.err
        assert "taken from the jobs: -e vault=v -e vault_group=g" in done.err
        assert "az -g g -v v" in done.out

        given = ("-e", "vault=other", "-e", "vault_group=rg")
        done = desk.vmfix("triage", file, *where, *given, "--plan", "-o", plan)
        assert "taken from" not in done.err
        assert "az -g rg -v other" in done.out

    def test_every_parameter_that_is_missing_is_asked_for_at_once(self, desk: Desk) -> None:
        """By playbook and target; without --plan too, and given once it is part of plan and calls."""
        books, plan = folder(desk), desk.folder / "plan.json"
        needing = "params:\n  height: {type: int, help: How high.}\n  colour: {type: str, help: Which.}\n"
        text = desk.book.read_text(encoding="utf-8").replace("flag-missing", "pole-missing").replace("4242", "4243")
        text = text.replace("UserErrorFlagMissing", "UserErrorPoleMissing")
        desk.write("books/pole.yml", text.replace("params:\n", needing))
        where = ("-i", desk.write("three.yml", self.INVENTORY), "--playbooks", books)
        file = jobs(desk, job(3, "here", POLE, FLAG), job(4, "there", POLE))

        done = desk.vmfix("triage", file, *where, "--plan", "-o", plan)
        assert done.code == 3
        for name in ("height", "colour"):
            assert f"`pole-missing` needs `{name}` for `here`, `there`" in done.err
        assert "How high. Give it with -e height=VALUE." in done.err
        assert not plan.exists()
        shown = desk.vmfix("triage", file, *where)
        assert "`pole-missing` needs `height` for `here`, `there`" in shown.out

        given = ("-e", "height=3", "-e", "colour=red")
        shown = desk.vmfix("triage", file, *where, *given)
        assert "needs" not in shown.out
        calls = [line for line in shown.out.splitlines() if "vmfix plan" in line]
        assert all("-e height=3 -e colour=red" in call for call in calls)
        done = desk.vmfix("triage", file, *where, *given, "--plan", "-o", plan)
        assert done.code == 0, done.err
        params = {ref["id"]: ref["params"] for ref in json.loads(plan.read_text())["plan"]["playbooks"]}
        assert params["pole-missing"]["height"] == 3
        assert "height" not in params["flag-missing"]

    def test_its_comparison_looks_at_the_same_pairs(self, desk: Desk) -> None:
        """Not at each playbook on each of its targets."""
        books, plan = folder(desk), desk.folder / "plan.json"
        where = ("-i", desk.write("three.yml", self.INVENTORY), "--playbooks", books)
        file = jobs(desk, job(3, "here", FLAG), job(4, "there", POLE))
        assert desk.vmfix("triage", file, *where, "--plan", "-o", plan).code == 0
        done = desk.vmfix("plan", "--compare", plan, *where)
        assert done.code == 0, done.out + done.err

    def test_what_is_missing_from_it_is_said(self, desk: Desk) -> None:
        """Exit 5, and the plan is there all the same."""
        plan = desk.folder / "plan.json"
        file = jobs(desk, job(3, "here", FLAG, NEW))
        done = desk.vmfix("triage", file, "-i", desk.inventory, "--playbooks", folder(desk), "--plan", "-o", plan)
        assert done.code == 5
        assert "not every failed backup is in this plan" in done.err
        assert f"vmfix run --plan {plan}" in done.out.replace("'", "")
        assert plan.exists()

    def test_nothing_to_do_is_refused(self, desk: Desk) -> None:
        """No empty plan is written."""
        plan = desk.folder / "plan.json"
        done = desk.vmfix("triage", jobs(desk, job(3, "here", NEW)), "-i", desk.inventory, "--plan", "-o", plan)
        assert done.code == 4
        assert not plan.exists()


def test_the_desks_playbook_is_the_one_that_is_meant() -> None:
    """What `folder` replaces stands in it."""
    assert all(word in BOOK for word in ("flag-missing", "UserErrorFlagMissing", "4242", '/flag"'))
