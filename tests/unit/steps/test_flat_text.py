"""Options of files without sections: the text, and the step `ini_value` on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.plan import Outcome
from runner.parsers.waagent_conf import read_flat
from runner.steps._atomic_write import FileSeen
from runner.steps.flat_text import set_flat
from runner.steps.ini_value import INI_VALUE, IniArgs


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# c\nO=n\nX=1\n", "# c\nO=y\nX=1\n"),
        ("O = n  # why\r\nX=1\r\n", "O = y  # why\r\nX=1\r\n"),
        ("O=n\nO=n\n", "O=n\nO=y\n"),
        ('O="n"\n', "O=y\n"),
        ("O=\n", "O=y\n"),
        ("#O=n\nX=1\n", "#O=n\nX=1\nO=y\n"),
        ("X=1", "X=1\nO=y"),
        ("X=1\r\n", "X=1\r\nO=y\r\n"),
        ("o=n\n", "o=n\nO=y\n"),
        ("", "O=y\n"),
    ],
)
def test_set(before: str, after: str) -> None:
    """Comments, order and line ends stay; the line that counts is the one that is changed."""
    assert set_flat(before, "O", "y") == after


def test_remove() -> None:
    """All lines of it, for any that stays would count."""
    assert set_flat("O=1\nX=1\nO=2\n", "O", None) == "X=1\n"


_LINES = st.sampled_from(["O=n", "O = n # c", "#O=n", "X=1", "", "words", "o=1", "O.O=2", " O=3", "=", "O==4"])


@given(st.lists(_LINES).map("\n".join), st.sampled_from(["y", "a b", "1=2", ""]))
def test_only_the_option_changes(text: str, value: str) -> None:
    """Whatever the file looks like."""
    assert read_flat(set_flat(text, "O", value)) == {**read_flat(text), "O": value}


def decide(text: str, value: str = "y", section: str | None = None) -> tuple[Outcome, str, str]:
    """Outcome, sentence, and what would be written."""
    args = IniArgs(path="/etc/waagent.conf", section=section, option="Extensions.Enabled", value=value)
    seen = FileSeen(path=args.path, content=text.encode(), mode="0644", kind="regular file")
    decision = INI_VALUE.decide(args, (seen,))
    return decision.outcome, decision.evidence, "".join(command.stdin for command in decision.commands)


class TestStep:
    def test_changes_what_is_wrong(self) -> None:
        """With the old value in the sentence."""
        outcome, evidence, text = decide("Extensions.Enabled=n\n")

        assert outcome is Outcome.WOULD_CHANGE
        assert evidence == "/etc/waagent.conf: Extensions.Enabled is 'n' and would be 'y'."
        assert text == "Extensions.Enabled=y\n"

    def test_leaves_what_is_right(self) -> None:
        """However it is written."""
        assert decide('Extensions.Enabled="y" # yes\n')[0] is Outcome.NO_CHANGE

    def test_refuses_what_its_reader_would_cut_off(self) -> None:
        """A # in a value."""
        outcome, evidence, _ = decide("X=1\n", value="a#b")
        assert outcome is Outcome.REFUSED
        assert "cut off" in evidence

    def test_is_no_ini_file(self) -> None:
        """With a section asked for, the strict parser decides as ever."""
        assert decide("Extensions.Enabled=n\n", section="S")[0] is Outcome.REFUSED
