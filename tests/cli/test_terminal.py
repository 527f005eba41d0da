"""vmfix at a real terminal: consent, live progress, Ctrl-C; and signals without one."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Terminals, program

SLOW = 'touch "$1/begun"; until [ -e "$1/go" ]; do sleep 0.1; done; printf %s up >'
CTRL_C = "\x03"


def wait_for(path: Path, seconds: float = 60) -> None:
    """Until the file is there."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not come"
        time.sleep(0.05)


@pytest.fixture
def slow(desk: Desk) -> Desk:
    """Two targets, one after the other; each mends its flag only when it may ``go``."""
    text = desk.book.read_text().replace("printf %s up >", SLOW)
    desk.book.write_text(text)
    desk.inventory.write_text(
        "vmfix: 1\ntargets:\n  one: {transport: local, address: a.test}\n  two: {transport: local, address: b.test}\n"
    )
    return desk


def test_consent_is_asked_once_per_remedy_and_yes_runs_it(desk: Desk, terminal: Terminals) -> None:
    """With risk, approval text, number of targets and worst case, after the plan."""
    person = terminal("run", desk.book, "-i", desk.inventory)
    person.expect("[y/N]")
    assert not desk.flag.exists()
    for text in (
        "Plan for 1 target",
        "risk: config",
        "approval: The flag can be seen from afar.",
        "takes at most: 1m per target",
        "Run flag-missing/raise on 1 target? [y/N]",
    ):
        assert text in person.seen
    person.type("y\n")
    assert person.end() == 0
    assert person.seen.count("[y/N]") == 1
    assert "FINISHED fixed" in person.seen
    assert desk.flag.read_text() == "up"
    assert person.seen.rfind("\x1b[?25h") >= person.seen.rfind("\x1b[?25l"), "the cursor stays hidden"


@pytest.mark.parametrize("answer", ["\n", "n\n", "yessir\n", "\x04"])
def test_anything_but_yes_is_no(desk: Desk, terminal: Terminals, answer: str) -> None:
    """Exit 4, nothing was changed."""
    person = terminal("run", desk.book, "-i", desk.inventory)
    person.expect("[y/N]")
    person.type(answer)
    assert person.end() == 4
    assert "nothing was approved, so nothing was executed" in person.seen
    assert not desk.flag.exists()


def test_ctrl_c_at_the_question_changes_nothing(desk: Desk, terminal: Terminals) -> None:
    """Exit 130."""
    person = terminal("run", desk.book, "-i", desk.inventory)
    person.expect("[y/N]")
    person.type(CTRL_C)
    assert person.end() == 130
    assert "interrupted; nothing was changed" in person.seen
    assert not desk.flag.exists()


def test_approval_on_the_command_line_asks_nothing(desk: Desk, terminal: Terminals) -> None:
    """The terminal makes no difference then."""
    person = terminal("run", desk.book, "-i", desk.inventory, "--approve", "raise")
    assert person.end() == 0
    assert "[y/N]" not in person.seen


def test_nothing_is_asked_where_nothing_has_to_be_done(desk: Desk, terminal: Terminals) -> None:
    """All healthy."""
    desk.flag.write_text("up")
    person = terminal("run", desk.book, "-i", desk.inventory)
    assert person.end() == 0
    assert "[y/N]" not in person.seen
    assert "Nothing to change." in person.seen


def test_a_manual_step_is_asked_for_after_its_remedy(desk: Desk, terminal: Terminals) -> None:
    """Said to be done, the remedy goes on past it."""
    manual = "steps:\n      - id: look\n        manual: {text: Look at the mast.}\n"
    desk.book.write_text(desk.book.read_text().replace("steps:\n", manual))
    person = terminal("run", desk.book, "-i", desk.inventory)
    person.expect("Run flag-missing/raise")
    person.type("y\n")
    person.expect("Is this done? [y/N]")
    assert "a person does flag-missing/raise/look: Look at the mast." in person.seen
    person.type("y\n")
    assert person.end() == 0
    assert desk.flag.read_text() == "up"


