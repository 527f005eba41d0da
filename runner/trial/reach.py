"""What of a playbook its cases reach, so that an author sees what no case tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.errors import ExpressionError
from runner.model.event import EventKind, Status
from runner.model.inventory import Target
from runner.model.plan import Standing
from runner.model.playbook import Expression, Playbook
from runner.plan.facts import FIRST, View, known_names
from runner.trial.play import Played

_IDLE = ("skipped", "not_approved")


def reached(playbook: Playbook, played: Iterable[Played]) -> frozenset[str]:
    """Names of the parts that at least one case reaches; see ``parts``."""
    return frozenset(part for one in played for part in _reached(playbook, one))


def parts(playbook: Playbook) -> tuple[str, ...]:
    """Everything of a playbook that a case can reach, in the order of the document."""
    found = [f"observation {one.name}" for one in playbook.observe]
    found += [f"requirement {number}" for number, _ in enumerate(playbook.requires, start=1)]
    found += [f"remark {number}" for number, _ in enumerate(playbook.remarks, start=1)]
    if playbook.healthy is not None:
        found.append("healthy")
    for remedy in playbook.remedies:
        found.append(f"remedy {remedy.id}")
        found += [f"step {remedy.id}/{step.id}" for step in remedy.steps]
    return tuple(found)


def _reached(playbook: Playbook, played: Played) -> Iterator[str]:
    looped = {observation.name for observation in playbook.observe if observation.for_each is not None}
    for name, fact in played.entry.facts.items():
        if fact is not None and not (name in looped and not fact):
            yield f"observation {name}"
    yield from _texts(playbook, played)
    if played.entry.standing is Standing.HEALTHY or played.verdict.status is Status.FIXED:
        yield "healthy"
    for event in played.events:
        if event.kind is EventKind.REMEDY_STARTED:
            yield f"remedy {event.remedy}"
        if event.kind is EventKind.ACTION_FINISHED and event.data.get("status") not in _IDLE:
            yield f"step {event.remedy}/{event.action.partition('[')[0]}"
    yield from _by_person(playbook, played)


def _by_person(playbook: Playbook, played: Played) -> Iterator[str]:
    """The manual rung at which the ladder ended."""
    for remedy in playbook.remedies:
        name = f"{playbook.id}/{remedy.id}"
        acknowledged = name in played.case.acknowledge and played.verdict.reason.startswith(f"{remedy.title}: ")
        if remedy.manual and (played.verdict.advice.endswith(f"--acknowledge {name}") or acknowledged):
            yield f"remedy {remedy.id}"


def _texts(playbook: Playbook, played: Played) -> Iterator[str]:
    """The requirement that refused the target, and the remarks that were made."""
    view = _view(playbook, played, played.case.target)
    if played.entry.standing is Standing.REFUSED:
        for number, requirement in enumerate(playbook.requires, start=1):
            if not _holds(view, requirement.that):
                yield f"requirement {number}"
                break
    for number, remark in enumerate(playbook.remarks, start=1):
        if _holds(view, remark.when):
            yield f"remark {number}"


def _view(playbook: Playbook, played: Played, target: Target) -> View:
    """What the plan was made from."""
    entry = played.entry
    known = known_names(playbook, target, played.case.params)
    return View(entry.facts, {**known, **entry.facts, **entry.decisions, FIRST: entry.facts}, target.platform)


def _holds(view: View, expression: Expression) -> bool:
    """A target that could not be observed has no facts to hold against."""
    try:
        return view.holds(expression)
    except ExpressionError:
        return False
