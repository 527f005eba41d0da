"""The one connection of each target in a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from runner.model.inventory import Target
from runner.transports.base import Connection


class Connections:
    """Opens each target's connection at its first use and keeps it until ``close``.

    A target that could not be reached is tried again at the next use. Different targets connect in parallel.
    """

    def __init__(self, connect: Callable[[Target], Connection]) -> None:
        self._connect = connect
        self._open: dict[str, Connection] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def __call__(self, target: Target) -> Connection:
        with self._guard:
            lock = self._locks.setdefault(target.name, threading.Lock())
        with lock:
            if target.name not in self._open:
                self._open[target.name] = self._connect(target)
            return self._open[target.name]

    def close(self) -> None:
        """Close every connection, also those in use: their commands end as lost. Idempotent."""
        with self._guard:
            connections = list(self._open.values())
            self._open.clear()
        for connection in connections:
            connection.close()
