"""What a machine must have before it can carry a lab."""

import os
import shutil
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
SEARCH_PATH = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin", os.environ.get("PATH", "/usr/bin:/bin")))


def missing() -> list[str]:
    """Say what keeps this machine from carrying a lab, one sentence each; empty means that it can."""
    if os.uname().sysname != "Linux":
        return ["The lab needs Linux."]
    problems = [] if os.geteuid() == 0 else ["The lab needs root: it makes name spaces and mounts file systems."]
    packages = sorted(
        package
        for package, programs in PROGRAMS.items()
        if any(shutil.which(program, path=SEARCH_PATH) is None for program in programs)
    )
    if packages:
        problems.append(f"Programs are missing: apt-get install {' '.join(packages)}")
    known = Path("/proc/filesystems").read_text(encoding="ascii").split()
    lacking = [name for name in FILE_SYSTEMS if name not in known]
    if lacking:
        problems.append(f"The kernel does not know {', '.join(lacking)}: try modprobe {' '.join(lacking)}")
    if not Path("/dev/loop-control").exists():
        problems.append("There is no /dev/loop-control: try modprobe loop")
    return problems
