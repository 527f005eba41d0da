"""Playbooks as their authors wrote them, validated: observations, requirements, and the ladder of remedies."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.diagnostics import Span
from runner.model.command import AtDeadline
from runner.model.inventory import Platform


class Risk(enum.Enum):
    """What a remedy can do to production; an approval policy asks by these."""

    CONFIG = "config"
    SERVICE_RESTART = "service-restart"
    DATA = "data"
    REBOOT = "reboot"


class OnFailure(enum.Enum):
    """What follows when a step of a remedy failed: stop the target, try the next rung, or undo what was changed."""

    STOP = "stop"
    NEXT = "next"
    UNDO = "undo"


class Doubt(enum.Enum):
    """How an intent without a result is settled: observe, leave it to a person, or do it again (harmless ones only)."""

    PROBE = "probe"
    HOLD = "hold"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A bare Jinja2 expression and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value that the user may set with ``-e NAME=VALUE``. A parameter without default must be set."""

    name: str
    type: str  # str, int, bool, duration, list
    default: object | None
    required: bool
    choices: tuple[object, ...]
    at_least: int | str | None  # a number, a duration as text, or how many items a list must have
    at_most: int | str | None
    matches: str | None  # a regular expression for the whole text, or for each item of a list
    help: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A read-only look at the target, whose result is the fact ``name``.

    It is a command with its parsed output, or (``would``: a step type and its raw arguments) the question what such a
    step would do now: ``{"outcome": ..., "evidence": ...}``.
    With ``for_each`` the fact is a list of ``{"item": ..., "value": ...}``. ``ok_exit`` are the exit codes with which
    the output means something; any other is an error of the observation. ``why_read_only`` is the author's own
    explanation where the program is not on the list of known read-only programs.
    """

    name: str
    argv: tuple[str, ...]  # for a script: its positional values
    script: str  # empty for a plain command
    parse: str
    ok_exit: tuple[int, ...]
    at_most: float
    elevated: bool
    for_each: Expression | None
    when: Expression | None
    why_read_only: str
    would: tuple[str, Mapping[str, object]] | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A name for the value of an expression over the facts, so that it is written once."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must hold before anything is done; ``otherwise`` is the text, maybe a template, shown when not."""

    that: Expression
    otherwise: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something worth saying about a target in plans and reports when ``when`` holds; it decides nothing."""

    when: Expression
    say: str  # may be a template
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One authored unit of a remedy. ``args`` are raw: strings in them may be templates."""

    id: str
    title: str
    type: str
    args: Mapping[str, object]
    when: Expression | None
    for_each: Expression | None
    always: bool
    at_most: float | None
    at_deadline: AtDeadline | None
    doubt: Doubt
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Observe again until healthy, for ``within``, every ``every``: durations as text, which may be templates.

    It counts only once it ``stays`` so for that long: a service that crashes soon after its start looks well at first.
    """

    within: str = "0s"
    every: str = "5s"
    stays: str = "0s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One rung of the ladder: steps, or a text for a person (``manual``), never both."""

    id: str
    title: str
    risk: frozenset[Risk]
    approval: str
    takes: float | None
    when: Expression | None
    steps: tuple[Step, ...]
    manual: str
    verify: Verification
    proves_next_backup: bool
    on_failure: OnFailure
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A finding of the linter that the author means to keep: its rule's id, the place (and all below it), and why."""

    finding: str
    at: str
    why: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """What solves one fault. ``digest`` is the SHA-256 of its source text; ``origin`` where it was read from."""

    id: str
    title: str
    platform: Platform | None  # None: any
    solves: tuple[str, ...]
    aliases: tuple[str, ...]
    source: str
    notes: str
    params: tuple[Parameter, ...]
    observe: tuple[Observation, ...]
    define: tuple[Definition, ...]
    requires: tuple[Requirement, ...]
    remarks: tuple[Remark, ...]
    last_failure: Expression | None  # ISO 8601 time at which the guest saw a backup fail, or none
    last_success: Expression | None  # the same of a backup that went well, as far as the guest can see
    healthy: Expression | None  # None: the guest cannot tell
    keeps: Expression | None
    remedies: tuple[Remedy, ...]
    digest: str
    origin: str
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Shipped tables beside the playbook, visible to its expressions under their file's name."""
    accepts: tuple[Acceptance, ...] = ()
    span: Span = Span("")

    @property
    def is_guide(self) -> bool:
        """Whether it only says what people have to do: nothing is read from the target, and nothing is run there."""
        return not self.observe and not any(remedy.steps for remedy in self.remedies)
