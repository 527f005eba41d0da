"""Hands the entries of a run to a pool, as ``tick``, waves, budget and windows allow, until each has ended."""

from __future__ import annotations

import functools
import logging
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from runner.execute.rollout import Rollout
from runner.execute.tick import Claim, RunView, tick
from runner.execute.tools import Tools, Where
from runner.execute.verdict import Verdict
from runner.execute.waiting import Waiting
from runner.govern.gatekeeper import Hold
from runner.model.event import EventKind, Status
from runner.model.plan import Entry, Standing

log = logging.getLogger(__name__)

_TURN = 0.5  # seconds between two looks at what nobody tells of: a signal, a request to stop, a time that has come


class Works(Protocol):
    """Works one entry to its end, in a thread of the pool."""

    def __call__(self, entry: Entry) -> Verdict: ...

    def settled(self, entry: Entry) -> bool:
        """Whether the plan says how the entry ends, and nothing is sent for it."""
        ...


@dataclass(slots=True, kw_only=True)
class Dispatch:
    """One run; ``run`` is called once. All but ``worker`` is used by the calling thread alone."""

    entries: Mapping[str, Entry]
    worker: Works
    tools: Tools
    concurrency: int
    room: Mapping[str, int]
    rollout: Rollout
    pause: float
    holds: Callable[[str], Hold | None]
    stop_asked: Callable[[], str | None]
    waiting: Waiting
    _verdicts: dict[str, Verdict] = field(default_factory=dict)
    _running: dict[str, Claim] = field(default_factory=dict)
    _ended: queue.SimpleQueue[tuple[str, Future[Verdict]]] = field(default_factory=queue.SimpleQueue)
    _barred: dict[str, str] = field(default_factory=dict)  # targets to which nothing more is sent, and why
    _said: set[str] = field(default_factory=set)
    _closed: str = ""  # why no further wave begins
    _next_wave: float | None = None  # when the next one begins, by the monotonic clock
    _look: float = float("-inf")  # when ``stop_asked`` is asked again

    def run(self) -> dict[str, Verdict]:
        """The verdict of every entry, in the plan's order."""
        self._next_wave = self.tools.clock.monotonic()
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="target") as pool:
            while True:
                self._look_round()
                again = self._start(pool)
                if not (self._running or again or self._patient):
                    break
                self._collect(0 if again else _TURN)
        self._leave_out()
        return {key: self._verdicts[key] for key in self.entries}

    @property
    def _stopping(self) -> bool:
        return bool(self._closed) or self.tools.stop.asked

    @property
    def _patient(self) -> bool:
        """Whether something will start though nothing runs."""
        return not self._stopping and (self.waiting.any_held or self._next_wave is not None)

    def _look_round(self) -> None:
        """What has become of the run, and whether anybody wants it to stop."""
        now = self.tools.clock.monotonic()
        if now >= self._look:
            self._look = now + _TURN
            self._hear()
        self._watch_budget()
        if self.tools.stop.asked:
            self._note_once(f"nothing new is started: {self.tools.stop.reason}")
        if self._stopping:
            return
        self._judge_wave(now)
        if self._next_wave is not None and now >= self._next_wave:
            self._next_wave = None
            text, keys = self.rollout.begin()
            self._note_once(text)
            self.waiting.add(keys)
        self.waiting.release(self.tools.clock.now(), now)

    def _hear(self) -> None:
        if self.tools.stop.asked:
            return
        try:
            said = self.stop_asked()
        except Exception:  # whatever is wrong with asking, the targets' records come first
            log.exception("whether a stop was asked for is not known")
            return
        if said:
            self.tools.stop.request(said)

    def _judge_wave(self, now: float) -> None:
        end = self.rollout.end()
        if end is None:
            return
        goes_on = end.well and self.rollout.more
        self._note_once(f"{end.text}; the next begins in {self.pause:g} s" if goes_on and self.pause else end.text)
        if goes_on:
            self._next_wave = now + self.pause
        elif not end.well and self.rollout.more:
            self._closed = end.text

    def _start(self, pool: ThreadPoolExecutor) -> bool:
        """Start what may start. True if what could have started was held instead, so that others may come to turn."""
        view = RunView(
            waiting=self.waiting.line,
            running=self._running,
            concurrency=self.concurrency,
            room=self.room,
            stopping=self._stopping,
            kinds=self.waiting.kinds,
            crowd=self.waiting.crowd,
        )
        held = False
        for key in tick(view):
            hold = self._held(key)
            if hold is None:
                self._running[key] = self.waiting.take(key)
                future = pool.submit(self.worker, self.entries[key])
                future.add_done_callback(functools.partial(self._has_ended, key))
                continue
            held = True
            if hold.until is None:
                self.waiting.take(key)
                self._settle(key, Verdict(Status.REFUSED, hold.reason))
            else:
                self.waiting.hold(key, hold.until, self.tools.clock.monotonic() + _TURN)
                self._note_once(f"waiting: {hold.reason}")
        return held

    def _held(self, key: str) -> Hold | None:
        entry = self.entries[key]
        if entry.standing is not Standing.PLANNED:
            return None
        if entry.target in self._barred and any(remedy.actions for remedy in entry.remedies):
            return Hold(self._barred[entry.target])
        try:
            return self.holds(key)
        except Exception as problem:
            log.exception("internal error on %s", key)
            return Hold(f"internal error of vmfix, nothing was sent: {type(problem).__name__}: {problem}")

    def _has_ended(self, key: str, future: Future[Verdict]) -> None:
        """Called by the thread that worked the entry."""
        self._ended.put((key, future))

    def _collect(self, patience: float) -> None:
        """Take in what has ended, after waiting for it so many seconds at most."""
        if not self._running:
            if patience:
                self.tools.clock.sleep(self._nap(patience))
            return
        try:
            ended = [self._ended.get(timeout=patience)]
        except queue.Empty:
            self._look = float("-inf") if patience else self._look
            return
        while not self._ended.empty():
            ended.append(self._ended.get())
        for key, future in ended:
            del self._running[key]
            self._settle(key, _verdict(key, future))

    def _nap(self, longest: float) -> float:
        if self._next_wave is None:
            return longest
        return min(longest, max(self._next_wave - self.tools.clock.monotonic(), 0.0))

    def _leave_out(self) -> None:
        """What was not started: as the plan found it, if it had nothing to do; else cancelled."""
        reason = self._closed or self.tools.stop.reason
        for key, entry in self.entries.items():
            if key not in self._verdicts:
                cancelled = Verdict(Status.CANCELLED, f"not started: {reason}")
                self._settle(key, self.worker(entry) if self.worker.settled(entry) else cancelled)

    def _settle(self, key: str, verdict: Verdict) -> None:
        data = {
            "status": verdict.status.value,
            "reason": verdict.reason,
            "advice": verdict.advice,
            "remedy": verdict.remedy,
            "changed": verdict.changed,
        }
        self._verdicts[key] = verdict
        if verdict.bars_others:
            entry = self.entries[key]
            self._barred[entry.target] = f"nothing else is sent there after `{entry.playbook}`: {verdict.reason}"
        self.rollout.ended(key, verdict.status)
        self._watch_budget()  # before the record, which takes a while: nothing may start meanwhile
        self.tools.record(self.tools.event(EventKind.TARGET_FINISHED, Where(key), data))

    def _watch_budget(self) -> None:
        if self.rollout.overdrawn and len(self._verdicts) < len(self.entries):
            self.tools.stop.request(self.rollout.overdrawn, from_within=True)

    def _note_once(self, text: str) -> None:
        """For the whole run, in the journal and the report."""
        if text and text not in self._said:
            self._said.add(text)
            self.tools.note(self.tools.event(EventKind.NOTE, Where(), {"text": text}))


def _verdict(key: str, future: Future[Verdict]) -> Verdict:
    """Also if the thread died of what is no ``Exception``: what it has sent is not known then."""
    problem = future.exception()
    if problem is None:
        return future.result()
    log.error("internal error on %s", key, exc_info=problem)
    return Verdict(Status.INDETERMINATE, f"internal error of vmfix: {type(problem).__name__}: {problem}")
