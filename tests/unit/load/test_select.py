"""Patterns of targets, evaluated as Ansible does."""

from __future__ import annotations

import time

import pytest

from runner.diagnostics import Diagnostics
from runner.errors import Refused, UsageError
from runner.load.inventory import read_inventory
from runner.load.select import check_expected, select, warn_of_shared_addresses
from runner.model.inventory import Inventory, Platform, Target, TransportKind

INI = """\
lonely
[web]
web-[1:4]
[sql]
sql-[1:2].example.com
[windows:children]
sql
[prod]
web-1
sql-1.example.com
"""
INVENTORY = read_inventory(INI, "inv", Diagnostics())
assert INVENTORY is not None


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("all", "lonely web-1 web-2 web-3 web-4 sql-1 sql-2"),
        ("*", "lonely web-1 web-2 web-3 web-4 sql-1 sql-2"),
        ("ungrouped", "lonely"),
        ("web-2", "web-2"),
        ("sql", "sql-1 sql-2"),
        ("windows", "sql-1 sql-2"),
        ("web-1,web-3", "web-1 web-3"),
        ("web-3:web-1", "web-1 web-3"),
        ("web-1, sql", "web-1 sql-1 sql-2"),
        ("web-*", "web-1 web-2 web-3 web-4"),
        ("*.example.com", "sql-1 sql-2"),
        ("w*", "web-1 web-2 web-3 web-4 sql-1 sql-2"),
        ("web-?:!web-[!12]", "web-1 web-2"),
        ("~web-[12]$", "web-1 web-2"),
        ("~web-.*:!web-1", "web-2 web-3 web-4"),
        ("~(?:web-[1]|lonely)$,sql", "lonely web-1 sql-1 sql-2"),
        ("~(web|lonely)", "lonely web-1 web-2 web-3 web-4"),
        ("windows:&prod", "sql-1"),
        ("prod:!windows", "web-1"),
        ("!windows:prod", "web-1"),
        ("windows:web:&prod:!sql-*", "web-1"),
        ("&prod", "web-1 sql-1"),
        ("!web:!sql", "lonely"),
        ("web[0]", "web-1"),
        ("web[-1]", "web-4"),
        ("web[0:2]", "web-1 web-2 web-3"),
        ("web[2:]", "web-3 web-4"),
        ("web[0-1]", "web-1 web-2"),
        ("web[1:99]", "web-2 web-3 web-4"),
    ],
)
def test_patterns(pattern: str, chosen: str) -> None:
    """All plain terms, then intersections, then exclusions; in the inventory's order."""
    assert INVENTORY is not None
    names = [target.name.removesuffix(".example.com") for target in select(INVENTORY, pattern)]

    assert names == chosen.split()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("wbe", "`wbe` means no target of inv\n    Did you mean `web`?"),
        ("web:!slq-*", "`slq-*` means no target"),
        ("web:&sql", "the pattern `web:&sql` leaves no target of inv\n    Groups of the inventory: `web`"),
        ("web:!web", "leaves no target"),
        ("web[9]", "`web[9]` means no target"),
        ("~x", "means no target"),
    ],
)
def test_an_empty_selection_is_refused(pattern: str, said: str) -> None:
    """Never all, and never none in silence; the term at fault is named."""
    assert INVENTORY is not None
    with pytest.raises(Refused) as caught:
        select(INVENTORY, pattern)

    assert said in str(caught.value)


@pytest.mark.parametrize("pattern", ["", "  ", ",", "&", "web:!", "~("])
def test_what_is_no_pattern(pattern: str) -> None:
    """Broken patterns are the caller's mistake."""
    assert INVENTORY is not None
    with pytest.raises(UsageError):
        select(INVENTORY, pattern)


def test_targets_at_one_address_are_one_warning() -> None:
    """However many there are; the letters' case and another port make the difference that they make."""
    text = "[g]\na ansible_host=X\nb ansible_host=x\nc ansible_host=x\nd ansible_host=x ansible_port=2222\ne\n"
    diagnostics = Diagnostics()
    inventory = read_inventory(text, "inv", diagnostics)
    assert inventory is not None

    warn_of_shared_addresses(inventory.targets, diagnostics)
    warn_of_shared_addresses(select(inventory, "c:d:e"), diagnostics)

    (said,) = diagnostics
    assert str(said) == "inv:3:1: warning: 3 targets have the same address, x, and may be one machine: `a`, `b`, `c`"


@pytest.mark.parametrize("expected", ["12", "10-15", "12-12", " 10 - 15 "])
def test_an_expected_number_passes(expected: str) -> None:
    """One number, or two with a dash."""
    check_expected(12, expected)


@pytest.mark.parametrize("expected", ["11", "13-15", "0"])
def test_another_number_is_refused(expected: str) -> None:
    """Nothing is changed on a surprising number of machines."""
    with pytest.raises(Refused, match="12 targets are selected"):
        check_expected(12, expected)


@pytest.mark.parametrize("expected", ["", "x", "15-10", "-5", "1-2-3"])
def test_what_is_no_number(expected: str) -> None:
    """Broken numbers are the caller's mistake."""
    with pytest.raises(UsageError):
        check_expected(12, expected)


def test_as_many_names_as_targets_take_linear_time() -> None:
    """As in the calls that triage makes of 20,000 jobs."""
    names = [f"vm-{number:05}" for number in range(20_000)]
    targets = tuple(
        Target(name=name, address=name, transport=TransportKind.SSH, platform=Platform.LINUX) for name in names
    )
    inventory = Inventory(targets=targets, groups={"web": tuple(names[:3])}, source="inv")
    began = time.process_time()
    found = select(inventory, ",".join([*names[1:], "!web"]))
    assert [target.name for target in found] == names[3:]
    assert time.process_time() - began < 5
