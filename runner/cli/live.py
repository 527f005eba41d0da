"""One line per target at work, on a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from runner.cli.progress import event_line, look_line
from runner.cli.screen import Screen
from runner.model.event import Event, EventKind
from runner.model.plan import Entry
from runner.report.commands import Place
from runner.report.escape import one_line

_MOST_ROWS = 15
_QUIET = (EventKind.RESULT, EventKind.VERIFIED)  # gone before anybody could read them


class LiveProgress:
    """Finished targets scroll away above; those at work stand below with their current step, then the counts."""

    def __init__(self, screen: Screen, title: str, total: int, places: Mapping[str, Place]) -> None:
        self._screen = screen
        self._title = title
        self._total = total
        self._places = places
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, str]] = {}
        self._done: Counter[str] = Counter()
        self._console = Console(file=sys.stderr, highlight=False, no_color=not screen.colours)
        self._spinner = Spinner("line")
        self._live = self._new_live()

    def __enter__(self) -> Self:
        self._live.start()
        self._screen.above = self._above
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.above = None
        self._live.stop()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """The terminal belongs to whoever asks a question."""
        self._screen.above = None
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._new_live()
            self._live.start()
            self._screen.above = self._above

    def looked_at(self, entry: Entry) -> None:
        self._count(entry.key, entry.standing.value)
        self._screen.say(look_line(entry))

    def happened(self, event: Event) -> None:
        line = event_line(event, self._places)
        if not line or event.kind in _QUIET:
            return
        if event.kind is EventKind.NOTE:
            self._screen.say(line)
            return
        if event.kind is EventKind.TARGET_FINISHED:
            self._count(event.entry, str(event.data.get("status", "")))
            self._screen.say(line)
            return
        with self._lock:
            since = self._running.get(event.entry, (time.monotonic(), ""))[0]
            self._running[event.entry] = (since, self._screen.redact(line))

    def _count(self, key: str, how: str) -> None:
        with self._lock:
            self._running.pop(key, None)
            self._done[how] += 1

    def _above(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def _new_live(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _render(self) -> Group:
        with self._lock:
            running = list(self._running.values())
            done = dict(self._done)
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis")
        for since, line in running[:_MOST_ROWS]:
            table.add_row(Text(f"{time.monotonic() - since:.0f}s"), Text(line))
        if len(running) > _MOST_ROWS:
            table.add_row("", Text(f"and {len(running) - _MOST_ROWS} more"))
        counts = ", ".join(f"{number} {one_line(how).replace('_', ' ')}" for how, number in done.items())
        self._spinner.update(text=Text(f"{self._title}: {sum(done.values())} of {self._total}  {counts}"))
        return Group(table, self._spinner)
