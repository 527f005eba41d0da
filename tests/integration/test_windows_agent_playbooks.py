"""The playbooks about the guest agent, .NET's cryptography and the Visual C++ runtime, on broken targets over WinRM.

cmd.exe, registry and service manager are Wine's real ones; the rest are programs of the lab. Wine is not Windows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import DeskOf
from tests.integration.windows_desk import changes, dry_run_then_run, second_run_changes_nothing

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

AGENT, CRYPTO, RUNTIME = (
    "guest-agent-service",
    "ExtensionSnapshotFailedNoSecureNetwork",
    "ExtensionVCRedistInstallationFailure",
)
LOG = r"C:\Windows\Temp\vmfix-vcredist2013.log"
NEWEST = "Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.36.0/vcredist2013_x64.exe"
INSTALL = f"C:/{NEWEST}".replace("/", "\\") + f" /install /quiet /norestart /log {LOG}"


def test_the_guest_agent_runs_now_and_at_each_boot(desk_of: DeskOf) -> None:
    """Stopped, disabled, on demand; what is missing or does not start is for a person, and the rest is left alone."""
    expected = {
        "win-agent-healthy": "healthy",
        "win-agent-stopped": "fixed",
        "win-agent-disabled": "fixed",
        "win-agent-delayed": "fixed",
        "win-agent-missing": "needs_person",
        "win-agent-start-fails": "needs_person",
    }
    desk = desk_of(*expected)
    dry_run_then_run(desk, AGENT, expected)

    assert all(desk.lab.windows(name).is_mended() for name in expected)
    assert changes(desk, "win-agent-healthy") == changes(desk, "win-agent-missing") == []
    assert changes(desk, "win-agent-stopped") == ["net start RdAgent", "net start WindowsAzureGuestAgent"]
    assert changes(desk, "win-agent-disabled") == [
        "sc config RdAgent start= auto",
        "net start RdAgent",
        "sc config WindowsAzureGuestAgent start= auto",
        "net start WindowsAzureGuestAgent",
    ]
    assert changes(desk, "win-agent-delayed") == ["sc config RdAgent start= auto"]
    assert changes(desk, "win-agent-start-fails") == ["net start RdAgent"]
    second_run_changes_nothing(desk, AGENT, expected)


def test_strong_cryptography_is_set_where_it_counts(desk_of: DeskOf) -> None:
    """As numbers, in both views, only below versions that are there; and the agent sees it at once."""
    expected = {
        "win-crypto-absent": "applied",
        "win-crypto-partly": "applied",
        "win-crypto-right": "needs_person",
        "win-crypto-no-framework": "refused",
    }
    desk = desk_of(*expected)
    dry_run_then_run(desk, CRYPTO, expected)

    assert all(desk.lab.windows(name).is_mended() for name in expected)
    assert len([line for line in changes(desk, "win-crypto-absent") if line.startswith("reg add ")]) == 4
    added, *restarts = changes(desk, "win-crypto-partly")
    assert "Wow6432Node" in added
    assert restarts == [
        f"net {verb} {name}" for name in ("RdAgent", "WindowsAzureGuestAgent") for verb in ("stop", "start")
    ]
    assert changes(desk, "win-crypto-right") == changes(desk, "win-crypto-no-framework") == []
    second_run_changes_nothing(desk, CRYPTO, expected)


def test_the_runtime_is_installed_and_seen(desk_of: DeskOf) -> None:
    """By the newest of two extensions, once another installation is over; and nothing is registered again meanwhile."""
    expected = {
        "win-vcredist-missing": "fixed",
        "win-vcredist-busy": "fixed",
        "win-vcredist-busy-for-good": "failed",
        "win-vcredist-fails": "needs_person",
    }
    desk = desk_of(*expected)
    done = dry_run_then_run(desk, RUNTIME, expected, "-e", "wait_for_others=8s")

    assert changes(desk, "win-vcredist-missing") == [INSTALL]
    assert changes(desk, "win-vcredist-busy") == [INSTALL] * 2
    assert set(changes(desk, "win-vcredist-busy-for-good")) == {INSTALL}
    assert changes(desk, "win-vcredist-fails") == [INSTALL]
    assert "Restart the machine at a time that suits its owner" in done.text
    assert "another installation runs, so nothing was installed" in done.text
    assert "vmfix-vcredist2013.log" in done.text
    assert "0x643" in desk.lab.windows("win-vcredist-fails").run("cmd.exe", "/c", "type", LOG)[1]
    second_run_changes_nothing(desk, RUNTIME, expected)


def test_a_file_that_was_put_in_place_of_the_approved_one_is_not_run(desk_of: DeskOf, tmp_path: Path) -> None:
    """Its path is the same, and its SHA-256 is not."""
    desk = desk_of("win-vcredist-missing")
    plan = tmp_path / "plan.json"
    assert desk.vmfix("plan", RUNTIME, "-i", desk.lab.inventory, "-o", plan).code == 0
    newest = desk.lab.folder / "win-vcredist-missing/prefix/drive_c" / NEWEST
    newest.unlink()
    newest.write_bytes(b"something else")
    done = desk.vmfix("run", "--plan", plan, "-i", desk.lab.inventory, "--approve", "all", "--json")

    assert done.statuses == {"win-vcredist-missing": "stale"}
    assert "another file: its SHA-256 differs" in done.text
    assert changes(desk, "win-vcredist-missing") == []


def test_the_windows_installer_starts_on_demand_again(desk_of: DeskOf) -> None:
    """By the service manager, which the value in the registry alone would not tell."""
    expected = {
        "win-vcredist-there": "healthy",
        "win-installer-disabled": "fixed",
        "win-installer-gone": "refused",
    }
    desk = desk_of(*expected)
    dry_run_then_run(desk, RUNTIME, expected)

    assert changes(desk, "win-installer-disabled") == ["sc config msiserver start= demand"]
    assert changes(desk, "win-vcredist-there") == changes(desk, "win-installer-gone") == []
    second_run_changes_nothing(desk, RUNTIME, expected)
