"""What happens in a run, as records. The journal stores them; every report is a fold over them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class Status(enum.Enum):
    """How one target ended under one playbook. Every entry of a plan gets exactly one."""

    HEALTHY = "healthy"  # observed healthy; nothing was written
    FIXED = "fixed"  # observed faulty, changed, observed healthy
    APPLIED = "applied"  # changed; only the next backup can tell
    NOT_FIXED = "not_fixed"  # every approved rung was tried, still not healthy
    NEEDS_PERSON = "needs_person"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    INDETERMINATE = "indeterminate"  # a command was sent and its outcome is not known
    REFUSED = "refused"
    STALE = "stale"  # the target is no longer as it was when the plan was approved; untouched
    CANCELLED = "cancelled"

    @property
    def in_order(self) -> bool:
        return self in (Status.HEALTHY, Status.FIXED, Status.APPLIED)


class EventKind(enum.Enum):
    """INTENT must be durable before its command is sent; a RESULT is never refused, for it happened."""

    RUN_STARTED = "run_started"
    APPROVAL = "approval"
    TARGET_STARTED = "target_started"
    OBSERVED = "observed"
    REMEDY_STARTED = "remedy_started"
    ACTION_STARTED = "action_started"
    INTENT = "intent"
    RESULT = "result"
    ACTION_FINISHED = "action_finished"
    VERIFIED = "verified"
    REMEDY_FINISHED = "remedy_finished"
    OWED = "owed"  # what the target was left without, when it ended
    SETTLED = (
        "settled"  # something owed is there again, or a person says that it is not wanted; may follow the run's end
    )
    GATE = "gate"  # why nothing (more) was done here: refused, stale, stopped, needs a person
    TARGET_FINISHED = "target_finished"
    RUN_FINISHED = "run_finished"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An earlier run applied ``remedy`` at ``at`` (ISO 8601, UTC); only the next backup can tell whether it helped."""

    remedy: str
    at: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One record. ``entry`` is the key of the plan's entry, empty for events of the whole run.

    Unique per run, entry, action, attempt, epoch and kind for INTENT and RESULT; ``attempt`` counts the commands of an
    action from 1. ``data`` is JSON and holds no secret.
    """

    run: str
    at: str  # ISO 8601 with microseconds, UTC
    kind: EventKind
    entry: str = ""
    remedy: str = ""
    action: str = ""
    attempt: int = 0
    epoch: int = 1
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
