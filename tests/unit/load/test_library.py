"""What a word of the user means: one playbook, or one for each platform."""

from __future__ import annotations

import pytest

from runner.errors import Refused, UsageError
from runner.load.library import for_targets
from tests.unit.triage.shapes import book, inventory, library

MIXED = inventory(
    """
    l1: {address: a}
    l2: {address: b}
    w1: {address: c, transport: winrm, user: u}
    """
)
LIBRARY = library(
    book("both-linux", "Both"),
    book("both-windows", "Both", platform="windows"),
    book("one", "Twice", "Guided"),
    book("two", "Twice"),
    book("for-all", "Guided", platform="any"),
    book("only-windows", "W", "both-linux", platform="windows"),
)


def ids(word: str) -> list[str]:
    """What is found for a word."""
    return [playbook.id for playbook in LIBRARY.find(word).playbooks]


def test_each_platform_may_have_a_playbook_of_its_own() -> None:
    """All of them are found, whatever the case of the word."""
    assert ids("BOTH") == ["both-linux", "both-windows"]


def test_an_id_means_that_playbook_and_no_other() -> None:
    """Even if another playbook goes by that word."""
    assert ids("both-linux") == ["both-linux"]


@pytest.mark.parametrize(
    ("word", "names"), [("Twice", "one (linux), two (linux)"), ("guided", "for-all (any), one (linux)")]
)
def test_two_for_one_platform_are_refused(word: str, names: str) -> None:
    """One for any platform is for each of them."""
    with pytest.raises(UsageError, match="solved by several playbooks") as caught:
        LIBRARY.find(word)
    assert sorted(caught.value.message.partition(": ")[2].split(", ")) == names.split(", ")
    assert caught.value.remedy == "Name one of them."


def test_the_platform_of_the_targets_decides_and_that_is_said() -> None:
    """With the number of targets; and nothing is said where there was nothing to decide."""
    books, notes = for_targets([LIBRARY.find("Both"), LIBRARY.find("W")], MIXED.targets)
    assert [playbook.id for playbook in books] == ["both-linux", "both-windows", "only-windows"]
    assert notes == (
        "`Both` is solved by platform: `both-linux` on 2 linux targets, `both-windows` on 1 windows target",
    )


def test_what_no_target_needs_is_left_out() -> None:
    """Nobody is asked for its parameters."""
    books, notes = for_targets([LIBRARY.find("Both")], MIXED.targets[:2])
    assert [playbook.id for playbook in books] == ["both-linux"]
    assert "`both-windows` on 0 windows targets" in notes[0]


def test_a_playbook_for_no_target_at_all_is_refused() -> None:
    """With a word on where the platform of a target is said."""
    with pytest.raises(Refused, match="`only-windows` is for windows targets, and none is selected") as caught:
        for_targets([LIBRARY.find("Both"), LIBRARY.find("W")], MIXED.targets[:2])
    assert "`platform` says in the inventory" in caught.value.remedy


SECTIONS = library(
    book("writers", "VssBad", '"Snapshot failed: the VSS writers\'  state."').replace(
        ".com/", ".com/a#vssbad---snapshot-failed"
    ),
    book("agent-l", "A").replace(".com/", ".com/a#basic https://example.com/a#linux-vms---update-the-agent"),
    book("agent-w", "B", platform="windows").replace(".com/", ".com/a#basic"),
    book("cpu", "C").replace(".com/", ".com/a#snapshot-issues"),
    book("disk", "D").replace(".com/", ".com/a#snapshot-issues"),
)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("vssbad---snapshot-failed", ["writers"]),
        ("#VssBad---snapshot-failed", ["writers"]),
        ("VssBad - Snapshot failed", ["writers"]),
        ("https://example.com/a#vssbad---snapshot-failed", ["writers"]),
        ("https://example.com/b#vssbad---snapshot-failed", []),
        ("https://example.com/a", []),
        ("#", []),
        ("Basic", ["agent-l", "agent-w"]),
        ("linux-vms---update-the-agent", ["agent-l"]),
        ("Linux VMs - Update the agent", ["agent-l"]),
        (" vssBAD ", ["writers"]),
        ("snapshot failed, the VSS writers\u2019 state", ["writers"]),
        ("snapshot failed", []),
        ("snapshot-issues", ["cpu", "disk"]),
        ("-C", []),
        ("", []),
    ],
)
def test_a_section_of_the_article_and_a_message_are_names_too(word: str, found: list[str]) -> None:
    """A section by its heading, anchor or address; a message by its words."""
    assert [playbook.id for playbook in SECTIONS.named(word)] == found
    if found:
        assert set(found) <= {playbook.id for playbook in SECTIONS.matching(word)}


def test_a_section_with_several_playbooks_for_one_platform_is_refused_like_a_code() -> None:
    """They are named."""
    with pytest.raises(UsageError, match=r"several playbooks: cpu \(linux\), disk \(linux\)"):
        SECTIONS.find("Snapshot issues")