def test_colours_can_be_switched_off(desk: Desk, terminal: Terminals) -> None:
    """Else a terminal gets them."""
    paint = re.compile(r"\x1b\[[0-9;]*m")
    plain = terminal("plan", desk.book, "-i", desk.inventory, "--no-color", "--offline")
    coloured = terminal("plan", desk.book, "-i", desk.inventory, "--offline")
    assert (plain.end(), coloured.end()) == (0, 0)
    assert not paint.search(plain.seen)
    assert paint.search(coloured.seen)


@pytest.mark.parametrize(("columns", "widest"), [(80, 80), (20, 60), (300, 120), (0, 120)])
def test_prose_is_as_wide_as_the_terminal(desk: Desk, terminal: Terminals, columns: int, widest: int) -> None:
    """Within reason; only commands and scripts may be wider."""
    desk.book.write_text(desk.book.read_text().replace("seen from afar.", f"seen from afar.{' Well.' * 60}"))
    person = terminal("plan", desk.book, "-i", desk.inventory, "--offline", "--no-color", columns=columns)
    assert person.end() == 0
    prose = [line.rstrip() for line in person.seen.splitlines() if " Well." in line]
    assert widest - len(" Well.") < max(map(len, prose)) <= widest


def test_the_first_ctrl_c_stops_between_remedies(slow: Desk, terminal: Terminals) -> None:
    """What is under way is finished and verified, what is not begun is cancelled: exit 130, with a report."""
    person = terminal("run", slow.book, "-i", slow.inventory, "--approve", "all", "--concurrency", "1")
    wait_for(slow.flags / "begun")
    person.type(CTRL_C)
    person.expect("A second Ctrl-C stops at once")
    (slow.flags / "go").touch()
    assert person.end() == 130
    assert slow.flag.read_text() == "up"
    assert "one  flag-missing  FINISHED fixed" in person.seen
    assert "two  flag-missing  FINISHED cancelled" in person.seen
    assert slow.vmfix("runs").out.count("cancelled") == 2


