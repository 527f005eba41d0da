"""What is well has to stay so, if the playbook asks for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.model.command import Command, CommandResult
from runner.model.event import EventKind, Status
from tests.unit.execute.world import SIMPLE, Machine, World, load

STAYS = f"{SIMPLE}    verify: {{within: WITHIN, every: 2s, stays: 10s}}\n"


class Clockwork(Machine):
    """A machine whose state is good at some times after it was set, and bad at others."""

    def __init__(self, good: list[tuple[float, float]]) -> None:
        super().__init__({"state": "bad"}, on_set=self._set, on_get=self._get)
        self.good = good
        self.set_at: float | None = None
        self.now: Callable[[], float] = float

    def _set(self, _machine: Machine, _sent: Command) -> CommandResult:
        self.set_at = self.now()
        return CommandResult(exit_code=0)

    def _get(self, _machine: Machine, sent: Command) -> CommandResult | None:
        if self.set_at is None or sent.argv[1] != "state":
            return None
        past = self.now() - self.set_at
        good = any(begin <= past < end for begin, end in self.good)
        return CommandResult(exit_code=0, stdout=b"good" if good else b"bad")


FOREVER = 1e9


@pytest.mark.parametrize(
    ("good", "within", "status", "seconds", "text"),
    [
        ([(0, FOREVER)], "20s", Status.FIXED, 10, "the guest shows no fault now"),
        ([(0, 5)], "0s", Status.NOT_FIXED, 6, "the fault was gone, and came back within 10s"),
        ([(0, 5), (11, FOREVER)], "20s", Status.FIXED, 22, "the guest shows no fault now"),
        ([(0, 5), (19, FOREVER)], "20s", Status.FIXED, 30, "the guest shows no fault now"),  # beyond `within`
        ([(0, 5), (19, 23)], "20s", Status.NOT_FIXED, 24, "the fault was gone, and came back within 10s"),
        ([(0, 1)], "20s", Status.NOT_FIXED, 20, "the fault was gone, and came back within 10s"),
    ],
)
def test_it_has_to_stay_well(
    good: list[tuple[float, float]], within: str, status: Status, seconds: float, text: str
) -> None:
    """From the first look that sees it well, without a break; a break begins anew as long as there is patience."""
    machine = Clockwork(good)
    one = World(load(STAYS.replace("WITHIN", within)), {"a": machine})
    machine.now = one.clock.monotonic

    assert one.run()["a"].status is status
    (verified,) = one.of_kind(EventKind.VERIFIED)
    assert verified.data["text"] == text
    assert machine.set_at is not None
    assert one.clock.monotonic() - machine.set_at == seconds


def test_without_it_the_first_good_look_counts() -> None:
    """As ever."""
    machine = Clockwork([(0, 1)])
    one = World(load(SIMPLE), {"a": machine})
    machine.now = one.clock.monotonic
    assert one.run()["a"].status is Status.FIXED
