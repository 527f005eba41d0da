"""Field types that all documents share."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.fields import DURATION_PATTERN, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("0.5s", 0.5), ("0s", 0)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    """Days, hours, minutes, seconds, in this order."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "5 m", "1m1h", "-5s", "1.5h", "s", "5M", None, [], True, 91, "999d"])
def test_what_is_no_duration(text: object) -> None:
    """A bare number could be anything, and a year is a slip of the pen."""
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=31_000_000_000))
def test_durations_survive_a_round_trip(milliseconds: int) -> None:
    """What is shown can be written back, and fits the pattern of the JSON Schema."""
    text = format_duration(milliseconds / 1000)

    assert parse_duration(text) == pytest.approx(milliseconds / 1000)
    assert re.fullmatch(DURATION_PATTERN, text)
