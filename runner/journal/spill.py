"""Where events go that happened but could not be written to the journal."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.codec import from_json, to_json
from runner.journal import chain
from runner.model.event import Event, EventKind

# Of these a run has one for each so many of: entry, remedy, action, attempt.
_ONCE = {
    EventKind.RUN_STARTED: 0,
    EventKind.RUN_FINISHED: 0,
    EventKind.TARGET_STARTED: 1,
    EventKind.TARGET_FINISHED: 1,
    EventKind.REMEDY_STARTED: 2,
    EventKind.REMEDY_FINISHED: 2,
    EventKind.ACTION_STARTED: 3,
    EventKind.ACTION_FINISHED: 3,
    EventKind.INTENT: 4,
    EventKind.RESULT: 4,
}


def spill_path(directory: Path, run: str) -> Path:
    """The spill file of a run; what cannot stand in a file name is replaced."""
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in run)
    return directory / f"spill-{safe}.jsonl"


class Spill:
    """Appends events to a run's spill file; what cannot even go there is given to ``lost`` as one line of text."""

    def __init__(self, directory: Path, lost: Callable[[str], None]) -> None:
        self._directory = directory
        self._lost = lost
        self._lock = threading.Lock()  # the writer and the engine's threads both spill

    def keep(self, event: Event) -> None:
        """Durable when this returns, or said to ``lost``."""
        line = json.dumps(to_json(event), ensure_ascii=True, separators=(",", ":"))
        try:
            with self._lock:
                _append(spill_path(self._directory, event.run), f"{line}\n".encode("ascii"))
        except OSError as problem:
            self._lost(f"vmfix: this event could not be recorded anywhere ({problem.strerror}): {line}")


def _append(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        before = os.fstat(handle).st_size
        try:
            _write_all(handle, line)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)  # half a line would spoil the next one
            raise
    finally:
        os.close(handle)


def _write_all(handle: int, line: bytes) -> None:
    while line:
        line = line[os.write(handle, line) :]


def spilled(directory: Path, run: str) -> Iterator[Event]:
    """The events of a run's spill file, oldest first. A torn or foreign line is passed over."""
    try:
        text = spill_path(directory, run).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            event = from_json(Event, json.loads(line))
        except ValueError:
            continue
        if event.run == run:
            yield event


class Outside:
    """The events of a run's spill file beside those of its hash chain, of which ``chained`` has to be told each.

    No hash protects them, so none takes the place of one that is in the chain.
    """

    def __init__(self, directory: Path, run: str) -> None:
        self._events = {chain.link("", event): event for event in spilled(directory, run)}
        self._taken: set[tuple[object, ...]] = set()

    def chained(self, event: Event) -> None:
        if self._events:
            self._events.pop(chain.link("", event), None)  # a commit that failed late may have been written after all
            self._taken.add(_place(event))

    @property
    def count(self) -> int:
        """How many there are, shown or not."""
        return len(self._events)

    def shown(self) -> Iterator[Event]:
        """Oldest first, without those of which the chain has one."""
        yield from (e for e in self._events.values() if e.kind not in _ONCE or _place(e) not in self._taken)


def _place(event: Event) -> tuple[object, ...]:
    return event.kind, *(event.entry, event.remedy, event.action, event.attempt)[: _ONCE.get(event.kind, 0)]
