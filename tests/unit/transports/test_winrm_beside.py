"""What goes on beside commands, without a service: order, the end, and standard input in pieces."""

from __future__ import annotations

import threading
import time
from typing import cast

import pytest

from runner.errors import Unreachable
from runner.transports.winrm_answers import Fault
from runner.transports.winrm_beside import MOST, PIECE, Beside, Feeding
from runner.transports.winrm_refusals import NoAnswer, WsmanFault
from runner.transports.winrm_wsman import Wsman


class FakeLine:
    """Notes what becomes of it."""

    def __init__(self) -> None:
        self.closed = False
        self.aborted = threading.Event()

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted.set()


class FakeWsman:
    """Takes input, or raises what it was given instead."""

    def __init__(self, *problems: Exception | None) -> None:
        self.line = FakeLine()
        self.pieces: list[tuple[bytes, bool]] = []
        self.within: list[float] = []
        self._problems = list(problems)

    def send(self, shell: str, command: str, data: bytes, *, last: bool, within: float) -> None:
        self.within.append(within)
        problem = self._problems.pop(0) if self._problems else None
        if problem is not None:
            raise problem
        self.pieces.append((data, last))


def as_wsman(fake: FakeWsman) -> Wsman:
    """What the code under test takes it for."""
    return cast("Wsman", fake)


def feeding_of(data: bytes) -> Feeding:
    """Standard input of a command that has ten seconds left."""
    return Feeding("S", "C", data, time.monotonic() + 10)


def test_jobs_are_done_in_order_before_the_end() -> None:
    """Also those that were waiting when it is closed; then the connection is closed."""
    fake, done = FakeWsman(), list[int]()
    beside = Beside(lambda: as_wsman(fake))
    for number in range(5):
        beside.do(lambda _, number=number: done.append(number))  # type: ignore[misc]
    beside.close(5.0)
    beside.close(5.0)

    assert done == [0, 1, 2, 3, 4]
    assert fake.line.closed


@pytest.mark.parametrize("problem", [NoAnswer("x"), Unreachable("x"), WsmanFault(Fault(5))])
def test_what_goes_wrong_in_a_job_stops_nothing(problem: Exception) -> None:
    """The next one is done all the same."""
    done: list[str] = []
    beside = Beside(lambda: as_wsman(FakeWsman()))

    def fail(_: Wsman) -> None:
        raise problem

    beside.do(fail)
    beside.do(lambda _: done.append("next"))
    beside.close(5.0)

    assert done == ["next"]


def test_a_job_that_hangs_is_broken_off() -> None:
    """Closing takes no longer than it was told, and drops what was still to be done."""
    fake, done = FakeWsman(), list[str]()
    beside = Beside(lambda: as_wsman(fake))
    beside.do(lambda _: cast("None", fake.line.aborted.wait(10)))
    beside.do(lambda _: done.append("too late"))
    began = time.monotonic()
    beside.close(0.1)

    assert time.monotonic() - began < 2
    assert fake.line.aborted.is_set()
    beside.close(5.0)
    assert done == []


def test_it_can_be_used_after_the_end() -> None:
    """With a new connection."""
    made: list[FakeWsman] = []

    def make() -> Wsman:
        made.append(FakeWsman())
        return as_wsman(made[-1])

    beside = Beside(make)
    for _ in range(2):
        beside.do(lambda _: None)
        beside.close(5.0)

    assert [fake.line.closed for fake in made] == [True, True]


class Later:
    """Jobs that can wait, by their numbers; ``done`` are those that were done."""

    def __init__(self, quiet: float) -> None:
        self.fake = FakeWsman()
        self.made = 0
        self.done: list[int] = []
        self.changed = threading.Condition()
        self.beside = Beside(self._make, quiet)

    def _make(self) -> Wsman:
        self.made += 1
        return as_wsman(self.fake)

    def _did(self, number: int) -> None:
        with self.changed:
            self.done.append(number)
            self.changed.notify()

    def ask(self, *numbers: int) -> None:
        """Each one can wait."""
        for number in numbers:
            self.beside.do_later(lambda _, number=number: self._did(number))  # type: ignore[misc]

    def came(self, *numbers: int) -> bool:
        """Whether exactly these come to be done."""
        with self.changed:
            return self.changed.wait_for(lambda: self.done == list(numbers), 10)


