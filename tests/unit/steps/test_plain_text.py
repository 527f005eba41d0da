"""Editing files of plain Name=value lines, and the ini_value step without a section."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.model.plan import Outcome
from runner.parsers.ini import Unreadable
from runner.parsers.plain_conf import read_plain
from runner.steps._atomic_write import FileSeen
from runner.steps.base import Decision
from runner.steps.ini_value import INI_VALUE, IniArgs
from runner.steps.plain_text import set_plain

PATH = "/etc/waagent.conf"


def decide(content: str, **wish: object) -> Decision:
    """What follows from a file with this content."""
    args = IniArgs.model_validate({"path": PATH, "option": "Extensions.Enabled", **wish})
    seen = FileSeen(path=PATH, content=content.encode(), mode="0644", owner="root", group="root", kind="regular file")
    return INI_VALUE.decide(args, (seen,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("o=1\n", "o=2\n"),
        ("a=1\n o = 1  # why\nb=1\n", "a=1\n o = 2  # why\nb=1\n"),
        ('o="1"\r\n# c\r\n', "o=2\r\n# c\r\n"),
        ("o=1", "o=2"),
        ("o=\n", "o=2\n"),
        ("o=# none\n", "o=2# none\n"),
        ("o=9\no=1\n", "o=9\no=2\n"),
        ("O=1\n#o=1\n", "O=1\n#o=1\no=2\n"),
        ("a=1", "a=1\no=2\n"),
        ("a=1\r\nb=1\r\n", "a=1\r\nb=1\r\no=2\r\n"),
        ('a=1\r\nb="1"', 'a=1\r\nb="1"\no=2\r\n'),
        ("", "o=2\n"),
    ],
)
def test_set(before: str, after: str) -> None:
    """Comments, order, line ends, the way of writing and a missing last line end stay; the last line counts."""
    assert set_plain(before, "o", "2") == after


def test_remove() -> None:
    """All lines that set it, for one that is left would count."""
    assert set_plain("o=1\na=1\n o = 2\n#o=3\n", "o", None) == "a=1\n#o=3\n"


@example('\r\n=;"', "y")
@given(
    st.lists(st.text(alphabet='oab=# "\t\r;', max_size=10), max_size=6).map("\n".join),
    st.sampled_from(["y", "n", "1,2", "a b"]),
)
def test_nothing_else_changes(text: str, value: str) -> None:
    """Whatever the file looks like: the option has the value, all other names keep theirs, and one line differs."""
    new = set_plain(text, "o", value)
    assert read_plain(new) == {**read_plain(text), "o": value}
    lines, after = text.split("\n"), new.split("\n")
    assert len(after) - len(lines) in (0, 1, 2)  # a last line without a line end gets one
    assert sum(line not in after for line in lines) <= 1
    assert set_plain(new, "o", value) == new


@pytest.mark.parametrize("value", ["a#b", '"a"'])
def test_value_that_cannot_be_written(value: str) -> None:
    """Its reader would cut it off."""
    with pytest.raises(Unreadable, match="would take for something else"):
        set_plain("o=1\n", "o", value)


class TestStep:
    """``section`` left out."""

    def test_changes(self) -> None:
        """The evidence names the option alone; the diff shows the line."""
        decision = decide("Extensions.Enabled=n\n", value="y")
        assert decision.outcome is Outcome.WOULD_CHANGE
        assert "waagent.conf: Extensions.Enabled is 'n' and would be 'y'." in decision.evidence
        assert "-Extensions.Enabled=n\n+Extensions.Enabled=y\n" in decision.diff

    def test_as_wanted(self) -> None:
        """Nothing is sent."""
        assert decide('Extensions.Enabled="y" # c\n', value="y").outcome is Outcome.NO_CHANGE

    def test_letters_count(self) -> None:
        """Another spelling is another option."""
        assert "is not set" in decide("extensions.enabled=n\n", value="y").evidence

    def test_absent(self) -> None:
        """Removed wherever it stands."""
        assert decide("Extensions.Enabled=n\n", absent=True).outcome is Outcome.WOULD_CHANGE
        assert decide("a=b\n", absent=True).outcome is Outcome.NO_CHANGE

    def test_byte_order_mark(self) -> None:
        """Refused, without a word on INI files."""
        decision = decide("\ufeffExtensions.Enabled=n\n", value="y")
        assert decision.outcome is Outcome.REFUSED
        assert "byte order mark" in decision.evidence
        assert decision.remedy == "Correct that by hand first."
