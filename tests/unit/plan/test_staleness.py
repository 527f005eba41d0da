"""The subset rule: fewer than approved is fine, new or different is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.command import Command, Effect
from runner.model.plan import Action, Outcome, RemedyPlan
from runner.model.playbook import Doubt, OnFailure
from runner.plan.staleness import differences


def action(name: str, *commands: str, outcome: Outcome = Outcome.WOULD_CHANGE, **args: object) -> Action:
    """An action with one-word commands."""
    return Action(
        id=name,
        step=name,
        type="command",
        title="",
        args=args,
        item=None,
        always=False,
        doubt=Doubt.PROBE,
        condition="",
        outcome=outcome,
        commands=tuple(Command(argv=(word,), effect=Effect.CHANGE) for word in commands),
    )


def remedy(*actions: Action) -> RemedyPlan:
    """A rung with these actions."""
    return RemedyPlan(
        id="r",
        title="",
        risk=frozenset(),
        approval="",
        takes=None,
        condition="",
        on_failure=OnFailure.STOP,
        proves_next_backup=False,
        manual="",
        actions=actions,
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (remedy(), ""),
        (remedy(action("a", "x")), ""),
        (remedy(action("a", "x", "y")), ""),
        (remedy(action("a", "z")), "`a` would now run other commands"),
        (remedy(action("a", "x", path="/b")), "`a` now has other arguments: path: None is now '/b'"),
        (remedy(action("b", "x")), "`b` is new"),
        (remedy(action("b", "x", outcome=Outcome.NO_CHANGE)), ""),
        (remedy(action("b", outcome=Outcome.CANNOT_KNOW)), "`b` is new"),
    ],
)
def test_what_is_covered_by_an_approval(now: RemedyPlan, said: str) -> None:
    """Against one approved action that may run x and y."""
    assert "; ".join(differences(remedy(action("a", "x", "y")), now)) == said


def test_another_file_of_the_same_name_is_another_command() -> None:
    """What was looked at was approved, and nothing that was put in its place."""
    before = action("a", "x", "y")
    other = tuple(dataclasses.replace(command, file_sha256="1") for command in before.commands)
    now = dataclasses.replace(before, commands=other)

    expected = "`a` would now run the same commands on another file: its SHA-256 differs"
    assert differences(remedy(before), remedy(now)) == (expected,)
    assert differences(remedy(now), remedy(now)) == ()


words = st.sampled_from("uvwxyz")
actions = st.lists(st.tuples(st.sampled_from("abcd"), st.sets(words)), unique_by=lambda pair: pair[0])


def planned(given_actions: Any) -> RemedyPlan:  # noqa: ANN401 - what the strategy gives
    """Name and commands to a rung."""
    return remedy(*(action(name, *sorted(commands)) for name, commands in given_actions))


@given(actions, st.data())
def test_any_part_of_an_approved_plan_is_covered(approved: list[tuple[str, set[str]]], data: st.DataObject) -> None:
    """Leaving out actions or commands never makes a plan stale."""
    parts = [
        (name, data.draw(st.sets(st.sampled_from(sorted(commands)))) if commands else set())
        for name, commands in approved
        if data.draw(st.booleans())
    ]

    assert differences(planned(approved), planned(parts)) == ()


@given(actions, st.sampled_from("abcdef"), words)
def test_a_command_that_was_not_approved_is_always_seen(
    approved: list[tuple[str, set[str]]], name: str, word: str
) -> None:
    """Wherever it turns up."""
    more = dict(approved)
    new = word not in more.get(name, set()) or name not in more
    more[name] = {*more.get(name, set()), word}

    assert bool(differences(planned(approved), planned(list(more.items())))) == new


def test_evidence_does_not_matter() -> None:
    """Texts, diffs and undo commands may differ: they decide nothing."""
    before = action("a", "x")
    after = dataclasses.replace(before, evidence="pid 4711", diff="-a+b", title="other")

    assert differences(remedy(before), remedy(after)) == ()
