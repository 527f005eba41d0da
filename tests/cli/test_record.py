"""vmfix plan --record: what a target answers becomes a case."""

from __future__ import annotations

import platform

import pytest

from tests.cli.desk import Desk


def test_recorded_case_plays(desk: Desk) -> None:
    """The same look again, on a machine that is a file; the flag is as it was."""
    desk.flag.write_text("half\nmast\n", encoding="utf-8")
    case = desk.folder / "book.cases.yml"
    assert desk.work("plan", "--record", case).code == 0
    assert case.stat().st_mode & 0o777 == 0o600
    desk.flag.unlink()

    done = desk.vmfix("test", desk.book)
    assert (done.code, done.err) == (0, "")
    assert "  ok    as here was seen at 20" in done.out
    text = case.read_text(encoding="utf-8")
    assert "    flag: |\n      half\n      mast\n" in text
    assert "status: refused" in text  # for nothing is approved
    assert not desk.flag.exists()


def test_parameters_and_groups_go_along(desk: Desk) -> None:
    """What is not as usual."""
    desk.write(
        "inventory.yml",
        "vmfix: 1\ngroups: {prod: {targets: {here: {transport: local, vars: {token: hunter2}}}}}\n",
    )
    case = desk.folder / "book.cases.yml"
    assert desk.work("plan", "-e", f"dir={desk.folder}", "--record", case).code == 0
    text = case.read_text(encoding="utf-8")
    assert f"  params:\n    dir: {desk.folder}\n  target:\n    groups:\n    - prod\n" in text
    assert "hunter2" not in text
    assert desk.vmfix("test", desk.book).code == 0


def test_only_what_the_playbook_asks(desk: Desk) -> None:
    """The machine's own name is compared with the inventory, and is no part of the case."""
    inventory = desk.write(
        "named.yml",
        f"vmfix: 1\ntargets:\n  here: {{transport: local, address: localhost, hostname: {platform.node()}}}\n",
    )
    assert desk.vmfix("plan", desk.book, "-i", inventory, "--record", desk.folder / "book.cases.yml").code == 0
    assert "uname" not in (desk.folder / "book.cases.yml").read_text(encoding="utf-8")
    assert desk.vmfix("test", desk.book).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--offline"], "nothing could be recorded"),
        (["--compare", "plan.json"], "do not go together"),
    ],
)
def test_what_cannot_be_recorded(desk: Desk, words: list[str], said: str) -> None:
    """Nothing is looked at, and no file is left behind."""
    case = desk.folder / "book.cases.yml"
    done = desk.work("plan", "--record", case, *words)
    assert done.code == 2
    assert said in done.err
    assert not case.exists()


def test_one_target_and_one_playbook(desk: Desk) -> None:
    """A case is about one machine."""
    desk.write("inventory.yml", "vmfix: 1\ntargets:\n  a: {transport: local}\n  b: {transport: local}\n")
    done = desk.work("plan", "--record", desk.folder / "book.cases.yml")
    assert done.code == 2
    assert "and this is about 2" in done.err
