"""Lets a systemd run a target: its place among the control groups, and what has to wait until it is up.

A target's systemd is the first process of its PID name space and sees only a control group of its own, which is removed
when the target ends. Units that would change the kernel of this machine are masked.
"""

import contextlib
import hashlib
import shutil
import time
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.needs import SEARCH_PATH
from examples.lab.processes import POLL_SECONDS, attempt

PROGRAM = "/lib/systemd/systemd"
_ROOT = Path("/sys/fs/cgroup")
_CHILD = "vmfix-lab"
_UP = ("running", "degraded")


def missing() -> list[str]:
    """Say what keeps this machine from carrying targets that systemd runs; empty means that it can."""
    if not Path(PROGRAM).exists() or shutil.which("systemctl", path=SEARCH_PATH) is None:
        return ["Programs are missing: apt-get install systemd"]
    if not _hierarchies():
        return [f"Control groups cannot be made below {_ROOT}."]
    return []


def _hierarchies() -> list[Path]:
    """Where control groups can be made: the one hierarchy of version 2, or that of systemd in version 1."""
    places = [_ROOT] if (_ROOT / "cgroup.controllers").exists() else [_ROOT / "systemd", _ROOT / "unified"]
    return [place for place in places if (place / "cgroup.procs").exists()]


def _groups(folder: Path) -> list[Path]:
    """Named by the whole path, for two labs may have targets of one name."""
    name = f"{_CHILD}-{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    return [place / name for place in _hierarchies()]


def entering(folder: Path) -> str:
    """Shell text that puts the shell into the target's own control groups, before it makes its name spaces."""
    groups = _groups(folder)
    return "".join(f"mkdir -p '{group}'; echo $$ >'{group}/cgroup.procs'; " for group in groups)


def kind() -> str:
    """What the target has to mount: ``unified`` (version 2) or ``hybrid``."""
    return "unified" if (_ROOT / "cgroup.controllers").exists() else "hybrid"


def await_up(argv: list[str], *, timeout_s: float = 30) -> None:
    """Wait until the target's systemd answers; ``argv`` runs ``systemctl is-system-running`` on it."""
    deadline = time.monotonic() + timeout_s
    while (said := attempt(argv).stdout.decode(errors="replace").strip()) not in _UP:
        if time.monotonic() > deadline:
            raise LabError(f"systemd of the target does not come up: {said or 'it does not answer'}")
        time.sleep(POLL_SECONDS * 5)


def leave_nothing(folder: Path, *, timeout_s: float = 5) -> None:
    """Remove the control groups of a target that has ended, as soon as the kernel lets its last processes go."""
    deadline = time.monotonic() + timeout_s
    while left := [group for group in _groups(folder) if group.exists()]:
        for group in left:
            _remove(group)
        if time.monotonic() > deadline:
            raise LabError(f"The control groups {', '.join(map(str, left))} are still in use")
        time.sleep(POLL_SECONDS)


def _remove(group: Path) -> None:
    for each in (*sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True), group):
        with contextlib.suppress(OSError):
            each.rmdir()
