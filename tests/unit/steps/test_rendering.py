"""Raw arguments and their templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from runner.errors import ExpressionError
from runner.model.fields import Duration
from runner.steps.base import Args, IsExpression, NotTemplate, StepType, lasting
from runner.steps.rendering import Path, dotted, expressions_in, render_args, rendered, templates_in, validated


class Part(Args):
    """Arguments inside of arguments."""

    size: int
    note: Annotated[str, NotTemplate] | None = None


class Everything(Args):
    """Every kind of field that a step type may have."""

    text: str = ""
    number: int = 0
    flag: bool | None = None
    choice: Literal["a", "b"] = "a"
    wait: Duration = lasting("5s")
    items: tuple[str, ...] = ()
    part: Part | None = None
    parts: list[Part] = Field(default_factory=list)
    table: Mapping[str, str] = {}
    script: Annotated[str, NotTemplate()] = ""
    scripts: tuple[Annotated[str, NotTemplate], ...] = ()
    that: Annotated[str, IsExpression(own=frozenset(("value",)), outer=False)] = "true"
    either: Part | str | None = None


class Sample(StepType[Everything, None]):
    """A step type with such arguments."""

    name = "sample"
    args = Everything
    summary = "A sample."


SAMPLE = Sample()


def test_every_text_is_rendered_except_where_the_field_says_no() -> None:
    """At any depth; numbers, truth values and durations may come out of templates."""
    args = render_args(
        SAMPLE,
        {
            "text": "at {{ path }}",
            "number": "{{ n }}",
            "flag": "{{ yes }}",
            "choice": "{{ choice }}",
            "wait": "{{ n }}m",
            "items": ["{{ path }}", "plain"],
            "part": {"size": "{{ n }}", "note": "{{ path }}"},
            "parts": [{"size": 1}, {"size": "{{ n }}"}],
            "table": {"{{ path }}": "{{ path }}"},
            "script": "echo {{ path }}",
            "scripts": ["{{ path }}"],
            "that": "value == '{{ path }}'",
            "either": {"size": "{{ n }}", "note": "{{ path }}"},
        },
        {"path": "/data", "n": 8080, "yes": True, "choice": "b"},
    )

    assert args == Everything(
        text="at /data",
        number=8080,
        flag=True,
        choice="b",
        items=("/data", "plain"),
        part=Part(size=8080, note="{{ path }}"),
        parts=[Part(size=1), Part(size=8080)],
        table={"{{ path }}": "/data"},
        script="echo {{ path }}",
        scripts=("{{ path }}",),
        that="value == '{{ path }}'",
        either=Part(size=8080, note="{{ path }}"),
    ).model_copy(update={"wait": 484_800.0})


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"items": ["x", "{{ y }}"]}, "items[1]: the template `{{ y }}` failed: 'y' is undefined"),
        ({"number": "{{ n }}px"}, "number: Input should be a valid integer"),
        ({"wait": "{{ n }}"}, "wait: `7` is not a duration. Write 90s"),
        ({"choice": "{{ n }}"}, "choice: Input should be 'a' or 'b'"),
        ({"part": {"size": "{{ n }}", "seize": 1}}, "part.seize: Extra inputs"),
        ({"parts": [{"size": "x"}]}, "parts[0].size: Input should be a valid integer"),
        ({"number": "x", "flag": "y"}, "number: Input should be a valid integer"),
    ],
)
def test_values_that_do_not_fit_are_said_in_one_sentence(raw: dict[str, object], sentence: str) -> None:
    """The message names the argument; it has neither a link nor several lines."""
    with pytest.raises(ExpressionError) as caught:
        render_args(SAMPLE, raw, {"n": 7})

    assert sentence in caught.value.message
    assert "\n" not in caught.value.message
    assert "http" not in caught.value.message


def test_templates_and_expressions_are_found_with_their_place() -> None:
    """Plain texts, keys and what is never rendered are not among them."""
    raw = {
        "text": "plain",
        "items": ["{{ a }}", "b", "{% if c %}{% endif %}"],
        "part": {"size": "{{ d }}", "note": "{{ e }}"},
        "table": {"{{ f }}": "{{ g }}"},
        "script": "{{ h }}",
        "that": "value",
        "nobody knows": {"x": ["{{ i }}"]},
        "either": "{{ j }}",
    }

    assert templates_in(SAMPLE, raw) == [
        (("items", 0), "{{ a }}"),
        (("items", 2), "{% if c %}{% endif %}"),
        (("part", "size"), "{{ d }}"),
        (("table", "{{ f }}"), "{{ g }}"),
        (("nobody knows", "x", 0), "{{ i }}"),
        (("either",), "{{ j }}"),
    ]
    assert expressions_in(SAMPLE, raw) == [(("that",), "value", IsExpression(frozenset(("value",)), outer=False))]


@pytest.mark.parametrize("raw", [{"part": ["{{ a }}"]}, {"items": {"x": "{{ a }}"}}, {"number": ["{{ a }}"]}])
def test_data_of_the_wrong_shape_is_walked_as_well(raw: dict[str, object]) -> None:
    """Finding templates comes before validation, and must not fail on what validation will complain about."""
    assert [text for _, text in templates_in(SAMPLE, raw)] == ["{{ a }}"]


def test_a_path_reads_like_an_expression() -> None:
    """As in messages."""
    assert dotted(("check", "command", 0)) == "check.command[0]"
    assert dotted(()) == ""


PLAIN = st.text(st.characters(exclude_characters="{"), max_size=20)
TEXTS = st.one_of(PLAIN, st.sampled_from(["{{ x }}", "a {{ x }} b", "{{ x }}{{ y }}"]))
RAW = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS,
        "items": st.lists(TEXTS, max_size=3),
        "part": st.fixed_dictionaries({"size": st.integers()}, optional={"note": TEXTS}),
        "parts": st.lists(st.fixed_dictionaries({"size": st.integers()}, optional={"note": TEXTS}), max_size=2),
        "table": st.dictionaries(PLAIN, TEXTS, max_size=3),
        "script": TEXTS,
        "scripts": st.lists(TEXTS, max_size=2),
        "that": TEXTS,
    },
)


def at(data: Any, path: Path) -> object:  # noqa: ANN401 - any plain data
    """What stands at a path."""
    for step in path:
        data = data[step]
    return data


@given(RAW, st.text(max_size=10), st.text(max_size=10))
def test_only_templates_change_and_values_are_not_rendered_again(raw: dict[str, object], x: str, y: str) -> None:
    """A value may look like a template or like anything else: it stays what it is."""
    made = rendered(SAMPLE, raw, {"x": x, "y": y})
    found = dict(templates_in(SAMPLE, raw))
    for path, text in found.items():
        wanted = text.replace("{{ x }}", "\0").replace("{{ y }}", y).replace("\0", x) if "\0" not in y else None

        assert at(raw, path) == text
        assert wanted is None or at(made, path) == wanted
    assert all(at(made, path) == text for path, text in texts(raw) if path not in found)
    assert isinstance(validated(SAMPLE, made), Everything)


def texts(data: object, path: Path = ()) -> Sequence[tuple[Path, str]]:
    """All texts in plain data, with their places."""
    if isinstance(data, str):
        return [(path, data)]
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in texts(value, (*path, key))]
    if isinstance(data, list):
        return [found for index, value in enumerate(data) for found in texts(value, (*path, index))]
    return []
