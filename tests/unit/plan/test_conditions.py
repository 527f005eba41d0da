"""Conditions in words."""

from __future__ import annotations

import pytest

from runner.diagnostics import Span
from runner.model.inventory import Platform
from runner.model.playbook import Expression
from runner.plan.conditions import not_needed, values_in
from runner.plan.facts import View

NAMES = {
    "disabled": True,
    "state": 'two\nlines of "text" that go on and on and on and on and on and on and on',
    "service": {"state": "stopped", "pid": 0, "account": None},
    "mounts": [{"target": "/data", "source": "/dev/sdb1"}],
    "rows": [{"item": {}, "value": 1}],
    "target": {"name": "vm", "vars": {"password": "hunter2"}},
}


def _said(text: str) -> str:
    return values_in(_expression(text), View({}, NAMES, Platform.LINUX))


def _expression(text: str) -> Expression:
    return Expression(text=text, span=Span("x.yml", 1, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not disabled", "disabled is true"),
        ('service.state == "running"', 'service.state is "stopped"'),
        ("service.pid and service.account", "service.pid is 0, service.account is nothing"),
        ("mounts", "mounts is /data"),
        ("rows", "rows is a list of 1"),
        ("service", ""),
        ("service.nothing is defined", ""),
        ("state", 'state is "two lines of "text" that go on and on and on and on and on a…"'),
    ],
)
def test_values(text: str, said: str) -> None:
    """In a word or two, or not at all."""
    assert _said(text) == said


def test_variables_of_the_inventory_are_not_shown() -> None:
    """They may hold secrets."""
    assert _said('target.vars.password == "x" or target.vars or target.name') == 'target.name is "vm"'


def test_not_needed() -> None:
    """One sentence, with the condition in one line."""
    view = View({}, NAMES, Platform.LINUX)

    assert not_needed(_expression("not\n  disabled"), view) == (
        "not needed, since `not disabled` does not hold (disabled is true)"
    )
    assert not_needed(_expression("1 == 2"), view) == "not needed, since `1 == 2` does not hold"
