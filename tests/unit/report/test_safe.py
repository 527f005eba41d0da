"""Whatever came from a target, no output of ours obeys it."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.model.command import Command, Dialect
from runner.model.event import EventKind
from runner.model.plan import Outcome, Plan
from runner.report.commands import command_lines, duration, quote
from runner.report.escape import hidden, lines, one_line
from runner.report.json_view import report_json
from runner.report.junit import render as report_junit
from runner.report.markdown import fenced, inline
from runner.report.markdown import render as report_markdown
from runner.report.plan_text import render as plan_text_of
from runner.report.summary import summarise
from runner.report.text import render as report_text
from runner.report.values import Report
from tests.unit.report import story

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def _report(text: str) -> Report:
    told = story.Story().begin()
    told.sent("vm-1", (text or "x",), exit_code=1, stdout=text, stderr=text, judged=text, text=text)
    told.tell(EventKind.OBSERVED, "vm-1", healthy=False, why=text, remarks=[text])
    told.tell(EventKind.ACTION_FINISHED, "vm-1", "repair", "check", status=text, text=text)
    told.tell(EventKind.VERIFIED, "vm-1", "repair", healthy=None, text=text)
    told.tell(EventKind.REMEDY_FINISHED, "vm-1", "repair", result=text, text=text)
    told.done("vm-1", "failed", reason=text, advice=text, remedy=text)
    return summarise(story.plan(story.entry("vm-1"), note=text), told.end(), head=story.HEAD)


def _plan(text: str) -> Plan:
    """Whatever can be said in a plan, says ``text``; a command cannot hold half a character."""
    sendable = text.encode("utf-8", "ignore").decode()
    script = Command(dialect=Dialect.SH, script=f"#{sendable}".replace("\0", ""), stdin=sendable)
    action = story.action(title=text, evidence=text, manual=text, condition=text, commands=(script,), undo=(script,))
    held = story.action(title=text, evidence=text, outcome=Outcome.REFUSED, commands=())
    remedies = (
        story.remedy("one", title=text, approval=text, condition=text, actions=(action,)),
        story.remedy("two", title=text, approval=text, condition=text, actions=(action,), applies=False),
        story.remedy("three", title=text, approval=text, actions=(held,)),
        story.remedy("four", title=text, approval="", manual=text, actions=()),
    )
    return story.plan(story.entry("vm-1", remedies=remedies, reason=text, advice=text, remarks=(text,)))


class TestHostileText:
    @given(ANY_TEXT)
    def test_nothing_hidden_is_printed(self, text: str) -> None:
        """No renderer lets a control, a bidirectional mark or half a character through, whatever the text."""
        report = _report(text)
        plan = _plan(text)
        for made in (report_text(report), report_markdown(report), report_json(report), plan_text_of(plan, "d" * 64)):
            assert not [char for char in made if hidden(char) and char != "\n"]
            made.encode("utf-8")

    @given(ANY_TEXT)
    def test_xml_is_well_formed(self, text: str) -> None:
        """JUnit output parses, whatever the text, and has its one failure."""
        root = ET.fromstring(report_junit(_report(text)).encode("utf-8"))  # noqa: S314 - we made it

        assert len(root.findall(".//failure")) == 1

    @example("0" * 119)
    @given(ANY_TEXT)
    def test_text_is_narrow(self, text: str) -> None:
        """Lines have 120 columns at most, except commands."""
        made = [line for line in report_text(_report(text)).splitlines() if not line.startswith("      $ ")]

        assert all(len(line) <= 120 for line in made)

    @example("0" * 119)
    @given(ANY_TEXT)
    def test_plan_is_narrow(self, text: str) -> None:
        """The same holds for plans, whatever is said in them; scripts and input are exact."""
        exact = ("runs: ", "may run: ", "can be undone: ", "| ")
        made = [
            line for line in plan_text_of(_plan(text), "d" * 64).splitlines() if not line.lstrip().startswith(exact)
        ]

        assert all(len(line) <= 120 for line in made)

    @given(ANY_TEXT)
    def test_fence_holds(self, text: str) -> None:
        """No line within a code block can end it."""
        shown = lines(text)
        fence, *inner, last = fenced(shown)
        fence = fence.removesuffix("text")

        assert last == fence
        assert inner == shown
        assert not [line for line in inner if line.strip().startswith(fence)]

    @given(ANY_TEXT)
    def test_no_markup(self, text: str) -> None:
        """Every pipe, backtick and bracket is escaped, and no tag, mention or link is left."""
        made = inline(text)

        assert not re.search(r"(?<!\\)(\\\\)*[|`*_\[\]]", made)
        assert not set("<>@") & set(made)
        assert "://" not in made

    def test_colour_only_on_demand(self) -> None:
        """The only escapes are our own, and only if colours are asked for."""
        report = _report("\x1b[31mred")

        assert "\x1b" not in report_text(report)
        coloured = report_text(report, colour=True)
        assert set(re.findall(r"\x1b[^m]*m", coloured)) <= {"\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"}
        assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == report_text(report)


class TestEscape:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [("a\rb", "a\\rb"), ("a\nb\t", "a\\nb\\t"), ("\x1b", "\\x1b"), ("\u202e", "\\u202e"), ("\x9b", "\\u009b"),
         ("ü 漢 😀", "ü 漢 😀"), ("\U000e0001", "\\U000e0001")],
    )  # fmt: skip
    def test_one_line(self, text: str, shown: str) -> None:
        """Hidden characters are named; letters of any script stay."""
        assert one_line(text) == shown

    def test_lines(self) -> None:
        """Line ends of both kinds count, a bare CR does not; the empty end is dropped."""
        assert lines("a\tb\r\nc\rd  \n\n") == ["a       b", "c\\rd"]

    @given(ANY_TEXT)
    def test_never_hidden(self, text: str) -> None:
        """Nothing that is shown is of a category that could act."""
        assert not any(unicodedata.category(c).startswith("C") for c in one_line(text))


class TestCommands:
    @pytest.mark.skipif(shutil.which("bash") is None, reason="bash reads $'...'")
    @pytest.mark.parametrize(
        "word",
        ["plain", "", "it's", "a b", "$HOME", "`id`", "a\nb\tc", "\x1b[31m'\\", "ü\x85 \u202e!", "\\n", "*;&|<>^%!"],
    )
    def test_quoted_words_come_back(self, word: str) -> None:
        """A shown word, pasted into bash, is the word that is sent."""
        script = f"printf %s {quote(word)}"
        made = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})

        assert made.stdout.decode() == word
        assert "\n" not in quote(word)

    def test_named_script(self) -> None:
        """A script that is shown elsewhere is not repeated; what differs stands here."""
        command = Command(dialect=Dialect.SH, argv=("a b",), script="id\n", stdin="x", elevated=False)

        assert command_lines(command, "script A") == [
            "script A, with values: 'a b'", "    input of 1 bytes:", "    | x"
        ]  # fmt: skip

    def test_script(self) -> None:
        """A script stands indented under its values; short input is shown, long input only counted."""
        command = Command(dialect=Dialect.SH, argv=("a b",), script='echo "$1"\n', stdin="x\ny\n", elevated=False)

        assert command_lines(command) == [
            "sh script (1 line), values: 'a b'", '    | echo "$1"', "    input of 4 bytes:", "    | x", "    | y"
        ]  # fmt: skip

    def test_input_that_cannot_be_shown(self) -> None:
        """Input with control characters is counted; of an event's input the digest is known."""
        command = Command(argv=("tee",), stdin="\x1b", elevated=False)

        assert command_lines(command) == ["tee", "    input of 1 bytes (in full in the plan file)"]
        assert command_lines({"argv": ["a.exe"], "file_sha256": "ab"}) == ["a.exe  # the file with SHA-256 ab"]
        assert command_lines({"argv": ["tee"], "stdin_sha256": "ab"}) == ["tee", "    input with SHA-256 ab"]

    def test_powershell(self) -> None:
        """On Windows the mark says administrator."""
        (first, _) = command_lines(Command(dialect=Dialect.POWERSHELL, script="Get-Item"))

        assert first == "PowerShell script (1 line)  # as administrator"

    @pytest.mark.parametrize(
        ("seconds", "shown"), [(0, "0s"), (0.34, "0.3s"), (45.0, "45s"), (120.0, "2m"), (3900.0, "1h 5m")]
    )
    def test_duration(self, seconds: float, shown: str) -> None:
        """Durations are written as in playbooks."""
        assert duration(seconds) == shown
