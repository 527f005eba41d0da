"""How a mount comes back exactly as it was, or why it would not."""

from __future__ import annotations

from runner.model.command import Command
from runner.steps.mount_options import change, given_by, mount_by_table, mount_exactly, start_unit, unit_name
from runner.steps.mount_state import MountArgs, MountState
from runner.steps.mount_table import Mounted

_ON_DISK = frozenset(
    [
        "btrfs",
        "erofs",
        "exfat",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "hfs",
        "hfsplus",
        "iso9660",
        "jfs",
        "msdos",
        "nilfs2",
        "ntfs3",
        "reiserfs",
        "squashfs",
        "udf",
        "vfat",
        "xfs",
    ]
)
"""What lies on a block device as a whole: mounted again by device, type and options, it is the same as before."""

_IN_MEMORY = frozenset(("tmpfs", "ramfs"))


def why_lost(state: MountState, was: Mounted) -> str:
    """Why it would not come back as it is, as the end of a sentence; empty if it would."""
    if was.fstype in _IN_MEMORY:
        return "its contents are in memory only and would be lost"
    if was.fstype not in _ON_DISK or not was.source.startswith("/dev/"):
        return f"{was.fstype} is no file system on a disk, and vmfix cannot tell what it would take to mount it again"
    if not _whole(was):
        return f"it shows the folder {was.root} of its file system only (a bind mount), and would show all of it then"
    if "idmapped" in was.options:
        return "its users are mapped (idmapped), which mount cannot be told"
    if "slave" in was.propagation.split(","):
        return "it takes over mounts from another mount (propagation: slave), which cannot be set up again"
    if state.passing_device:
        return f"{was.source} is a loop device that would vanish with it"
    if state.units.automount and state.fstab is not None and not _table_gives(state, was):
        return "/etc/fstab has other options, and its automount unit would use those"
    return ""


def _whole(was: Mounted) -> bool:
    """Whether source, type and options say all of it; the root of a btrfs may be one of its subvolumes."""
    return was.root == "/" or (was.fstype == "btrfs" and f"subvol={was.root}" in was.options)


def is_part(state: MountState, top: Mounted) -> bool:
    """Whether it is a bind mount of a folder; if fstab has a bind mount there, that is as it should be."""
    bound = state.fstab is not None and bool({"bind", "rbind"} & set(state.fstab.options))
    return not _whole(top) and not bound


def commands_back(state: MountState, was: Mounted) -> tuple[Command, ...]:
    """What mounts it again as it was, where ``why_lost`` finds nothing."""
    if state.units.automount:
        commands: tuple[Command, ...] = _start_units(state.path)
    elif _table_gives(state, was):
        commands = (mount_by_table(state.path),)
    else:
        commands = (mount_exactly(was.source, state.path, was.fstype, was.options),)
    return commands + _propagation(state, was.propagation)


def _start_units(path: str) -> tuple[Command, ...]:
    return start_unit(unit_name(path, "automount")), start_unit(unit_name(path, "mount"))


def _table_gives(state: MountState, was: Mounted) -> bool:
    """Whether ``mount PATH`` would give the same mount."""
    entry = state.fstab
    if entry is None or {"bind", "rbind"} & set(entry.options):
        return False
    same_type = entry.fstype in ("auto", was.fstype)
    return (
        state.same_source(entry.source, was.source) and same_type and given_by(entry.options, was.options, was.fstype)
    )


def _propagation(state: MountState, wanted: str) -> tuple[Command, ...]:
    """A new mount is shared if the mount that it stands on is, else private (mount_namespaces(7))."""
    base = state.base
    usual = "shared" if base is not None and "shared" in base.propagation.split(",") else "private"
    if wanted in ("", usual):
        return ()
    words = wanted.split(",")
    return (change("mount", f"--make-{'unbindable' if 'unbindable' in words else words[0]}", "--", state.path),)


def recorded(args: MountArgs, state: MountState) -> Mounted | None:
    """What the arguments say of it; None if they leave that to fstab and units."""
    if args.source is None or args.fstype is None:
        return None
    options = args.wanted_options
    return Mounted(source=args.source, target=state.path, fstype=args.fstype, options=options)


def ways(args: MountArgs, state: MountState) -> tuple[Command, ...]:
    """The commands that would mount it; empty if nothing says what belongs there."""
    commands = _ways(state, recorded(args, state))
    return commands + _propagation(state, args.propagation or "") if commands else ()


def _ways(state: MountState, wanted: Mounted | None) -> tuple[Command, ...]:
    by_table = wanted is None or _table_gives(state, wanted)
    if state.units.automount and by_table:
        return _start_units(state.path)
    if wanted is not None and not by_table:
        return (mount_exactly(wanted.source, state.path, wanted.fstype, wanted.options),)
    if state.fstab is not None:
        return (mount_by_table(state.path),)
    return (start_unit(unit_name(state.path, "mount")),) if state.units.by_file else ()
