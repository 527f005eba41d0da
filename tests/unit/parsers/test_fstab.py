"""fstab, its escapes and its options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.fstab import FSTAB, split_options, unescape


def parse(text: str, exit_code: int = 0) -> object:
    """The entries of a text."""
    return FSTAB.parse(CommandResult(exit_code=exit_code, stdout=text.encode()))


def test_entries() -> None:
    """Comments and blank lines are no entries; missing fields have fstab(5)'s defaults; blanks are unescaped."""
    text = "# a comment\n\nUUID=1-2\t/mnt/my\\040disk xfs noatime,x-systemd.automount 0 2\nserver:/x /x nfs\n"

    assert parse(text) == [
        {
            "source": "UUID=1-2",
            "target": "/mnt/my disk",
            "fstype": "xfs",
            "options": ["noatime", "x-systemd.automount"],
            "dump": "0",
            "pass": "2",
            "line": 3,
        },
        {
            "source": "server:/x",
            "target": "/x",
            "fstype": "nfs",
            "options": ["defaults"],
            "dump": "0",
            "pass": "0",
            "line": 4,
        },
    ]


def test_absent() -> None:
    """No file, no entries."""
    assert parse("", 1) == []


def test_broken_line() -> None:
    """A line without a type is named."""
    with pytest.raises(ParseError, match="line 1 "):
        parse("/dev/sdb1 /data\n")


def test_utf8_in_octal() -> None:
    """Bytes that were escaped one by one make one letter."""
    assert unescape(r"/d\303\244ta\134x") == "/däta\\x"


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_unescape_undoes_escape(text: str) -> None:
    """What the kernel escapes (blank, tab, line end, backslash) comes back."""
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in text)
    assert unescape(escaped) == text


def test_comma_in_quotes() -> None:
    """A security context may hold commas."""
    assert split_options('rw,context="system_u:object_r:t:s0:c1,c2",ro') == [
        "rw",
        'context="system_u:object_r:t:s0:c1,c2"',
        "ro",
    ]
