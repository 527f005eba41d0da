"""Plans: everything that would be done, for whom, and why; complete before anybody is asked."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.model.command import Command
from runner.model.playbook import Doubt, OnFailure, Risk

PLAN_FORMAT = 4

EVIDENCE: Mapping[str, object] = MappingProxyType({"evidence": True})
"""Marks a field that explains a decision and does not belong to it (times, ids, raw facts): not in the digest."""


class Outcome(enum.Enum):
    """What an action would do, as far as observation tells. CANNOT_KNOW is said, never guessed away.

    REFUSED: the state forbids it, and ``Action.evidence`` says why.
    """

    WOULD_CHANGE = "would change"
    NO_CHANGE = "no change"
    CANNOT_KNOW = "cannot know"
    REFUSED = "refused"


class Standing(enum.Enum):
    """What the plan says of one target under one playbook."""

    PLANNED = "planned"  # at least one remedy may run
    HEALTHY = "healthy"  # observed: nothing to do
    AWAITING = "awaiting"  # a remedy was applied earlier and waits for the next backup
    REFUSED = "refused"  # a requirement does not hold
    UNREACHABLE = "unreachable"
    FAILED = "failed"  # the observation itself failed
    UNKNOWN = "unknown"  # planned offline: nothing was observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A step on one target, fully rendered. Its key is ``id`` within its entry; stable, not positional.

    ``commands`` are all changing commands that may be sent for it: the upper bound that gets approved.
    ``condition`` is the text of a ``when`` that can only be judged during the run.
    """

    id: str  # step id, or step id[label of item]
    step: str
    type: str
    title: str
    args: Mapping[str, object]
    item: object | None
    always: bool
    doubt: Doubt
    condition: str
    outcome: Outcome
    commands: tuple[Command, ...]
    manual: str = ""
    loop: str = ""  # offline: the expression over which the step would be repeated
    evidence: str = field(default="", metadata=EVIDENCE)
    diff: str = field(default="", metadata=EVIDENCE)
    undo: tuple[Command, ...] = field(default=(), metadata=EVIDENCE)
    can_undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyPlan:
    """One rung for one target. ``applies`` is what its ``when`` says now: True, False, or None for cannot know.

    ``values`` says for people what the names in the condition stand for now.
    """

    id: str
    title: str
    risk: frozenset[Risk]
    approval: str
    takes: float | None
    condition: str
    on_failure: OnFailure
    proves_next_backup: bool
    manual: str
    actions: tuple[Action, ...]
    applies: bool | None = field(default=None, metadata=EVIDENCE)
    values: str = field(default="", metadata=EVIDENCE)

    @property
    def offered(self) -> bool:
        """Whether it can be consented to: not what a person does, nor what is not needed now and has nothing to run."""
        return not self.manual and (bool(self.actions) or self.applies is not False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookRef:
    """Exactly which playbook, with which parameters."""

    id: str
    title: str
    digest: str
    source: str
    params: Mapping[str, object]
    platform: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRef:
    """Exactly which machine, and how it is reached.

    ``settings``: what else of its inventory entry decides where and as whom we connect, or what is done there, by name.
    What is as by default is left out. No secret is in it, nor how to log in. ``groups`` are those of the inventory,
    which a policy asks by.
    """

    name: str
    address: str
    port: int | None
    user: str | None
    transport: str
    platform: str
    azure_id: str | None
    opt_outs: tuple[str, ...]
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A selected target for which none of the playbooks is."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One playbook on one target.

    ``decisions`` are the values of the expressions that decided; ``facts`` are their raw material, kept as evidence.
    """

    target: str
    playbook: str
    standing: Standing
    remedies: tuple[RemedyPlan, ...]
    decisions: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = field(default="", metadata=EVIDENCE)
    advice: str = field(default="", metadata=EVIDENCE)
    remarks: tuple[str, ...] = field(default=(), metadata=EVIDENCE)
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), metadata=EVIDENCE)

    @property
    def key(self) -> str:
        return f"{self.playbook}@{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ordered and complete. Its identity is the digest over everything but evidence."""

    format: int
    tool_version: str
    offline: bool
    creator: str
    note: str
    expires_at: str  # ISO 8601, UTC
    playbooks: tuple[PlaybookRef, ...]
    targets: tuple[TargetRef, ...]
    entries: tuple[Entry, ...]
    created_at: str = field(default="", metadata=EVIDENCE)
    left_out: tuple[LeftOut, ...] = field(default=(), metadata=EVIDENCE)

    def rungs(self) -> Iterator[tuple[Entry, RemedyPlan]]:
        """Every remedy that can be consented to on each target, in order."""
        for entry in self.entries:
            if entry.standing in (Standing.PLANNED, Standing.UNKNOWN):
                yield from ((entry, remedy) for remedy in entry.remedies if remedy.offered)

    def remedies(self) -> tuple[str, ...]:
        """The ids ``PLAYBOOK/REMEDY`` of all remedies that run commands and may be needed, in order."""
        return tuple(dict.fromkeys(f"{entry.playbook}/{remedy.id}" for entry, remedy in self.rungs()))

    def pairs(self) -> dict[str, frozenset[str]]:
        """By playbook id, the targets that it has an entry for."""
        found: dict[str, set[str]] = {}
        for entry in self.entries:
            found.setdefault(entry.playbook, set()).add(entry.target)
        return {playbook: frozenset(names) for playbook, names in found.items()}

    def by_person(self) -> dict[str, list[str]]:
        """The remedies ``PLAYBOOK/REMEDY`` that are next and for a person to do, and on which targets."""
        found: dict[str, list[str]] = {}
        for entry in self.entries:
            first = next((remedy for remedy in entry.remedies if remedy.applies is not False), None)
            if entry.standing is Standing.PLANNED and first is not None and first.manual:
                found.setdefault(f"{entry.playbook}/{first.id}", []).append(entry.target)
        return found
