"""How an action ended, as the engine and later steps see it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class ActionStatus(enum.Enum):
    """CHANGED and UNCHANGED are verified by observation where the step type can observe at all."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # its condition is false
    FAILED = "failed"
    REFUSED = "refused"  # the state forbids it; nothing was sent
    NEEDS_PERSON = "needs_person"
    INDETERMINATE = "indeterminate"
    NOT_APPROVED = "not_approved"  # it would have needed a command that nobody approved; nothing was sent

    @property
    def went_well(self) -> bool:
        return self in (ActionStatus.CHANGED, ActionStatus.UNCHANGED, ActionStatus.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """``sent``: at least one changing command was sent. ``advice``: what a person can do, or empty.

    ``ends_ladder``: no other remedy may be tried now, whatever ``on_failure`` says.
    """

    id: str
    step: str
    item: object | None
    status: ActionStatus
    text: str
    advice: str = ""
    sent: bool = False
    exit_code: int | None = None
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    touches: frozenset[str] = frozenset()
    ends_ladder: bool = False

    def as_names(self) -> dict[str, object]:
        """What an expression sees as ``steps.ID``."""
        return {
            "status": self.status.value,
            "ok": self.status.went_well,
            "changed": self.status is ActionStatus.CHANGED,
            "sent": self.sent,
            "exit_code": self.exit_code,
            "facts": dict(self.facts),
        }


NOT_RUN: Mapping[str, object] = MappingProxyType(
    {"status": "not_run", "ok": False, "changed": False, "sent": False, "exit_code": None, "facts": {}}
)


def earlier_results(steps: Iterable[str], results: Iterable[ActionResult], item: object | None) -> dict[str, object]:
    """``steps`` as an action sees it: for a step that looped, the result for the same item; else its only result.

    A step that has no result for this item reads as status ``not_run``.
    """
    names: dict[str, object] = dict.fromkeys(steps, NOT_RUN)
    for result in results:
        if result.item is None or result.item == item:
            names[result.step] = result.as_names()
    return names


class Ended(enum.Enum):
    """How a remedy ended."""

    HEALTHY = "healthy"
    APPLIED = "applied"
    NOT_HEALTHY = "not_healthy"
    FAILED = "failed"
    NEEDS_PERSON = "needs_person"
    INDETERMINATE = "indeterminate"
    NOT_APPROVED = "not_approved"  # the state of the target asked for something that nobody approved


@dataclass(frozen=True, slots=True)
class RemedyResult:
    """``changed``: at least one changing command was sent. ``ends_ladder``: as of the action that ended it."""

    ended: Ended
    text: str
    advice: str = ""
    changed: bool = False
    ends_ladder: bool = False
