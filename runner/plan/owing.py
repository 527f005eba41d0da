"""What a run owes to a target, told from the record of what it did there; the same for a run that was killed.

An intent says what its action has to bring back (``owes``), and the beginning of a remedy says what its ``always``
steps restore (``pledges``). It is owed from the intent that may have taken it away until the action that restores it
has ended well. One that was skipped for what became of earlier steps, such as a mount after a check that failed, has
not brought back what was taken away.
"""

from __future__ import annotations

import contextlib
import hashlib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner import codec
from runner.errors import ExpressionError
from runner.model.debt import Account, Debt, Settlement
from runner.model.event import Event, EventKind
from runner.model.playbook import Remedy, Step
from runner.plan.actions import Turn, turns, waits_for_results
from runner.plan.facts import View
from runner.steps.base import Args, Kind, StepType
from runner.steps.rendering import rendered, validated

_ENDED_WELL = frozenset(("changed", "unchanged", "skipped"))


def owed(step_type: StepType[Any, Any], args: Args) -> dict[str, object]:
    """A state as events hold it: the step that would restore it, with arguments that ``validated`` reads."""
    return {"type": step_type.name, "args": args.model_dump(mode="json", exclude_defaults=True)}


def pledges(remedy: Remedy, view: View) -> list[dict[str, object]]:
    """What the ``always`` steps of a remedy restore, on the facts of its start; not those that it does not need.

    ``touches`` says upon which changes one is owed; empty, upon any. Never raises: a step that cannot be rendered is
    pledged as its author wrote it, and then only a person can say that it is settled.
    """
    found = []
    for step in remedy.steps:
        if step.always and view.step_type(step.type).kind is Kind.COMMANDS:
            found += [_pledge(turn, view) for turn in _turns(step, view) if _may_be_needed(turn, view)]
    return found


def _turns(step: Step, view: View) -> list[Turn]:
    try:
        return list(turns(step, view))
    except ExpressionError:
        return [Turn(step, None, step.id, {})]


def _may_be_needed(turn: Turn, view: View) -> bool:
    when = turn.step.when
    if when is None or waits_for_results(when):
        return True
    try:
        return view.holds(when, **turn.names)
    except ExpressionError:
        return True


def _pledge(turn: Turn, view: View) -> dict[str, object]:
    when = turn.step.when
    condition = when.text if when is not None and waits_for_results(when) else ""
    step_type = view.step_type(turn.step.type)
    args: Mapping[str, object] = turn.step.args
    touches: frozenset[str] = frozenset()
    with contextlib.suppress(ExpressionError):
        args = rendered(step_type, turn.step.args, {**view.names, **turn.names})
        touches = step_type.touches(validated(step_type, args))
    state = {"type": turn.step.type, "args": args, "touches": sorted(touches)}
    return {"action": turn.id, "condition": condition, **state}


def account(events: Iterable[Event], target: str) -> Account:
    """What the entry of these events owes. Events of an older or damaged record are read as far as they make sense."""
    book = _Book(target)
    for event in events:
        book.read(event)
    return book.account()


