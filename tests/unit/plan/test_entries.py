"""Planning one entry: loops, conditions, dependence on earlier steps, and planning offline."""

from __future__ import annotations

import pytest

from runner.errors import ExpressionError
from runner.model.plan import Action, Outcome, Standing
from runner.plan.entries import moment, plan_offline
from tests.unit.execute.world import HEAD, Machine, World, load

LOOP = (
    HEAD
    + """
define: {items: 'extra.split(",") | reject("equalto", "") | list'}
remedies:
  - id: mend
    risk: [config]
    proves: next-backup
    steps:
      - id: each
        for_each: items
        when: item != "c"
        command:
          argv: [put, "{{ item }}", done]
          check: {command: [get, "{{ item }}"], that: out == "done", why_read_only: a test}
      - id: last
        when: steps.each.ok
        command:
          argv: [put, last, done]
          check: {command: [get, last], that: out == "done", why_read_only: a test}
"""
)


def actions_of(text: str, **flags: str) -> dict[str, Action]:
    """The planned actions of the first remedy by id, for a target with these flags."""
    world = World(load(text), {"a": Machine({"state": "bad", **flags})})
    (entry,) = world.plan().entries
    assert entry.standing is Standing.PLANNED, entry.reason
    return {action.id: action for action in entry.remedies[0].actions}


def test_a_loop_becomes_one_action_for_each_item() -> None:
    """Named by the item, each with its own outcome."""
    actions = actions_of(LOOP, extra="a,b", b="done")

    assert list(actions) == ["each[a]", "each[b]", "last"]
    assert actions["each[a]"].outcome is Outcome.WOULD_CHANGE
    assert actions["each[b]"].outcome is Outcome.CANNOT_KNOW  # a command may change anything, so also this


def test_the_same_item_twice_is_done_once() -> None:
    """A command is never sent twice for one item."""
    assert list(actions_of(LOOP, extra="a,a")) == ["each[a]", "last"]


def test_an_action_whose_condition_is_false_is_planned_as_no_change() -> None:
    """It is shown, with the condition that is not fulfilled, and stays covered by the approval."""
    action = actions_of(LOOP, extra="c")["each[c]"]

    assert action.outcome is Outcome.NO_CHANGE
    assert action.condition == 'item != "c"'


def test_a_condition_on_results_is_for_the_run() -> None:
    """It cannot be known now, and its commands are approved in case."""
    action = actions_of(LOOP, extra="a")["last"]

    assert action.outcome is Outcome.CANNOT_KNOW
    assert [command.argv for command in action.commands] == [("put", "last", "done")]


def test_offline_shows_loops_as_loops() -> None:
    """Nothing is observed, so nothing is claimed; what has a value without facts is rendered."""
    world = World(load(LOOP), {"a": Machine()})

    entry = plan_offline(world.subjects["demo@a"])

    assert entry.standing is Standing.UNKNOWN
    each, last = entry.remedies[0].actions
    assert each.loop == "items"
    assert each.args["argv"] == ["put", "{{ item }}", "done"]
    assert [command.argv for command in last.commands] == [("put", "last", "done")]
    assert world.machines["a"].sent == []  # type: ignore[union-attr]


def test_a_rung_that_does_not_apply_may_make_no_sense_yet() -> None:
    """Its arguments do not fit the facts of now: planned without actions, and no reason to fail."""
    text = HEAD + (
        "remedies:\n- id: later\n  when: extra\n  risk: [config]\n  proves: next-backup\n  steps:\n"
        '  - {id: x, file: {path: "{{ extra }}", content: y}}\n'
    )
    (entry,) = World(load(text), {"a": Machine({"state": "bad"})}).plan().entries

    assert entry.standing is Standing.PLANNED
    assert entry.remedies[0].applies is False
    assert entry.remedies[0].actions == ()


def test_a_failing_expression_names_its_place() -> None:
    """The entry fails with file, line and column of the expression, and the others go on."""
    text = HEAD.replace('healthy: state == "good"', "healthy: state.nothing == 1") + (
        "remedies:\n- {id: x, manual: y}\n"
    )
    (entry,) = World(load(text), {"a": Machine({"state": "bad"})}).plan().entries

    assert entry.standing is Standing.FAILED
    assert entry.reason.startswith("demo.yml:10:10: ")


@pytest.mark.parametrize(
    "text", ["2026-11-25T01:00:00Z", "2026-11-25T01:00:00+00:00", "2026-11-25T02:00:00+01:00", "2026-11-25 01:00:00"]
)
def test_times_compare_as_times(text: str) -> None:
    """Whatever the zone, and UTC where there is none."""
    assert moment(text) == moment("2026-11-25T01:00:00.000000Z")


def test_a_text_that_is_no_time_is_an_error() -> None:
    """It says how to write one."""
    with pytest.raises(ExpressionError, match="Write it like"):
        moment("yesterday")