def test_sigterm_stops_like_the_first_ctrl_c(slow: Desk) -> None:
    """Also without a terminal."""
    process = subprocess.Popen(
        program("run", slow.book, "-i", slow.inventory, "--approve", "all", "--concurrency", "1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        wait_for(slow.flags / "begun")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        (slow.flags / "go").touch()
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "SIGTERM: stopping." in said
    assert "two  flag-missing  FINISHED cancelled" in said


def test_a_lost_terminal_stops_like_the_first_ctrl_c(slow: Desk, terminal: Terminals) -> None:
    """The remedy under way is finished and recorded, though nobody can be told."""
    person = terminal("run", slow.book, "-i", slow.inventory, "--approve", "all", "--concurrency", "1")
    wait_for(slow.flags / "begun")
    threading.Timer(1.0, (slow.flags / "go").touch).start()
    assert person.vanish() == 130
    assert slow.flag.read_text() == "up"
    (run,) = slow.vmfix("runs", "--json").data["runs"]
    assert run["state"] == "cancelled"
    assert run["counts"] == {"cancelled": 1, "fixed": 1}


def test_the_second_ctrl_c_sends_nothing_more(slow: Desk, terminal: Terminals) -> None:
    """The command under way cannot be called back; what follows it is not sent."""
    second = '      - id: after\n        shell: {script: touch "$1/after", args: ["{{ dir }}"], elevated: false}\n'
    slow.book.write_text(slow.book.read_text().replace("  - id: by-hand", second + "  - id: by-hand"))
    person = terminal("run", slow.book, "-i", slow.inventory, "--approve", "all", "--concurrency", "1")
    wait_for(slow.flags / "begun")
    person.type(CTRL_C)
    person.expect("A second Ctrl-C stops at once")
    person.type(CTRL_C)
    person.expect("stopping at once; nothing more is sent")
    (slow.flags / "go").touch()
    assert person.end() == 130
    assert "About this run" in person.seen
    assert not (slow.flags / "after").exists()


def test_ctrl_c_while_looking_gives_up_at_once(desk: Desk, terminal: Terminals) -> None:
    """An observation that hangs is not waited for: exit 130, nothing was changed."""
    text = desk.book.read_text().replace('cat "$0/flag"', 'touch "$0/looking"; sleep 30; cat "$0/flag"')
    desk.book.write_text(text)
    person = terminal("plan", desk.book, "-i", desk.inventory)
    wait_for(desk.flags / "looking")
    before = time.monotonic()
    person.type(CTRL_C)
    assert person.end() == 130
    assert time.monotonic() - before < 20
    assert person.seen.rfind("\x1b[?25h") >= person.seen.rfind("\x1b[?25l"), "the cursor stays hidden"
    assert "interrupted; nothing was changed" in person.seen


def test_without_a_terminal_no_secret_is_asked_for(desk: Desk) -> None:
    """Neither on standard input nor at a terminal that happens to be there."""
    seen: list[object] = []
    probe = _asks_for_a_secret(seen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runner.app.connector", lambda _kind: probe)
        done = desk.work("plan")
    assert done.code == 5
    assert "there is no terminal" in done.out


def _asks_for_a_secret(seen: list[object]) -> Callable[..., object]:
    from runner.model.secret import SecretKind, SecretRef  # noqa: PLC0415 - only here

    def connect(_target: object, resolve: Callable[[SecretRef], object]) -> object:
        seen.append(resolve(SecretRef(SecretKind.PROMPT, ("Password?",))))
        raise AssertionError

    return connect


def test_lists_keep_within_the_terminal(terminal: Terminals) -> None:
    """Two lines for a code where one does not fit; nothing is cut off or broken at the edge."""
    person = terminal("list", "freeze", columns=70)
    assert person.end() == 0
    lines = person.seen.replace("\r", "").splitlines()

    assert max(map(len, lines)) <= 70
    assert lines[:2] == [
        "UserErrorFsFreezeFailed",
        "  fs-freeze-failed (linux, playable): A file system could not be",
    ]
    assert "    also: FsFreezeFailed" in lines


def test_lists_are_tables_where_there_is_room(terminal: Terminals) -> None:
    """As for a program that reads them; a long title goes on below itself."""
    wide, less = terminal("list", "freeze", columns=200), terminal("list", "freeze", columns=98)
    assert (wide.end(), less.end()) == (0, 0)
    row = "UserErrorFsFreezeFailed  fs-freeze-failed  linux     playable  "
    title = "A file system could not be frozen"

    assert f"{row}{title} for the snapshot\r\n" in wide.seen
    assert f"{row}{title}\r\n{' ' * len(row)}for the snapshot\r\n" in less.seen


def test_what_ping_says_is_wrapped_beside_the_name(desk: Desk, terminal: Terminals) -> None:
    """The names stay a column of their own."""
    desk.inventory.write_text("vmfix: 1\ntargets: {far-away: {address: 127.0.0.1, port: 1}}\n")
    person = terminal("ping", "-i", desk.inventory, columns=60)
    assert person.end() == 5
    lines = person.seen.replace("\r", "").splitlines()
    said = lines[next(n for n, line in enumerate(lines) if line.startswith("far-away  ")) :]

    assert len(said) > 2
    assert all(line.startswith("          ") and len(line) <= 60 for line in said[1:-1])
    assert said[-1] == "1 target: 0 ok, 1 not"


def test_notes_of_a_playbook_are_set_anew_and_lists_and_commands_are_not(desk: Desk, terminal: Terminals) -> None:
    """Prose that was written for another width has no ragged lines; an address can be clicked on whole."""
    text = "notes: |\n  A sentence that was broken where\n  its author liked it.\n\n  - one\n  - two\n\n  Then:\n\n"
    command = f"az vm show {'--very-long-option ' * 5}-o json"
    source = f"https://example.com/{'path/' * 20}"
    book = desk.book.read_text().replace("source: https://example.com/flag\n", f"source: {source}\n")
    desk.book.write_text(book.replace("title:", f"{text}      {command}\ntitle:", 1))
    person = terminal("show", desk.book, columns=60)
    assert person.end() == 0
    shown = person.seen.replace("\r", "")

    assert f"  source: {source}\n" in shown
    assert "  A sentence that was broken where its author liked it.\n\n  - one\n  - two\n" in shown
    assert f"  {command}\n" in shown
