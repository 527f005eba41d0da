"""What may start now: limits hold whatever the order of starts and ends, and nothing waits for ever."""

from __future__ import annotations

import dataclasses
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.execute.tick import Claim, RunView, tick

SLOTS = ("a", "b", "c", "free")


@st.composite
def runs(draw: st.DrawFn) -> tuple[dict[str, Claim], dict[str, int], int]:
    """Entries on few targets and in few slots, so that they get into each other's way."""
    slots = {f"t{n}": draw(st.frozensets(st.sampled_from(SLOTS))) for n in range(draw(st.integers(1, 8)))}
    targets = draw(st.lists(st.sampled_from(sorted(slots)), min_size=1, max_size=20))
    entries = {
        f"e{n}": Claim(target, slots[target] if draw(st.booleans()) else frozenset())
        for n, target in enumerate(targets)
    }
    return entries, {slot: draw(st.integers(1, 3)) for slot in SLOTS[:3]}, draw(st.integers(1, 6))


def counted(view: RunView) -> RunView:
    """With what a caller may count, to save looking at everything."""
    claims = view.waiting.values()
    crowd = Counter(slot for claim in claims for slot in claim.slots)
    return dataclasses.replace(view, kinds=len({claim.slots for claim in claims}), crowd=crowd)


@given(runs(), st.data())
def test_limits_hold_whatever_the_order_of_starts_and_ends(
    made: tuple[dict[str, Claim], dict[str, int], int], data: st.DataObject
) -> None:
    """Never more at once than allowed, no target twice at once, each entry once, and it comes to an end."""
    entries, room, concurrency = made
    waiting, running, begun = dict(entries), dict[str, Claim](), []
    while waiting or running:
        view = RunView(waiting, running, concurrency, room)
        chosen = tick(view)
        assert tick(counted(view)) == chosen, "counting saves time and changes nothing"
        assert tick(view) == chosen, "it can be repeated"
        assert chosen or running, "nothing runs and something waits, so something starts"
        for key in chosen:
            running[key] = waiting.pop(key)
            begun.append(key)
        assert len(running) <= concurrency
        targets = Counter(claim.target for claim in running.values())
        assert max(targets.values()) == 1
        used = Counter(slot for claim in running.values() for slot in claim.slots)
        assert all(used[slot] <= room[slot] for slot in room)
        for key in data.draw(st.lists(st.sampled_from(sorted(running)), unique=True, min_size=1)):
            del running[key]
    assert sorted(begun) == sorted(entries)


@given(runs())
def test_what_fits_is_not_kept_waiting(made: tuple[dict[str, Claim], dict[str, int], int]) -> None:
    """As long as a place is free, whoever was passed over has no room or no machine to itself."""
    entries, room, concurrency = made
    chosen = tick(counted(RunView(entries, {}, concurrency, room)))
    if len(chosen) == concurrency:
        return
    targets = {entries[key].target for key in chosen}
    used = Counter(slot for key in chosen for slot in entries[key].slots)
    for key in entries.keys() - set(chosen):
        claim = entries[key]
        assert claim.target in targets or any(used[slot] >= room.get(slot, 99) for slot in claim.slots)


def test_the_order_is_kept_and_a_blocked_one_is_passed_over() -> None:
    """Who waits longest comes first, unless it has no room."""
    one = frozenset({"set"})
    entries = {"a": Claim("a", one), "b": Claim("b", one), "c": Claim("c"), "d": Claim("d")}
    assert tick(RunView(entries, {}, 2, {"set": 1})) == ("a", "c")
    assert tick(RunView({"b": Claim("b", one), "d": Claim("d")}, {"a": Claim("a", one)}, 3, {"set": 1})) == ("d",)


def test_nothing_starts_while_stopping_or_when_all_places_are_taken() -> None:
    """Whatever waits."""
    entries = {"a": Claim("a")}
    assert tick(RunView(entries, {}, 5, stopping=True)) == ()
    assert tick(RunView(entries, {"b": Claim("b")}, 1)) == ()


class Counted(OrderedDict[str, Claim]):
    """Counts how many entries are looked at."""

    looked = 0

    def items(self) -> Iterator[tuple[str, Claim]]:  # type: ignore[override]
        for item in super().items():
            self.looked += 1
            yield item


@pytest.mark.parametrize("own", [lambda _number: (), lambda number: (f"set-{number // 3}",)], ids=["one", "sets"])
@pytest.mark.parametrize("room", [{}, {"all": 1}, {"all": 7}])
def test_a_long_line_is_not_looked_at_again_and_again(
    room: dict[str, int], own: Callable[[int], tuple[str, ...]]
) -> None:
    """Each entry costs the same, however many wait, also where none of them has room."""
    waiting = Counted({f"e{n}": Claim(f"t{n}", frozenset({"all", *own(n)})) for n in range(2000)})
    crowd = Counter(slot for claim in waiting.values() for slot in claim.slots)
    kinds = len({claim.slots for claim in waiting.values()})
    running: dict[str, Claim] = {}
    ticks = 0
    while waiting or running:
        for key in tick(RunView(waiting, running, 20, room, kinds=kinds, crowd=crowd)):
            running[key] = waiting.pop(key)
            crowd.subtract(running[key].slots)
        running.pop(next(iter(running)))
        ticks += 1
    assert ticks == 2000
    assert waiting.looked <= 2 * ticks