@dataclass(slots=True)
class _Book:
    """The events of one entry, in their order. A finished entry has said itself what it owes; else it is derived."""

    target: str
    finished: bool = False
    pledged: dict[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)
    derived: dict[str, Debt] = field(default_factory=dict)
    said: dict[str, Debt] = field(default_factory=dict)
    settled: dict[str, Settlement] = field(default_factory=dict)
    waiting: dict[tuple[str, str, int], str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    ends: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, event: Event) -> None:
        readers = {
            EventKind.REMEDY_STARTED: self._remedy_started,
            EventKind.INTENT: self._intent,
            EventKind.RESULT: self._result,
            EventKind.ACTION_FINISHED: self._action_finished,
            EventKind.OWED: self._owed,
            EventKind.SETTLED: self._settle,
        }
        self.finished = self.finished or event.kind is EventKind.TARGET_FINISHED
        if event.kind in readers:
            readers[event.kind](event)

    def account(self) -> Account:
        still = self.said.values() if self.finished else map(self._explained, self.derived.values())
        return Account(tuple(still), tuple(self.settled.values()))

    def _remedy_started(self, event: Event) -> None:
        for pledge in _mappings(event.data.get("pledges")):
            self.pledged[event.remedy, str(pledge.get("action"))] = pledge

    def _owed(self, event: Event) -> None:
        debt = _told(self._debt(event, event.action, event.data), event.data)
        self.said[debt.id] = debt
        self.settled.pop(debt.id, None)

    def _intent(self, event: Event) -> None:
        self.waiting[_sent(event)] = _line(event.data.get("command"))
        for state in _mappings(event.data.get("owes")):
            self._add(self._debt(event, event.action, state))
        touched = _words(event.data.get("touches"))
        for (remedy, action), pledge in self.pledged.items():
            if remedy == event.remedy and action != event.action and _meet(touched, _words(pledge.get("touches"))):
                self._add(self._debt(event, action, pledge), known=bool(touched & _words(pledge.get("touches"))))

    def _result(self, event: Event) -> None:
        """An answer; not one is a line that broke under a command that may still run."""
        if not event.data.get("lost") or event.data.get("process_dead") is True:
            self.waiting.pop(_sent(event), None)

    def _action_finished(self, event: Event) -> None:
        place, status = (event.remedy, event.action), str(event.data.get("status"))
        told = " ".join(str(event.data.get(name) or "") for name in ("text", "advice"))
        self.ends[place] = f"{status.replace('_', ' ')}: {told}".strip()
        if status not in _ENDED_WELL:
            return
        self.pledged.pop(place, None)
        mine = {id_ for id_, debt in self.derived.items() if (debt.remedy, debt.action) == place}
        for id_ in mine:
            debt = self.derived.pop(id_)
            if status == "skipped" and id_ in self.known:
                self.derived[id_] = replace(debt, skipped=True)
        self.waiting = {sent: line for sent, line in self.waiting.items() if sent[:2] != place}

    def _troubled(self, remedy: str) -> list[str]:
        """Its actions that did not end well."""
        ended = (place for place, end in self.ends.items() if not end.startswith(tuple(_ENDED_WELL)))
        return [action for of, action in ended if of == remedy]

    def _add(self, debt: Debt, *, known: bool = True) -> None:
        """``known``: what was announced is known to touch it, and does not only perhaps."""
        self.derived[debt.id] = debt
        if known:
            self.known.add(debt.id)
        self.settled.pop(debt.id, None)  # what was settled before is owed anew

    def _settle(self, event: Event) -> None:
        id_ = str(event.data.get("debt"))
        derived, said = self.derived.pop(id_, None), self.said.pop(id_, None)
        debt = said or (self._explained(derived) if derived else None)
        if debt is not None:
            self.settled[id_] = Settlement(
                debt=debt,
                at=event.at,
                by=str(event.data.get("by")),
                why=str(event.data.get("why")),
                observed=event.data.get("observed") is True,
            )

    def _debt(self, event: Event, action: str, state: Mapping[str, object]) -> Debt:
        args = state.get("args")
        args = args if isinstance(args, Mapping) else {}
        type_ = str(state.get("type"))
        return Debt(
            id=_id(event.run, event.entry, type_, args),
            run=event.run,
            at=event.at,
            entry=event.entry,
            target=self.target,
            remedy=event.remedy,
            action=action,
            type=type_,
            args=args,
            condition=str(state.get("condition") or ""),
        )

    def _explained(self, debt: Debt) -> Debt:
        end = self.ends.get((debt.remedy, debt.action), "was not carried out to its end")
        if debt.skipped:
            troubles = (f"`{action}` {self.ends[debt.remedy, action]}" for action in self._troubled(debt.remedy))
            end = f"left so on purpose, since {'; '.join(troubles) or end}"
        lines = tuple(line for (remedy, _, _), line in self.waiting.items() if remedy == debt.remedy)
        return replace(debt, why=end, unanswered=lines, ended=self.finished)


def said(debt: Debt) -> dict[str, object]:
    """A debt as an OWED event holds it, beside the event's own place."""
    names = ("type", "args", "condition", "why", "unanswered", "seen", "skipped")
    return {"debt": debt.id, **{name: getattr(debt, name) for name in names}}


def _told(debt: Debt, data: Mapping[str, object]) -> Debt:
    id_, why, seen = (str(data.get(name) or "") for name in ("debt", "why", "seen"))
    lines = data.get("unanswered")
    lines = tuple(map(str, lines)) if isinstance(lines, (list, tuple)) else ()
    skipped = data.get("skipped") is True
    return replace(debt, id=id_ or debt.id, why=why, seen=seen, unanswered=lines, skipped=skipped)


def _id(run: str, entry: str, type_: str, args: Mapping[str, object]) -> str:
    return hashlib.sha256(codec.canonical([run, entry, type_, args])).hexdigest()[:8]


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of touched things have one in common. An empty one may touch anything."""
    return not one or not other or bool(one & other)


def _sent(event: Event) -> tuple[str, str, int]:
    return event.remedy, event.action, event.attempt


def _line(command: object) -> str:
    """A command as a person finds it in a list of processes."""
    argv = command.get("argv") if isinstance(command, Mapping) else ()
    words = shlex.join(map(str, argv)) if isinstance(argv, (list, tuple)) else ""
    script = command.get("script") if isinstance(command, Mapping) else ""
    return f"a script {words}".strip() if script else words


def _mappings(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def _words(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, (list, tuple)) else frozenset()
