"""A remedy of a plan over all targets: where it may run, where something is in its way, where it is not needed now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.model.plan import Entry, Outcome, Plan, RemedyPlan

Rung = tuple[Entry, RemedyPlan]


@dataclass(frozen=True, slots=True)
class Rungs:
    """``may``: runs there, once approved. ``later``: only if the remedies before it do not help. ``held``: by why."""

    may: Sequence[Rung]
    later: Sequence[Rung]
    held: Sequence[tuple[str, Rung]]

    @property
    def most(self) -> Sequence[Rung]:
        """Where it may run now or later."""
        return [*self.may, *self.later]


def rungs_of(plan: Plan, full: str) -> Rungs:
    """Those of ``PLAYBOOK/REMEDY``."""
    may: list[Rung] = []
    later: list[Rung] = []
    held: list[tuple[str, Rung]] = []
    begun: set[str] = set()  # entries of which an earlier remedy may run
    for entry, remedy in plan.rungs():
        reason = blocked(remedy)
        runs = not reason and remedy.applies is not False
        if f"{entry.playbook}/{remedy.id}" == full:
            if reason:
                held.append((reason, (entry, remedy)))
            else:
                (may if runs and entry.key not in begun else later).append((entry, remedy))
        if runs:
            begun.add(entry.key)
    return Rungs(may, later, held)


def blocked(remedy: RemedyPlan) -> str:
    """Why a remedy that may be needed cannot run now: its first action that would do anything is refused."""
    if remedy.applies is False:
        return ""
    first = next((action for action in remedy.actions if action.outcome is not Outcome.NO_CHANGE), None)
    if first is None or first.outcome is not Outcome.REFUSED:
        return ""
    return first.evidence or f"{first.id} is refused"
