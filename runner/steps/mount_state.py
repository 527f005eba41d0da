"""The arguments of the mount step, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

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


def _split(value: object) -> object:
    return tuple(split_options(value)) if isinstance(value, str) else value


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
    options: Annotated[tuple[str, ...], BeforeValidator(_split)] | None = Field(
        default=None,
        description="mounted: its options, as findmnt showed them before; a list or a text with commas.",
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: str) -> str:
        parts = path.split("/")
        if not path.startswith("/") or ".." in parts or "." in parts or (path != "/" and "" in parts[1:]):
            message = f"`{path}` is not a plain absolute path\nWrite it as findmnt shows it, such as /data."
            raise ValueError(message)
        return path

    @model_validator(mode="after")
    def _complete(self) -> MountArgs:
        if self.state == "unmounted" and (self.source or self.fstype or self.options):
            message = "source, fstype and options belong to `state: mounted`\nRemove them."
            raise ValueError(message)
        if bool(self.source) != bool(self.fstype) or (self.options and not self.source):
            message = "source and fstype go together, and options go with them\nGive all, or leave it to /etc/fstab."
            raise ValueError(message)
        if {"bind", "rbind"} & set(self.options or ()):
            message = (
                "a bind mount cannot be compared with what findmnt shows\nPut it into /etc/fstab, and give path only."
            )
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class MountState:
    """What was seen.

    ``path`` has its symbolic links followed. ``source`` is the wanted device, resolved from a tag; empty if nothing has
    it. ``real`` pairs names of devices with their names without links.
    """

    path: str
    directory: bool
    mounts: tuple[Mounted, ...]
    fstab: Mounted | None
    units: Units
    holders: tuple[Holder, ...] = ()
    source: str | None = None
    real: tuple[tuple[str, str], ...] = ()

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
    return replace(state, holders=holders, real=tuple(zip(names, real, strict=True)))
