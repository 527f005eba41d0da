"""Where events go that happened but could not be written to the journal."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.codec import from_json, to_json
from runner.model.event import Event


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
