"""What a machine must have before it can carry a lab."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

# Debian package -> the programs of it that the lab starts, here or on a target.
PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "e2fsprogs": ("mke2fs", "debugfs", "e2fsck", "tune2fs"),
        "openssh-client": ("ssh", "ssh-keygen"),
        "openssh-server": ("sshd",),
        "openssl": ("openssl",),
        "perl-base": ("perl",),
        "psmisc": ("fuser",),
        "sudo": ("sudo",),
        "util-linux": ("blkid", "findmnt", "fsfreeze", "losetup", "nsenter", "setsid", "unshare"),
        "xfsprogs": ("mkfs.xfs", "xfs_db", "xfs_io", "xfs_repair"),
    }
)
FILE_SYSTEMS = ("ext4", "overlay", "xfs")
# The same for a Windows target. Wine's own loader and server are not on PATH: wine/prefix.py says where they are.
WINDOWS_PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gcc-mingw-w64-x86-64": ("x86_64-w64-mingw32-gcc",),
        "openssh-client": ("ssh-keygen",),
        "openssl": ("openssl",),
        "util-linux": ("nsenter", "setpriv", "setsid", "unshare"),
        "wine64": ("/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"),
    }
)
# The same for a target that a systemd runs, whose agent is a package.
SYSTEMD_PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "apt": ("apt-get",),
        "dpkg": ("dpkg", "dpkg-deb", "dpkg-query"),
        "systemd": ("/lib/systemd/systemd", "systemctl"),
    }
)
SEARCH_PATH = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin", os.environ.get("PATH", "/usr/bin:/bin")))


def missing() -> list[str]:
    """Say what keeps this machine from carrying a lab, one sentence each; empty means that it can."""
    if os.uname().sysname != "Linux":
        return ["The lab needs Linux."]
    problems = [] if os.geteuid() == 0 else ["The lab needs root: it makes name spaces and mounts file systems."]
    problems += _changed_root()
    problems += lacking(PROGRAMS)
    known = Path("/proc/filesystems").read_text(encoding="ascii").split()
    unknown = [name for name in FILE_SYSTEMS if name not in known]
    if unknown:
        problems.append(f"The kernel does not know {', '.join(unknown)}: try modprobe {' '.join(unknown)}")
    if not Path("/dev/loop-control").exists():
        problems.append("There is no /dev/loop-control: try modprobe loop")
    return problems


def missing_windows() -> list[str]:
    """Say what keeps this machine from carrying Windows targets, one sentence each; empty means that it can."""
    if os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
        return ["Windows targets need Linux on x86-64."]
    problems = [] if os.geteuid() == 0 else ["The lab needs root: it makes name spaces."]
    return [*problems, *_changed_root(), *lacking(WINDOWS_PROGRAMS)]


def lacking(programs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One sentence with the packages of which a program is missing; empty if none is."""
    packages = sorted(
        package
        for package, names in programs.items()
        if any(shutil.which(name, path=SEARCH_PATH) is None for name in names)
    )
    return [f"Programs are missing: apt-get install {' '.join(packages)}"] if packages else []


def _changed_root() -> list[str]:
    """A chroot's `/` is not the root of its mount namespace, and whoever enters a namespace lands in the latter.

    So from a chroot, what is meant for a target could reach the machine around the chroot.
    """
    refusal = ["The lab cannot be started inside a chroot: it could reach the machine around it."]
    here = _identity("/")
    if _identity("/proc/1/root") not in {here, None}:
        return refusal
    if os.geteuid() != 0 or shutil.which("nsenter", path=SEARCH_PATH) is None:
        return []  # a problem of its own
    # A chroot that has a PID 1 of its own, or may not look at it, shows when we enter the namespace that we are in.
    entered = subprocess.run(
        ["nsenter", "--mount=/proc/self/ns/mnt", "stat", "-c", "%d:%i", "/"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": SEARCH_PATH},
    )
    if entered.returncode != 0:
        return [f"Mount name spaces cannot be entered here: {entered.stderr.strip()}"]
    return [] if entered.stdout.strip() == here else refusal


def _identity(path: str) -> str | None:
    """Device and inode; None if that may not be known."""
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    return f"{seen.st_dev}:{seen.st_ino}"