def test_what_can_wait_is_done_in_a_quiet_moment() -> None:
    """Not while there is more and more to do."""
    later = Later(quiet=0.3)
    for number in range(4):
        later.ask(number)
        time.sleep(0.1)
        assert later.done == []

    assert later.came(0, 1, 2, 3)
    later.beside.close(5.0)


def test_what_can_wait_does_not_become_too_much() -> None:
    """With so many it begins at once, and goes on with those that come meanwhile."""
    later = Later(quiet=60)
    later.ask(*range(MOST - 1))
    assert not later.done
    later.ask(MOST - 1)

    assert later.came(*range(MOST))
    later.ask(100)
    time.sleep(0.05)
    assert later.done[-1] == MOST - 1  # the rush is over: it waits again
    later.beside.close(5.0)
    assert later.done[-1] == 100


def test_what_can_wait_is_dropped() -> None:
    """Then nothing is done for it, nor for what was about to be done."""
    later = Later(quiet=60)
    held = threading.Event()
    later.beside.do(lambda _: cast("None", held.wait(10)))
    later.ask(*range(MOST))
    later.beside.drop()
    held.set()
    later.ask(100)
    later.beside.close(5.0)

    assert later.done == [100]


def test_what_can_wait_is_hurried() -> None:
    """It is done at once, whoever drops what waits after that."""
    later = Later(quiet=60)
    later.ask(1, 2)
    later.beside.hurry()
    later.beside.drop()

    assert later.came(1, 2)
    later.beside.close(5.0)
    assert later.fake.line.closed
    later.beside.hurry()
    later.beside.close(5.0)
    assert later.made == 1


def test_what_is_urgent_goes_before_what_can_wait() -> None:
    """Standard input is not kept waiting by clean-up."""
    later = Later(quiet=60)
    held = threading.Event()
    later.beside.do(lambda _: cast("None", held.wait(10)))
    later.ask(*range(MOST))
    later.beside.do(lambda _: later.done.append(-1))
    held.set()

    assert later.came(-1, *range(MOST))
    later.beside.close(5.0)


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_input_in_pieces(size: int) -> None:
    """Each small enough for one message, only the last one ends it, and no input is one empty piece."""
    fake = FakeWsman()
    feeding = feeding_of(b"x" * size)
    feeding(as_wsman(fake))

    assert b"".join(data for data, _ in fake.pieces) == b"x" * size
    assert [last for _, last in fake.pieces] == [False] * (len(fake.pieces) - 1) + [True]
    assert all(len(data) <= PIECE for data, _ in fake.pieces)
    assert all(9 < within <= 10 for within in fake.within)
    assert feeding.done


def test_nothing_is_sent_to_a_command_that_has_ended() -> None:
    """It was told so before its turn came."""
    fake = FakeWsman()
    feeding = feeding_of(b"x")
    feeding.stop()
    feeding(as_wsman(fake))

    assert fake.pieces == []


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (NoAnswer("gone"), "its standard input may be incomplete: gone"),
        (Unreachable("down"), "its standard input may be incomplete: down"),
        (WsmanFault(Fault(0x80338029)), "its standard input was refused: 0x80338029"),
        (WsmanFault(Fault(0x8033805B)), ""),
        (WsmanFault(Fault(232)), ""),
    ],
)
def test_input_that_did_not_get_through(problem: Exception, said: str) -> None:
    """It is a problem, unless the command does not want any more; no further piece is sent."""
    fake = FakeWsman(None, problem)
    feeding = feeding_of(b"x" * 3 * PIECE)
    feeding(as_wsman(fake))

    assert feeding.problem == said
    assert feeding.done is not bool(said)
    assert len(fake.pieces) == 1
