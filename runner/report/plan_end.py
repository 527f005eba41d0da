"""The end of a plan for people: each remedy, on how many targets it may run, and where it cannot run now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.plan import Plan
from runner.report.layout import Page
from runner.report.rungs import Rungs, rungs_of
from runner.report.words import plural

_MOST_NAMES = 5


def add_remedies(page: Page, plan: Plan) -> None:
    """A line for each remedy that runs commands; below it, what is in its way."""
    for full in plan.remedies():
        rungs = rungs_of(plan, full)
        page.prose(2, _numbers(rungs), label=full)
        for reason, targets in _reasons(rungs).items():
            page.item(4, f"{_named(targets)}: cannot run now", reason, paint="bad")


def _reasons(rungs: Rungs) -> Mapping[str, list[str]]:
    """The targets on which it cannot run now, by why."""
    found: dict[str, list[str]] = {}
    for reason, (entry, _) in rungs.held:
        found.setdefault(reason, []).append(entry.target)
    return found


def _numbers(rungs: Rungs) -> str:
    said = [f"may run on {plural(len(rungs.may), 'target')}"] if rungs.may else []
    said += [f"cannot run now on {plural(len(rungs.held), 'target')}"] if rungs.held else []
    said += [f"may come to be needed on {plural(len(rungs.later), 'target')}"] if rungs.later else []
    return "; ".join(said)


def _named(targets: Sequence[str]) -> str:
    more = f" and {len(targets) - _MOST_NAMES} more" if len(targets) > _MOST_NAMES else ""
    return f"{', '.join(targets[:_MOST_NAMES])}{more}"
