"""What triage works with: what a document says of backups, and what is to be done about each."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from runner.model.inventory import Target
from runner.model.playbook import Playbook

Key = tuple[str, str, str]
"""What tells VMs apart: subscription, resource group and name, all in small letters; empty where not told."""


class Outcome(enum.Enum):
    """How a backup ended. A completion with warnings counts as failed: its copy to the vault is missing."""

    WELL = "well"
    FAILED = "failed"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One error as Azure names it. Each part may be empty; ``number`` is text."""

    title: str = ""
    number: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """A VM as a job names it. ``assumed``: the subscription is the vault's, since the job does not tell the VM's.

    ``partly``: the job tells neither the VM's resource id nor its container, only its name, and perhaps its group.
    ``by_name``: it did so, and was taken for the only such VM that another entry tells in full.
    """

    name: str
    group: str = ""
    subscription: str = ""
    assumed: bool = False
    partly: bool = False
    by_name: bool = False

    @property
    def key(self) -> Key:
        return self.subscription.lower(), self.group.lower(), self.name.lower()

    def __str__(self) -> str:
        if not self.name:
            return "a VM without a name"
        return f"{self.name} in {self.group}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry of a document, before anybody understood it. The keys of ``data`` are in small letters."""

    place: str  # "jobs.json: entry 3"
    data: Mapping[str, object]
    day_first: bool | None = None
    """How this document writes 6/7/2021; None: it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup job of a VM, or what a protected item says of its last one (``item``)."""

    place: str
    id: str
    item: bool
    vm: Vm
    vault: str
    outcome: Outcome
    started: dt.datetime | None
    ended: dt.datetime | None
    zoned: bool
    """Whether the times came with a time zone; else they are only good for putting backups in order."""
    faults: tuple[Fault, ...]
    persistence: str = ""
    """What Azure says of the fault: ``Transient...`` or ``Persistent...``. It decides nothing."""

    @property
    def when(self) -> dt.datetime | None:
        """When the outcome was known."""
        return self.ended or self.started


@dataclass(frozen=True, slots=True)
class Ignored:
    """An entry that is no backup of a VM, or none to act on. ``reason`` can follow a number.

    ``operation`` and ``faults``: of a VM's job of another kind, such as a restore, that failed.
    """

    place: str
    reason: str
    operation: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """An entry that may be a failed backup and cannot be judged. A person has to look."""

    place: str
    vm: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The failed backup of a VM that counts. ``running``: another backup of it goes on."""

    backup: Backup
    running: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The target that a VM is, and by what it is known; or no target, and why not."""

    target: Target | None
    how: str


@dataclass(frozen=True, slots=True)
class Solution:
    """The playbooks that go by what an error says of itself, and which part of it they were found by."""

    playbooks: tuple[Playbook, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One error of one VM, and what is to be done. ``playbook`` and ``target`` are None where there is none.

    ``why`` says what is missing; it is empty if nothing is. ``perhaps`` may be shown, and is never acted on.
    """

    failure: Failure
    fault: Fault
    playbook: Playbook | None = None
    by: str = ""
    match: Match
    why: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """An error of jobs that are no backups, such as restores: it goes into no plan. ``playbooks`` tell of it.

    Where none does, ``perhaps`` says what may have been meant.
    """

    operation: str
    fault: Fault
    playbooks: tuple[Playbook, ...]
    count: int
    perhaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """All that came out. Each list is in an order that does not depend on that of the jobs."""

    entries: int
    vms: int
    failed: int
    act: tuple[Finding, ...]
    person: tuple[Finding, ...]
    retry: tuple[Finding, ...]
    unmatched: tuple[Finding, ...]
    unclear: tuple[Unclear, ...]
    ignored: Mapping[str, int]
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def planned(self) -> tuple[Finding, ...]:
        """What one plan of all is about: what vmfix can do, and what people have to do."""
        return (*self.act, *self.person)

    @property
    def complete(self) -> bool:
        """Whether every failure has a playbook and a target, or only needs another try."""
        return not self.unmatched and not self.unclear
