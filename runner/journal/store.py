"""The journal as the engine sees it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from runner.errors import JournalError
from runner.journal import chain
from runner.journal.directory import Anchor, prepare
from runner.journal.ledger import Ledger, RunRow, TargetRow, json_text
from runner.journal.reader import JournalReader
from runner.journal.records import CANCELLED
from runner.journal.schema import open_writer
from runner.journal.spill import Spill
from runner.journal.writer import Job, Writer
from runner.model.event import Event, EventKind
from runner.model.plan import Plan


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class Journal(JournalReader):
    """The durable, append-only events of runs. A context manager; closing it writes what still waits.

    ``redact`` sees every text of an event's data before it is stored and hashed. ``now`` gives the time as ISO 8601
    with microseconds in UTC. ``lost`` is told of events that could be recorded nowhere at all.
    """

    def __init__(
        self,
        directory: Path,
        *,
        redact: Callable[[str], str],
        now: Callable[[], str],
        lost: Callable[[str], None] = _to_stderr,
        busy_timeout: float = 10.0,
    ) -> None:
        super().__init__(directory, busy_timeout=busy_timeout)
        self._redact = redact
        self._now = now
        path = prepare(directory)
        connection = open_writer(path, busy_timeout=busy_timeout)
        self._spill = Spill(directory, lost)
        self._writer = Writer(connection, self._spill, Anchor(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def healthy(self) -> bool:
        """False once anything could not be written: no new remedy may start, and later events go to the spill file."""
        return not self._writer.broken

    def start_run(
        self, run_id: str, plan: Plan, digest: str, data: Mapping[str, object], *, once: bool = False
    ) -> None:
        """A new run with its RUN_STARTED event, durable. ``data`` names its creator (``identity``) and ``host``.

        ``once``: the plan was saved, and may have been run before; then raises PlanSpent. Raises JournalError if the
        run cannot be recorded: then nothing may be started.
        """
        at = self._now()
        event = chain.prepare(Event(run=run_id, at=at, kind=EventKind.RUN_STARTED, data=data), self._redact)
        snapshot = chain.prepare_mapping({"plan": plan}, self._redact)["plan"]  # facts in it come from targets
        row = RunRow(
            id=run_id,
            created_at=at,
            plan=json_text(snapshot),
            digest=digest,
            note=self._redact(plan.note),
            creator=str(event.data.get("identity", "")),
            owner=str(event.data.get("host", "")),
            budget=json_text(event.data.get("budget", {})),
            targets=_targets(plan),
        )
        self._wait(Job(functools.partial(Ledger.start, row=row, event=event, once=once), spill=None))

    def record(self, event: Event) -> None:
        """Returns when the event is durable.

        Raises StaleEpoch for an intent that is fenced off, JournalError for one that cannot be recorded: its command
        must not be sent. No other kind is ever refused; what cannot be written is spilled.
        """
        self._wait(self._job(event))

    def note(self, event: Event) -> None:
        """Queues the event behind those before it, without waiting until it is durable. Not for intents."""
        if event.kind is EventKind.INTENT:
            message = "an intent must be recorded, not noted: its command may only follow when it is durable"
            raise ValueError(message)
        self._writer.submit(self._job(event))

    def spill(self, event: Event) -> None:
        """Keeps an event beside the journal: the intent of an ``always`` step that runs without a journal.

        Never raises.
        """
        self._spill.keep(chain.prepare(event, self._redact))

    def finish_run(self, run_id: str, state: str, data: Mapping[str, object]) -> None:
        """Writes RUN_FINISHED with ``data`` and sets the run's state; further intents are refused."""
        event = Event(run=run_id, at=self._now(), kind=EventKind.RUN_FINISHED, data={"state": state, **data})
        event = chain.prepare(event, self._redact)
        self._wait(Job(functools.partial(Ledger.finish, event=event, state=state), spill=event))

    def cancel_run(self, run_id: str, who: str) -> None:
        """Fences off every further intent of the run, whoever executes it; its executor then finishes it."""
        data = MappingProxyType({"text": f"cancelled by {who}"})
        event = chain.prepare(Event(run=run_id, at=self._now(), kind=EventKind.NOTE, data=data), self._redact)
        self._wait(Job(functools.partial(Ledger.finish, event=event, state=CANCELLED), spill=None))

    def claim(self, run_id: str, owner: str, *, entry: str = "") -> int:
        """The new epoch under which ``owner`` alone may work on the run, or on one entry of it."""
        return self._wait(Job(functools.partial(Ledger.claim, run=run_id, entry=entry, owner=owner), spill=None))

    def close(self) -> None:
        """Writes what waits and lets go of the file."""
        self._writer.close()

    def _job(self, event: Event) -> Job:
        ready = chain.prepare(event, self._redact)
        spill = None if event.kind is EventKind.INTENT else ready
        return Job(functools.partial(Ledger.append, event=ready), spill=spill)

    def _wait(self, job: Job) -> int:
        self._writer.submit(job)
        job.done.wait()
        if job.problem is not None:
            raise _fresh(job.problem)
        return job.result or 0


def _fresh(problem: JournalError) -> JournalError:
    """Of the same type, with the caller's traceback; the cause stays visible."""
    fresh = type(problem)(problem.message, remedy=problem.remedy)
    fresh.__cause__ = problem.__cause__
    return fresh


def _targets(plan: Plan) -> tuple[TargetRow, ...]:
    azure_ids = {target.name: target.azure_id for target in plan.targets}
    return tuple(
        TargetRow(entry=e.key, playbook=e.playbook, target=e.target, azure_id=azure_ids.get(e.target))
        for e in plan.entries
    )
