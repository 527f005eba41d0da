"""The table of step types, and those that run no commands."""

from __future__ import annotations

import pytest

from runner.model.plan import Outcome
from runner.steps import STEP_TYPES
from runner.steps.base import Kind, Settle
from runner.steps.loosened import loosened
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target


@pytest.mark.parametrize("name", sorted(STEP_TYPES))
def test_each_type_describes_itself(name: str) -> None:
    """Name, summary, description of the arguments, and a schema for documents."""
    step_type = STEP_TYPES[name]

    assert step_type.name == name
    assert step_type.summary.endswith(".")
    assert step_type.args.__doc__
    assert step_type.platforms
    assert loosened(step_type.args).model_json_schema()["type"] == "object"


def test_the_table_cannot_be_changed() -> None:
    """Step types are a closed, explicit list."""
    with pytest.raises(TypeError):
        STEP_TYPES["x"] = STEP_TYPES["manual"]  # type: ignore[index]


def test_wait_for_leaves_the_work_to_the_engine() -> None:
    """It has an expression that is never rendered, and a deadline."""
    step_type = STEP_TYPES["wait_for"]
    args = render_args(step_type, {"until": "x == '{{ y }}'", "within": "5m"}, {})

    assert step_type.kind is Kind.WAIT
    assert args.until == "x == '{{ y }}'"
    assert step_type.settle(args) == Settle(300.0, 5.0)
    assert Target([]).observe(step_type.observe(args)) is None
    assert step_type.decide(args, None).outcome is Outcome.CANNOT_KNOW
    assert step_type.bound(args, None) == ()


def test_manual_shows_a_rendered_text() -> None:
    """The instruction may name what was observed; only a person knows whether it was done."""
    step_type = STEP_TYPES["manual"]
    args = render_args(step_type, {"text": "Free {{ path }}"}, {"path": "/var"})

    assert step_type.kind is Kind.MANUAL
    assert args.text == "Free /var"
    assert Target([]).observe(step_type.observe(args)) is None
    assert step_type.decide(args, None).outcome is Outcome.CANNOT_KNOW
    assert step_type.bound(args, None) == ()
