"""vmfix plan and vmfix ping: nothing is changed."""

from __future__ import annotations

import json
import socket
import stat

import pytest

from tests.cli.desk import Desk


def nobody_listens() -> int:
    """A port of this machine at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def unreachable(desk: Desk) -> str:
    """An inventory of one target that works and one that nobody answers for."""
    text = f"""\
vmfix: 1
targets:
  here: {{transport: local, address: localhost}}
  gone: {{transport: ssh, address: 127.0.0.1, port: {nobody_listens()}, user: nobody, ssh: {{config: null}}}}
"""
    return str(desk.write("unreachable.yml", text))


def test_a_plan_shows_what_would_run_and_changes_nothing(desk: Desk) -> None:
    """Exit 0, although something would be changed."""
    done = desk.work("plan")
    assert done.code == 0
    assert 'printf %s up >"$1/flag"' in done.out
    assert "flag-missing/raise" in done.out
    assert "here  flag-missing  planned" in done.err
    assert not desk.flag.exists()


def test_a_plan_as_json_is_the_only_thing_on_standard_output(desk: Desk) -> None:
    """Versioned; progress goes to standard error."""
    done = desk.work("plan", "--json")
    assert done.code == 0
    assert done.data["vmfix_plan_view"] == 1
    assert done.data["plan"]["entries"][0]["standing"] == "planned"


def test_a_saved_plan_can_be_read_by_its_owner_alone(desk: Desk) -> None:
    """It names machines and commands. One that is there already is replaced, whatever its mode."""
    path = desk.write("plan.json", "old")
    path.chmod(0o644)
    done = desk.work("plan", "-o", path, "--note", "TICKET-1")
    assert done.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["plan"]["note"] == "TICKET-1"
    assert not [other for other in desk.folder.iterdir() if other.name.startswith(".plan")]


def test_an_offline_plan_connects_to_nothing(desk: Desk) -> None:
    """Even if no target could be reached."""
    done = desk.vmfix("plan", desk.book, "-i", unreachable(desk), "--offline")
    assert done.code == 0
    assert "printf %s up" in done.out
    assert done.err == ""


def test_a_target_that_cannot_be_reached_makes_exit_code_5(desk: Desk) -> None:
    """The others are planned all the same."""
    done = desk.vmfix("plan", desk.book, "-i", unreachable(desk))
    assert done.code == 5
    assert "1 planned" in done.out
    assert "unreachable" in done.out


def test_a_requirement_that_does_not_hold_makes_exit_code_5(desk: Desk) -> None:
    """The target is refused with the author's own text."""
    text = desk.book.read_text().replace("healthy:", 'requires:\n  - {that: "false", else: Not today.}\nhealthy:')
    desk.book.write_text(text)
    done = desk.work("plan")
    assert done.code == 5
    assert "Not today." in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["-t", "nobody"], 4, "`nobody` means no target"),
        (["-t", "all:!here"], 4, "leaves no target"),
        (["--expect", "2"], 4, "1 target is selected, but 2 expected"),
        (["--expect", "2-3"], 4, "but 2-3 expected"),
        (["--expect", "some"], 2, "is not a number of targets"),
        (["-t", "!"], 2, "is not a pattern"),
        (["-i", "missing.yml"], 2, "there is no file missing.yml"),
        (["--playbooks", "missing"], 3, "missing: error: there is no such folder"),
        (["-o", "/proc/nowhere/plan.json"], 2, "-o /proc/nowhere/plan.json cannot be written"),
        (["-o", "/"], 2, "it is a folder"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_sent(
    desk: Desk, options: list[str], code: int, said: str
) -> None:
    """One clear message, the right exit code."""
    done = desk.work("plan", *options)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert "planned" not in done.err


def test_the_expected_number_of_targets_is_let_through(desk: Desk) -> None:
    """Exact and as a range."""
    assert desk.work("plan", "--expect", "1").code == 0
    assert desk.work("plan", "--expect", "1-3").code == 0


def test_an_unknown_code_is_a_usage_error_with_the_nearest(desk: Desk) -> None:
    """Nothing is executed."""
    desk.write("books/book.yml", desk.book.read_text())
    done = desk.vmfix("plan", "flag-mising", "-i", desk.inventory, "--playbooks", desk.folder / "books")
    assert done.code == 2
    assert "Did you mean `flag-missing`?" in done.err


def test_the_inventory_may_be_named_by_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the message says how to name one."""
    done = desk.vmfix("plan", desk.book)
    assert done.code == 2
    assert "Name one with -i FILE" in done.err

    monkeypatch.setenv("VMFIX_INVENTORY", str(desk.inventory))
    assert desk.vmfix("plan", desk.book).code == 0


def test_a_playbook_that_is_not_there_is_a_usage_error(desk: Desk) -> None:
    """Named by its path."""
    done = desk.vmfix("plan", "./missing.yml", "-i", desk.inventory)
    assert done.code == 2
    assert "the playbook ./missing.yml does not exist" in done.err


def test_ping_says_per_target_whether_it_can_be_worked_on(desk: Desk) -> None:
    """Exit 0 if all can, 5 if one cannot."""
    done = desk.vmfix("ping", "-i", desk.inventory)
    assert (done.code, done.out) == (0, "here  ok\n1 target: 1 ok, 0 not\n")

    done = desk.vmfix("ping", "-i", unreachable(desk), "--json")
    assert done.code == 5
    here, gone = done.data["targets"]
    assert (here["target"], here["ok"]) == ("here", True)
    assert (gone["target"], gone["ok"], gone["kind"]) == ("gone", False, "Unreachable")
    assert "refused" in gone["message"]


def test_ping_notices_another_machine(desk: Desk) -> None:
    """The name in the inventory is not the one that the machine gives itself."""
    desk.inventory.write_text("vmfix: 1\ntargets:\n  here: {transport: local, hostname: not-this-one}\n")
    done = desk.vmfix("ping", "-i", desk.inventory)
    assert done.code == 5
    assert "is not the one that is meant" in done.out
