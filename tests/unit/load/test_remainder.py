"""Faults of form and of meaning are reported in one go, without complaints that only follow from others."""

from __future__ import annotations

import pytest

from tests.unit.load.test_playbook import GOOD, problems


def both(*changes: tuple[str, str]) -> list[str]:
    """The first lines of the errors in the good playbook with some texts replaced."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return [line.split("\n")[0] for line in problems(text)]


def test_faults_of_form_and_of_meaning_come_together() -> None:
    """Wherever they stand."""
    assert both(
        ("verify: {within", "verify: {witin"),
        ("healthy: not bad", "healthy: not bat"),
        ("[cat, /state]", "[rm, /state]"),
    ) == [
        "p.yml:9:3: error: observation `state` may change something: `rm`: it is not known to only read",
        "p.yml:12:10: error: nothing is called `bat` here",
        "p.yml:19:14: error: unknown key `witin`; did you mean `within`?",
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("command: [cat, /state], parse: text", "command: cat /state"),  # `bad` needs the fact
        ('bad: state == "bad"', "bad: 3"),  # `healthy` needs the definition
        ("healthy: not bad", "healthy: [x]"),  # the remedy needs it
        ("type: duration", "type: span"),  # `verify` needs the parameter
        ("path: /state, content: good", "path: state"),  # nothing is left of the remedy
        ("title: A demonstration", "titel: A demonstration"),
        ("platform: linux", "platform: lunix"),
    ],
)
def test_what_follows_from_another_fault_is_not_complained_of(change: tuple[str, str]) -> None:
    """One mistake, at most two of form about it; nothing is missed because it was left out."""
    found = both(change)
    assert found
    assert not [
        line for line in found if "nothing is called" in line or "would prove" in line or "needs either" in line
    ]


def test_a_step_that_does_not_fit_is_not_missed_by_a_later_one() -> None:
    """The others of the remedy are looked at all the same."""
    steps = "        file: {path: /state, content: good}\n"
    more = "      - {id: next, when: steps.write.ok and steps.gone.ok, command: {argv: [ls]}}\n"
    found = both((steps, f"        file: {{path: state, content: good}}\n{more}"))
    assert len(found) == 2
    assert "`path` cannot be `state`" in found[0]
    assert "there is no step `gone` before `next`" in found[1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("file: {path: /state, content: good}", "command: rm -rf /tmp/x", "Write {argv: [rm, -rf, /tmp/x]}"),
        ("[cat, /state]", "cat /state", "Write a list, with each word for itself: [cat, /state]."),
        ("[cat, /state]", "cat '/my state'", "Write a list, even for one value: [cat '/my state']."),
        ("solves: [Demo]", "solves: a b", "Write a list, even for one value: [a b]."),
        ("[cat, /state]", "[]", "`command`: it needs at least 1 entry"),
        ("file: {path: /state, content: good}", "command: {argv: [true]}", "entry 1 of `argv` must be text"),
        ("path: /state", "path: state", "it does not look as it should\n    What belongs here: the file or directory"),
        ("  state: {", "  State: {", "Use small letters, digits and underscores, and begin with a letter."),
    ],
)
def test_complaints_are_in_our_own_words(old: str, new: str, said: str) -> None:
    """With what to write instead; no pattern and no type of a library."""
    found = "\n".join(problems(GOOD.replace(old, new)))
    assert said in found
    assert "must match" not in found
    assert "should have" not in found
    assert "needs at least" not in found or new == "[]"
