"""Looking at many targets at once to make a plan: observations only."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from runner.errors import VmfixError
from runner.execute.clock import Clock
from runner.execute.identity import check_identity
from runner.execute.observe import Nobody, Observer
from runner.execute.verdict import standing_after
from runner.model.command import Command
from runner.model.debt import Debt
from runner.model.inventory import Platform, Target
from runner.model.plan import Entry, Standing
from runner.plan.debts import advice, look, reason, wanted
from runner.plan.entries import Subject, failed_entry, plan_entry
from runner.transports.base import Connection

log = logging.getLogger(__name__)


def survey(  # noqa: PLR0913 - each is a different side of looking
    subjects: Sequence[Subject],
    connect: Callable[[Target], Connection],
    clock: Clock,
    *,
    concurrency: int,
    seen: Callable[[Entry], None] = lambda _entry: None,
    settled: Callable[[Debt], None] = lambda _debt: None,
) -> tuple[Entry, ...]:
    """The entries of a plan, in the order of ``subjects``. ``seen`` is told of each as it is ready, from any thread.

    ``settled`` is told of each thing that an earlier run left owing and that is there again, from any thread as well.
    Subjects of one target are looked at one after the other. What fails on a target becomes its entry's standing.
    """
    by_target: dict[str, list[int]] = {}
    for number, subject in enumerate(subjects):
        by_target.setdefault(subject.target.name, []).append(number)

    def look_at(numbers: list[int]) -> list[tuple[int, Entry]]:
        entries = [(number, _look(subjects[number], connect, clock, settled)) for number in numbers]
        for _, entry in entries:
            seen(entry)
        return entries

    with concurrent.futures.ThreadPoolExecutor(concurrency, thread_name_prefix="survey") as pool:
        found = dict(pair for pairs in pool.map(look_at, by_target.values()) for pair in pairs)
    return tuple(found[number] for number in range(len(subjects)))


def reach(
    targets: Sequence[Target], connect: Callable[[Target], Connection], clock: Clock, *, concurrency: int
) -> dict[str, VmfixError | None]:
    """Per target's name: None if it lets us in, with the rights we need, and is the machine that is meant."""

    def knock(target: Target) -> VmfixError | None:
        try:
            observer = Observer(connect(target), clock)
            observer.answer(check_identity(target))
            observer(_NOTHING[target.platform])
        except VmfixError as problem:
            return problem
        return None

    with concurrent.futures.ThreadPoolExecutor(concurrency, thread_name_prefix="ping") as pool:
        return dict(zip((target.name for target in targets), pool.map(knock, targets), strict=True))


_NOTHING = {
    Platform.LINUX: Command(argv=("true",), at_most=30),
    Platform.WINDOWS: Command(argv=("whoami",), at_most=30),
}
"""Programs that do nothing, run with full rights."""


def _look(
    subject: Subject, connect: Callable[[Target], Connection], clock: Clock, settled: Callable[[Debt], None]
) -> Entry:
    target = subject.target
    try:
        if subject.playbook.is_guide:
            return Observer(Nobody(), clock).answer(plan_entry(subject))
        observer = Observer(connect(target), clock)
        observer.answer(check_identity(target))
        looked = observer.answer(look(subject.debts, target.platform))
        for debt in looked.settled:
            settled(debt)
        if looked.open:
            return failed_entry(subject, Standing.REFUSED, reason(looked.open), advice(looked.open, target.platform))
        entry = observer.answer(plan_entry(subject))
        said = tuple(f"no longer owed by run {debt.run}: {wanted(debt)} ({debt.seen})" for debt in looked.settled)
        return replace(entry, remarks=(*said, *entry.remarks))
    except VmfixError as problem:
        return failed_entry(subject, standing_after(problem), problem.message, problem.remedy)
    except Exception as problem:  # a bug of ours, perhaps met through odd output: only this target's plan is lost
        log.exception("internal error on %s", subject.target.name)
        return failed_entry(subject, Standing.FAILED, f"internal error of vmfix: {type(problem).__name__}: {problem}")
