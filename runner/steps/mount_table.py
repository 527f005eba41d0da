"""What is mounted where, and by whom: the observations that the mount and filesystem_check steps share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from runner.errors import ParseError
from runner.model.command import Command, Dialect
from runner.parsers.findmnt import parse_findmnt
from runner.parsers.fstab import unescape
from runner.parsers.processes import Use, parse_uses
from runner.steps.base import Observing
from runner.steps.mount_options import unit_name

_COLUMNS = "SOURCE,TARGET,FSTYPE,OPTIONS,PROPAGATION,UUID,ID,PARENT,MAJ:MIN,FSROOT"  # all known to util-linux 2.27
_LOOK_AT_MOST = 60.0  # seconds; a dead network mount makes any look hang


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One line of the mount table, or of fstab (then without ``number`` and ``propagation``)."""

    source: str
    target: str
    fstype: str
    options: tuple[str, ...]
    propagation: str = ""
    uuid: str = ""
    root: str = "/"
    number: str = ""

    def record(self) -> dict[str, object]:
        """What must be known to mount it again."""
        return {
            "source": self.source,
            "fstype": self.fstype,
            "options": list(self.options),
            "propagation": self.propagation,
            "root": self.root,
        }


@dataclass(frozen=True, slots=True)
class Units:
    """What systemd knows of a mount point. ``by_file``: a unit file of its own, not one generated from fstab."""

    by_file: bool = False
    automount: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """What keeps a mount busy, in words."""

    text: str


def _mounted(row: dict[str, object]) -> Mounted:
    return Mounted(
        source=str(row["source"]),
        target=str(row["target"]),
        fstype=str(row["fstype"]),
        options=tuple(cast("list[str]", row["options"])),
        propagation=str(row["propagation"]),
        uuid=str(row["uuid"]),
        root=str(row["root"]),
        number=str(row["device_number"]),
    )


def look_mounts() -> Observing[tuple[Mounted, ...]]:
    """The kernel's table: ``umount`` exits 32 for "busy" and for "not mounted", so only this decides."""
    argv = ("env", "LC_ALL=C", "findmnt", "--json", "--list", "--nofsroot", "-o", _COLUMNS)
    result = yield Command(argv=argv, at_most=_LOOK_AT_MOST)
    return tuple(_mounted(row) for row in parse_findmnt(result))


def look_fstab() -> Observing[tuple[Mounted, ...]]:
    """fstab with UUID=, LABEL= ... resolved to devices by the target itself. Exit 1: no entries, or no file."""
    columns = "SOURCE,TARGET,FSTYPE,OPTIONS"
    argv = ("env", "LC_ALL=C", "findmnt", "--fstab", "--evaluate", "--json", "--list", "-o", columns)
    result = yield Command(argv=argv, at_most=_LOOK_AT_MOST)
    if not result.stdout.strip():
        return ()
    return tuple(_mounted(row) for row in parse_findmnt(result))


def look_real(*paths: str) -> Observing[tuple[str, ...]]:
    """The paths with symbolic links followed; what does not exist stays as it is."""
    argv = ("realpath", "-m", "-z", "--", *paths)
    result = yield Command(argv=argv, at_most=_LOOK_AT_MOST)
    found = tuple(result.stdout.decode("utf-8", "replace").split("\0")[:-1])
    if result.exit_code != 0 or len(found) != len(paths):
        message = f"realpath could not resolve {', '.join(paths)}: {result.err.strip() or 'no error text'}"
        raise ParseError(message)
    return found


def look_source(source: str) -> Observing[str]:
    """The device behind ``UUID=...`` or ``LABEL=...``; anything else stays as it is. Empty if nothing has that tag."""
    if not re.match(r"(PART)?(UUID|LABEL)=", source):
        return source
    result = yield Command(argv=("findfs", source), at_most=_LOOK_AT_MOST)
    return result.out.strip() if result.exit_code == 0 else ""


def look_directory(path: str) -> Observing[bool]:
    """Whether the path is a directory."""
    result = yield Command(argv=("test", "-d", path), at_most=_LOOK_AT_MOST)
    return result.exit_code == 0


