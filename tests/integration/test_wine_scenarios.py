"""The states of the lab's Windows targets: each is broken as it says, and mended by what mends it on Windows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from examples.lab import Lab, LabError, missing, missing_windows
from examples.lab.windows.target import running_windows
from examples.lab.windows.wine.process import LOST
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS
from tests.integration.wine_box import BoxOf, Ended, boxes, code_of, until

pytestmark = pytest.mark.real


@pytest.fixture
def box_of(require_real: Callable[[Sequence[str]], None], tmp_path: Path) -> Iterator[BoxOf]:
    """Machines of a test's own."""
    require_real(missing_windows())
    with boxes(tmp_path) as start:
        yield start


class TestReboot:
    def test_all_ends_and_comes_back(self, box_of: BoxOf) -> None:
        hung = box_of("win-vss-hung")
        assert "STOP_PENDING" in hung.run("sc query VSS").out
        assert hung.run("vssadmin list writers").code == 2
        running = hung.start("labproc sleep 600000")
        assert hung.run("shutdown /r /t 600").code == 0
        assert hung.run("shutdown /r /t 600").code == 1190
        assert hung.run("shutdown /a").code == 0
        assert hung.run("shutdown /r /t 0").code == 0
        assert code_of(running) == LOST
        running.close()
        until(lambda: hung.view.is_up and hung.view.boots == 2)
        booted = hung.run(
            "wevtutil qe System /rd:true /c:1 /f:xml"
            " \"/q:*[System[Provider[@Name='Microsoft-Windows-Kernel-General'] and (EventID=12)]]\""
        )
        at = re.search(r"SystemTime='(.*?)0000Z'", booted.out)
        assert at
        last = int((hung.folder / "prefix/drive_c/lab/boots").read_text(encoding="ascii").split()[-1])
        assert datetime.fromisoformat(f"{at[1]}+00:00").timestamp() == last / 1000
        assert hung.run("vssadmin list writers").code == 0
        assert hung.view.problems() == {"VSS was restarted": None, "all writers are stable": None}


# Scenario -> what a person would type to mend it.
REMEDIES: Mapping[str, Sequence[str]] = {
    "win-writer-failed": ("net stop SQLWriter", "net start SQLWriter"),
    "win-vss-writers-failed": ("vssadmin list writers", "net stop VSS", "vssadmin list writers"),
    "win-exchange-writer-failed": ("net stop MSExchangeRepl", "net start MSExchangeRepl"),
    "win-writer-flaky": ("net stop SQLWriter", "net start SQLWriter", "net stop SQLWriter", "net start SQLWriter"),
    "win-writer-slow": ("net stop SQLWriter", "net start SQLWriter"),
    "win-vss-bad": ("net stop VSS", "net start VSS"),
    "win-com-stopped": ("net start COMSysApp",),
    "win-com-account": (
        'sc config MSDTC obj= "NT AUTHORITY\\NetworkService" password= ""',
        "net start MSDTC",
        "net start COMSysApp",
    ),
    "win-com-sysprep": (
        r"reg add HKLM\SOFTWARE\Microsoft\MSDTC /v SysprepInProgress /t REG_DWORD /d 0 /f",
        "net start MSDTC",
        "net start COMSysApp",
    ),
    "win-snapshot-other": (
        r"reg add HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys /v SnapshotMethod /d firstHostThenGuest /f",
        r"reg add HKLM\SOFTWARE\Microsoft\BcdrAgentPersistentKeys /v CalculateSnapshotTimeFromHost /d True /f",
    ),
}


