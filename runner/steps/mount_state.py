"""The arguments of the mount step, and what it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field, field_validator

from runner.parsers.fstab import split_options
from runner.steps.base import Args, Observing
from runner.steps.mount_table import (
    Holder,
    Mounted,
    Units,
    inside,
    look_directory,
    look_fstab,
    look_holders,
    look_mounts,
    look_passing,
    look_real,
    look_source,
    look_units,
)

_SYSTEM = frozenset(
    [
        "/",
        "/usr",
        "/var",
        "/boot",
        "/boot/efi",
        "/etc",
        "/proc",
        "/sys",
        "/dev",
        "/run",
        "/tmp",  # noqa: S108 - named, not used
        "/home",
        "/root",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/opt",
        "/srv",
        "/var/lib",
        "/var/log",
        "/var/tmp",  # noqa: S108 - the same
        "/var/cache",
        "/var/run",
        "/var/lib/waagent",
    ]
)
_SYSTEM_TREES = ("/usr", "/boot", "/etc", "/proc", "/sys", "/dev", "/run")


def is_system(path: str) -> bool:
    """Whether the machine, or our own login, may depend on what is mounted there."""
    return path in _SYSTEM or any(inside(path, tree) for tree in _SYSTEM_TREES)


def _listed(options: object) -> list[str]:
    """Options as a list, or as a text with commas, which is what a template gives."""
    if isinstance(options, str):
        return split_options(options)
    return [str(option) for option in options] if isinstance(options, (list, tuple)) else []


class MountArgs(Args):
    """A mount point and its wanted state."""

    path: str = Field(description="The mount point: absolute, without .. or a slash at the end.")
    state: Literal["mounted", "unmounted"] = Field(description="The wanted state.")
    source: str | None = Field(
        default=None,
        min_length=1,
        description="mounted: the device (or UUID=...) that must be mounted there; without it, /etc/fstab decides.",
    )
    fstype: str | None = Field(
        default=None, min_length=1, description="mounted: its type, as findmnt showed it before; needed with source."
    )
    options: tuple[str, ...] | str | None = Field(
        default=None,
        description="mounted: its options, as findmnt showed them before; a list or a text with commas.",
    )
    propagation: str | None = Field(
        default=None,
        pattern=r"^(|(shared|private)(,slave)?(,unbindable)?)$",
        description="mounted: its propagation, as findmnt showed it before; without it, any will do.",
    )
    stands_on: str | None = Field(
        default=None,
        pattern=r"^/",
        description="mounted: the mount point that it stood on; refused while that is not mounted.",
    )
    nested: bool = Field(
        default=False,
        description="unmounted: mounts below it are no obstacle, as earlier steps of the remedy unmount them.",
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: str) -> str:
        parts = path.split("/")
        if not path.startswith("/") or ".." in parts or "." in parts or (path != "/" and "" in parts[1:]):
            message = f"`{path}` is not a plain absolute path\nWrite it as findmnt shows it, such as /data."
            raise ValueError(message)
        return path

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """What is to be mounted is given whole or not at all."""
        source, fstype, options = (given.get(name) for name in ("source", "fstype", "options"))
        names = ("source", "fstype", "options", "propagation", "stands_on")
        if given.get("state") == "unmounted" and any(given.get(name) for name in names):
            return f"{', '.join(names)} belong to `state: mounted`\nRemove them."
        if bool(source) != bool(fstype) or (options and not source):
            return "source and fstype go together, and options go with them\nGive all, or leave it to /etc/fstab."
        if {"bind", "rbind"} & set(_listed(options)):
            return (
                "a bind mount cannot be compared with what findmnt shows\nPut it into /etc/fstab, and give path only."
            )
        return ""

    @property
    def wanted_options(self) -> tuple[str, ...]:
        return tuple(_listed(self.options))


@dataclass(frozen=True, slots=True, kw_only=True)
class MountState:
    """What was seen.

    ``path`` has its symbolic links followed. ``source`` is the wanted device, resolved from a tag; empty if nothing has
    it. ``real`` pairs names of devices with their names without links. ``passing_device``: it is on a loop device
    that the kernel frees with its last use.
    """

    path: str
    directory: bool
    mounts: tuple[Mounted, ...]
    fstab: Mounted | None
    units: Units
    holders: tuple[Holder, ...] = ()
    source: str | None = None
    real: tuple[tuple[str, str], ...] = ()
    passing_device: bool = False

    @property
    def here(self) -> tuple[Mounted, ...]:
        """What is mounted at the path, the topmost last; autofs only waits for an access and is not counted."""
        return tuple(m for m in self.mounts if m.target == self.path and m.fstype != "autofs")

    @property
    def waiting(self) -> bool:
        """Whether an automounter watches the path."""
        return any(m.target == self.path and m.fstype == "autofs" for m in self.mounts)

    @property
    def nested(self) -> tuple[Mounted, ...]:
        """What is mounted below the path."""
        return tuple(m for m in self.mounts if m.target != self.path and inside(m.target, self.path))

    @property
    def base(self) -> Mounted | None:
        """What a mount at the path stands on: the deepest mount above it, and of those at one place the topmost."""
        above = [
            m for m in self.mounts if m.target != self.path and inside(self.path, m.target) and m.fstype != "autofs"
        ]
        return max(reversed(above), key=lambda m: len(m.target), default=None)

    def same_source(self, one: str, other: str) -> bool:
        names = dict(self.real)
        return names.get(one, one) == names.get(other, other)


def observe_mount(args: MountArgs) -> Observing[MountState]:
    """Everything that both wanted states need; who keeps it busy only where something is to be unmounted."""
    resolved = "" if args.source is None else (yield from look_source(args.source))
    (path,) = yield from look_real(args.path)
    mounts = yield from look_mounts()
    entries = yield from look_fstab()
    entry = next((e for e in reversed(entries) if e.target in (path, args.path)), None)
    state = MountState(
        path=path,
        directory=(yield from look_directory(path)),
        mounts=mounts,
        fstab=entry,
        units=(yield from look_units(path)),
        source=None if args.source is None else resolved,
    )
    names = {m.source: m.source for m in (*state.here, *((entry,) if entry else ())) if m.source.startswith("/")}
    if args.source and resolved.startswith("/"):
        names[args.source] = resolved
    real = (yield from look_real(*names.values())) if names else ()
    busy = args.state == "unmounted" and bool(state.here) and not is_system(path)
    holders = (yield from look_holders(path)) if busy else ()
    passing = (yield from look_passing(state.here[-1].source)) if busy else False
    return replace(state, holders=holders, real=tuple(zip(names, real, strict=True)), passing_device=passing)
