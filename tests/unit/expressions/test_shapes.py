"""Expressions over values whose shape is known."""

from __future__ import annotations

import pytest

from runner.expressions.shapes import NoField, NoWord, infer
from runner.model.shape import ANY, SCALAR, Shape, many, one_of, record, table

MOUNT = record(("target", "fstype"), options=many(SCALAR), state=one_of("good", "bad"))
NAMES: dict[str, Shape] = {
    "mounts": many(MOUNT),
    "one": MOUNT,
    "entries": table(record(("data",))),
    "open": ANY,
    "looped": many(record((), item=MOUNT, value=record(("clean",)))),
}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("one.options", many(SCALAR)),
        ('one["options"]', many(SCALAR)),
        ("mounts[0]", MOUNT),
        ("mounts[1:]", many(MOUNT)),
        ("mounts | first", MOUNT),
        ('mounts | selectattr("target") | sort(attribute="fstype,target") | list', many(MOUNT)),
        ('looped | map(attribute="item") | list', many(MOUNT)),
        ('(mounts + (looped | map(attribute="item") | list)) | first', MOUNT),
        ("one if open else one", MOUNT),
        ("one if open else open", ANY),
        ("entries.anything.data", ANY),
        ("one.target == 1", SCALAR),
        ("open.a.b.c", ANY),
        ("open | tojson", ANY),
    ],
)
def test_the_shape_of_a_value(text: str, shape: Shape) -> None:
    """Without a finding; where nothing is known, ANY."""
    assert infer(text, NAMES) == (shape, [])


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("one.taget", "taget"),
        ('one["taget"]', "taget"),
        ("mounts.target", "target"),
        ("(mounts | last).taget", "taget"),
        ('mounts | rejectattr("taget", "equalto", 1)', "taget"),
        ('mounts | sort(attribute="target,taget")', "taget"),
        ('looped | map(attribute="value.dirty")', "dirty"),
        ('looped | selectattr("item.taget")', "taget"),
        ("entries.x.dat", "dat"),
        ("mounts | map(attribute='target') | list and one.taget", "taget"),
        ('mounts | groupby("taget")', "taget"),
    ],
)
def test_fields_that_are_not_there(text: str, field: str) -> None:
    """Wherever a filter or an attribute asks for one."""
    (misuse,) = infer(text, NAMES)[1]
    assert isinstance(misuse, NoField)
    assert misuse.name == field


@pytest.mark.parametrize(
    "text",
    [
        'one.state == "god"',
        '"god" != one.state',
        'one.state in ["good", "god"]',
        'mounts | selectattr("state", "equalto", "god")',
        'mounts | rejectattr("state", "in", ["god"])',
    ],
)
def test_words_that_can_never_be(text: str) -> None:
    """Compared in any way."""
    assert infer(text, NAMES)[1] == [NoWord("god", ("bad", "good"))]


@pytest.mark.parametrize(
    "text",
    [
        'one.state == "good"',
        "one.state == open",
        'one.target == "god"',
        "one.items()",
        "mounts.index(one)",
        "entries.items()",
        'mounts | selectattr("options", "contains", "god")',
        "looped[0].value.clean",
    ],
)
def test_what_is_in_order(text: str) -> None:
    """Methods, unknown values, words of a field that can hold any."""
    assert infer(text, NAMES)[1] == []


def test_templates_bind_names() -> None:
    """`for` and `set`, and what stands in every branch of an `if`."""
    text = (
        "{% set m = one %}{% if m.a %}{{ m.b }}{% else %}"
        "{% for o in mounts if o.c %}{{ o.d }}{{ loop.e }}{% endfor %}{% endif %}"
    )
    misuses = infer(text, NAMES, template=True)[1]
    assert sorted(misuse.name for misuse in misuses if isinstance(misuse, NoField)) == ["a", "b", "c", "d"]
