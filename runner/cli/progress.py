"""What is going on, while it goes on: plain lines, or one line per target that moves."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, TracebackType
from typing import Protocol, Self, TypeVar

from runner.cli.screen import Screen
from runner.cli.session import Session
from runner.model.event import Event, EventKind
from runner.model.plan import Entry, Plan
from runner.model.text import beginning
from runner.report.commands import Place, command_lines
from runner.report.escape import one_line
from runner.report.words import proof_label

log = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST = 240  # characters of what a target or a playbook said; the report has all of it


class Progress(Protocol):
    """Told of everything as it happens, from any thread."""

    def looked_at(self, entry: Entry) -> None: ...

    def happened(self, event: Event) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainProgress:
    """A line with the time for each thing that happens: for CI logs."""

    def __init__(self, screen: Screen, places: Mapping[str, Place]) -> None:
        self._screen = screen
        self._places = places

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to take away."""

    def looked_at(self, entry: Entry) -> None:
        self._line(look_line(entry))

    def happened(self, event: Event) -> None:
        line = event_line(event, self._places)
        if line:
            self._line(line)

    def _line(self, text: str) -> None:
        self._screen.say(f"{time.strftime('%H:%M:%S')}  {text}")


def progress_for(
    session: Session, title: str, total: int, places: Mapping[str, Place] = MappingProxyType({})
) -> contextlib.AbstractContextManager[Progress]:
    """Live on a terminal, unless logging goes there too; else plain lines. ``places``: of the targets, by name."""
    if session.screen.live and not session.logs.verbosity:
        from runner.cli.live import LiveProgress  # noqa: PLC0415 - rich costs time

        return _paused_by_questions(session, LiveProgress(session.screen, title, total, places))
    return PlainProgress(session.screen, places)


@contextlib.contextmanager
def _paused_by_questions(session: Session, progress: Progress) -> Iterator[Progress]:
    before = session.pause
    session.pause = getattr(progress, "paused", before)
    try:
        with progress:
            yield progress
    finally:
        session.pause = before


def look_line(entry: Entry) -> str:
    """What a look at a target found."""
    return _shortened(f"{entry.target}  {entry.playbook}  {entry.standing.value}: {entry.reason}".rstrip(": "))


def harmless(tell: Callable[[T], None]) -> Callable[[T], None]:
    """``tell``, except that what cannot be shown never stops the work that it is about."""

    def told(what: T) -> None:
        try:
            tell(what)
        except Exception:
            log.exception("progress cannot be shown")

    return told


def places_in(plan: Plan) -> dict[str, Place]:
    """Where the commands of a plan run, by the target's name.

    As whom is left out: an event does not say as whom one logged in; the plan and the report do.
    """
    return {target.name: Place(platform=target.platform) for target in plan.targets}


def event_line(event: Event, places: Mapping[str, Place] = MappingProxyType({})) -> str:
    """What happened where, on one line; empty for what is of no interest while it happens."""
    if event.kind is EventKind.NOTE and not event.entry:
        return _shortened(f"run  {event.data.get('text', '')}")
    said = _SAID.get(event.kind)
    if said is None or not event.entry:
        return ""
    playbook, _, target = event.entry.partition("@")
    where = "/".join(part for part in (playbook, event.remedy, event.action) if part)
    return _shortened(f"{target}  {where}  {said.format_map(_Data(event, places.get(target, Place())))}".rstrip(": "))


class _Data(dict[str, str]):
    """The data of an event as texts, each empty if it is missing."""

    def __init__(self, event: Event, place: Place) -> None:
        super().__init__({name: str(value) for name, value in event.data.items() if value is not None})
        if event.kind is EventKind.INTENT:
            self["command"] = _command(event.data.get("command"), place)
        if event.kind is EventKind.RESULT:
            self["how"] = f"exit {self['exit_code']}" if "exit_code" in self else f"no result: {self['error']}"
        if event.kind is EventKind.VERIFIED:
            self["label"] = proof_label(event.data.get("healthy"))
        for name in ("status", "result"):
            self[name] = self[name].replace("_", " ")

    def __missing__(self, key: str) -> str:
        return ""


def _command(data: object, place: Place) -> str:
    return command_lines({**data, "elevated": False}, place=place)[0] if isinstance(data, Mapping) else ""


_SAID: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.TARGET_STARTED: "started",
        EventKind.REMEDY_STARTED: "remedy started: {title}",
        EventKind.ACTION_STARTED: "{title}",
        EventKind.INTENT: "$ {command}",
        EventKind.RESULT: "{how}",
        EventKind.ACTION_FINISHED: "{status}: {text}",
        EventKind.VERIFIED: "{label}: {text}",
        EventKind.REMEDY_FINISHED: "remedy ended: {result}: {text}",
        EventKind.GATE: "{reason}",
        EventKind.TARGET_FINISHED: "FINISHED {status}: {reason}",
    }
)


def _shortened(text: str) -> str:
    return beginning(one_line(" ".join(text.split("\n"))), _LONGEST)
