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
    assert (each.commands, each.condition) == ((), 'item != "c"')
    assert last.evidence.startswith("only if ")
    assert [command.argv for command in last.commands] == [("put", "last", "done")]
    assert world.machines["a"].sent == []  # type: ignore[union-attr]


def test_offline_says_where_no_command_can_be_known() -> None:
    """Rather than that nothing would be sent."""
    world = World(load(LOOP.replace('        when: item != "c"\n', "")), {"a": Machine()})

    each, _ = plan_offline(world.subjects["demo@a"]).remedies[0].actions

    assert (each.commands, each.evidence) == ((), "what it sends is known only from a look at the target")


_RUNGS = """
define: {bad: state == "bad", items: 'extra.split(",") | reject("equalto", "") | list'}
remedies:
- id: first
  when: FIRST
  risk: [config]
  on_failure: next
  steps:
  - id: x
    command:
      argv: [put, state, good]
      check: {command: [get, state], that: out == "good", why_read_only: a test}
- id: later
  when: items
  risk: [config]
  proves: next-backup
  steps:
  - id: x
    command:
      argv: [put, "{{ items[0] }}", done]
      check: {command: [get, "{{ items[0] }}"], that: out == "done", why_read_only: a test}
"""
_LATER = _RUNGS.replace("{{ items[0] }}", "more")


def test_a_rung_that_does_not_apply_may_make_no_sense_yet() -> None:
    """Its arguments do not fit the facts of now: planned without actions, and no reason to fail."""
    (entry,) = World(load(HEAD + _RUNGS.replace("FIRST", "bad")), {"a": Machine({"state": "bad"})}).plan().entries

    assert entry.standing is Standing.PLANNED
    assert [(remedy.applies, len(remedy.actions)) for remedy in entry.remedies] == [(True, 1), (False, 0)]


@pytest.mark.parametrize(("first", "planned"), [("bad", [1, 1]), ("not bad", [0, 0])])
def test_a_rung_that_does_not_apply_is_planned_only_after_one_that_may_run(first: str, planned: list[int]) -> None:
    """Nothing else in this plan can make it needed; and it must not stand in the way of what comes after it."""
    text = (
        (HEAD + _RUNGS.replace("FIRST", first)).replace("when: items", "when: not bad").replace("{{ items[0] }}", "/x")
    )
    plan = World(load(text), {"a": Machine({"state": "bad"})}).plan()

    assert [len(remedy.actions) for remedy in plan.entries[0].remedies] == planned
    assert plan.remedies() == (("demo/first", "demo/later") if planned[0] else ())


def test_a_rung_after_one_that_cannot_come_is_planned_on_what_is_seen() -> None:
    """And not on what the one before it would have changed."""
    text = (HEAD + _LATER.replace("FIRST", "not bad")).replace("when: items", "when: bad")
    (entry,) = World(load(text), {"a": Machine({"state": "bad"})}).plan().entries

    assert [action.outcome for action in entry.remedies[1].actions] == [Outcome.WOULD_CHANGE]


@pytest.mark.parametrize(
    ("extra", "values"),
    [
        ("", "items is empty"),
        ("/a", "items is /a"),
        ("/a,/b", "items is [/a, /b]"),
        ("a,b,c,d", "items is a list of 4"),
    ],
)
def test_what_the_names_of_a_condition_stand_for(extra: str, values: str) -> None:
    """For people, beside the condition, whether it holds or not."""
    text = HEAD + _LATER.replace("FIRST", "bad")
    (entry,) = World(load(text), {"a": Machine({"state": "bad", "extra": extra})}).plan().entries

    assert [remedy.values for remedy in entry.remedies] == ["bad is true", values]


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
