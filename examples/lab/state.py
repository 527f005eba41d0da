"""Looks at a target from outside: its mounts, its files, and whether its disks are clean."""

import base64
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.lab import namespace
from examples.lab.errors import LabError
from examples.lab.processes import attempt, run

REPLAY = 'mkdir "$2/mount" && mount -t xfs -o loop,nouuid "$1" "$2/mount" && umount "$2/mount"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mounted disk, as the target's findmnt tells it."""

    source: str
    target: str
    fstype: str
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """What a target looks like now. `processes` are the command lines of what runs there."""

    name: str
    running: bool
    scenario: str
    port: int
    host_name: str = ""
    mounts: tuple[Mount, ...] = ()
    processes: tuple[str, ...] = ()

    def mount_at(self, path: str) -> Mount | None:
        """The topmost file system mounted at a path."""
        return next((mount for mount in reversed(self.mounts) if mount.target == path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanliness:
    """The verdict of the file system's own checker on a copy of a disk, and what it said."""

    clean: bool
    exit_code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCommand:
    """A command that a target's sshd was asked to run; an empty one is a request for a login shell."""

    time: int  # seconds since 1970; the log is in order
    user: str
    command: str


def logged_commands(path: Path) -> list[LoggedCommand]:
    """Read a target's command log; bytes that are no UTF-8 come as surrogate escapes, so none is lost."""
    entries = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    return [
        LoggedCommand(
            time=entry["time"],
            user=entry["user"],
            command=base64.b64decode(entry["base64"] or "").decode(errors="surrogateescape"),
        )
        for entry in entries
    ]


def mounts(init: int) -> tuple[Mount, ...]:
    """The disks that are mounted on a target, in the order in which they were mounted."""
    argv = ["findmnt", "--json", "--list", "--output", "SOURCE,TARGET,FSTYPE,OPTIONS", "--types", "ext4,xfs"]
    done = attempt(namespace.enter(init, argv))
    if done.returncode == 1 and not done.stderr:
        return ()  # findmnt found nothing
    if done.returncode != 0:
        raise LabError(f"findmnt on the target: {done.stderr.decode(errors='replace').strip()}")
    return tuple(Mount(**found) for found in json.loads(done.stdout)["filesystems"])


def check_copy(image: Path, fstype: str, *, init: int | None, mount: str | None) -> Cleanliness:
    """Copy a disk and check the copy; the original is frozen for the copying if it is mounted, and never written.

    A frozen xfs leaves something to replay in its log on purpose, so the copy is mounted once before it is checked.
    A file system that is shut down cannot be frozen: it is copied as it is, and its log counts as not clean.
    """
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        copy = Path(folder) / "copy.img"
        thaw = _freeze(init, mount) if init is not None and mount is not None else None
        try:
            run(["sync", str(image)])
            run(["cp", "--sparse=always", str(image), str(copy)])
        finally:
            if thaw is not None:
                run(thaw)
        if fstype == "ext4":
            return _check_ext4(copy)
        if thaw is not None:
            run(["unshare", "--mount", "sh", "-ec", REPLAY, "sh", str(copy), folder])
        return _check_xfs(copy)


def _freeze(init: int, mount: str) -> list[str] | None:
    if attempt(namespace.enter(init, ["fsfreeze", "-f", mount])).returncode != 0:
        return None
    return namespace.enter(init, ["fsfreeze", "-u", mount])


def _check_ext4(image: Path) -> Cleanliness:
    """e2fsck finds nothing *and* the superblock says clean: exit 0 alone is no proof."""
    done = attempt(["e2fsck", "-fn", str(image)])
    header = run(["tune2fs", "-l", str(image)])
    state = next(line for line in header.splitlines() if line.startswith("Filesystem state:"))
    text = (done.stdout + done.stderr).decode(errors="replace") + state
    clean = done.returncode == 0 and state.split(":")[1].strip() == "clean" and "needs_recovery" not in header
    return Cleanliness(clean=clean, exit_code=done.returncode, text=text)


def _check_xfs(image: Path) -> Cleanliness:
    done = attempt(["xfs_repair", "-n", "-f", str(image)])
    text = (done.stdout + done.stderr).decode(errors="replace")
    return Cleanliness(clean=done.returncode == 0, exit_code=done.returncode, text=text)


def wrong_files(init: int, mount: str, checksums: Mapping[str, str]) -> list[str]:
    """The files of known content which are not there any more, cannot be read, or differ."""
    wrong = []
    for name, expected in checksums.items():
        done = attempt(namespace.enter(init, ["cat", f"{mount}/{name}"]))
        if done.returncode != 0 or hashlib.sha256(done.stdout).hexdigest() != expected:
            wrong.append(name)
    return wrong
