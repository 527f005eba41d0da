"""The Windows playbooks on broken targets over WinRM, whose cmd.exe, registry and services are Wine's real ones.

Wine is not Windows: what these tests show is that vmfix does the right thing on what its tools are known to print.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import wait_for
from tests.integration.windows_desk import (
    changes,
    dry_run_only_reads,
    dry_run_then_run,
    run,
    run_and_prove,
    second_run_changes_nothing,
    sent,
)

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

WRITERS, SERVICE, COM, HOST = (
    "ExtensionFailedVssWriterInBadState",
    "ExtensionFailedVssServiceInBadState",
    "ExtensionSnapshotFailedCOM",
    "ExtensionFailedTimeoutVMNetworkUnresponsive",
)
DEMAND = 3  # SERVICE_DEMAND_START


def test_faulty_writers_are_restarted_by_their_services(desk_of: DeskOf) -> None:
    """By state number and GUID, in any language; dependents run again; the second run changes nothing."""
    names = [
        "win-writer-failed",
        "win-writer-failed-de",
        "win-writer-failed-da",
        "win-writer-failed-fr",
        "win-vss-writers-failed",
        "win-wmi-writer-failed",
        "win-exchange-writer-failed",
    ]
    expected = dict.fromkeys(names, "fixed")
    desk = desk_of(*names)
    planned = desk.vmfix("plan", WRITERS, "-i", desk.lab.inventory)
    assert planned.code == 0, planned.text
    assert not any(changes(desk, name) for name in names)

    run_and_prove(desk, WRITERS, expected, "-e", "settle=30s")

    assert changes(desk, "win-wmi-writer-failed") == [
        "net stop iphlpsvc",
        "net stop Winmgmt",
        "net start Winmgmt",
        "net start iphlpsvc",
    ]
    assert changes(desk, "win-vss-writers-failed") == ["net stop VSS", "net start VSS"]
    second_run_changes_nothing(desk, WRITERS, expected)


def test_what_must_not_be_touched_is_refused_by_name(desk_of: DeskOf) -> None:
    """A running backup, an unknown writer, and services on the deny-list, also as dependents; nothing is sent."""
    reasons = {
        "win-backup-beside-fault": "[5]",
        "win-writer-unknown": "Acme Backup Writer",
        "win-writer-ntds": "NTDS",
        "win-writer-cluster": "ClusSvc",
        "win-writer-nps": "NPS VSS Writer",
        "win-dependent-denied": "vmms",
    }
    desk = desk_of(*reasons, "win-backup-running", "win-healthy")
    expected = {**dict.fromkeys(reasons, "refused"), "win-backup-running": "healthy", "win-healthy": "healthy"}
    done = run_and_prove(desk, WRITERS, expected)

    for name, reason in reasons.items():
        assert reason in done.entries[name]["reason"], done.entries[name]["reason"]
    assert not any(changes(desk, name) for name in expected)


def test_the_ladder_goes_on_only_where_the_restart_did_not_help(desk_of: DeskOf) -> None:
    """A stubborn writer gets the registry value and then awaits a backup; one that vanished is a failure."""
    names = ["win-writer-stubborn", "win-writer-vanishes"]
    desk = desk_of(*names)
    expected = {"win-writer-stubborn": "applied", "win-writer-vanishes": "failed"}
    done = run_and_prove(desk, WRITERS, expected, "-e", "settle=5s")

    assert changes(desk, "win-writer-stubborn")[-1].startswith("reg add ")
    assert "SnapshotWithoutThreads" in changes(desk, "win-writer-stubborn")[-1]
    assert "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a" in done.entries["win-writer-vanishes"]["reason"]
    assert done.code == 5


def test_the_vss_service_is_restarted_and_the_machine_only_if_that_does_not_help(desk_of: DeskOf) -> None:
    """A reboot is a remedy of its own, with an approval of its own."""
    expected = dict.fromkeys(("win-vss-bad", "win-vss-disabled", "win-vss-start-fails"), "fixed")
    desk = desk_of(*expected)
    dry_run_only_reads(desk, SERVICE, expected)
    only_restart = desk.vmfix(
        *("run", SERVICE, "-i", desk.lab.inventory, "-t", "win-vss-start-fails", "--json"),
        *("--approve", "vss-service-bad-state/restart"),
    )
    assert only_restart.statuses == {"win-vss-start-fails": "not_fixed"}, only_restart.text
    assert not any("shutdown" in line for line in sent(desk, "win-vss-start-fails"))

    run_and_prove(desk, SERVICE, expected)

    assert desk.lab.windows("win-vss-start-fails").boots == 2
    assert desk.lab.windows("win-vss-bad").boots == 1
    second_run_changes_nothing(desk, SERVICE, expected)


def test_vss_is_not_stopped_under_a_backup(desk_of: DeskOf) -> None:
    """It was disabled while it runs: that is a fault, and mending it now would end the backup."""
    name = "win-vss-busy"
    desk = desk_of(name)
    run_and_prove(desk, SERVICE, {name: "healthy"})
    assert desk.lab.windows(name).run("sc.exe", "config", "VSS", "start=", "disabled")[0] == 0
    done = run_and_prove(desk, SERVICE, {name: "refused"})

    assert "A backup is running on this VM" in done.entries[name]["reason"]
    assert changes(desk, name) == []


def test_slow_disks_are_named_and_left_to_a_person(desk_of: DeskOf) -> None:
    """By what VSS and volsnap wrote within the last day, and by nobody else's events of those numbers."""
    name = "win-iops"
    desk = desk_of(name)
    run_and_prove(desk, WRITERS, {name: "applied"}, "-e", "settle=5s")
    sent_then = len(changes(desk, name))
    time.sleep(1.1)  # the failure is told in whole seconds, and comes after what was done
    failed_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = run_and_prove(desk, WRITERS, {name: "needs_person"}, "-e", "settle=5s", "--backup-failed-at", failed_at)

    (said,) = [remark for remark in done.entries[name]["remarks"] if "too slow" in remark]
    assert re.findall(r"(\w+) (\d+) at ", said) == [("vss", "12298"), ("volsnap", "9"), ("volsnap", "8")]
    assert "move to disks with more IOPS" in done.text
    assert all(line.startswith("net ") for line in changes(desk, name)[sent_then:])


