"""The end of a plan for people: each remedy, where it may run and where it cannot, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.model.plan import Plan
from runner.report.layout import Page
from runner.report.rungs import Rungs, rungs_of
from runner.report.words import plural

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What to type.

    ``run``: to run the plan, with consent to all of it where that is given so; empty: it goes without saying.
    ``policy``: the one that asks for signatures instead; ``sign``: to sign, empty if the plan was not saved.
    """

    run: str = ""
    policy: str = ""
    sign: str = ""


def add_remedies(page: Page, plan: Plan) -> None:
    """A line for each remedy that runs commands, with what is in its way; then for each that a person does first."""
    for full in plan.remedies():
        rungs = rungs_of(plan, full)
        page.prose(2, _numbers(rungs), label=full)
        for reason, targets in _reasons(rungs).items():
            page.item(4, f"{_named(targets)}: cannot run now", reason, paint="bad")

    for full, names in plan.by_person().items():
        page.prose(2, f"by a person, on {plural(len(names), 'target')}", label=full)


def add_next(page: Page, plan: Plan, step: NextStep) -> None:
    """Offline plans cannot be run: what they show may not be what is needed."""
    people = plan.by_person()
    if plan.offline and plan.remedies():
        page.prose(2, "plan again without --offline, to see what each target really needs", label="next")
    elif not plan.remedies() and not people:
        page.prose(2, "nothing to run", label="next")
    elif step.policy and not step.sign:
        page.prose(2, f"policy {step.policy} asks for signatures: plan again with -o FILE, to sign that", label="next")
    elif step.policy:
        page.prose(2, f"policy {step.policy} asks for signatures; whoever may approve signs it:", label="next")
        page.exact(4, [step.sign])
        _say_done(page, people)
        page.prose(2, "run it:", label="then")
        page.exact(4, [step.run])
    elif step.run and plan.remedies():
        page.prose(2, "run it, with the remedies that you approve:", label="next")
        page.exact(4, [step.run])
        _say_done(page, people)
    elif step.run:
        page.prose(2, "once people have done what it says, run it and say so:", label="next")
        page.exact(4, [" ".join([step.run, *(f"--acknowledge {full}" for full in people)])])


def _say_done(page: Page, people: Mapping[str, Sequence[str]]) -> None:
    if people:
        page.prose(4, "and add what people have done by then:")
        page.exact(6, [f"--acknowledge {full}" for full in people])


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
