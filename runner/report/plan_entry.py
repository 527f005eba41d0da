"""One entry of a plan for people: its standing, and each rung of its ladder with everything that may be sent."""

from __future__ import annotations

import json
from collections.abc import Sequence

from runner.codec import to_json
from runner.model.plan import Action, Entry, Outcome, RemedyPlan, Standing
from runner.report.commands import command_lines, duration
from runner.report.escape import lines
from runner.report.layout import Page

_STANDING = {
    Standing.PLANNED: "planned",
    Standing.HEALTHY: "healthy: the guest shows no fault now, nothing would be done",
    Standing.AWAITING: "awaiting: changed earlier, the next backup must tell, nothing would be done",
    Standing.REFUSED: "refused: nothing would be done",
    Standing.UNREACHABLE: "unreachable: nothing is known, nothing would be done",
    Standing.FAILED: "observation failed: nothing would be done",
    Standing.UNKNOWN: "unknown: planned offline, nothing was observed",
}
_PAINT = {Standing.HEALTHY: "good", Standing.AWAITING: "good", Standing.PLANNED: "warn", Standing.UNKNOWN: "warn"}
_OUTCOME_PAINT = {Outcome.NO_CHANGE: "good", Outcome.REFUSED: "bad"}
_APPLIES = {True: "it holds now", False: "it does not hold now", None: "cannot know before the run"}
_LONGEST_VALUE = 300  # characters; the plan file has all


def value_text(value: object) -> str:
    """A value as compact JSON, cut if long."""
    text = json.dumps(to_json(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def add_entry(page: Page, entry: Entry, opt_outs: Sequence[str]) -> None:
    """All about one entry but its target's name, so that equal ones can be shown once."""
    page.prose(4, _STANDING[entry.standing], paint=_PAINT.get(entry.standing, "bad"))
    page.prose(6, entry.reason, label="reason")
    page.prose(6, entry.advice, label="next")
    for remark in entry.remarks:
        page.prose(6, remark, label="note")
    page.prose(4, ", ".join(opt_outs), label="OPTED OUT OF SAFETY", paint="bad")
    for expression, value in entry.decisions.items():
        page.prose(6, f"{expression} = {value_text(value)}", label="because")
    for number, remedy in enumerate(entry.remedies, start=1):
        _remedy(page, number, remedy)


def _remedy(page: Page, number: int, remedy: RemedyPlan) -> None:
    risk = f"risk: {', '.join(sorted(r.value for r in remedy.risk))}" if remedy.risk else ""
    takes = f"takes at most {duration(remedy.takes)}" if remedy.takes is not None else ""
    marks = "; ".join(part for part in ("by a person" if remedy.manual else "", risk, takes) if part)
    page.prose(4, f"{number}. {remedy.id}: {remedy.title}{f' [{marks}]' if marks else ''}", paint="head")
    page.prose(8, remedy.approval, label="approval")
    if remedy.condition:
        page.prose(8, f"{remedy.condition} ({_APPLIES[remedy.applies]})", label="only if")
    if remedy.proves_next_backup:
        page.prose(8, "the guest cannot tell whether this helped; the next backup must", label="proof")
    if not remedy.manual:
        page.prose(8, remedy.on_failure.value, label="if a step fails")
    page.prose(8, remedy.manual)
    for action in remedy.actions:
        _action(page, action)


def _action(page: Page, action: Action) -> None:
    page.prose(
        6, f"{action.id} ({action.type}): {action.outcome.value}", paint=_OUTCOME_PAINT.get(action.outcome, "warn")
    )
    page.prose(10, action.title)
    page.prose(10, action.evidence, label="evidence")
    if action.loop:
        page.prose(10, f"for each of {action.loop}")
    page.prose(10, action.condition, label="only if")
    if action.always:
        page.prose(10, "always, once the remedy was started, even if a step before it failed", label="runs")
    page.prose(10, action.manual, label="a person does")
    diff = lines(action.diff)
    if diff:
        page.exact(10, ["diff:", *(f"  {line}" for line in diff)])
    _commands(page, "commands", action, undo=False)
    _commands(page, "to undo", action, undo=True)


def _commands(page: Page, label: str, action: Action, *, undo: bool) -> None:
    commands = action.undo if undo else action.commands
    if commands:
        page.exact(10, [f"{label}:", *(f"  {line}" for command in commands for line in command_lines(command))])
    elif undo and action.can_undo:
        page.exact(10, ["to undo: known only when the step runs"])
