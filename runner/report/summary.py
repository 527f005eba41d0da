"""A plan and the events of its run, folded into a Report. Pure: the same events give the same report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from types import MappingProxyType

from runner.model.event import Event, EventKind, Status
from runner.model.plan import Plan
from runner.report import data
from runner.report.entries import entry_report
from runner.report.values import ApprovalReport, EntryReport, Report

_RUNNING, _CANCELLED = "running", "cancelled"
_IN_ORDER, _REFUSED, _NOT_IN_ORDER, _INDETERMINATE, _INTERRUPTED = 0, 4, 5, 6, 130


def summarise(plan: Plan, events: Iterable[Event], *, head: str, state: str = "") -> Report:
    """Every entry of the plan gets exactly one status, whatever the events say.

    ``state`` is the run's state in the journal; without it, the RUN_FINISHED event tells.
    """
    run_events, by_entry = _sorted_out(plan, events)
    started = _first(run_events, EventKind.RUN_STARTED)
    finished = _first(run_events, EventKind.RUN_FINISHED)
    state = (finished and data.text(finished, "state")) or state or _RUNNING
    targets = {target.name: target for target in plan.targets}
    entries = tuple(entry_report(e, targets.get(e.target), by_entry[e.key]) for e in plan.entries)
    return Report(
        run=run_events[0].run if run_events else "",
        state=state,
        digest=data.text(started, "digest") if started else "",
        head=head,
        note=plan.note,
        creator=plan.creator,
        identity=data.text(started, "identity") if started else "",
        host=data.text(started, "host") if started else "",
        tool_version=(started and data.text(started, "tool_version")) or plan.tool_version,
        started_at=started.at if started else "",
        finished_at=finished.at if finished else "",
        duration=data.seconds_between(started.at, finished.at) if started and finished else None,
        exit_code=exit_code(entries, interrupted=state == _CANCELLED),
        counts=_counts(entries),
        approvals=tuple(_approval(e) for e in run_events if e.kind is EventKind.APPROVAL),
        entries=entries,
        notes=tuple(data.text(e, "text") for e in run_events if e.kind is EventKind.NOTE),
        left_out=plan.left_out,
        policy=_policy(started) if started else "",
        emergency=data.text(started, "emergency") if started else "",
    )


def _policy(started: Event) -> str:
    policy = data.mapping(started, "policy")
    return f"{policy['name']}, SHA-256 {policy['digest']}" if {"name", "digest"} <= policy.keys() else ""


def exit_code(entries: Sequence[EntryReport], *, interrupted: bool) -> int:
    """The exit code of a run. Refused as a whole it was only if no changing command was announced anywhere."""
    touched = any(action.commands for entry in entries for rung in entry.remedies for action in rung.actions)
    statuses = {entry.status for entry in entries}
    if interrupted:
        return _INTERRUPTED
    if Status.INDETERMINATE in statuses:
        return _INDETERMINATE
    if all(status.in_order for status in statuses):
        return _IN_ORDER
    if statuses <= {Status.REFUSED, Status.STALE} and not touched:
        return _REFUSED
    return _NOT_IN_ORDER


def _sorted_out(plan: Plan, events: Iterable[Event]) -> tuple[list[Event], dict[str, list[Event]]]:
    """The events of the whole run, and those of each entry. What names an unknown entry counts as the run's."""
    by_entry: dict[str, list[Event]] = {entry.key: [] for entry in plan.entries}
    of_run: list[Event] = []
    for event in events:
        by_entry.get(event.entry, of_run).append(event)
    return of_run, by_entry


def _counts(entries: Sequence[EntryReport]) -> MappingProxyType[str, int]:
    """In the order of Status; only those that occur."""
    counted = Counter(entry.status for entry in entries)
    return MappingProxyType({status.value: counted[status] for status in Status if counted[status]})


def _approval(event: Event) -> ApprovalReport:
    return ApprovalReport(
        identity=data.text(event, "identity"),
        signed=data.truth(event, "signed") is True,
        how=data.text(event, "how"),
        at=event.at,
        remedies=data.texts(event, "remedies"),
        acknowledged=data.texts(event, "acknowledged"),
    )


def _first(events: Sequence[Event], kind: EventKind) -> Event | None:
    return next((event for event in events if event.kind is kind), None)
