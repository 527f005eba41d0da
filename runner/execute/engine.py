"""A whole run: its entries, the pace at which they may start, and one status for each of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.execute.dispatch import Dispatch
from runner.execute.entry import EntryRun
from runner.execute.pace import Pace, claims, no_hold, room
from runner.execute.rollout import Rollout
from runner.execute.tools import Tools, Where
from runner.execute.verdict import STANDING_STATUS, Verdict
from runner.execute.waiting import Waiting
from runner.govern.gatekeeper import Hold
from runner.model.approval import ApprovedPlan
from runner.model.event import EventKind, Status
from runner.model.plan import Entry, Standing
from runner.plan.debts import advice, reason
from runner.plan.entries import Subject

log = logging.getLogger(__name__)

_EVERYTHING_AT_ONCE = Pace()


def never() -> str | None:
    """Nobody asks for a stop."""
    return None


def run(  # noqa: PLR0913 - each is a different side of a run
    approved: ApprovedPlan,
    subjects: Mapping[str, Subject],
    tools: Tools,
    *,
    concurrency: int,
    just_observed: bool,
    pace: Pace = _EVERYTHING_AT_ONCE,
    holds: Callable[[str], Hold | None] = no_hold,
    stop_asked: Callable[[], str | None] = never,
) -> dict[str, Verdict]:
    """Execute an approved plan and return the verdict of every entry, by its key.

    ``subjects`` gives playbook, target and parameters for each entry's key. ``just_observed``: the plan was made a
    moment ago by this process, so entries with nothing to do are not looked at again. Never raises for what happens
    on a target.

    ``holds`` is asked for an entry with something to do when it could start: None, and it starts. What is held
    ``until`` some time is asked about again then; what is held without is refused. ``stop_asked`` says who wants the
    run to end and why, or None; it is asked about every half second, and its first answer counts as a stop.
    """
    entries = {entry.key: entry for entry in approved.plan.entries}
    worker = Worker(approved, subjects, tools, just_observed)
    rollout = Rollout(approved.plan.entries, pace.waves, pace.budget)
    for key, entry in entries.items():
        if worker.settled(entry):
            rollout.count(key, STANDING_STATUS[entry.standing])
    dispatch = Dispatch(
        entries=entries,
        worker=worker,
        tools=tools,
        concurrency=concurrency,
        room=room(approved.plan, subjects, pace.in_force),
        rollout=rollout,
        pause=pace.waves.pause if pace.waves else 0.0,
        holds=holds,
        stop_asked=stop_asked,
        waiting=Waiting(claims(approved, subjects, pace.in_force)),
    )
    return dispatch.run()


@dataclass(frozen=True, slots=True)
class Worker:
    """Works one entry to its end, in whatever thread it is called."""

    approved: ApprovedPlan
    subjects: Mapping[str, Subject]
    tools: Tools
    just_observed: bool

    def settled(self, entry: Entry) -> bool:
        """Whether the plan says how the entry ends, and nothing is sent for it."""
        return self.just_observed and entry.standing in STANDING_STATUS

    def __call__(self, entry: Entry) -> Verdict:
        """Never raises: a bug of ours must not take the other targets' records with it."""
        if self.tools.stop.asked and not self.settled(entry):  # since it was handed to this thread
            return Verdict(Status.CANCELLED, f"not started: {self.tools.stop.reason}")
        try:
            return self._work(entry)
        except Exception as problem:
            log.exception("internal error on %s", entry.key)
            return Verdict(Status.INDETERMINATE, f"internal error of vmfix: {type(problem).__name__}: {problem}")

    def _work(self, entry: Entry) -> Verdict:
        where = Where(entry.key)
        subject = self.subjects[entry.key]
        self.tools.note(self.tools.event(EventKind.TARGET_STARTED, where, {"address": subject.target.address}))
        if self.settled(entry):
            owed = () if subject.playbook.is_guide else self.tools.debts(subject.target)
            if owed:  # since it was looked at: by an entry before it, or by another run
                return Verdict(Status.REFUSED, reason(owed), advice(owed, subject.target.platform))
            healthy = True if entry.standing is Standing.HEALTHY else None
            said = {"healthy": healthy, "why": entry.reason, "remarks": entry.remarks}
            self.tools.note(self.tools.event(EventKind.OBSERVED, where, said))
            return Verdict(STANDING_STATUS[entry.standing], entry.reason, entry.advice)
        return EntryRun(entry, subject, self.approved.remedies, self.approved.acknowledged, self.tools).run()
