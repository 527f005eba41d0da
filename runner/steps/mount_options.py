"""Mount options, compared and passed on; unit names; the commands that mount and unmount."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from runner.model.command import AtDeadline, Command, Dialect, Effect

MOUNT_AT_MOST = 600.0  # seconds; a journal is replayed, or dirty pages are written, meanwhile

_USERSPACE = frozenset(
    [
        "defaults",
        "auto",
        "noauto",
        "user",
        "nouser",
        "users",
        "nousers",
        "group",
        "owner",
        "nofail",
        "_netdev",
        "loop",
        "sync-mount",
        "seclabel",
    ]
)
"""Options that mount(8) or systemd keep for themselves, and ``seclabel``, which the kernel only reports."""

_FLAGS = frozenset(
    [
        "rw",
        "ro",
        "nosuid",
        "nodev",
        "noexec",
        "noatime",
        "nodiratime",
        "strictatime",
        "lazytime",
        "sync",
        "dirsync",
        "nosymfollow",
        "mand",
    ]
)
"""Options of the mount itself, whatever its type. ``relatime`` is the default of every kernel since 2.6.30."""

_IMPLIED = frozenset(
    ["relatime", "suid", "dev", "exec", "async", "atime", "diratime", "nomand", "nolazytime", "symfollow"]
)

_NOT_ACCEPTED = frozenset(("seclabel", "emergency_ro", "shutdown"))
"""Reported by the kernel among the options of a mount: its label, and in what trouble it is. No options to mount(8)."""


def kernel_options(options: Iterable[str]) -> frozenset[str]:
    """What remains when userspace's own options, defaults and comments (``x-...``, ``comment=``) are dropped."""
    kept = {
        option
        for option in options
        if option
        and option not in _USERSPACE | _IMPLIED | _NOT_ACCEPTED
        and not re.match(r"(x-|X-|comment=|uhelper=)", option)
    }
    return frozenset(kept if "ro" in kept else kept | {"rw"})


def same_options(wanted: Iterable[str], actual: Iterable[str]) -> bool:
    """Whether a mount is as wanted.

    Flags of the mount must be the same on both sides: a file system that came back read-only is not "as before".
    Options of the file system need only be among those reported, since the kernel adds its defaults.
    """
    want, have = kernel_options(wanted), kernel_options(actual)
    return want & _FLAGS == have & _FLAGS and want <= have


_REPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"xfs": frozenset(("attr2", "inode64", "logbufs=8", "logbsize=32k", "noquota"))}
)
"""Defaults that the kernel reports all the same. What is missing here costs nothing: it is given to mount by name."""


def given_by(entry: Iterable[str], options: Iterable[str], fstype: str) -> bool:
    """Whether the options of an fstab entry give all of a mount's, so that nothing of a remount's is lost."""
    have = tuple(options)
    more = kernel_options(have) - kernel_options(entry)
    return same_options(entry, have) and more <= _REPORTED.get(fstype, frozenset())


def passable(options: Iterable[str]) -> str:
    """Recorded options as one argument of ``mount -o``."""
    return ",".join(option for option in options if option not in _NOT_ACCEPTED)


def unit_name(path: str, suffix: str) -> str:
    r"""What ``systemd-escape -p --suffix=...`` prints: ``/data/a b-c`` -> ``data-a\x20b\x2dc.mount``."""
    trimmed = "/".join(part for part in path.split("/") if part)
    if not trimmed:
        return f"-.{suffix}"
    escaped = []
    for index, byte in enumerate(trimmed.encode("utf-8")):
        letter = chr(byte)
        plain = re.match(r"[A-Za-z0-9:_.]", letter) and not (letter == "." and index == 0)
        escaped.append("-" if letter == "/" else letter if plain else f"\\x{byte:02x}")
    return f"{''.join(escaped)}.{suffix}"


def change(*argv: str) -> Command:
    """A changing command that is never cut off: an interrupted mount or unmount leaves nobody knows what."""
    return Command(argv=argv, effect=Effect.CHANGE, at_most=MOUNT_AT_MOST, at_deadline=AtDeadline.LEAVE)


def umount(path: str) -> Command:
    """Never lazy (-l), never forced (-f): both say success while the file system is still in use."""
    return change("umount", "--", path)


def mount_by_table(path: str) -> Command:
    """By the entry in /etc/fstab."""
    return change("mount", "--", path)


def mount_exactly(source: str, path: str, fstype: str, options: Iterable[str]) -> Command:
    """With source, type and options as they were recorded."""
    text = passable(options)
    return change("mount", "-t", fstype, *(("-o", text) if text else ()), "--", source, path)


def start_unit(name: str) -> Command:
    """By systemd, which knows what else the mount needs."""
    return change("systemctl", "start", "--", name)


STOP_AUTOMOUNT = """\
# Stopping an automount unit detaches lazily whatever is still mounted on it (MNT_DETACH in systemd's automount.c):
# so only if nothing is.
set -eu
top=$(findmnt -n -o FSTYPE --mountpoint "$1" | tail -n 1)
[ "$top" = autofs ] || exit 9
exec systemctl stop -- "$2"
"""


def stop_automount(path: str) -> Command:
    """So that the next access does not mount it again."""
    return Command(
        dialect=Dialect.SH,
        script=STOP_AUTOMOUNT,
        argv=(path, unit_name(path, "automount")),
        effect=Effect.CHANGE,
        at_most=MOUNT_AT_MOST,
        at_deadline=AtDeadline.LEAVE,
    )
