"""A writing process killed at random points, and a disk that is full: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.journal import JournalReader
from runner.model.event import EventKind

RUN = "20260101-120000-abcd"

_HEAD = """
import sys, threading, resource
from datetime import datetime, timezone
from pathlib import Path
from runner.errors import JournalError
from runner.journal import Journal
from runner.model.event import Event, EventKind
from runner.model.plan import Plan

now = lambda: datetime.now(timezone.utc).isoformat(timespec="microseconds")
plan = Plan(format=1, tool_version="0", offline=False, creator="", note="", expires_at="", playbooks=(), targets=(),
            entries=())
journal = Journal(Path(sys.argv[1]), redact=str, now=now)
run = "20260101-120000-abcd"
journal.start_run(run, plan, "d", {})
def event(kind, action, attempt, **data):
    return Event(run=run, at=now(), kind=kind, entry="p@vm", remedy="r", action=action, attempt=attempt, data=data)
"""

# Every acknowledged event is told in one write, after record returned: what is told must be found.
_WRITE = (
    _HEAD
    + """
import os
def work(name):
    for attempt in range(1, 10_000_000):
        for kind in (EventKind.INTENT, EventKind.RESULT):
            journal.record(event(kind, name, attempt, text="x" * 500))
            os.write(1, f"{name} {attempt} {kind.value}\\n".encode())
os.write(1, b"ready\\n")
for number in range(8):
    threading.Thread(target=work, args=(f"a{number}",)).start()
"""
)

_FILL = (
    _HEAD
    + """
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
attempt = 0
try:
    while True:
        attempt += 1
        journal.record(event(EventKind.INTENT, "a", attempt, prior="x" * 2000))
        journal.record(event(EventKind.RESULT, "a", attempt, exit_code=0))
except JournalError as problem:
    print("refused", attempt, journal.healthy, problem.message)
journal.record(event(EventKind.RESULT, "late", 1, exit_code=3))
journal.finish_run(run, "finished", {})
journal.close()
"""
)


def _python(script: str, state: Path, *, stderr: int | None = None) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", script, str(state)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=environment)


@pytest.mark.parametrize("seed", range(8))
def test_killed_while_writing(tmp_path: Path, seed: int) -> None:
    """After kill -9 at a random moment every acknowledged event is in the journal and its chain verifies."""
    process = _python(_WRITE, tmp_path / "state")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.25))  # noqa: S311 - no secret
    process.send_signal(signal.SIGKILL)
    told = {tuple(line.split()) for line in process.communicate()[0].decode().splitlines()}

    reader = JournalReader(tmp_path / "state")
    found = {(e.action, str(e.attempt), e.kind.value) for e in reader.events(RUN)}
    assert told <= found
    assert reader.verify(RUN) == reader.run(RUN).head
    assert reader.run(RUN).state == "running"


def test_can_be_continued(tmp_path: Path) -> None:
    """After a kill another process writes on to the same chain."""
    process = _python(_WRITE, tmp_path / "state")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    process.kill()
    process.communicate()
    script = (
        _HEAD.replace('journal.start_run(run, plan, "d", {})', "")
        + 'journal.record(event(EventKind.INTENT, "b", 1)); journal.finish_run(run, "finished", {}); journal.close()'
    )
    with _python(script, tmp_path / "state") as second:
        assert second.wait() == 0

    reader = JournalReader(tmp_path / "state")
    assert [e.kind for e in reader.events(RUN)][-2:] == [EventKind.INTENT, EventKind.RUN_FINISHED]
    assert reader.verify(RUN)


def test_full_disk(tmp_path: Path) -> None:
    """No room for the journal: intents are refused, results are spilled, the chain up to there verifies."""
    process = _python(_FILL, tmp_path / "state", stderr=subprocess.PIPE)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    word, attempt, healthy, *_ = out.decode().split()

    reader = JournalReader(tmp_path / "state")
    events = list(reader.events(RUN))
    assert (word, healthy) == ("refused", "False")
    assert len([e for e in events if e.kind is EventKind.INTENT]) == int(attempt) - 1
    assert [(e.action, e.kind) for e in events[-2:]] == [
        ("late", EventKind.RESULT),
        ("", EventKind.RUN_FINISHED),
    ]
    assert reader.verify(RUN)
    assert reader.run(RUN).spilled
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 300_000
