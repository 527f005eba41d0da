"""A whole run: entries handed to a pool as ``tick`` allows, each ending in exactly one status."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Mapping

from runner.execute.entry import STANDING_STATUS, EntryRun, Verdict
from runner.execute.tick import RunView, tick
from runner.execute.tools import Tools, Where
from runner.model.approval import ApprovedPlan
from runner.model.event import EventKind, Status
from runner.model.plan import Entry, Standing
from runner.plan.entries import Subject

log = logging.getLogger(__name__)


def run(
    approved: ApprovedPlan,
    subjects: Mapping[str, Subject],
    tools: Tools,
    *,
    concurrency: int,
    just_observed: bool,
) -> dict[str, Verdict]:
    """Execute an approved plan and return the verdict of every entry, by its key.

    ``subjects`` gives playbook, target and parameters for each entry's key. ``just_observed``: the plan was made a
    moment ago by this process, so entries with nothing to do are not looked at again. Never raises for what happens
    on a target.
    """

    def work(entry: Entry) -> Verdict:
        where = Where(entry.key)
        target = subjects[entry.key].target
        tools.note(tools.event(EventKind.TARGET_STARTED, where, {"address": target.address}))
        if just_observed and entry.standing in STANDING_STATUS:
            healthy = True if entry.standing is Standing.HEALTHY else None
            said = {"healthy": healthy, "why": entry.reason, "remarks": entry.remarks}
            tools.note(tools.event(EventKind.OBSERVED, where, said))
            return Verdict(STANDING_STATUS[entry.standing], entry.reason, entry.advice)
        try:
            return EntryRun(entry, subjects[entry.key], approved.remedies, approved.acknowledged, tools).run()
        except Exception as problem:  # a bug of ours must not take the other targets' records with it
            log.exception("internal error on %s", entry.key)
            return Verdict(Status.INDETERMINATE, f"internal error of vmfix: {type(problem).__name__}: {problem}")

    entries = {entry.key: entry for entry in approved.plan.entries}
    return _pool(entries, work, tools, concurrency)


def _pool(
    entries: Mapping[str, Entry], work: Callable[[Entry], Verdict], tools: Tools, concurrency: int
) -> dict[str, Verdict]:
    target_of = {key: entry.target for key, entry in entries.items()}
    verdicts: dict[str, Verdict] = {}
    running: dict[concurrent.futures.Future[Verdict], str] = {}
    with concurrent.futures.ThreadPoolExecutor(concurrency, thread_name_prefix="target") as pool:
        while True:
            busy = frozenset(running.values())
            started = busy | verdicts.keys()
            view = RunView(target_of, started, busy, concurrency, stopping=tools.stop.asked)
            for key in tick(view):
                running[pool.submit(work, entries[key])] = key
            if not running:
                break
            # Wakes now and then, so that a signal handler of the main thread gets its turn.
            done, _ = concurrent.futures.wait(running, timeout=0.5, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                key = running.pop(future)
                verdicts[key] = future.result()
                _finish(key, verdicts[key], tools)
    for key in entries.keys() - verdicts.keys():
        verdicts[key] = Verdict(Status.CANCELLED, f"not started: {tools.stop.reason}")
        _finish(key, verdicts[key], tools)
    return {key: verdicts[key] for key in entries}


def _finish(key: str, verdict: Verdict, tools: Tools) -> None:
    data = {
        "status": verdict.status.value,
        "reason": verdict.reason,
        "advice": verdict.advice,
        "remedy": verdict.remedy,
        "changed": verdict.changed,
    }
    tools.record(tools.event(EventKind.TARGET_FINISHED, Where(key), data))
