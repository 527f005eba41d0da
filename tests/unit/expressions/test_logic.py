"""Conditions without facts."""

from __future__ import annotations

import pytest

from runner.expressions.logic import constant, satisfiable


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("1 == 2", False), ("[] or 0", False), ("a", None), ("true or a", True)]
)
def test_constants(text: str, truth: bool | None) -> None:
    """What depends on nothing has a truth of its own."""
    assert constant(text) is truth


@pytest.mark.parametrize(
    "conditions",
    [
        [("a and not a", True)],
        [("a", True), ("a", False)],
        [("not (a or b)", True), ("b", True)],
        [("a.b == 1", True), ("a.b == 2", True)],
        [("a.b == 1", True), ("a.b != 1", True)],
        [("a in [1, 2]", True), ("a == 3", True)],
        [("a in [1, 2]", True), ("a != 1", True), ("a != 2", True)],
        [("a > 1", True), ("a > 1", False)],
        [("a in b", True), ("a not in b", True)],
        [("d", True), ("x", False)],
        [("false", True)],
    ],
)
def test_what_cannot_be(conditions: list[tuple[str, bool]]) -> None:
    """`d` is defined as `x and y`."""
    assert not satisfiable(conditions, {"d": "x and y"})


@pytest.mark.parametrize(
    "conditions",
    [
        [("a", True), ("b", False)],
        [("a.b == 1", True), ("a.c == 2", True)],
        [("a == 1", False), ("a == 2", False)],
        [("a in [1, 2]", True), ("a != 1", True)],
        [("a > 1", True), ("a < 1", True)],
        [("d", False), ("x", True)],
        [("f(a)", True), ("f(b)", False)],
        [(" and ".join(f"a{n}" for n in range(40)), True), ("not a1", True)],
    ],
)
def test_what_may_be(conditions: list[tuple[str, bool]]) -> None:
    """Also what is not looked into, and what is too much to try out."""
    assert satisfiable(conditions, {"d": "x and y"})


def test_definitions_that_refer_to_each_other_end() -> None:
    """They are an error of the playbook, and must not hang the linter."""
    assert satisfiable([("a", True)], {"a": "b", "b": "a"})
