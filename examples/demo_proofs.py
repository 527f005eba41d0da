"""What the demo proves from outside: not by asking vmfix, but by looking at the targets and at what they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from examples import demo_proofs_windows as on_windows
from examples.demo_cast import BUSY, HEALTHY, Cast
from examples.demo_proofs_windows import proved
from examples.lab import Lab, Mount
from examples.lab.sent import changes, sent
from examples.lab.windows.wine.seen import Seen

CONF = "/etc/azure/vmbackup.conf"


@dataclass(frozen=True, slots=True)
class Before:
    """The targets at a moment: how the Linux ones are mounted, and what the Windows ones are like."""

    mounts: Mapping[str, tuple[Mount, ...]]
    windows: Mapping[str, Seen]


def remember(lab: Lab, cast: Cast) -> Before:
    """Note what has to come back, or to stay."""
    return Before({name: lab.state(name).mounts for name in cast.linux}, on_windows.look(lab, cast))


def after_looking(lab: Lab, cast: Cast, before: Before) -> None:
    """Plan and dry-run changed nothing."""
    now = remember(lab, cast)
    _only_observations(lab, tuple(cast.linux), "plan and dry-run sent only observations")
    proved(now.mounts == before.mounts, "every file system is mounted as before")
    if cast.windows:
        on_windows.only_observations(lab, tuple(cast.windows), "plan and dry-run sent only observations")
        proved(now.windows == before.windows, "VSS writers, services and registry are as before")


def after_mending(lab: Lab, cast: Cast, before: Before, *, everything: bool) -> None:
    """What was broken is mended, if there was consent to all of it."""
    now = remember(lab, cast)
    proved(now.mounts == before.mounts, "every file system is mounted as before: same device, place, type and options")
    # What nobody consented to mend may be as unreadable as before.
    mended = [name for name in cast.linux if everything or lab.check_clean(name).clean]
    lost = {name: lab.wrong_files(name) for name in mended}
    proved(not any(lost.values()), f"every file of known content is intact, by its SHA-256: {', '.join(mended)}")
    _only_observations(lab, (HEALTHY,), f"{HEALTHY} was healthy and was only looked at")
    if everything:
        _mended(lab, cast)
    if cast.windows:
        on_windows.after_mending(lab, before.windows, now.windows, everything=everything)


def _mended(lab: Lab, cast: Cast) -> None:
    for name in cast.linux:
        if name != BUSY:
            proved(lab.check_clean(name).clean, f"{name}: the checker of its file system finds nothing on a copy of it")
    skipped = lab.run(BUSY, "cat", CONF)
    proved("/data" in skipped, f"{BUSY} could not be unmounted: the backup will skip it ({' '.join(skipped.split())})")


def after_second_run(lab: Lab, cast: Cast, mended: Before) -> None:
    """Nothing was done again."""
    now = remember(lab, cast)
    _only_observations(lab, tuple(cast.linux), "the second run changed nothing")
    proved(now.mounts == mended.mounts, "every file system is still mounted as before")
    if cast.windows:
        on_windows.only_observations(lab, tuple(cast.windows), "the second run changed nothing")
        proved(now.windows == mended.windows, "VSS writers, services and registry are as after the first run")


def _only_observations(lab: Lab, names: tuple[str, ...], what: str) -> None:
    """Every command that the targets' sshd was asked to run is one that only reads."""
    found = [f"{name}: {line}" for name in names for line in changes(sent(lab, name))]
    count = sum(len(lab.commands(name)) for name in names)
    proved(count and not found, f"{what}: {count} commands in the logs of sshd, all of them only read{found or ''}")