def test_no_writers_at_all_are_an_error(desk_of: DeskOf) -> None:
    """vssadmin ends with 0 and lists none: that is never called healthy."""
    name = "win-no-writers"
    desk = desk_of(name)
    done = run_and_prove(desk, WRITERS, {name: "failed"})

    assert "at least one VSS writer" in done.entries[name]["reason"]
    assert done.code == 5
    assert changes(desk, name) == []
    assert desk.lab.windows(name).is_mended()


def test_an_interrupted_restart_brings_the_dependents_back(desk_of: DeskOf) -> None:
    """Ctrl-C while a service is down: the remedy is finished before anything ends."""
    name = "win-wmi-writer-failed"
    desk = desk_of(name)

    words = ["run", WRITERS, "-i", str(desk.lab.inventory), "--approve", "all"]
    argv = [sys.executable, "-m", "runner", *words]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        wait_for(lambda: "net stop iphlpsvc" in sent(desk, name), "the restart", seconds=60)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=180)

    assert process.returncode in {0, 5, 130}
    assert changes(desk, name)[-1] == "net start iphlpsvc"
    assert desk.lab.windows(name).is_mended()


def test_vss_is_restarted_last(desk_of: DeskOf) -> None:
    """Several services in one run, each once."""
    desk = desk_of("win-many-writers-failed")
    run(desk, WRITERS, "-e", "settle=30s")

    stops = [line for line in changes(desk, "win-many-writers-failed") if line.startswith("net stop ")]
    assert len(stops) == len(set(stops)) > 1
    assert stops[-1] == "net stop VSS"


def test_com_and_msdtc_rung_by_rung(desk_of: DeskOf) -> None:
    """Start, account, reinstallation; never the last on a cluster node; each only if the one before did not help."""
    expected = {
        "win-com-stopped": "fixed",
        "win-com-account": "fixed",
        "win-com-reinstall": "fixed",
        "win-com-sysprep": "fixed",
        "win-com-dependent": "fixed",
        "win-com-cluster": "needs_person",
    }
    desk = desk_of(*expected)
    dry_run_then_run(desk, COM, expected)

    assert changes(desk, "win-com-stopped") == ["net start COMSysApp"]
    assert any(line.startswith("sc config MSDTC ") for line in changes(desk, "win-com-account"))
    for name in expected:
        reinstalled = "msdtc -uninstall" in changes(desk, name)
        assert reinstalled is (name in {"win-com-reinstall", "win-com-dependent"}), name
    assert changes(desk, "win-com-dependent")[-1] == "net start MSMQ"
    kept = desk.lab.windows("win-com-dependent").look().service("MSDTC")
    assert kept is not None
    assert kept.start == DEMAND, "msdtc -install makes it automatic; it has to start as it did before"
    second_run_changes_nothing(desk, COM, expected)


def test_the_snapshot_goes_through_the_host(desk_of: DeskOf) -> None:
    """Both values as text in the 64-bit view; where they are right already, a person has to go on."""
    expected = {
        "win-snapshot-absent": "applied",
        "win-snapshot-no-key": "applied",
        "win-snapshot-other": "applied",
        "win-snapshot-right": "needs_person",
    }
    desk = desk_of(*expected)
    dry_run_then_run(desk, HOST, expected)

    assert all(desk.lab.windows(name).is_mended() for name in expected)
    assert all("/reg:64" in line for line in changes(desk, "win-snapshot-other"))
    assert changes(desk, "win-snapshot-right") == []
    second_run_changes_nothing(desk, HOST, expected)


@pytest.mark.parametrize(
    ("playbook", "says"),
    [
        ("dhcp-enabled-windows", "10.0.0.4 ({5b8d1c7e-0a41-4c0e-9f0e-2a1d3c4b5a69})"),
        ("other-backup-product-windows", "run: obengine."),
        ("os-version-supported-windows", "Windows Server 2022 Datacenter, build 20348, AMD64."),
        ("sql-vss-copy-backup", "True asks for FULL backups"),
    ],
)
def test_what_is_for_a_person_is_only_looked_at(desk_of: DeskOf, playbook: str, says: str) -> None:
    """Each names what it saw, and sends nothing else."""
    desk = desk_of("win-other-settings")
    done = run(desk, playbook)

    assert done.statuses == {"win-other-settings": "needs_person"}, done.text
    assert says in done.text
    assert changes(desk, "win-other-settings") == []
    assert all(why is None for why in desk.lab.windows("win-other-settings").problems().values())


def test_a_windows_and_a_linux_target_in_one_plan(desk_of: DeskOf) -> None:
    """Each playbook takes the targets of its platform; one plan, one consent, one report."""
    desk = desk_of("win-writer-failed", "ext4-dirty")
    codes = (WRITERS, "UserErrorFsFreezeFailed")
    done = desk.vmfix("run", *codes, "-i", desk.lab.inventory, "--approve", "all", "--json")

    assert done.statuses == {"win-writer-failed": "fixed", "ext4-dirty": "fixed"}, done.text
    assert desk.lab.windows("win-writer-failed").is_mended()
    assert desk.lab.check_clean("ext4-dirty").clean
