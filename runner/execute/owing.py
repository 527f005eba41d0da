"""The end of an entry: what its run took away there and did not bring back is looked at, and recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from runner.errors import VmfixError
from runner.execute.observe import Observer
from runner.execute.tools import Tools, Where
from runner.model.debt import Debt
from runner.model.event import Event, EventKind
from runner.model.inventory import Target
from runner.plan.debts import look
from runner.plan.owing import account, said

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Memory:
    """Hears what an entry records, to tell at its end what is owed. What was not recorded was not sent either."""

    events: list[Event] = field(default_factory=list)

    def beside(self, tools: Tools) -> Tools:
        """The same tools, heard."""

        def heard(write: Callable[[Event], None]) -> Callable[[Event], None]:
            def tell(event: Event) -> None:
                write(event)
                self.events.append(event)

            return tell

        return replace(tools, record=heard(tools.record), note=heard(tools.note), spill=heard(tools.spill))


def close(memory: Memory, target: Target, observer: Observer | None, tools: Tools, where: Where) -> tuple[Debt, ...]:
    """What is owed at the end, each recorded. Sends observations only, and none once all has to stop at once.

    Never raises: what cannot be looked at is owed.
    """
    found = account(memory.events, target.name).open
    still = tuple(_still(found, target, None if tools.stop.at_once else observer))
    for debt in still:
        tools.record(tools.event(EventKind.OWED, Where(where.entry, debt.remedy, debt.action), said(debt)))
    return still


def _still(debts: Iterable[Debt], target: Target, observer: Observer | None) -> Iterator[Debt]:
    """Upon a command that may still run, what is there now may be gone a moment later: it stays owed."""
    for debt in debts:
        if observer is None:
            yield debt
            continue
        try:
            looked = observer.answer(look([debt], target.platform))
        except Exception as problem:  # whatever it was: what is owed must be on record
            if not isinstance(problem, VmfixError):
                log.exception("internal error on %s", target.name)
            yield replace(debt, seen=f"could not be observed: {problem}")
            observer = None  # nor would it be for the next one, and each try takes its time
            continue
        yield from looked.open
        if debt.unanswered:
            yield from looked.settled


def refuse(tools: Tools, target: Target, observer: Observer) -> tuple[Debt, ...]:
    """What earlier runs, and earlier entries of this one, still owe to the target. What is there again is settled.

    Raises what observing raises.
    """
    looked = observer.answer(look(tools.debts(target), target.platform))
    for debt in looked.settled:
        tools.settle(debt)
    return looked.open
