"""vmfix stop: a run that goes on in another process, one that has ended, one that was killed, and none."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Done, program

SLOW = 'touch "$1/begun"; until [ -e "$1/go" ]; do sleep 0.1; done; printf %s up >'


@pytest.fixture
def slow(desk: Desk) -> Desk:
    """Three targets, one after the other; each mends its flag only when it may ``go``."""
    desk.book.write_text(desk.book.read_text().replace("printf %s up >", SLOW))
    lines = [f"  {name}: {{transport: local, address: {name}.test}}\n" for name in ("one", "two", "three")]
    desk.inventory.write_text("vmfix: 1\ntargets:\n" + "".join(lines))
    return desk


@contextmanager
def running(desk: Desk) -> Iterator[subprocess.Popen[bytes]]:
    """A run in another process whose first remedy is under way."""
    argv = program("run", desk.book, "-i", desk.inventory, "--approve", "all", "--concurrency", 1)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            wait_for(desk.flags / "begun")
            yield process
        finally:
            (desk.flags / "go").touch()
            process.kill()


def wait_for(path: Path, seconds: float = 60) -> None:
    """Until the file is there."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not come"
        time.sleep(0.05)


def report(desk: Desk) -> Done:
    """Of the last run."""
    return desk.vmfix("report", "last", "--json")


def test_a_run_elsewhere_finishes_what_is_under_way_and_starts_nothing_more(slow: Desk) -> None:
    """As after one Ctrl-C: exit 130, the others are cancelled, and the report says who asked and why."""
    with running(slow) as process:
        done = slow.vmfix("stop", "last", "--reason", "the disk is full")
        assert (done.code, done.out) == (0, "")
        assert "asked; it stops when the remedies under way are done" in done.err
        late = slow.vmfix("stop", "last", "--reason", "the disk is full", "--wait", "0.1")
        assert late.code == 5
        assert "still goes on after 0.1 s" in late.err
        threading.Timer(1.5, (slow.flags / "go").touch).start()
        ended = slow.vmfix("stop", "last", "--reason", "the disk is full", "--wait", "60")
        assert ended.code == 0
        assert "has ended: it is cancelled; 2 cancelled, 1 fixed" in ended.out
        assert process.wait(60) == 130
    made = report(slow).data
    assert made["counts"] == {"fixed": 1, "cancelled": 2}
    assert all("asked for a stop at" in entry["reason"] for entry in made["entries"][1:])
    assert all("the disk is full" in entry["reason"] for entry in made["entries"][1:])
    assert list((slow.folder / "state" / "stops").iterdir()) == []


def test_the_answer_in_json(slow: Desk) -> None:
    """One document, also for programs."""
    with running(slow):
        done = slow.vmfix("stop", "last", "--json")
        assert done.code == 0
        assert done.data == {"vmfix_stop": 1, "run": done.data["run"], "asked": True, "state": "running"}


def test_a_run_that_was_killed_cannot_be_asked(slow: Desk) -> None:
    """The journal still calls it running; nobody would answer."""
    with running(slow) as process:
        process.kill()
        process.wait(60)
        done = slow.vmfix("stop", "last")
    assert done.code == 4
    assert "does not run any more" in done.err
    assert "its targets' states are in the report" in done.err
    assert list((slow.folder / "state" / "stops").glob("*.json")) == []


def test_a_run_that_has_ended_is_refused_with_how_it_ended(desk: Desk) -> None:
    """Exit 4; nothing was asked."""
    assert desk.work("run", "--approve", "all").code == 0
    done = desk.vmfix("stop", "last")
    assert done.code == 4
    assert "has ended already: it is finished; 1 fixed" in done.err
    assert list((desk.folder / "state" / "stops").glob("*.json")) == []


@pytest.mark.parametrize("words", [["20200101"], [], ["last", "--wait", "-1"], ["last"]])
def test_an_unknown_run_is_a_usage_error(desk: Desk, words: list[str]) -> None:
    """Exit 2, and no folder is made for it."""
    assert desk.vmfix("stop", *words).code == 2
    assert not (desk.folder / "state").exists()
