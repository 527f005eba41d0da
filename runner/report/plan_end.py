"""The end of a plan for people: each remedy, on how many targets it may run, and where it cannot run now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.plan import Entry, Plan, RemedyPlan, Standing
from runner.report.layout import Page
from runner.report.plan_entry import blocked
from runner.report.words import plural

_MOST_NAMES = 5


def add_remedies(page: Page, plan: Plan) -> None:
    """A line for each remedy that runs commands; below it, what is in its way."""
    for full in plan.remedies():
        rungs = _rungs(plan, full)
        reasons = _reasons(rungs)
        page.prose(2, _numbers(rungs, sum(map(len, reasons.values()))), label=full)
        for reason, targets in reasons.items():
            page.item(4, f"{_named(targets)}: cannot run now", reason, paint="bad")


def _rungs(plan: Plan, full: str) -> list[tuple[Entry, RemedyPlan]]:
    return [
        (entry, remedy)
        for entry in plan.entries
        if entry.standing in (Standing.PLANNED, Standing.UNKNOWN)
        for remedy in entry.remedies
        if f"{entry.playbook}/{remedy.id}" == full
    ]


def _reasons(rungs: Sequence[tuple[Entry, RemedyPlan]]) -> Mapping[str, list[str]]:
    """The targets on which it cannot run now, by why."""
    found: dict[str, list[str]] = {}
    for entry, remedy in rungs:
        reason = blocked(remedy)
        if reason:
            found.setdefault(reason, []).append(entry.target)
    return found


def _numbers(rungs: Sequence[tuple[Entry, RemedyPlan]], held: int) -> str:
    later = sum(remedy.applies is False for _, remedy in rungs)
    may = len(rungs) - later - held
    said = [f"may run on {plural(may, 'target')}"] if may else []
    said += [f"cannot run now on {plural(held, 'target')}"] if held else []
    said += [f"not needed now on {plural(later, 'target')}"] if later else []
    return "; ".join(said)


def _named(targets: Sequence[str]) -> str:
    more = f" and {len(targets) - _MOST_NAMES} more" if len(targets) > _MOST_NAMES else ""
    return f"{', '.join(targets[:_MOST_NAMES])}{more}"
