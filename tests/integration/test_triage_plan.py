"""From failed jobs to one plan over Linux and Windows: several playbooks, one remedy at a time on each target."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from examples.lab import LoggedCommand
from examples.lab.sent import unwrap
from tests.integration.conftest import DeskOf

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

WHERE = "/var/lib/a-mark"
SLOW = 2  # seconds that the remedy of MARK takes on its target
MARK = f"""\
vmfix: 1
playbook: mark-missing
title: The mark is missing
platform: linux
solves: [UserErrorMarkMissing]
observe:
  mark: {{command: [cat, {WHERE}], ok_exit: [0, 1]}}
healthy: mark == "end"
remedies:
  - id: mark
    title: Leave the mark
    risk: [config]
    approval: A file is written.
    takes: 1m
    steps:
      - id: write
        shell: {{script: 'printf begin >{WHERE}; sleep {SLOW}; printf end >{WHERE}'}}
"""
CODES = {
    "lin": ("UserErrorMarkMissing", "UserErrorFsFreezeFailed"),
    "other": ("UserErrorRpCollectionLimitReached", "UserErrorFsFreezeFailed"),
    "win": ("ExtensionFailedTimeoutVMNetworkUnresponsive", "ExtensionFailedVssWriterInBadState"),
}
ENDS = {
    ("lin", "fs-freeze-failed"): "fixed",
    ("lin", "mark-missing"): "fixed",
    ("other", "fs-freeze-failed"): "fixed",
    ("other", "restore-point-limit"): "applied",
    ("win", "snapshot-through-host"): "applied",
    ("win", "vss-writers-bad-state"): "fixed",
}


def job(number: int, vm: str, *codes: str) -> dict[str, Any]:
    """A failed job as `az backup job list` prints it."""
    vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
    properties = {
        "jobType": "AzureIaaSVMJob",
        "containerName": f"iaasvmcontainerv2;prod;{vm}",
        "operation": "Backup",
        "status": "Failed",
        "errorDetails": [{"errorCode": 0, "errorTitle": code, "errorString": "It failed."} for code in codes],
        "startTime": f"2026-11-{number:02}T09:45:35.912717+00:00",
        "endTime": f"2026-11-{number:02}T09:56:08.605244+00:00",
    }
    return {"id": f"{vault}/backupJobs/job-{number}", "name": f"job-{number}", "properties": properties}


def test_one_plan_runs_several_playbooks_one_remedy_at_a_time_on_each_target(desk_of: DeskOf, tmp_path: Path) -> None:
    """Two targets have two failed codes with remedies, and a guide is acknowledged in the same run."""
    desk = desk_of("lin=ext4-dirty", "other=ext4-dirty", "win=win-writer-failed")
    books = tmp_path / "books"
    books.mkdir()
    (books / "mark.yml").write_text(MARK, encoding="utf-8")
    jobs, plan = tmp_path / "jobs.json", tmp_path / "plan.json"
    jobs.write_bytes(
        json.dumps([job(n, vm, *codes) for n, (vm, codes) in enumerate(CODES.items(), 1)]).encode("utf-16")
    )
    where = ("-i", desk.lab.inventory, "--playbooks", books)

    done = desk.vmfix("triage", jobs, *where, "--plan", "-o", plan)
    assert done.code == 0, done.text
    entries = json.loads(plan.read_text(encoding="utf-8"))["plan"]["entries"]
    assert {(entry["target"], entry["playbook"]) for entry in entries} == set(ENDS)

    for name in CODES:
        desk.lab.clear_commands(name)
    words = ("--approve", "all", "--acknowledge", "restore-point-limit/remove-lock", "--json")
    done = desk.vmfix("run", "--plan", plan, *where, *words)
    assert {(one["target"], one["playbook"]): one["status"] for one in done.data["entries"]} == ENDS, done.text
    assert done.code == 0

    linux_entries_did_not_overlap(desk.lab.log("lin"))
    windows_entries_did_not_overlap(desk.lab.commands("win"))


def linux_entries_did_not_overlap(logged: Sequence[LoggedCommand]) -> None:
    """All that the slow playbook sent, from its first look to its last, stands together; its script ran to its end."""
    sent = [(one.time, unwrap(one.command)) for one in logged if one.command]
    looks = [at for at, (_, command) in enumerate(sent) if command.words == ("cat", WHERE)]
    span = sent[looks[0] : looks[-1] + 1]
    (began,) = (time for time, command in span if f"sleep {SLOW}" in (command.script or ""))
    assert len(span) == len(looks) + 1, "something of the other playbook came in between"
    assert span[-1][0] >= began + SLOW, "its proof was looked at before it had ended"
    assert [command for _, command in sent if command.program == "umount"], "the other one changed nothing"


def windows_entries_did_not_overlap(lines: Sequence[str]) -> None:
    """What is about the host's values, and what is about the writers: all of one, then all of the other."""
    host = [at for at, line in enumerate(lines) if re.search("SnapshotMethod|CalculateSnapshotTimeFromHost", line)]
    writers = [at for at, line in enumerate(lines) if re.search("vssadmin|SQLWriter|wevtutil", line)]
    assert any(lines[at].startswith("reg add ") for at in host)
    assert any(lines[at].startswith("net start ") for at in writers)
    assert max(host) < min(writers) or max(writers) < min(host)
