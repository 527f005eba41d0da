"""What the engine is given by the app: its only ways to the outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from runner.execute.clock import Clock
from runner.model.debt import Debt
from runner.model.event import Event, EventKind
from runner.model.inventory import Target
from runner.model.plan import RemedyPlan
from runner.model.times import stamp
from runner.transports.base import Connection


class Stop:
    """The request to stop, from a signal handler or another thread.

    ``request`` takes effect between remedies. ``request(at_once=True)`` means: send nothing more at all.
    ``from_within``: the run itself asks, since it goes badly; then nobody has interrupted it.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._at_once = threading.Event()
        self.reason = ""
        self.interrupted = False

    def request(self, reason: str, *, at_once: bool = False, from_within: bool = False) -> None:
        self.reason = self.reason or reason
        self.interrupted = self.interrupted or not from_within
        self._asked.set()
        if at_once:
            self._at_once.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    @property
    def at_once(self) -> bool:
        return self._at_once.is_set()


@dataclass(frozen=True, slots=True)
class Where:
    """Where in the plan something happened."""

    entry: str = ""
    remedy: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """``connect`` gives the one connection of a target in this run, opened at its first use.

    ``record`` returns when the event is durable. It raises ``JournalError`` for an intent that cannot be recorded (its
    command must not be sent), and for nothing else. ``note`` does not wait. ``spill`` keeps an event beside the
    journal. ``can_record`` is False once the journal failed: then no remedy may be started. ``gate`` says why a remedy
    of an entry may not be started at this moment, or nothing. ``debts`` are what runs left owing to a target up to this
    moment; ``settle`` records that one was seen to be there again. Both raise ``JournalError``.
    """

    run: str
    connect: Callable[[Target], Connection]
    record: Callable[[Event], None]
    note: Callable[[Event], None]
    spill: Callable[[Event], None]
    can_record: Callable[[], bool]
    clock: Clock
    stop: Stop
    gate: Callable[[str, RemedyPlan], str] = lambda _entry, _remedy: ""
    debts: Callable[[Target], tuple[Debt, ...]] = lambda _target: ()
    settle: Callable[[Debt], None] = lambda _debt: None
    epoch: int = 1

    def event(
        self,
        kind: EventKind,
        where: Where,
        data: Mapping[str, object],
        *,
        attempt: int = 0,
    ) -> Event:
        return Event(
            run=self.run,
            at=stamp(self.clock.now()),
            kind=kind,
            entry=where.entry,
            remedy=where.remedy,
            action=where.action,
            attempt=attempt,
            epoch=self.epoch,
            data=MappingProxyType(dict(data)),
        )
