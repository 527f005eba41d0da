"""One playbook on one target: from facts to an ``Entry`` of the plan."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.errors import ExpressionError, ParseError
from runner.expressions import render
from runner.model.debt import Debt
from runner.model.event import Applied
from runner.model.inventory import Target
from runner.model.plan import Action, Entry, RemedyPlan, Standing
from runner.model.playbook import Expression, Playbook, Remedy
from runner.model.times import to_the_second
from runner.plan.actions import Touched, offline_actions, plan_action, turns
from runner.plan.by_person import manual_text
from runner.plan.conditions import values_in
from runner.plan.facts import View, defined, known_names, observe_facts
from runner.steps.base import Observing


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about. ``failed_at``: the user's word that a backup failed at that time (ISO 8601).

    ``debts`` are what earlier runs left owing to the target, when this was made.
    """

    playbook: Playbook
    target: Target
    params: Mapping[str, object]
    applied: Applied | None = None
    failed_at: str = ""
    debts: tuple[Debt, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the facts say of a target as a whole. ``healthy`` is None where the guest cannot tell."""

    standing: Standing
    healthy: bool | None
    reason: str
    decisions: Mapping[str, object]
    first_rung: int = 0
    keeps: tuple[object, ...] = ()


def plan_entry(subject: Subject) -> Observing[Entry]:
    """Observe and plan one entry. Failures of observing become the entry's standing; transport errors pass through."""
    try:
        view = yield from observe_facts(subject.playbook, subject.target, subject.params)
        assessment = assess(subject, view)
        remedies: list[RemedyPlan] = []
        if assessment.standing is Standing.PLANNED:
            remedies = yield from _plan_rungs(subject.playbook.remedies[assessment.first_rung :], view)
    except (ParseError, ExpressionError) as problem:
        return failed_entry(subject, Standing.FAILED, problem.message, problem.remedy)
    return Entry(
        target=subject.target.name,
        playbook=subject.playbook.id,
        standing=assessment.standing,
        remedies=tuple(remedies),
        decisions=assessment.decisions,
        reason=assessment.reason,
        remarks=remarks(subject.playbook, view),
        facts=view.facts,
    )


def remarks(playbook: Playbook, view: View) -> tuple[str, ...]:
    """What is worth saying about the target in passing."""
    return tuple(render(remark.say, view.names) for remark in playbook.remarks if view.holds(remark.when))


def _plan_rungs(rungs: Sequence[Remedy], view: View) -> Observing[list[RemedyPlan]]:
    touched = Touched()
    planned: list[RemedyPlan] = []
    for remedy in rungs:
        if remedy.when is not None and not view.holds(remedy.when) and all(one.applies is False for one in planned):
            planned.append(remedy_plan(remedy, (), view, applies=False))  # nothing of this plan can make it needed
            continue
        plan = yield from plan_remedy(remedy, view, touched)
        planned.append(plan)
    return planned


def failed_entry(subject: Subject, standing: Standing, reason: str, advice: str = "") -> Entry:
    """The entry of a target that could not be observed."""
    return Entry(
        target=subject.target.name,
        playbook=subject.playbook.id,
        standing=standing,
        remedies=(),
        reason=reason,
        advice=advice,
    )


_FAULTY = "the guest shows the fault"
_UNTOLD = "the guest cannot tell whether it has this fault"
_GUIDE = "it is for a person; vmfix does not look at the target for it"


def assess(subject: Subject, view: View) -> Assessment:
    """Healthy, refused, awaiting a backup, or to be mended; and from which rung."""
    playbook = subject.playbook
    healthy = None if playbook.healthy is None else view.holds(playbook.healthy)
    decisions: dict[str, object] = {"healthy": healthy}
    decisions.update({definition.name: view.names[definition.name] for definition in playbook.define})
    rung, awaiting = _escalate(subject, view)
    if awaiting:
        return Assessment(Standing.AWAITING, healthy, awaiting, decisions, rung)
    if healthy:
        return Assessment(Standing.HEALTHY, healthy, "the guest shows no fault now", decisions)
    for requirement in playbook.requires:
        if not view.holds(requirement.that):
            return Assessment(Standing.REFUSED, healthy, render(requirement.otherwise, view.names), decisions)
    keeps = () if playbook.keeps is None else _as_list(view.evaluate(playbook.keeps))
    reason = _GUIDE if subject.playbook.is_guide else _FAULTY if healthy is False else _UNTOLD
    return Assessment(Standing.PLANNED, healthy, reason, decisions, rung, keeps)


def _as_list(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _escalate(subject: Subject, view: View) -> tuple[int, str]:
    """Where on the ladder to begin, and why nothing is to be done yet.

    What an earlier run applied is judged by the next backup: only a failure that is later than it leads to the next
    rung, and until one is seen there is nothing to do.
    """
    applied = subject.applied
    ids = [remedy.id for remedy in subject.playbook.remedies]
    if applied is None or applied.remedy not in ids:
        return 0, ""
    playbook, since = subject.playbook, moment(applied.at)
    if max(moment(subject.failed_at), _seen(playbook.last_failure, view)) > since:
        return ids.index(applied.remedy) + 1, ""
    if _seen(playbook.last_success, view) > since:
        return 0, ""
    return 0, f"`{applied.remedy}` was applied on {to_the_second(applied.at)} (run {applied.run}), awaiting a backup"


def _seen(expression: Expression | None, view: View) -> dt.datetime:
    """When the guest saw a backup end so; the beginning of time if it cannot tell."""
    return moment("" if expression is None else str(view.evaluate(expression) or ""))


def moment(text: str) -> dt.datetime:
    """A time in ISO 8601, UTC if it names no zone; the beginning of time for an empty text.

    Raises ``ExpressionError`` for anything else.
    """
    if not text:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as problem:
        message = f"`{text}` is not a time in ISO 8601"
        raise ExpressionError(message, remedy="Write it like 2026-11-25T03:00:00Z.") from problem
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def plan_remedy(remedy: Remedy, view: View, touched: Touched) -> Observing[RemedyPlan]:
    """One rung, planned on the facts of now, whether or not its ``when`` holds now: a rung before it can change that.

    A rung that does not apply now may make no sense on the facts of now, such as a list that is empty: it is then
    planned without actions, and if it comes to apply, what it would do is new, and is not run.
    """
    applies = remedy.when is None or view.holds(remedy.when)
    actions: list[Action] = []
    try:
        for step in remedy.steps:
            for turn in turns(step, view):
                action = yield from plan_action(turn, view, touched)
                actions.append(action)
    except ExpressionError:
        if applies:
            raise
        actions = []
    plan = remedy_plan(remedy, tuple(actions), view, applies=applies)
    return replace(plan, manual=manual_text(remedy.manual, view.names)) if applies and remedy.manual else plan


def remedy_plan(remedy: Remedy, actions: tuple[Action, ...], view: View, *, applies: bool | None) -> RemedyPlan:
    """A rung with its actions, as the plan keeps it."""
    return RemedyPlan(
        id=remedy.id,
        title=remedy.title,
        risk=remedy.risk,
        approval=remedy.approval,
        takes=remedy.takes,
        condition=remedy.when.text if remedy.when else "",
        on_failure=remedy.on_failure,
        proves_next_backup=remedy.proves_next_backup,
        manual=remedy.manual,
        actions=actions,
        applies=applies,
        values=values_in(remedy.when, view) if remedy.when else "",
    )


def plan_offline(subject: Subject) -> Entry:
    """The entry of a target that nobody looked at: every rung, with the commands that can be known."""
    view = View({}, known_names(subject.playbook, subject.target, subject.params), subject.target.platform)
    with contextlib.suppress(ExpressionError):
        view = replace(view, names={**view.names, **defined(subject.playbook, view)})
    remedies = tuple(_rung_offline(remedy, view) for remedy in subject.playbook.remedies)
    return Entry(
        target=subject.target.name,
        playbook=subject.playbook.id,
        standing=Standing.UNKNOWN,
        remedies=remedies,
        reason="nothing was observed",
    )


def _rung_offline(remedy: Remedy, view: View) -> RemedyPlan:
    actions = tuple(action for step in remedy.steps for action in offline_actions(step, view))
    plan = remedy_plan(remedy, actions, view, applies=None)
    with contextlib.suppress(ExpressionError):  # what needs a look at the target stays as its author wrote it
        plan = replace(plan, manual=manual_text(remedy.manual, view.names) if remedy.manual else "")
    return plan
