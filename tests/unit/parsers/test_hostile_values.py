"""Numbers that nothing counts with, and lines without an end: an error of parsing, or nothing known, and never more."""

from __future__ import annotations

import json

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers import PARSERS
from runner.parsers.base import integer, shown
from runner.parsers.processes import parse_uses
from tests.unit.parsers.test_hostile_sizes import SHAPES

MOST_SAID = 1_500  # characters of an error, however much the target said
_ID = "{11111111-1111-1111-1111-111111111111}"
WITH_NUMBERS = {  # where # is a number
    "tune2fs": "Filesystem state: clean\nMount count: #\n",
    "findmnt": '{"filesystems":[{"id":#,"target":"/"},{"id":"#","target":"/"}]}',
    "json": '{"a": #}',
    "vmbackup_conf": "[SnapshotThread]\nsafefreezewaitinseconds=#\n",
    "systemctl_show": "Id=a\nMainPID=#\n",
    "fuser": "#",
    "net": "System error # has occurred.\n\nHELPMSG #\n",
    "reg_query": "HKEY_LOCAL_MACHINE\\A\n    a    REG_DWORD    0x#\n",
    "sc_query": "SERVICE_NAME: s\n   T : #  W\n   S : 4  R\n   A : #\n   B : #\n   C : 0\n   D : 0\n",
    "sc_qc": "[SC] OpenService FAILED #:\n",
    "sc_enumdepend": "Enum: entriesRead = #\n",
    "vss_writers": f"Writer name: 'W'\n   Id: {_ID}\n   Instance: {_ID}\n   State: [#] Stable\n   Error: none\n",
    "wevtutil_events": "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='a'/><EventID>#</EventID></System></Event>",
    "freeze_log": "2026/99/99 99:99:99.1 x\n2026/#/# 11:11:11 x\n",
}


def answer(name: str, out: str, err: str, code: int) -> str:
    """What the parser makes of it, as JSON, or the error; everything else that is raised is a bug."""
    result = CommandResult(exit_code=code, stdout=out.encode(), stderr=err.encode())
    try:
        return json.dumps(PARSERS[name].parse(result))
    except ParseError as error:
        return f"error: {error}"


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("digits", ["9" * 5_000, "9" * 300, "²", "٣"])
@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_numbers_that_nothing_counts_with(name: str, digits: str, code: int) -> None:
    """Python cannot read or write some of them."""
    said = answer(name, WITH_NUMBERS[name].replace("#", digits), f"   user {digits} ..c.. x\n", code)

    assert said
    assert not said.startswith("error: ") or len(said) <= MOST_SAID


@pytest.mark.parametrize("name", PARSERS)
def test_errors_are_short(name: str) -> None:
    """What a target said is quoted with its beginning only."""
    for shape in SHAPES.values():
        text = shape.text(20_000).encode("utf-8", "replace").decode()
        for code in (0, 1):
            said = answer(name, text, text, code)
            assert not said.startswith("error: ") or len(said) <= MOST_SAID


def test_a_user_that_is_no_process() -> None:
    """The list of users that comes from a target is not believed blindly."""
    for what in ("/proc/x/cwd", "", "/proc/" + "1" * 5_000):
        result = CommandResult(exit_code=0, stdout=f"process\0{what}\0/data\0end\0\0\0".encode())
        with pytest.raises(ParseError, match="which is no process"):
            parse_uses(result)


@pytest.mark.parametrize(
    ("text", "base", "number"),
    [
        (" 12\n", 10, 12),
        ("-1", 10, -1),
        (str(2**64 - 1), 10, 2**64 - 1),
        ("0xFFFFFFFFFFFFFFFF", 16, 2**64 - 1),
        ("ff", 16, 255),
        ("", 10, None),
        ("1_0", 10, None),
        ("²", 10, None),
        ("0x1", 10, None),
        ("9" * 21, 10, None),
        ("f" * 17, 16, None),
    ],
)
def test_integers(text: str, base: int, number: int | None) -> None:
    """As many digits as 64 bits need, and no digits but those of ASCII."""
    assert integer(text, base) == number


def test_quoted_output() -> None:
    """In one line, with a mark where it was cut."""
    assert shown(" a\n b ") == "`a b`"
    assert shown(" \n") == "nothing"
    assert len(shown("x" * 5_000)) < 250
