"""A playbook test: a machine that exists in a file only, what is done to it, and what has to come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from runner.diagnostics import Span
from runner.model.event import Applied, Status
from runner.model.inventory import Target
from runner.model.plan import Outcome

K = TypeVar("K")
V = TypeVar("V")


def _nothing() -> MappingProxyType[K, V]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ends. ``fails``: ``lost`` or ``deadline``; then there is no exit code.

    ``process_dead`` is as in ``OutcomeUnknown``; for a deadline None means: as the command's ``at_deadline`` has it.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    fails: str = ""
    process_dead: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenService:
    """A service; None leaves a field as it is, or as usual where the service is new."""

    state: str | None = None
    start: str | None = None
    account: str | None = None
    needs: tuple[str, ...] | None = None
    exit_code: int | None = None
    stoppable: bool | None = None
    shared: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUnit:
    """A unit of systemd; None leaves a field as it is, or as usual where the unit is new."""

    state: str | None = None
    enabled: str | None = None
    result: str | None = None
    required_by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file on a POSIX target. ``mode`` is octal, four digits."""

    content: bytes
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMount:
    """A mounted file system, or with ``mounted`` False a device that is there and could be mounted.

    ``number`` is MAJOR:MINOR; empty: one is made up. ``users`` are processes that keep it busy: PID -> (user, program).
    """

    source: str
    fstype: str
    options: str = "rw,relatime"
    propagation: str = "shared"
    uuid: str = ""
    root: str = "/"
    number: str = ""
    users: Mapping[int, tuple[str, str]] = field(default_factory=_nothing)


RegistryData = tuple[str, str | int]
"""Type and data, as a playbook writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A machine, or a change to it. A part that is None is not simulated (or not changed); in a part, None is absence.

    ``answers`` go by observation (``writers``, ``settings[X]``), by a command's line, or by ``script with TEXT``.
    """

    answers: Mapping[str, Answer] = field(default_factory=_nothing)
    services: Mapping[str, GivenService | None] | None = None
    registry: Mapping[str, Mapping[str, RegistryData | None] | None] | None = None
    units: Mapping[str, GivenUnit | None] | None = None
    files: Mapping[str, GivenFile | None] | None = None
    mounts: Mapping[str, GivenMount | None] | None = None


Wanted = Mapping[str, object] | None
"""What a thing must be like, by the fields of its ``Given...``, as far as the case names them; None: not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What the simulated machine must be like at the end, as far as the case names it."""

    services: Mapping[str, Wanted] = field(default_factory=_nothing)
    registry: Mapping[str, Mapping[str, RegistryData | None] | None] = field(default_factory=_nothing)
    units: Mapping[str, Wanted] = field(default_factory=_nothing)
    files: Mapping[str, Wanted] = field(default_factory=_nothing)
    mounts: Mapping[str, Wanted] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of the machine once a changing command is sent to it: ``then``, ``after`` so many seconds.

    ``sent`` are the lines that it is about. Without an ``answer`` the simulation answers, or else exit code 0.
    """

    sent: tuple[str, ...]
    answer: Answer | None = None
    after: float = 0.0
    once: bool = False
    then: Given = Given()
    span: Span = Span("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of a case. None: it is not looked at. ``says`` and ``remarks`` are parts of texts.

    ``plan`` goes by ``REMEDY/STEP`` or ``REMEDY/STEP[ITEM]``.
    """

    status: Status
    sent: tuple[str, ...] = ()
    remedies: tuple[str, ...] | None = None
    plan: Mapping[str, Outcome] = field(default_factory=_nothing)
    says: tuple[str, ...] = ()
    remarks: tuple[str, ...] | None = None
    end: End = End()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test of a playbook. ``approve``: ids of remedies, or None for all.

    ``machine`` are its parts from the most general to the most special: what all cases of the file share comes first.
    Of the ``changes`` the case's own come first, ``own_changes`` of them.
    """

    name: str
    span: Span
    target: Target
    params: Mapping[str, object]
    machine: tuple[Given, ...]
    changes: tuple[Change, ...]
    own_changes: int
    since_plan: Given | None
    approve: tuple[str, ...] | None
    acknowledge: tuple[str, ...]
    applied: Applied | None
    backup_failed_at: str
    expect: Expected

    @property
    def own(self) -> Given:
        """What the case itself says of its machine."""
        return self.machine[-1]
