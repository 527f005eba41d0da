"""The call itself: words, exit codes, streams."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from runner import __version__
from runner.cli.group import COMMANDS, cli
from tests.cli.desk import Desk, program

HEAVY = ("jinja2", "logging", "paramiko", "pydantic", "rich", "runner.app", "winrm", "yaml")


def test_version_and_help_are_printed_without_importing_what_they_do_not_need() -> None:
    """`--version` has to start fast."""
    code = (
        "import sys; from runner.__main__ import main; codes = main(['--version']), main(['--help']); "
        f"print(codes, [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"vmfix {__version__}\n")
    assert done.stdout.endswith("(0, 0) []\n")


def test_every_command_of_the_overview_exists_under_its_name(desk: Desk) -> None:
    """The overview is written by hand, since it must not import the commands."""
    for name in COMMANDS:
        done = desk.vmfix(name, "--help")
        assert (done.code, done.err) == (0, "")
        assert f"vmfix {name} " in done.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["plna"], "did you mean `plan`?"),
        (["plan", "--nope"], "--nope"),
        (["run", "x", "-e", "novalue"], "is not NAME=VALUE"),
        (["run", "x", "-e", "a=1", "-e", "a=2"], "`a` is given twice"),
        (["run", "x", "--concurrency", "0"], "0 is not in the range"),
        (["run", "x", "--backup-failed-at", "yesterday"], "is no time"),
        (["run", "x", "--offline"], "--offline looks at no target"),
        (["run"], "no playbook is named"),
        (["plan"], "no playbook is named"),
        (["run", "--plan", "missing.json"], "missing.json cannot be read"),
        (["schema", "plan"], "'plan'"),
        (["run", "x", "--yes"], "--yes"),
    ],
)
def test_words_that_are_off_are_usage_errors(desk: Desk, argv: list[str], said: str) -> None:
    """Exit code 2, a message that says which word is meant, and nothing on standard output."""
    done = desk.vmfix(*argv)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_a_call_without_words_shows_the_help_and_is_a_usage_error(desk: Desk) -> None:
    """Nothing was asked for, so nothing was done."""
    done = desk.vmfix()
    assert done.code == 2
    assert "Commands:" in done.err


def test_control_characters_in_messages_are_shown_as_escapes(desk: Desk) -> None:
    """A word may come from somebody else, by way of a script."""
    done = desk.vmfix("list", "\x1b[2Jevil")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\\x1b[2Jevil" in done.err


def test_an_internal_error_is_one_line_and_its_traceback_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader sees one line and where the rest is; -v shows the rest."""

    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("runner.app.App.prepare", broken)
    done = desk.work("plan")
    log = desk.folder / "state" / "errors.log"
    assert done.code == 1
    assert done.err.splitlines()[0] == "error: internal error of vmfix: ZeroDivisionError: by nothing"
    assert str(log) in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    loud = desk.vmfix("-v", "plan", desk.book, "-i", desk.inventory)
    assert loud.code == 1
    assert "Traceback" in loud.err


def test_errors_are_json_where_json_was_asked_for(desk: Desk) -> None:
    """A program that reads standard output always finds one JSON document."""
    done = desk.vmfix("plan", "no-such-code", "-i", desk.inventory, "--json")
    assert done.code == 2
    assert done.data["vmfix_error"] == 1
    assert done.data["exit_code"] == 2
    assert "no-such-code" in done.data["message"]
    assert "no-such-code" in done.err


def test_a_reader_who_goes_away_is_no_error(desk: Desk) -> None:
    """As in `vmfix list | head -1`."""
    read, write = os.pipe()
    os.close(read)
    done = desk.process("list", stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - evaluated at import
def test_output_that_cannot_be_written_is_said(desk: Desk) -> None:
    """A report that was cut short by a full disk must not look like success."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = desk.process("list", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 1
    assert "could not be written: No space left on device" in done.stderr


def test_a_terminal_that_knows_only_ascii_gets_escapes(desk: Desk) -> None:
    """Whatever the terminal can show, nothing crashes."""
    desk.write("books/book.yml", desk.book.read_text().replace("The flag is not up", "Die Fahne h\u00e4ngt \u2691"))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = desk.process("list", "4242", "--playbooks", desk.folder / "books", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "h\\xe4ngt \\u2691" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_vmfix(desk: Desk, shell: str) -> None:
    """click's own mechanism."""
    done = desk.vmfix("completion", shell)
    assert done.code == 0
    assert "_VMFIX_COMPLETE" in done.out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["vmfix", "pl"], "plain,plan"),
        (["vmfix", "plan", "flag"], "plain,flag-missing"),
        (["vmfix", "plan", "flag-missing", "-t", "all:!he"], "plain,all:!here"),
    ],
)
def test_commands_codes_and_targets_complete(desk: Desk, words: list[str], wanted: str) -> None:
    """What a shell is offered for a word that was begun."""
    extra = ["--playbooks", str(desk.folder / "books"), "-i", str(desk.inventory)] if len(words) > 2 else []
    desk.write("books/book.yml", desk.book.read_text())
    line = [*words[:2], *extra, *words[2:]]
    environment = {
        **os.environ,
        "_VMFIX_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    done = desk.process(env=environment)
    assert wanted in done.stdout.splitlines()


@pytest.mark.parametrize("kind", ["playbook", "inventory"])
def test_schemas_are_json(desk: Desk, kind: str) -> None:
    """Editors load them as they are printed."""
    done = desk.vmfix("schema", kind)
    assert done.code == 0
    assert done.data["$schema"].startswith("https://json-schema.org/")


def test_the_help_of_the_group_names_every_exit_code() -> None:
    """They are the contract with CI jobs."""
    text = cli.help or ""
    assert all(f"{code} " in text for code in (0, 1, 2, 3, 4, 5, 6, 130))


def test_closed_streams_crash_nothing(desk: Desk) -> None:
    """As a job scheduler may start it; the exit code is all that is left."""
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    right = subprocess.run([*closed, *program("check", desk.inventory)], check=False, timeout=60)
    wrong = subprocess.run([*closed, *program("show", "nothing")], check=False, timeout=60)
    assert (right.returncode, wrong.returncode) == (0, 2)


def test_without_a_word_the_overview_is_shown(desk: Desk) -> None:
    """It is no error of anybody, though nothing was done."""
    done = desk.vmfix()
    assert done.code == 2
    assert done.err.startswith("Usage: vmfix")
    assert "error:" not in done.err


def test_the_help_of_completion_has_a_line_for_each_shell(desk: Desk) -> None:
    """As they are to be typed."""
    lines = [line.strip() for line in desk.vmfix("completion", "--help").out.splitlines()]
    assert "fish: vmfix completion fish > ~/.config/fish/completions/vmfix.fish" in lines
    assert not [line for line in lines if "\b" in line or "\\b" in line]


def test_a_target_as_a_bare_word_is_answered_with_the_option(desk: Desk) -> None:
    """Which is what was meant."""
    done = desk.vmfix("ping", "dirty")
    assert done.code == 2
    assert "Targets are chosen with -t: `vmfix ping -t dirty`." in done.err


def test_a_missing_inventory_can_be_named_in_two_ways(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are said."""
    monkeypatch.delenv("VMFIX_INVENTORY", raising=False)
    assert "Name one with -i FILE, or set VMFIX_INVENTORY." in desk.vmfix("ping").err


def test_the_version_of_the_format_is_said_as_it_is_written(desk: Desk) -> None:
    """Ready to be copied."""
    desk.inventory.write_text("targets: {a: {}}\n")
    assert "Add `vmfix: 1`" in desk.vmfix("check", desk.inventory).out
