"""A stop that another process asks for, while entries run; and telling a run at work from one that was killed."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from runner import stops
from runner.errors import VmfixError
from runner.execute.pace import Pace
from runner.model.command import Command
from runner.model.event import Status
from tests.unit.execute.paced import Paced
from tests.unit.execute.world import SIMPLE, Machine

ASK = "import pathlib, sys; from runner import stops; stops.ask(pathlib.Path(sys.argv[1]), *sys.argv[2:])"
HOLD = """
import pathlib, sys, time
from runner import stops
with stops.answering(pathlib.Path(sys.argv[1]), "r1"):
    print("here", flush=True)
    time.sleep(60)
"""


def ask_elsewhere(state: Path, reason: str) -> None:
    """As a process of its own."""
    argv = [sys.executable, "-c", ASK, str(state), "r1", "ops@desk", reason, "2026-11-25T03:00:00Z"]
    subprocess.run(argv, check=True, timeout=60)


def test_another_process_stops_the_run_between_remedies(tmp_path: Path) -> None:
    """What is under way is finished; the rest says who asked and why; the request is gone afterwards."""
    world = Paced.of(SIMPLE, 3)

    def ask(_machine: Machine, _command: Command) -> None:
        assert stops.at_work(tmp_path, "r1")
        ask_elsewhere(tmp_path, "disk full")
        time.sleep(1.5)  # longer than a turn of the engine

    world.machine("t00").on_set = ask

    with stops.answering(tmp_path, "r1") as asked:
        verdicts = world.go(Pace(), concurrency=1, stop_asked=asked)

    assert Counter(verdict.status for verdict in verdicts.values()) == {Status.FIXED: 1, Status.CANCELLED: 2}
    said = "ops@desk asked for a stop at 2026-11-25T03:00:00Z: disk full"
    assert verdicts["t02"].reason == f"not started: {said}"
    assert world.notes == [f"nothing new is started: {said}"]
    assert list((tmp_path / "stops").iterdir()) == []
    assert not stops.at_work(tmp_path, "r1")


def test_a_request_is_for_its_owner_alone_and_replaced_whole(tmp_path: Path) -> None:
    """Nobody else may read why, and a newer one wins."""
    stops.ask(tmp_path / "state", "r1", "a", "", "now")
    stops.ask(tmp_path / "state", "r1", "b", "ünder", "later")
    (file,) = (tmp_path / "state" / "stops").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stops.asked(tmp_path / "state", "r1") == stops.StopRequest("b", "ünder", "later")
    assert stops.asked(tmp_path / "state", "r2") is None
    stops.withdraw(tmp_path / "state", "r1")
    stops.withdraw(tmp_path / "state", "r1")
    assert stops.asked(tmp_path / "state", "r1") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"who": "a"}', "\x00"])
def test_a_request_that_cannot_be_read_counts(tmp_path: Path, text: str) -> None:
    """Somebody wanted a stop; to go on would be the worse mistake."""
    (tmp_path / "stops").mkdir()
    (tmp_path / "stops" / "r1.json").write_text(text)
    assert "cannot be read" in str(stops.asked(tmp_path, "r1"))


def test_a_folder_that_cannot_be_used_is_said_plainly(tmp_path: Path) -> None:
    """To who asks, and to the run before it begins."""
    (tmp_path / "stops").write_text("a file")
    with pytest.raises(VmfixError, match="cannot be written"):
        stops.ask(tmp_path, "r1", "a", "", "now")
    with pytest.raises(VmfixError, match="cannot be made or locked"), stops.answering(tmp_path, "r1"):
        pass


def test_a_killed_process_is_not_at_work(tmp_path: Path) -> None:
    """However it ends, the system lets go of its lock."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        assert stops.at_work(tmp_path, "r1")
        process.kill()
        process.wait(20)
        assert (tmp_path / "stops" / "r1.lock").exists()
        assert not stops.at_work(tmp_path, "r1")
