"""What the demo proves from outside: not by asking vmfix, but by looking at disks, mounts, files and sshd's log."""

from collections.abc import Mapping
from dataclasses import dataclass

from examples.lab import Lab, Mount
from examples.lab.sent import changes, sent

BUSY = "log-01"
HEALTHY = "ok-01"
CONF = "/etc/azure/vmbackup.conf"


@dataclass(frozen=True, slots=True)
class Before:
    """How the targets were mounted before anything was done."""

    mounts: Mapping[str, tuple[Mount, ...]]


def remember(lab: Lab) -> Before:
    """Note what has to come back."""
    return Before({name: lab.state(name).mounts for name in lab.targets})


def proved(holds: object, what: str) -> None:
    """Say a proof, or fail by it."""
    if not holds:
        raise AssertionError(what)
    print(f"  proved: {what}")


def only_observations(lab: Lab, names: tuple[str, ...], what: str) -> None:
    """Every command that the targets' sshd was asked to run is one that only reads."""
    found = [f"{name}: {line}" for name in names for line in changes(sent(lab, name))]
    count = sum(len(lab.commands(name)) for name in names)
    proved(count and not found, f"{what}: {count} commands in the logs of sshd, all of them only read{found or ''}")


def after_looking(lab: Lab, before: Before) -> None:
    """Plan and dry-run changed nothing."""
    only_observations(lab, lab.targets, "plan and dry-run sent only observations")
    proved(remember(lab) == before, "every file system is mounted as before")


def after_mending(lab: Lab, before: Before, *, everything: bool) -> None:
    """What was broken is mended, if there was consent to all of it."""
    proved(remember(lab) == before, "every file system is mounted as before: same device, place, type and options")
    lost = {name: lab.wrong_files(name) for name in lab.targets}
    proved(not any(lost.values()), "every file of known content is intact, by its SHA-256")
    only_observations(lab, (HEALTHY,), f"{HEALTHY} was healthy and was only looked at")
    if not everything:
        return
    for name in lab.targets:
        if name != BUSY:
            proved(lab.check_clean(name).clean, f"{name}: the checker of its file system finds nothing on a copy of it")
    skipped = lab.run(BUSY, "cat", CONF)
    proved("/data" in skipped, f"{BUSY} could not be unmounted: the backup will skip it ({' '.join(skipped.split())})")


def after_second_run(lab: Lab, before: Before) -> None:
    """Nothing was done again."""
    only_observations(lab, lab.targets, "the second run changed nothing")
    proved(remember(lab) == before, "every file system is still mounted as before")
