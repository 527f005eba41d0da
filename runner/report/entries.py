"""The events of one entry, folded."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model.event import Event, EventKind, Status
from runner.model.plan import Entry, TargetRef
from runner.report import data
from runner.report.commands import Place, place_on
from runner.report.owed import owed_reports
from runner.report.values import (
    ActionReport,
    EntryReport,
    Gate,
    RemedyReport,
    SentCommand,
    Verification,
)

_NOT_FINISHED = {
    Status.INDETERMINATE: "a command was sent here and the run ended before its result came",
    Status.CANCELLED: "the run ended, or has not come so far, before it was done here",
}


def entry_report(entry: Entry, target: TargetRef | None, events: Sequence[Event]) -> EntryReport:
    """What became of ``entry``, from its own events in their order."""
    final = _last(events, EventKind.TARGET_FINISHED)
    status, certain = _status(final, events)
    started = _last(events, EventKind.TARGET_STARTED)
    return EntryReport(
        key=entry.key,
        target=entry.target,
        playbook=entry.playbook,
        address=(started and data.text(started, "address")) or (target.address if target else ""),
        transport=(started and data.text(started, "transport")) or (target.transport if target else ""),
        status=status,
        certain=certain,
        reason=data.text(final, "reason") if final and certain else _NOT_FINISHED.get(status, ""),
        advice=data.text(final, "advice") if final else "",
        remedy=data.text(final, "remedy") if final else "",
        changed=_changed(final, events),
        duration=data.seconds_between(events[0].at, events[-1].at) if events else None,
        opt_outs=target.opt_outs if target else (),
        observed=tuple(_observed(event) for event in _all(events, EventKind.OBSERVED)),
        remarks=_remarks(events),
        remedies=_remedies(events, place_on(target)),
        gates=tuple(_gate(event) for event in _all(events, EventKind.GATE)),
        notes=tuple(data.text(event, "text") for event in _all(events, EventKind.NOTE)),
        owed=owed_reports(events, entry, target),
    )


def _status(final: Event | None, events: Sequence[Event]) -> tuple[Status, bool]:
    """The engine's word if there is one; else the most that can be said without guessing."""
    if final is not None:
        try:
            return Status(data.text(final, "status")), True
        except ValueError:
            return Status.INDETERMINATE, False
    results = {_command_key(event) for event in _all(events, EventKind.RESULT)}
    open_intents = [e for e in _all(events, EventKind.INTENT) if _command_key(e) not in results]
    return (Status.INDETERMINATE if open_intents else Status.CANCELLED), False


def _remarks(events: Sequence[Event]) -> tuple[str, ...]:
    seen = (remark for event in _all(events, EventKind.OBSERVED) for remark in data.texts(event, "remarks"))
    return tuple(dict.fromkeys(seen))


def _changed(final: Event | None, events: Sequence[Event]) -> bool:
    """In doubt, a command that was announced has changed something."""
    said = data.truth(final, "changed") if final else None
    return said if said is not None else any(e.kind is EventKind.INTENT for e in events)


def _remedies(events: Sequence[Event], place: Place) -> tuple[RemedyReport, ...]:
    names = dict.fromkeys(event.remedy for event in events if event.remedy and event.kind in _WITHIN_REMEDY)
    return tuple(_remedy(name, [e for e in events if e.remedy == name], place) for name in names)


_WITHIN_REMEDY = frozenset(
    {
        EventKind.REMEDY_STARTED,
        EventKind.ACTION_STARTED,
        EventKind.INTENT,
        EventKind.RESULT,
        EventKind.ACTION_FINISHED,
        EventKind.VERIFIED,
        EventKind.REMEDY_FINISHED,
    }
)


def _remedy(name: str, events: Sequence[Event], place: Place) -> RemedyReport:
    started, final = _last(events, EventKind.REMEDY_STARTED), _last(events, EventKind.REMEDY_FINISHED)
    actions = dict.fromkeys(event.action for event in events if event.action and event.kind in _WITHIN_REMEDY)
    return RemedyReport(
        id=name,
        title=data.text(started, "title") if started else "",
        result=data.text(final, "result") if final else "",
        text=data.text(final, "text") if final else "",
        duration=data.seconds_between(started.at, final.at) if started and final else None,
        actions=tuple(_action(action, [e for e in events if e.action == action], place) for action in actions),
        verifications=tuple(
            Verification(at=e.at, healthy=data.truth(e, "healthy"), text=data.text(e, "text"))
            for e in _all(events, EventKind.VERIFIED)
        ),
    )


def _action(name: str, events: Sequence[Event], place: Place) -> ActionReport:
    started, final = _last(events, EventKind.ACTION_STARTED), _last(events, EventKind.ACTION_FINISHED)
    results = {_command_key(event): event for event in _all(events, EventKind.RESULT)}
    return ActionReport(
        id=name,
        title=data.text(started, "title") if started else "",
        outcome=data.text(started, "outcome") if started else "",
        evidence=data.text(started, "evidence") if started else "",
        status=data.text(final, "status") if final else "",
        text=data.text(final, "text") if final else "",
        commands=tuple(_sent(e, results.get(_command_key(e)), place) for e in _all(events, EventKind.INTENT)),
    )


def _sent(intent: Event, result: Event | None, place: Place) -> SentCommand:
    command = data.mapping(intent, "command")
    if result is None:
        return SentCommand(attempt=intent.attempt, at=intent.at, command=command, place=place)
    return SentCommand(
        attempt=intent.attempt,
        at=intent.at,
        command=command,
        place=place,
        answered=True,
        exit_code=data.integer(result, "exit_code"),
        lost=data.truth(result, "lost") is True,
        error=data.text(result, "error"),
        process_dead=data.truth(result, "process_dead"),
        stdout=data.text(result, "stdout"),
        stderr=data.text(result, "stderr"),
        elapsed=data.number(result, "elapsed"),
        judged=data.text(result, "judged"),
        text=data.text(result, "text"),
    )


def _gate(event: Event) -> Gate:
    return Gate(
        at=event.at,
        status=data.text(event, "status"),
        reason=data.text(event, "reason"),
        advice=data.text(event, "advice"),
    )


_SEEN = {True: "the guest shows no fault now", False: "the guest shows the fault", None: "cannot tell"}


def _observed(event: Event) -> str:
    seen, why = _SEEN[data.truth(event, "healthy")], data.text(event, "why")
    return why if seen in why else f"{seen}: {why}" if why else seen


def _command_key(event: Event) -> tuple[str, str, int, int]:
    return event.remedy, event.action, event.attempt, event.epoch


def _all(events: Sequence[Event], kind: EventKind) -> list[Event]:
    return [event for event in events if event.kind is kind]


def _last(events: Sequence[Event], kind: EventKind) -> Event | None:
    return next((event for event in reversed(events) if event.kind is kind), None)
