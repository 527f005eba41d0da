"""One entry of a plan for people: its standing, and each rung of its ladder with everything that may be sent."""

from __future__ import annotations

from collections.abc import Iterator

from runner.model.plan import Action, Entry, Outcome, RemedyPlan, Standing, TargetRef
from runner.model.playbook import OnFailure
from runner.model.text import in_one_line
from runner.report.commands import Place, command_lines, duration, headline, place_on
from runner.report.escape import lines
from runner.report.layout import Page
from runner.report.rungs import blocked
from runner.report.scripts import Scripts
from runner.report.words import titled

_STANDING = {
    Standing.PLANNED: ("planned", "its remedies are tried one after the other"),
    Standing.HEALTHY: ("healthy, nothing would be done", "the guest shows no fault now"),
    Standing.AWAITING: ("awaiting the next backup, nothing would be done", "a remedy was applied earlier"),
    Standing.REFUSED: ("refused, nothing would be done", "a requirement does not hold"),
    Standing.UNREACHABLE: ("unreachable, nothing would be done", "nothing is known of it"),
    Standing.FAILED: ("observation failed, nothing would be done", "nothing is known of it"),
    Standing.UNKNOWN: ("unknown, planned offline", "nothing was observed"),
}
"""What it is called, and what is said where no reason is given."""
_PAINT = {Standing.HEALTHY: "good", Standing.AWAITING: "good", Standing.PLANNED: "warn", Standing.UNKNOWN: "warn"}
_ON_FAILURE = {OnFailure.NEXT: "the next remedy is tried", OnFailure.UNDO: "what was changed is undone"}
_OUTCOME_PAINT = {Outcome.NO_CHANGE: "good", Outcome.REFUSED: "bad"}


def add_entry(page: Page, scripts: Scripts, entry: Entry, target: TargetRef | None) -> None:
    """All about one entry but its target's name, so that equal ones can be shown once."""
    standing, meaning = _STANDING[entry.standing]
    page.prose(4, entry.reason or meaning, label=standing, paint=_PAINT.get(entry.standing, "bad"))
    page.flow(6, entry.advice, label="next")
    for remark in entry.remarks:
        page.prose(6, remark, label="note")
    page.prose(4, ", ".join(target.opt_outs if target else ()), label="OPTED OUT OF SAFETY", paint="bad")
    after = False
    for number, remedy in enumerate(entry.remedies, start=1):
        _remedy(page, scripts, (number, remedy), place_on(target), after=after)
        after = after or remedy.applies is not False


def _remedy(page: Page, scripts: Scripts, numbered: tuple[int, RemedyPlan], place: Place, *, after: bool) -> None:
    """``after``: rungs before it may run. One that does not apply now is short, with what may be sent for it."""
    number, remedy = numbered
    not_now = remedy.applies is False
    full = not not_now or any(action.commands for action in remedy.actions)
    state = "; ".join(_state(remedy, after=after))
    terms = "; ".join(_terms(remedy)) if full else ""
    title = f"{remedy.title}{f' [{terms}]' if terms else ''}"
    page.item(4, f"{number}. {remedy.id}{f' ({state})' if state else ''}", title, paint="head")
    if full:
        page.prose(8, remedy.approval, label="approval")
    if remedy.condition:
        page.prose(8, f"{in_one_line(remedy.condition)} ({_holds(remedy)})", label="only if")
    if not not_now:
        if remedy.proves_next_backup:
            page.prose(8, "the guest cannot tell whether this helped; the next backup must", label="proof")
        page.prose(8, _ON_FAILURE.get(remedy.on_failure, ""), label="if a step fails")
        page.flow(8, remedy.manual)
    for action in remedy.actions:
        _action(page, scripts, action, place, short=not_now, after=after)


def _state(remedy: RemedyPlan, *, after: bool) -> Iterator[str]:
    """What stands before the title: a rung that is not due must not read as if it were."""
    if remedy.applies is False:
        yield "not now, perhaps after what comes before it" if after and remedy.offered else "not now"
    if blocked(remedy):
        yield "cannot run now"
    if after and remedy.applies is not False:
        yield "only if nothing before it helped"
    if remedy.manual:
        yield "by a person"


def _terms(remedy: RemedyPlan) -> Iterator[str]:
    if remedy.risk:
        yield f"risk: {', '.join(sorted(risk.value for risk in remedy.risk))}"
    if remedy.takes is not None:
        yield f"takes at most {duration(remedy.takes)}"


def _holds(remedy: RemedyPlan) -> str:
    said = {True: "it holds now", False: "it does not hold now", None: "cannot know before the run"}[remedy.applies]
    return f"{said}: {remedy.values}" if remedy.values else said


def _action(  # noqa: PLR0913 - how it is shown
    page: Page, scripts: Scripts, action: Action, place: Place, *, short: bool, after: bool
) -> None:
    """``short``: what would come of it, on one line, and what may be sent. ``after``: as in ``_remedy``."""
    title = f"{action.id}{titled(action.id, action.title)}"
    doubled = short or (action.condition and action.evidence == f"only if {action.condition}")
    evidence = "" if doubled else action.evidence
    paint = _OUTCOME_PAINT.get(action.outcome, "warn")
    page.item(6, f"{title}: {action.outcome.value}", evidence, paint=paint)
    if not short:
        if action.loop:
            page.prose(10, f"for each of {action.loop}")
        page.prose(10, action.condition, label="only if")
        if action.always:
            page.prose(10, "also if a step before it failed", label="always")
        page.flow(10, action.manual, label="a person does")
        _diff(page, action)
    _commands(page, scripts, action, place, after=after)
    if not short:
        _undo(page, scripts, action, place)


def _diff(page: Page, action: Action) -> None:
    diff = lines(action.diff)
    if diff:
        page.exact(10, ["diff:", *(f"  {line}" for line in diff)])


def _commands(page: Page, scripts: Scripts, action: Action, place: Place, *, after: bool) -> None:
    label = "runs" if action.outcome is Outcome.WOULD_CHANGE and not after else "may run"
    for command in action.commands:
        first, *more = command_lines(command, scripts.name(command), place)
        page.exact(10, [f"{label}: {first}", *more])


def _undo(page: Page, scripts: Scripts, action: Action, place: Place) -> None:
    if action.undo:
        ways = "; ".join(scripts.name(command) or headline(command, place) for command in action.undo)
        page.exact(10, [f"can be undone: yes: {ways}"])
    elif action.can_undo:
        page.prose(10, "yes; how is known only when the step runs", label="can be undone")
    elif action.commands:
        page.prose(10, "no", label="can be undone")
