"""Nothing that stands in an argument means anything to cmd.exe or to the parsers of programs, in any order of both."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.shells.windows import LONGEST_LINE, CannotBeSent, command_line
from tests.properties.windows_readers import CmdActs, cmd_reads, crt_reads, shell32_reads

ENVIRONMENT = {"PATH": r"C:\Windows", "OS": "Windows_NT", "A": "&calc&", " ": "blank", "A B": "two"}
# A line cannot hold control characters, halves of surrogate pairs, and what XML has no place for.
sendable = st.characters(
    exclude_categories=["Cs"], exclude_characters=[*map(chr, range(9)), *map(chr, range(10, 32)), "\ufffe", "\uffff"]
)
text = st.text(sendable, max_size=40)
spiteful = st.text(st.sampled_from('""\\\\%%&|<>^()! \tAOS:~0,2=;\'`@*?ä€🙂'), max_size=24)
arguments = st.lists(text | spiteful, max_size=5)
NASTY = [
    "",
    " ",
    "%PATH%",
    "100%",
    "%",
    "%%",
    '%"PATH"%',
    "%OS:~0,2%",
    '"',
    '""',
    '"""',
    'a"b&c d"%PATH%',
    "\\",
    "\\\\",
    'back\\"slash\\\\"',
    "C:\\Program Files\\",
    "a b\\",
    '"&"|"<">"^"("',
    "x % y",
    '% " & " %A%',
    "!PATH!",
    "ünïcödé € 漢字 🙂",
]


@given(arguments=arguments)
@example(arguments=NASTY)
@example(arguments=NASTY[::-1])
def test_arguments_arrive_unchanged(arguments: list[str]) -> None:
    """Whether cmd.exe reads the line first or not, and whichever parser the program has."""
    line = command_line(["tool", *arguments])

    for seen in (line, cmd_reads(line, ENVIRONMENT)):
        assert seen == line
        assert crt_reads(seen) == arguments
        assert shell32_reads(seen) == arguments


@given(arguments=arguments)
def test_cmd_finds_no_variable_in_any_environment(arguments: list[str]) -> None:
    """A name between two percent signs begins with a quote, which no variable's name does."""
    line = command_line(["tool", *arguments])
    pieces = line.split("%")[1:]

    assert all(piece.startswith('"') for piece in pieces)


@given(argument=text)
def test_harmless_arguments_stay_readable(argument: str) -> None:
    """What needs no quotes gets none, and what has only blanks gets one pair around it."""
    plain = "".join(character for character in argument if character not in '"\\%&|<>^() \t') or "x"

    assert command_line(["tool", plain]) == f"tool {plain}"
    assert command_line(["tool", f"{plain} {plain}"]) == f'tool "{plain} {plain}"'


@given(argument=text, bad=st.sampled_from(["\n", "\r", "\x00", "\x1b", "\ud800", "\uffff"]))
def test_what_no_line_can_hold_is_refused(argument: str, bad: str) -> None:
    """Line ends, control characters, and what XML cannot carry."""
    with pytest.raises(CannotBeSent, match=f"U\\+{ord(bad):04X}"):
        command_line(["tool", argument + bad])


def test_a_line_that_is_too_long_is_refused() -> None:
    """Before cmd.exe cuts it off."""
    assert len(command_line(["tool", "x" * (LONGEST_LINE - len("tool "))])) == LONGEST_LINE
    with pytest.raises(CannotBeSent, match=r"cmd\.exe takes no more than 8000"):
        command_line(["tool", "x" * (LONGEST_LINE - len("tool ") + 1)])


@pytest.mark.parametrize("line", ["tool a&b", "tool ^", 'tool "a" | b', '"tool"', "tool (a)"])
def test_the_model_of_cmd_is_not_blind(line: str) -> None:
    """It finds what must not stand in a line."""
    with pytest.raises(CmdActs):
        cmd_reads(line, ENVIRONMENT)


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("tool %OS%", "tool Windows_NT"),
        ('tool "%OS:~0,2%"', 'tool "Windows_NT"'),
        ("tool 5% of %NOSUCH%", "tool 5% of %NOSUCH%"),
        ("tool 5%OS% %", "tool 5Windows_NT %"),
    ],
)
def test_the_model_of_cmd_expands(line: str, seen: str) -> None:
    """Variables that exist, also inside of quotes; all else stays in command-line mode."""
    assert cmd_reads(line, ENVIRONMENT) == seen


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ('tool "a b" c', ["a b", "c"]),
        ('tool a"b c"d', ["ab cd"]),
        (r"tool \"a\" \\", ['"a"', "\\\\"]),
        (r'tool "a\\" b', ["a\\", "b"]),
        ('tool ""', [""]),
    ],
)
def test_the_models_of_the_parsers(line: str, seen: list[str]) -> None:
    """The examples that Microsoft gives."""
    assert crt_reads(line) == shell32_reads(line) == seen
