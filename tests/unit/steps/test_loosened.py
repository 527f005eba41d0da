"""What a document may say before its templates are rendered."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Literal

import jsonschema
import pytest
from pydantic import Field, StringConstraints, ValidationError, model_validator

from runner.model.fields import Duration
from runner.steps.base import Args, NotTemplate, lasting
from runner.steps.loosened import TEMPLATE, VALUE, loosened


class Colour(enum.Enum):
    """A choice."""

    RED = "red"


class Inner(Args):
    """A part with a rule over several fields."""

    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def _ordered(self) -> Inner:
        if self.high < self.low:
            message = "high is below low"
            raise ValueError(message)
        return self


class Outer(Args):
    """The arguments of a step type."""

    text: str = ""
    short: Annotated[str, StringConstraints(pattern="^[a-z]+$")] = "x"
    number: Annotated[int, Field(ge=1)] = 1
    flag: bool | None = None
    wait: Duration = lasting("5s")
    choice: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    items: tuple[str, ...] = ()
    numbers: list[int] = Field(default_factory=list)
    table: Mapping[str, int] = {}
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    script: Annotated[str, NotTemplate, StringConstraints(max_length=5)] = ""

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """A rule that can be judged while templates are open."""
        return "text and items exclude each other" if given.get("text") and given.get("items") else ""


LOOSE = loosened(Outer)
SCHEMA = LOOSE.model_json_schema()

ACCEPTED: list[dict[str, object]] = [
    {},
    {"text": "{{ x }}", "short": "{{ X }}", "number": "{{ x }}", "flag": "{{ x }}", "wait": "{{ x }}s"},
    {"choice": "{% if x %}a{% endif %}", "colour": "{{ x }}", "items": ["a", "{{ x }}"], "numbers": [1, "{{ x }}"]},
    {"table": {"k": "{{ x }}"}, "inner": {"low": "{{ x }}", "high": 1}, "inners": [{"low": 1, "high": "{{ x }}"}]},
    {"text": "a", "short": "b", "number": 2, "flag": True, "wait": "2m", "choice": "b", "colour": "red"},
    {"flag": None, "inner": None, "script": "{{ x"},
    {"inner": {"low": 5, "high": "{{ x }}"}},
]


@pytest.mark.parametrize("data", ACCEPTED)
def test_any_leaf_may_be_a_template(data: dict[str, object]) -> None:
    """The models and the JSON Schema for editors agree."""
    LOOSE.model_validate(data)
    jsonschema.validate(data, SCHEMA)


REFUSED: list[tuple[dict[str, object], tuple[str | int, ...], str]] = [
    ({"number": "3"}, ("number", VALUE), "valid integer"),
    ({"number": 0}, ("number", VALUE), "greater than or equal to 1"),
    ({"number": True}, ("number", VALUE), "valid integer"),
    ({"flag": "yes"}, ("flag", VALUE), "valid boolean"),
    ({"text": 5}, ("text",), "valid string"),
    ({"short": "X"}, ("short", VALUE), "match pattern"),
    ({"wait": 5}, ("wait", VALUE), "needs a unit"),
    ({"choice": "c"}, ("choice", VALUE), "'a' or 'b'"),
    ({"colour": "blue"}, ("colour", VALUE), "'red'"),
    ({"items": "{{ x }}"}, ("items",), "valid tuple"),
    ({"items": [1]}, ("items", 0), "valid string"),
    ({"numbers": ["1"]}, ("numbers", 0, VALUE), "valid integer"),
    ({"table": {"k": "v"}}, ("table", "k", VALUE), "valid integer"),
    ({"inner": {"low": "x"}}, ("inner", "low", VALUE), "valid integer"),
    ({"inners": [{}, {"low": "x"}]}, ("inners", 1, "low", VALUE), "valid integer"),
    ({"script": "{{ x }}"}, ("script",), "at most 5 characters"),
    ({"nubmer": 1}, ("nubmer",), "Extra inputs"),
]


@pytest.mark.parametrize(("data", "place", "reason"), REFUSED)
def test_everything_else_is_exact(data: dict[str, object], place: tuple[str | int, ...], reason: str) -> None:
    """One complaint, from the branch that was meant, at the value's own place."""
    with pytest.raises(ValidationError) as caught:
        LOOSE.model_validate(data)

    assert [(error["loc"], reason in error["msg"]) for error in caught.value.errors()] == [(place, True)]


@pytest.mark.parametrize(
    ("data", "place", "reason"),
    [
        ({"inner": {"low": 2, "high": 1}}, ("inner",), "high is below low"),
        ({"text": "x", "items": ["{{ x }}"]}, (), "text and items exclude each other"),
    ],
)
def test_rules_over_several_fields(data: dict[str, object], place: tuple[str, ...], reason: str) -> None:
    """Judged at once where no template is open, or where the rule can live with open ones."""
    with pytest.raises(ValidationError) as caught:
        LOOSE.model_validate(data)

    assert [(error["loc"], error["msg"]) for error in caught.value.errors()] == [(place, f"Value error, {reason}")]


def test_an_unknown_key_is_said_before_the_rules() -> None:
    """A misspelled key explains the missing one; the rule's complaint would hide it."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        LOOSE.model_validate({"text": "x", "items": ["x"], "itmes": []})


def test_the_variant_is_made_once_and_keeps_names_and_texts() -> None:
    """So that the JSON Schema has one definition for each model."""
    assert loosened(Outer) is LOOSE
    assert SCHEMA["title"] == "Outer"
    assert SCHEMA["description"] == "The arguments of a step type."
    assert sorted(SCHEMA["$defs"]) == ["Colour", "Inner"]
    assert TEMPLATE not in SCHEMA["$defs"]
    assert SCHEMA["properties"]["wait"]["default"] == "5s"
    assert SCHEMA["properties"]["text"]["type"] == "string"
