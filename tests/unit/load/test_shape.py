"""Documents against models: every complaint at its place, in plain words."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from pydantic import Discriminator, Field, Tag, field_validator

from runner.diagnostics import Diagnostics
from runner.load.document import read
from runner.load.shape import nearest, validate
from runner.model.fields import Duration, Identifier, Shape


class Risk(enum.Enum):
    CONFIG = "config"
    REBOOT = "reboot"


class Service(Shape):
    kind: Literal["service"]
    name: str


class Script(Shape):
    kind: Literal["script"]
    text: str
    at_most: Duration = 60.0


class Named(Shape):
    name: str


class Sized(Shape):
    size: int
    unit: str


class Inner(Shape):
    count: int = 1
    on: bool = False


class Book(Shape):
    id: Identifier = "x"
    title: str = Field("", description="what people call it")
    risk: frozenset[Risk] = frozenset()
    tags: tuple[str, ...] = ()
    settle: Duration = 1.0
    step: Annotated[Service | Script, Field(discriminator="kind")] | None = None
    thing: Named | Sized | None = None
    words: str | list[str] = ""
    inner: Inner = Inner()
    many: dict[Identifier, Inner] = Field({})
    mode: Literal["fast", "slow"] = "fast"
    otherwise: str = Field("", alias="else")
    at_least: Annotated[int, Field(ge=1)] = 1
    called: (
        Annotated[
            Annotated[Named, Tag("named")] | Annotated[Sized, Tag("sized")],
            Discriminator(lambda value: "named" if "name" in value else "sized"),
        ]
        | None
    ) = None

    @field_validator("title")
    @classmethod
    def _not_shouted(cls, title: str) -> str:
        if title.isupper():
            message = f"`{title}` is shouted\nWrite it in small letters."
            raise ValueError(message)
        return title


def complaints(text: str) -> list[str]:
    """The complaints, each in one line."""
    diagnostics = Diagnostics()
    document = read(text, "f", diagnostics)
    assert document is not None
    assert (validate(document, Book, diagnostics) is None) == bool(diagnostics.errors)
    return [str(item).replace("\n    ", " | ") for item in diagnostics]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rsik: []", "f:1:1: error: unknown key `rsik`; did you mean `risk`?"),
        ("inner: {cuont: 1}", "f:1:9: error: unknown key `cuont`; did you mean `count`? | Known here: `count`, `on`."),
        ("many: {a: {x: 1}}", "f:1:12: error: unknown key `x` | Known here: `count`, `on`."),
        ("step: {kind: service}", "f:1:7: error: the key `name` is missing | Add `name: ...`."),
        ("step: {kind: servcie}", "f:1:7: error: `step` cannot be `servcie`; did you mean `service`?"),
        ("step: {name: x}", "f:1:7: error: `step` does not say what it is | Add `kind: ...`."),
        ("step: {kind: service, name: x, at_most: 1s}", "f:1:32: error: unknown key `at_most`"),
        ("called: {name: x, nmae: y}", "f:1:19: error: unknown key `nmae`; did you mean `name`? | Known here: `name`."),
        ("risk: [confg]", "f:1:8: error: entry 1 of `risk` cannot be `confg`; did you mean `config`?"),
        (
            "risk: config",
            "f:1:7: error: `risk` must be a list, not the text `config` | Write a list, even for one value",
        ),
        ("mode: fsat", "f:1:7: error: `mode` cannot be `fsat`; did you mean `fast`? | Known here: `fast`, `slow`."),
        ("mode: true", "f:1:7: error: `mode` must be one of `fast`, `slow`, not the boolean true"),
        (
            "title: True",
            'f:1:8: error: `title` must be text, not the boolean True | To mean text, write "True" in quotes.',
        ),
        (
            "title: 1.10",
            'f:1:8: error: `title` must be text, not the number 1.10 | To mean text, write "1.10" in quotes.',
        ),
        ("title:", 'f:1:7: error: `title` must be text, not nothing | Write a value, or "" for an empty text.'),
        ("title: LOUD", "f:1:8: error: `LOUD` is shouted | Write it in small letters."),
        ("tags: [a, 2]", "f:1:11: error: entry 2 of `tags` must be text, not the number 2"),
        (
            "inner: {on: no}",
            "not the text `no` | YAML 1.1 tools read `no` as a boolean, but it is text: write false.",
        ),
        ('inner: {on: "true"}', "Write true without quotes."),
        (
            "inner: {count: 0777}",
            "YAML 1.1 tools read `0777` as an octal number, but it is text: write 511.",
        ),
        ("inner: {count: 1:30}", "YAML 1.1 tools read `1:30` as a number in base 60, but it is text: write 90."),
        ('inner: {count: "5"}', "Write 5 without quotes."),
        ("inner: {count: 1.5}", "f:1:16: error: `count` must be a whole number, not the number 1.5"),
        ("inner: 5", "f:1:8: error: `inner` must be a mapping, not the number 5"),
        ("settle: 90", "f:1:9: error: a duration needs a unit, and 90 has none | Write 90s for seconds"),
        ("settle: 9x", "f:1:9: error: `9x` is not a duration"),
        ("words: 3", "f:1:8: error: `words` must be text or a list, not the number 3"),
        ("words: [3]", "f:1:9: error: entry 1 of `words` must be text, not the number 3"),
        ("thing: {size: 1, unti: x}", "f:1:18: error: unknown key `unti`; did you mean `unit`?"),
        ("id: Bad", "f:1:5: error: `id` cannot be `Bad`: it does not look as it should | Use small letters"),
        ("many: {B: {}}", "f:1:8: error: the key cannot be `B`: it does not look as it should"),
        ("at_least: 0", "f:1:11: error: `at_least` cannot be `0`: it must be at least 1"),
        ("otherwise: x", "f:1:1: error: unknown key `otherwise`"),
        ("[a]", "f:1:1: error: the document must be a mapping, not a list"),
        ("", "f:1:1: error: the document must be a mapping, not nothing"),
    ],
)
def test_each_complaint_says_what_where_and_what_to_do(text: str, complaint: str) -> None:
    """pydantic's errors never reach the reader in pydantic's words."""
    assert any(complaint in line for line in complaints(text)), complaints(text)


def test_a_union_tells_one_story() -> None:
    """Complaints of branches that were not meant are dropped."""
    assert len(complaints("thing: {size: x, unit: m}")) == 1
    assert len(complaints("thing: 3")) == 1


def test_all_complaints_come_at_once() -> None:
    """Neither a fault of the reader nor one of the schema hides the others."""
    assert len(complaints("title: *x\nrsik: 1\ninner: {on: 3}\nsettle: 1")) == 4


def test_what_the_reader_refused_is_not_refused_again() -> None:
    """One complaint per fault."""
    assert len(complaints("title: *x")) == 1
    assert len(complaints("title: {{ x }}")) == 1


def test_old_booleans_as_text_are_a_warning() -> None:
    """The text is what was asked for, yet other tools would not see a text."""
    assert complaints("title: no") == [
        'f:1:8: warning: `title` is the text `no`, which YAML 1.1 tools read as a boolean | Write "no" in quotes.'
    ]
    assert complaints('title: "no"') == []


def test_values_become_what_the_model_says() -> None:
    """Enums, sets, tuples and durations come from YAML's few types."""
    document = read("m: {risk: [config], tags: [a], settle: 1m30s, else: x}", "f", Diagnostics())
    assert document is not None
    book = validate(document, Book, Diagnostics(), path=("m",))

    assert book == Book.model_validate({"risk": frozenset({Risk.CONFIG}), "tags": ("a",), "settle": "90s", "else": "x"})
    assert book.settle == 90


def test_places_below_a_path() -> None:
    """A part of a document is complained about at its place in the whole."""
    diagnostics = Diagnostics()
    document = read("a:\n  - rsik: 1", "f", diagnostics)
    assert document is not None

    assert validate(document, Book, diagnostics, path=("a", 0)) is None
    assert str(diagnostics.errors[0].span) == "f:2:5"


def test_nearest_ignores_case_and_kind_of_dash() -> None:
    """Slips of the pen, not of the shift key."""
    assert nearest("Service_Restart", ["data", "service-restart"]) == "service-restart"
    assert nearest("xyz", ["data"]) is None
