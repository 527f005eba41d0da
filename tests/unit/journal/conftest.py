"""A plan of three entries, a clock, and a journal on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.codec import digest
from runner.journal import Journal
from runner.model.event import Event, EventKind
from runner.model.plan import Entry, Plan, Standing, TargetRef

_RUN = "20260101-120000-abcd"
_ENTRY = "fs-freeze-failed@vm-1"


def _clock() -> Callable[[], str]:
    """A clock that ticks one millisecond per question."""
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ticks = itertools.count()
    return lambda: (start + timedelta(milliseconds=next(ticks))).isoformat(timespec="microseconds")


def _plan(note: str = "CHG-1", azure_id: str | None = None) -> Plan:
    names = ("vm-1", "vm-2", "vm-3")
    return Plan(
        format=1,
        tool_version="0.1.0",
        offline=False,
        creator="kim",
        note=note,
        expires_at="2026-01-02T12:00:00+00:00",
        playbooks=(),
        targets=tuple(_target(name, azure_id if name == "vm-1" else None) for name in names),
        entries=tuple(
            Entry(target=name, playbook="fs-freeze-failed", standing=Standing.PLANNED, remedies=()) for name in names
        ),
    )


def _target(name: str, azure_id: str | None) -> TargetRef:
    return TargetRef(
        name=name,
        address="192.0.2.1",
        port=22,
        user="azureuser",
        transport="ssh",
        platform="linux",
        azure_id=azure_id,
        opt_outs=(),
    )


@pytest.fixture
def run() -> str:
    """The id of the run that ``journal`` holds."""
    return _RUN


@pytest.fixture
def now() -> Callable[[], str]:
    """A clock."""
    return _clock()


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    """Builds the plan; takes ``note`` and the ``azure_id`` of vm-1."""
    return _plan


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """Builds an event of RUN: kind, then ``action``, ``attempt``, ``epoch``, ``entry``; the rest is its data."""

    def build(
        kind: EventKind, *, run: str = _RUN, action: str = "check", attempt: int = 1, epoch: int = 1, **data: object
    ) -> Event:
        entry = str(data.pop("entry", _ENTRY))
        return Event(
            run=run,
            at="2026-01-01T12:00:01.000000+00:00",
            kind=kind,
            entry=entry,
            remedy="repair",
            action=action,
            attempt=attempt,
            epoch=epoch,
            data=data,
        )

    return build


@pytest.fixture
def start() -> Callable[..., Plan]:
    """Starts a run in a journal: ``start(journal, run, plan)``."""

    def begin(journal: Journal, run: str = _RUN, plan: Plan | None = None) -> Plan:
        plan = plan or _plan()
        journal.start_run(run, plan, digest(plan, evidence=False), {"identity": "kim", "host": "desk-1"})
        return plan

    return begin


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
def journal(state: Path, start: Callable[..., Plan]) -> Iterator[Journal]:
    """An open journal in which RUN runs."""
    with Journal(state, redact=lambda text: text.replace("hunter2", "***"), now=_clock(), busy_timeout=0.3) as opened:
        start(opened)
        yield opened
