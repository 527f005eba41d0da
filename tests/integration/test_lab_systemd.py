"""Targets that a systemd runs: machines of their own, of which nothing is left, whatever became of their creator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from examples.lab import AGENT_SCENARIOS, Lab, LabError, agent, missing_for
from examples.lab.namespace import find, running
from examples.lab.systemd import groups
from tests.integration.lab_desk import wait_for

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
HEALTHY = "agent-healthy"
# The creator of a target; it is killed when the target has come as far as the second argument says.
CREATOR = """
import sys
from pathlib import Path
from examples.lab import Lab, namespace, processes
folder, moment = Path(sys.argv[1]), sys.argv[2]
if moment == "before its name spaces":
    processes.ENVIRONMENT["PATH"] = f"{folder}/stuck:{processes.ENVIRONMENT['PATH']}"
if moment == "before its root":
    namespace.SCRIPT = folder / "stuck" / "unshare"
Lab(folder).up(["agent-healthy"])
sys.stdin.read()
"""
STUCK = '#!/bin/sh\nread never <"$(dirname "$0")/fifo"\n'
V2_ALONE = """
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"
"""
READ_ONLY = """
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -o remount,bind,ro /sys/fs/cgroup
exec "$@"
"""
UP_AND_DOWN = """
import sys
from examples.lab import Lab
with Lab(sys.argv[1]).up(["agent-healthy"]) as lab:
    print(lab.run("agent-healthy", "systemctl", "is-active", "walinuxagent"))
"""
MISSING = """
from examples.lab import missing_for
print(*missing_for(["agent-healthy"]))
"""


@pytest.fixture(autouse=True)
def _real(require_real: Callable[[Sequence[str]], None]) -> None:
    require_real(missing_for([HEALTHY]))


def units() -> set[str]:
    """The control groups of agents that run on this machine outside of all labs."""
    found = map(str, Path("/sys/fs/cgroup").rglob("walinuxagent.service"))
    return {path for path in found if "vmfix-lab-" not in path}


def init(lab: Path) -> int:
    """The target's first process, or 0."""
    try:
        return find(lab / HEALTHY)
    except LabError:
        return 0


def test_a_target_is_a_machine_of_its_own(tmp_path: Path) -> None:
    """It keeps its name, no timer of this machine goes off there, and this machine's control groups are not touched."""
    before = units()
    with Lab(tmp_path).up([HEALTHY]) as lab:
        assert lab.state(HEALTHY).host_name == HEALTHY
        assert lab.run(HEALTHY, "findmnt", "-rn", "-t", "cgroup,cgroup2", "-o", "TARGET") == "/sys/fs/cgroup\n"
        assert lab.run(HEALTHY, "systemctl", "list-timers", "--no-legend") == ""
        assert [group.is_dir() for group in groups(tmp_path, HEALTHY)] == [True]
        assert units() == before

    assert groups(tmp_path) == []


def test_an_agent_of_this_machine_is_not_on_a_target(tmp_path: Path) -> None:
    """What a target inherits is taken away before its scenario is set up; here it is another scenario's."""
    missing_agent = AGENT_SCENARIOS["agent-missing"].agent
    assert missing_agent is not None
    with Lab(tmp_path).up([HEALTHY]) as lab:
        agent.set_up(lab.init_pid(HEALTHY), missing_agent)

        assert "walinuxagent" not in lab.run(HEALTHY, "dpkg-query", "-W", "-f=${Package}\n")
        assert lab.run(HEALTHY, "systemctl", "show", "-p", "LoadState", "walinuxagent") == "LoadState=not-found\n"
        assert lab.run(HEALTHY, "find", "/etc", "/usr/sbin", "-name", "wa*agent*") == ""


@pytest.mark.parametrize("moment", ["before its name spaces", "before its root", "when it is up"])
def test_down_clears_up_after_a_creator_that_was_killed(tmp_path: Path, moment: str) -> None:
    """However far the target had come, no process and no control group of it is left."""
    stuck = tmp_path / "stuck"
    stuck.mkdir()
    os.mkfifo(stuck / "fifo")
    (stuck / "unshare").write_text(STUCK, encoding="ascii")
    (stuck / "unshare").chmod(0o755)
    lab = Lab(tmp_path)
    come = {
        "before its name spaces": lambda: running(tmp_path) and groups(tmp_path),
        "before its root": lambda: init(tmp_path),
        "when it is up": lambda: lab.targets,
    }[moment]
    argv = [sys.executable, "-c", CREATOR, str(tmp_path), moment]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE) as creator:
        wait_for(come, "the target")
        os.kill(creator.pid, signal.SIGKILL)
    assert groups(tmp_path)

    lab.down()

    assert running(tmp_path) == set()
    assert groups(tmp_path) == []


def test_down_clears_up_after_a_target_that_ended_by_itself(tmp_path: Path) -> None:
    """Its control group is left behind, and nothing runs that would tell."""
    lab = Lab(tmp_path).up([HEALTHY])
    os.kill(lab.init_pid(HEALTHY), signal.SIGKILL)
    wait_for(lambda: not running(tmp_path), "the end")
    assert groups(tmp_path)

    lab.down()

    assert groups(tmp_path) == []


def elsewhere(mounts: str, code: str, *more: object) -> str:
    """What Python code prints where control groups are mounted otherwise."""
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", mounts, "sh", sys.executable, "-c", code]
    done = subprocess.run([*argv, *map(str, more)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_target_runs_where_there_is_only_version_2(tmp_path: Path) -> None:
    """As on most machines of today."""
    assert elsewhere(V2_ALONE, UP_AND_DOWN, tmp_path) == "active"
    assert groups(tmp_path) == []


def test_control_groups_that_cannot_be_made_are_named() -> None:
    """Before anything is started."""
    assert "/sys/fs/cgroup is mounted read-only" in elsewhere(READ_ONLY, MISSING)
