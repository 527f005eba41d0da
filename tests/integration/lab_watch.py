"""Watches the process lists of this machine, and so of its targets too, while work goes on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self


class Watch:
    """Samples every command line and environment of this machine, those of the targets included, while work goes on."""

    def __init__(self, but: set[int]) -> None:
        self.seen: dict[str, bytes] = {}
        self.samples = 0
        self._but = but
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            for process in Path("/proc").iterdir():
                if process.name.isdecimal() and int(process.name) not in self._but:
                    self._read(process)
            self.samples += 1
            time.sleep(0.002)

    def _read(self, process: Path) -> None:
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            if content:
                self.seen[f"{name} of process {process.name}: {content[:60]!r}"] = content