def look_passing(source: str) -> Observing[bool]:
    """Whether it is a loop device that the kernel frees with its last use, as ``mount -o loop`` makes them."""
    name = re.fullmatch(r"/dev/(loop\d+)", source)
    if name is None:
        return False
    result = yield Command(argv=("cat", f"/sys/block/{name[1]}/loop/autoclear"), at_most=_LOOK_AT_MOST)
    return result.out.strip() == "1"


UNITS = """\
[ -d /run/systemd/system ] || exit 3
exec systemctl show --property=Id,LoadState,FragmentPath,SourcePath -- "$@"
"""


def look_units(path: str) -> Observing[Units]:
    """The .mount and .automount units of a mount point. Exit 3: systemd does not run here (see sd_booted(3))."""
    mount, automount = unit_name(path, "mount"), unit_name(path, "automount")
    result = yield Command(dialect=Dialect.SH, script=UNITS, argv=(mount, automount), at_most=_LOOK_AT_MOST)
    if result.exit_code == 3:  # noqa: PLR2004 - our script's own code
        return Units()
    if result.exit_code != 0:
        message = f"systemctl does not show {mount}: {result.err.strip() or 'no error text'}"
        raise ParseError(message)
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in result.out.split("\n\n")]
    known = {block["Id"]: block for block in blocks if block.get("LoadState") == "loaded" and "Id" in block}
    fragment = known.get(mount, {}).get("FragmentPath", "")
    return Units(
        by_file=bool(fragment) and "/systemd/generator" not in fragment,
        automount=bool(known.get(automount, {}).get("FragmentPath")),
    )


USES = """\
# Who has a file, a directory or a program of the mount open, by the links in /proc; no tool beyond findutils.
# find exits 1 for every process that ends meanwhile, so the last line is what proves completeness.
command -v find >/dev/null || exit 127
find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd /proc/[0-9]*/map_files -maxdepth 1 \\
  \\( -lname "$1" -o -lname "$2" \\) -printf 'process\\0%p\\0%l\\0' 2>/dev/null
for file in /sys/block/loop*/loop/backing_file; do
  [ -e "$file" ] && printf 'loop\\0%s\\0%s\\0' "$file" "$(cat "$file")"
done
while read -r name rest; do printf 'swap\\0\\0%s\\0' "$name"; done </proc/swaps
printf 'end\\0\\0\\0'
"""

NAMES = """\
# Names only: arguments of a command may hold passwords.
for pid in "$@"; do
  [ -d "/proc/$pid" ] && printf '%s\\t%s\\t%s\\n' "$pid" "$(stat -c %U "/proc/$pid")" "$(cat "/proc/$pid/comm")"
done
exit 0
"""


def inside(path: str, mount_point: str) -> bool:
    """Whether a path is on or below a mount point."""
    return path == mount_point or path.startswith(mount_point.rstrip("/") + "/")


def look_holders(path: str) -> Observing[tuple[Holder, ...]]:
    """Processes, loop devices and swap files that keep the mount at ``path`` busy."""
    literal = re.sub(r"([\\*?\[])", r"\\\1", path)
    result = yield Command(dialect=Dialect.SH, script=USES, argv=(literal, f"{literal}/*"), at_most=_LOOK_AT_MOST)
    uses = parse_uses(result)
    pids = sorted({use.pid for use in uses if use.pid})
    holders = [Holder(_words(use)) for use in uses if not use.pid and inside(unescape(use.path), path)]
    if pids:
        argv = tuple(str(pid) for pid in pids)
        names = yield Command(dialect=Dialect.SH, script=NAMES, argv=argv, at_most=_LOOK_AT_MOST)
        rows = [line.split("\t") for line in names.out.splitlines() if line.count("\t") == 2]  # noqa: PLR2004
        holders = [Holder(f"process {pid} ({user}: {command})") for pid, user, command in rows] + holders
    return tuple(holders)


def _words(use: Use) -> str:
    if use.kind == "loop":
        return f"loop device {use.what.split('/')[3]} (file {use.path})"
    return f"swap file {unescape(use.path)}"
