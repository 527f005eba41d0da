"""Lets a systemd run a target: its own control group, and what has to wait until it is up.

A target's systemd is the first process of its PID name space and sees only the control group of the target, which is
removed when the target ends. It is always one of version 2, also where this machine uses version 1: below version 1 a
systemd mounts every controller, and works in those groups of this machine in which it happens to be. Units that would
change the kernel of this machine are masked.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.needs import SYSTEMD_PROGRAMS, lacking
from examples.lab.processes import POLL_SECONDS, alive, attempt

_PLACES = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))  # of version 2: alone, or beside version 1
_UP = ("running", "degraded")


def missing() -> list[str]:
    """Say what keeps this machine from carrying targets that systemd runs, one sentence each; empty: it can.

    Whether a systemd runs this machine does not matter.
    """
    return [*lacking(SYSTEMD_PROGRAMS), *_lacking_groups()]


def _lacking_groups() -> list[str]:
    place = _hierarchy()
    if place is None:
        alone, beside = _PLACES
        where = beside if any(alone.glob("*/cgroup.procs")) else alone
        return [f"No control groups of version 2 are mounted: try mkdir -p {where} && mount -t cgroup2 cgroup2 {where}"]
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return [
            f"{place} is mounted read-only, as in containers that are not privileged: no control group can be made."
        ]
    return [] if os.access(place, os.W_OK) else [f"No control group can be made below {place}: it is not ours."]


def _hierarchy() -> Path | None:
    """Where control groups of version 2 are mounted."""
    return next((place for place in _PLACES if (place / "cgroup.controllers").exists()), None)


def groups(lab: Path, name: str = "*") -> list[Path]:
    """The control groups that there are of a target, or of all targets of a lab."""
    place = _hierarchy()
    return sorted(place.glob(_group_name(lab, name))) if place else []


def _group_name(lab: Path, name: str) -> str:
    """Named by the whole path, for two labs may have targets of one name."""
    return f"vmfix-lab-{hashlib.sha256(str(lab).encode()).hexdigest()[:12]}-{name}"


def entering(folder: Path) -> str:
    """Shell text that puts the shell into the target's own control group, before it makes its name spaces."""
    place = _hierarchy()
    if place is None:
        raise LabError(" ".join(_lacking_groups()))
    group = place / _group_name(folder.parent, folder.name)
    return f"mkdir -p '{group}'; echo $$ >'{group}/cgroup.procs';"


def await_up(init: int, argv: list[str], *, timeout_s: float = 30) -> None:
    """Wait until the systemd that is process ``init`` answers ``argv``, which is ``systemctl is-system-running``."""
    deadline = time.monotonic() + timeout_s
    while (said := attempt(argv).stdout.decode(errors="replace").strip()) not in _UP:
        if not alive(init):
            raise LabError("systemd of the target ended as soon as it was started")
        if time.monotonic() > deadline:
            raise LabError(f"systemd of the target does not come up: {said or 'it does not answer'}")
        time.sleep(POLL_SECONDS * 5)


def leave_nothing(lab: Path, name: str = "*", *, timeout_s: float = 15) -> None:
    """Remove the control group of a target that has ended, or those of all targets of a lab.

    The kernel lets a group go a moment after its last process. One may also be left of a target that nobody ended: its
    systemd died, or whoever started it was killed.
    """
    deadline = time.monotonic() + timeout_s
    while left := groups(lab, name):
        if time.monotonic() > deadline:
            raise LabError(f"The control groups {', '.join(map(str, left))} are still in use")
        for group in left:
            _remove(group)
        time.sleep(POLL_SECONDS)


def _remove(group: Path) -> None:
    """Remove a group with all below it, the innermost first, as far as nothing is in use."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
