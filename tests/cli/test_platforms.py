"""One error code, a playbook for each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.unit.triage.shapes import book

MIXED = """\
vmfix: 1
defaults: {user: u, ssh: {config: null}}
targets:
  l1: {address: 192.0.2.1, transport: ssh}
  l2: {address: 192.0.2.2, transport: ssh}
  w1: {address: 192.0.2.3, transport: winrm}
"""


@pytest.fixture
def books(desk: Desk) -> Path:
    """A folder with a playbook for each platform, of one error code."""
    text = book("there-windows", "SolvedThere", platform="windows")
    desk.write("books/w.yml", text.replace("observe:", "params: {depth: {type: int, help: How deep.}}\nobserve:"))
    return desk.write("books/l.yml", book("there-linux", "SolvedThere", "AlsoThere")).parent


def test_a_plan_uses_each_playbook_on_its_own_platform(desk: Desk, books: Path) -> None:
    """And says so; nothing is left out."""
    machines = desk.write("mixed.yml", MIXED)
    done = desk.vmfix(
        "plan", "solvedthere", "--playbooks", books, "-i", machines, "-e", "depth=1", "--offline", "--json"
    )
    assert done.code == 0, done.err
    entries = [(entry["playbook"], entry["target"]) for entry in done.data["plan"]["entries"]]
    assert entries == [("there-linux", "l1"), ("there-linux", "l2"), ("there-windows", "w1")]
    assert done.data["plan"]["left_out"] == []
    assert (
        "note: `solvedthere` is solved by platform: "
        "`there-linux` on 2 linux targets, `there-windows` on 1 windows target" in done.err
    )


def test_only_what_the_targets_need_has_to_be_given(desk: Desk, books: Path) -> None:
    """The parameter of the other platform's playbook is asked for where that one is needed, and only there."""
    machines = desk.write("mixed.yml", MIXED)
    call = ("plan", "SolvedThere", "--playbooks", books, "-i", machines, "--offline")
    assert desk.vmfix(*call, "-t", "l1").code == 0
    done = desk.vmfix(*call)
    assert done.code == 3
    assert "parameter `depth` of `there-windows` is not set" in done.err


def test_an_alias_of_one_of_them_means_that_one(desk: Desk, books: Path) -> None:
    """A target of the other platform is then left out."""
    machines = desk.write("mixed.yml", MIXED)
    done = desk.vmfix("plan", "AlsoThere", "--playbooks", books, "-i", machines, "--offline", "--json")
    assert [entry["target"] for entry in done.data["plan"]["entries"]] == ["l1", "l2"]
    assert [one["target"] for one in done.data["plan"]["left_out"]] == ["w1"]
    assert "solved by platform" not in done.err


def test_show_and_list_have_all_of_them(desk: Desk, books: Path) -> None:
    """``show`` one after the other, and as a list in JSON; ``list`` takes several words."""
    done = desk.vmfix("show", "SolvedThere", "--playbooks", books)
    assert (done.code, done.err) == (0, "")
    assert done.out.index("there-linux: Title") < done.out.index("there-windows: Title")
    shown = desk.vmfix("show", "SolvedThere", "--playbooks", books, "--json").data
    assert shown["vmfix_playbook"] == 2
    assert [one["id"] for one in shown["playbooks"]] == ["there-linux", "there-windows"]
    rows = desk.vmfix("list", "SolvedThere", "there-linux", "320001", "--playbooks", books, "--json").data["playbooks"]
    assert [row["id"] for row in rows] == ["there-linux", "there-windows", "vm-not-found"]


def test_two_for_one_platform_are_refused(desk: Desk, books: Path) -> None:
    """With what to type; by its id each can be had."""
    desk.write("books/third.yml", book("third", "SolvedThere"))
    done = desk.vmfix("show", "SolvedThere", "--playbooks", books)
    assert done.code == 2
    assert "there-linux (linux), there-windows (windows), third (linux)" in done.err
    assert desk.vmfix("show", "third", "--playbooks", books).code == 0
