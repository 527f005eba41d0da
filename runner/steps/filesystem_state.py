"""What the filesystem_check step looks at: the device, who uses it, and what the checkers say without changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, Dialect
from runner.model.text import beginning
from runner.parsers.fsck import parse_e2fsck, parse_tune2fs, parse_xfs_repair
from runner.parsers.fstab import unescape
from runner.steps.base import Args, Observing

CHECK_AT_MOST = 7200.0  # seconds; a full look reads all metadata of the disk
_LOOK_AT_MOST = 60.0  # seconds

EXT = frozenset(("ext2", "ext3", "ext4"))


class CheckArgs(Args):
    """A block device and how far a repair may go."""

    device: str = Field(
        pattern=r"^/dev/[^\x00]+$",
        description="The block device, as findmnt showed it while it was mounted; the mapper device for LVM and LUKS.",
    )
    fstype: str | None = Field(
        default=None, min_length=1, description="The type that it must have; the step is refused if it has another."
    )
    repair: Literal["none", "preen", "yes"] = Field(
        default="preen",
        description="none: only look. preen: repair what is safe to repair (e2fsck -p, xfs_repair). "
        "yes: answer every question of e2fsck with yes, which can lose data.",
    )
    mounted_at: str | None = Field(
        default=None,
        pattern=r"^/",
        description="Where it is mounted before: tells the plan that this step depends on the one that unmounts it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """What was seen. ``kind`` is stat's word, empty if there is no such file. ``users`` names what keeps it in use.

    The looks are empty while the device is in use: looking at a mounted file system gives false findings.
    """

    kind: str
    number: str = ""  # MAJOR:MINOR
    fstype: str = ""  # as its own superblock says
    users: tuple[str, ...] = ()
    superblock: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    look: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


USERS = """\
# Who uses the device: a mount in any mount namespace, another device on top of it (LVM, LUKS, RAID), swap.
grep -sF " $1 " /proc/[0-9]*/mountinfo
for holder in "/sys/dev/block/$1/holders"/*; do
  [ -e "$holder" ] && printf 'holder %s\\n' "${holder##*/}"
done
while read -r name rest; do
  [ -b "$name" ] && [ "$(stat -L -c '%t:%T' -- "$name")" = "$2" ] && printf 'swap %s\\n' "$name"
done </proc/swaps
printf 'end\\n'
"""


def look_users(number: str, hexadecimal: str) -> Observing[tuple[str, ...]]:
    """``grep`` over every process's mountinfo, since ``findmnt`` knows only its own namespace."""
    argv = (number, hexadecimal)
    result = yield Command(dialect=Dialect.SH, script=USERS, argv=argv, at_most=_LOOK_AT_MOST)
    lines = result.stdout.decode("utf-8", "replace").splitlines()
    if lines[-1:] != ["end"] or result.truncated:
        message = f"the list of users of device {number} is incomplete: {beginning(result.err.strip(), 200)}"
        raise ParseError(message)
    return tuple(dict.fromkeys(words for line in lines[:-1] if (words := _user(line, number))))


def _user(line: str, number: str) -> str:
    """``/proc/PID/mountinfo:ID PARENT MAJOR:MINOR ROOT TARGET ...`` in words."""
    kind, _, name = line.partition(" ")
    if kind == "holder":
        return f"used by the device {name} on top of it"
    if kind == "swap":
        return "in use as swap space"
    fields = line.partition(":")[2].split(" ")
    return f"mounted at {unescape(fields[4])}" if len(fields) > 4 and fields[2] == number else ""  # noqa: PLR2004


def _env(*argv: str, at_most: float = _LOOK_AT_MOST) -> Command:
    return Command(argv=("env", "LC_ALL=C", "TZ=UTC0", *argv), at_most=at_most, at_deadline=AtDeadline.KILL)


def look_type(device: str) -> Observing[str]:
    """By the superblock itself (-p: no cache). Exit 2: nothing known there; 8: more than one thing."""
    result = yield _env("blkid", "-p", "-o", "export", "--", device)
    if result.exit_code == 8:  # noqa: PLR2004 - blkid(8)
        return "ambiguous"
    values = dict(line.partition("=")[::2] for line in result.out.splitlines())
    return values.get("TYPE", "")


def observe_check(args: CheckArgs) -> Observing[CheckState]:
    """The device, its type and its users; then, only if nobody uses it, what its checker sees."""
    result = yield _env("stat", "-L", "-c", "%F|%t|%T", "--", args.device)
    if result.exit_code != 0:
        return CheckState(kind="")
    kind, major, minor = (result.out.strip() + "||").split("|")[:3]
    if kind != "block special file":
        return CheckState(kind=kind)
    try:
        number = f"{int(major, 16)}:{int(minor, 16)}"
    except ValueError as problem:
        message = f"stat gave no device number of {args.device}: {beginning(result.out.strip(), 200)}"
        raise ParseError(message) from problem
    users = yield from look_users(number, f"{major}:{minor}")
    fstype = yield from look_type(args.device)
    state = CheckState(kind=kind, number=number, fstype=fstype, users=users)
    if users:
        return state
    if fstype in EXT:
        superblock = parse_tune2fs((yield _env("tune2fs", "-l", args.device)))
        look = parse_e2fsck((yield _env("e2fsck", "-f", "-n", args.device, at_most=CHECK_AT_MOST)))
        return replace(state, superblock=superblock, look=look)
    if fstype == "xfs":
        look = parse_xfs_repair((yield _env("xfs_repair", "-n", args.device, at_most=CHECK_AT_MOST)))
        return replace(state, look=look)
    return state