class TestScenarios:
    @pytest.mark.parametrize("name", REMEDIES)
    def test_it_is_broken_until_it_is_mended(self, box_of: BoxOf, name: str) -> None:
        broken = box_of(name)
        assert not broken.view.is_mended()
        if name.startswith("win-com-") and name != "win-com-stopped":
            assert broken.run("net start COMSysApp").code == 2
        for line in REMEDIES[name]:
            assert broken.run(line).code == 0, line
        assert broken.view.problems() == dict.fromkeys(broken.view.problems())

    @pytest.mark.parametrize(
        ("name", "faulty"),
        [
            ("win-backup-beside-fault", {"[5] Waiting for completion", "[8] Failed"}),
            ("win-writer-ntds", {"[10] Failed"}),
            ("win-writer-unknown", {"[8] Failed"}),
        ],
    )
    def test_what_must_be_left_alone_counts_as_well_until_it_is_touched(
        self, box_of: BoxOf, name: str, faulty: set[str]
    ) -> None:
        left = box_of(name)
        states = set(re.findall(r"State: (.*)", left.run("vssadmin list writers").out)) - {"[1] Stable"}
        assert states == faulty
        assert left.view.is_mended()
        assert left.run("net stop SQLWriter").code == 0
        assert left.run("net start SQLWriter").code == 0
        assert not left.view.is_mended()

    def test_a_stubborn_writer_and_one_that_vanishes(self, box_of: BoxOf) -> None:
        stubborn, vanishing = box_of("win-writer-stubborn"), box_of("win-writer-vanishes")
        for each in (stubborn, vanishing):
            assert each.run("net stop SQLWriter").code == 0
            assert each.run("net start SQLWriter").code == 0
        assert "State: [8] Failed" in stubborn.run("vssadmin list writers").out
        assert "SqlServerWriter" not in vanishing.run("vssadmin list writers").out

    def test_a_late_writer_is_missing_for_a_while(self, box_of: BoxOf) -> None:
        late = box_of("win-writer-late")
        assert late.run("net stop SQLWriter").code == 0
        assert late.run("net start SQLWriter").code == 0
        assert "SqlServerWriter" not in late.run("vssadmin list writers").out
        until(lambda: "SqlServerWriter" in late.run("vssadmin list writers").out)

    def test_services_that_come_back_or_do_not(self, box_of: BoxOf) -> None:
        reviving, failing = box_of("win-writer-revives"), box_of("win-writer-start-fails")
        assert reviving.run("net stop SQLWriter").code == 0
        until(reviving.view.is_mended)
        assert failing.run("net stop SQLWriter").code == 0
        refused = failing.run("net start SQLWriter")
        assert (refused.code, "System error 1067 has occurred." in refused.err) == (2, True)
        assert "WIN32_EXIT_CODE    : 1067  (0x42b)" in failing.run("sc query SQLWriter").out

    def test_no_writers_at_all(self, box_of: BoxOf) -> None:
        ended = box_of("win-no-writers").run("vssadmin list writers")
        assert (ended.code, "Writer Id" in ended.out) == (0, False)

    def test_msdtc_is_reinstalled_in_its_own_time(self, box_of: BoxOf) -> None:
        damaged = box_of("win-com-reinstall")
        for verb, gone in (("-uninstall", 1060), ("-install", 0)):
            assert damaged.run(f"msdtc {verb}") == Ended(0, "", "")
            assert damaged.run("sc query MSDTC").code == (0 if gone else 1060)  # not done yet
            until(lambda wanted=gone: damaged.run("sc query MSDTC").code == wanted)  # type: ignore[misc]
        assert "DTC Install error = 0" in damaged.run(r"type C:\Windows\DtcInstall.log").out
        assert damaged.run("net start MSDTC").code == 0
        assert damaged.run("net start COMSysApp").code == 0
        assert damaged.view.is_mended()

    def test_a_demand_start_service_stops_when_it_is_idle(self, box_of: BoxOf) -> None:
        healthy = box_of("win-healthy")
        assert healthy.run("vssadmin list writers").code == 0
        assert healthy.view.look().services["vss"].state == 4
        until(lambda: healthy.view.look().services["vss"].state == 1)
        assert healthy.view.is_mended()

    def test_every_scenario_can_be_written_down(self) -> None:
        assert len({scenario.title for scenario in WINDOWS_SCENARIOS.values()}) == len(WINDOWS_SCENARIOS)
        assert all(name.startswith("win-") and scenario.wants for name, scenario in WINDOWS_SCENARIOS.items())


class TestInTheLab:
    def test_both_kinds_come_and_go_together(
        self, require_real: Callable[[Sequence[str]], None], tmp_path: Path
    ) -> None:
        require_real([*missing(), *missing_windows()])
        with Lab(tmp_path / "lab") as lab:
            lab.up(["sql=win-writer-failed", "web=bare"])
            assert lab.state("sql").running
            assert lab.state("web").running
            sql = lab.windows("sql")
            assert sql.problems()["all writers are stable"] == "SqlServerWriter: [8]"
            assert "windows:" in lab.inventory.read_text(encoding="utf-8")
            with pytest.raises(LabError, match="Windows stays Windows"):
                lab.reset("sql", "bare")
            port = lab.port("sql")
            lab.reset("sql", "win-healthy")
            assert lab.port("sql") == port
            assert lab.windows("sql").is_mended()
        assert running_windows(lab.folder) == set()
        assert not lab.state("sql").running
