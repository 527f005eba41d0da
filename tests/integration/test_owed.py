"""What a run left down on a really broken target: the next plan says so, and a person's own hand settles it."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CODE, Desk, mounted, wait_for, wrap
from tests.integration.test_fs_freeze_faults import HELD_REPAIR, held, let_go
from tests.integration.test_windows_playbooks import WRITERS
from tests.integration.windows_desk import changes, run, sent

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


def planned(desk: Desk, code: str) -> dict[str, Any]:
    """The one entry of a plan of now."""
    done = desk.vmfix("plan", code, "-i", desk.lab.inventory, "--json")
    entry: dict[str, Any] = done.data["plan"]["entries"][0]
    return entry


def owed(desk: Desk) -> list[dict[str, Any]]:
    """What the last run's report says of it."""
    found: list[dict[str, Any]] = desk.vmfix("report", "last", "--json").data["entries"][0]["owed"]
    return found


def restoring(desk: Desk) -> list[str]:
    """The exact commands of the report that put things back."""
    ways = [way for one in owed(desk) if not one["settled"] for way in one["ways"]]
    assert ways
    return ways


@pytest.mark.parametrize("end", ["second Ctrl-C", "kill -9"])
def test_a_file_system_that_was_left_unmounted(desk_of: DeskOf, end: str) -> None:
    """Its check ends over there and finds it clean; that it is not mounted, no freeze log says."""
    desk = desk_of("web=ext4-dirty")
    before = mounted(desk.lab, "web")
    wrap(desk.lab, "web", "e2fsck", HELD_REPAIR)

    with desk.start("run", "--approve", "all", "--json") as process:
        held(desk.lab, "web")
        if end == "kill -9":
            process.kill()
        else:
            assert process.stderr is not None
            process.send_signal(signal.SIGINT)
            assert any("A second Ctrl-C" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    entry = planned(desk, CODE)  # while the check still runs
    assert entry["standing"] == "refused"
    assert "mount /data should be mounted" in entry["reason"]
    assert "First see whether this still runs there" in entry["advice"]
    assert "e2fsck" in entry["advice"]
    let_go(desk.lab, "web")
    assert desk.lab.check_clean("web").clean
    assert planned(desk, CODE)["standing"] == "refused"
    assert "1 OWED" in desk.vmfix("runs").out
    by_hand = restoring(desk)
    refused = desk.mend()
    assert (refused.code, refused.statuses) == (4, {"web": "refused"})

    for way in by_hand:
        desk.lab.run("web", *shlex.split(way))
    assert mounted(desk.lab, "web") == before
    assert planned(desk, CODE)["standing"] != "refused"
    assert desk.vmfix("settle").out == "Nothing is owed.\n"


def test_a_windows_service_that_does_not_start_again(desk_of: DeskOf) -> None:
    """Its writer is not listed any more, so the playbook alone would call the machine healthy."""
    desk = desk_of("win-writer-start-fails")
    name = "win-writer-start-fails"
    done = run(desk, WRITERS, "-e", "settle=5s")
    assert done.code == 5, done.text
    assert [one["ways"] for one in owed(desk)] == [["net start SQLWriter"]]

    entry = planned(desk, WRITERS)
    assert entry["standing"] == "refused"
    assert "service SQLWriter should be started" in entry["reason"]
    assert "    net start SQLWriter" in entry["advice"].splitlines()
    before = len(changes(desk, name))
    assert run(desk, WRITERS).statuses == {name: "refused"}
    assert len(changes(desk, name)) == before

    code, said = desk.lab.windows(name).run("net.exe", "start", "SQLWriter")  # a person does
    assert code == 0, said
    assert planned(desk, WRITERS)["standing"] == "healthy"
    assert desk.vmfix("settle").out == "Nothing is owed.\n"
    assert run(desk, WRITERS).statuses == {name: "healthy"}
    assert desk.lab.windows(name).is_mended()


def test_a_windows_restart_whose_runner_was_killed(desk_of: DeskOf) -> None:
    """kill -9 while services are down; what ran with the service is owed as well."""
    name = "win-wmi-writer-failed"
    desk = desk_of(name)
    argv = [sys.executable, "-m", "runner", "run", WRITERS, "-i", str(desk.lab.inventory), "--approve", "all"]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        wait_for(lambda: "net stop iphlpsvc" in sent(desk, name), "the restart", seconds=60)
        process.kill()
    assert "net start iphlpsvc" not in sent(desk, name)

    wait_for(lambda: planned(desk, WRITERS)["standing"] == "refused", "the end of what was sent", seconds=60)
    assert "service iphlpsvc should be started" in planned(desk, WRITERS)["reason"]
    for way in restoring(desk):
        desk.lab.windows(name).run("net.exe", *way.split()[1:])

    assert planned(desk, WRITERS)["standing"] == "planned"  # the fault itself is still there
    assert desk.vmfix("settle").out == "Nothing is owed.\n"
    assert run(desk, WRITERS, "-e", "settle=30s").statuses == {name: "fixed"}
    assert desk.lab.windows(name).is_mended()
