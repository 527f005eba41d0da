"""The reader: our part of YAML, with the position of everything."""

from __future__ import annotations

import json

import pytest

from runner.diagnostics import Diagnostics
from runner.load.document import Document, read
from runner.load.tree import Tagged


def complaints(text: str | bytes) -> list[str]:
    """First lines of the complaints."""
    diagnostics = Diagnostics()
    read(text, "f.yml", diagnostics)
    return [str(item).splitlines()[0].replace("error: ", "") for item in diagnostics]


def document(text: str | bytes) -> Document:
    """A document without faults."""
    diagnostics = Diagnostics()
    found = read(text, "f.yml", diagnostics)
    assert found is not None, list(diagnostics)
    assert not list(diagnostics)
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("-12", -12),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0777", "0777"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ('"true"', "true"),
        ("'1'", "1"),
        ("! 1", 1),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    """Only decimal numbers, true, false and null are not text."""
    data = document(f"a: {text}").data

    assert data == {"a": value}
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\na: 2", "f.yml:2:1: the key `a` stands here a second time; first on line 1, column 1"),
        ("a: &x 1", "f.yml:1:4: anchors (&x) are not allowed"),
        ("a: *x", "f.yml:1:4: aliases (*x) are not allowed"),
        ("a: !t 1", "f.yml:1:4: tags (!t) are not allowed"),
        ("a: !!python/object:os.system x", "f.yml:1:4: tags (!!python/object:os.system) are not allowed"),
        ("a: !!map {}", "f.yml:1:4: tags (!!map) are not allowed"),
        ("<<: {a: 1}", "f.yml:1:1: merge keys (<<) are not allowed"),
        ("1: x", "f.yml:1:1: the key 1 is not text"),
        ("true: x", "f.yml:1:1: the key true is not text"),
        ("~: x", "f.yml:1:1: a key is missing or null"),
        ("? [a]\n: b", "f.yml:1:3: a list or mapping cannot be a key"),
        ("a: {{ b }}", "f.yml:1:5: a list or mapping cannot be a key"),
        ("a: 1\n---\nb: 2", "f.yml:2:1: a second document begins here"),
        ("a:\n\tb: 1", "f.yml:2:1: a tab is used for indentation"),
        ("a: 'x", "f.yml:1:4: a quoted text is not closed"),
        ("a: @x", 'f.yml:1:4: a text cannot begin with "@" here'),
        ("a: b: c", 'f.yml:1:5: a ": " stands where no new key can begin'),
        ("a: [1, 2", "f.yml:1:9: a list or mapping in brackets is not closed, or lacks a comma"),
        ("- a\nb: 1", 'f.yml:2:1: the list ends here without reason: a "- " was expected'),
        ('a: "C:\\wrong"', "f.yml:1:7: an unknown escape in a text in double quotes"),
        ("a: x\x01", "f.yml:1:5: the character U+0001 is not allowed here"),
        (b"a: \xff", "f.yml:1:4: the text is not UTF-8"),
        ("[" * 65, "f.yml:1:65: the document is nested deeper than 64 levels"),
    ],
)
def test_each_fault_has_its_place(text: str | bytes, complaint: str) -> None:
    """What our part of YAML does not have is said in plain words, with line and column."""
    assert complaint in complaints(text)


def test_all_faults_come_at_once() -> None:
    """A fault that does not break the syntax does not hide the next one."""
    assert len(complaints("a: *x\nb: !t 1\nc: &y 1\na: 2\n3: 4")) == 5


def test_hostile_text_gives_few_complaints() -> None:
    """A document of faults only does not fill the memory with complaints."""
    assert len(complaints("- !a\n" * 500)) == 100


def test_a_large_text_is_refused() -> None:
    """The limit is checked before anything is parsed."""
    diagnostics = Diagnostics()

    assert read("a" * 11, "f.yml", diagnostics, limit=10) is None
    assert "larger than" in str(diagnostics.errors[0])


def test_a_faulty_document_is_returned_for_its_schema() -> None:
    """Lesser faults leave a document, so that a schema can complain about the rest of it."""
    diagnostics = Diagnostics()
    found = read("a: *x\nb: 1", "f.yml", diagnostics)

    assert found is not None
    assert diagnostics.errors


def test_json_goes_through_the_same_reader() -> None:
    """JSON as a program prints it, with escapes, pairs of surrogates and tabs."""
    value = {"a": [1, 2.5, None, True, 'x\n"/\U0001f600'], "b": {}, "c": []}

    assert document(json.dumps(value)).data == value
    assert document(json.dumps(value, indent="\t")).data == value
    assert document(json.dumps(value, separators=(",", ":"))).data == value
    assert document('{"a": "\\\\ud83d\\\\ude00"}').data == {"a": "\\ud83d\\ude00"}


def test_a_byte_order_mark_is_no_text() -> None:
    """Editors on Windows add one."""
    assert document("\ufeffa: 1").data == document(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_kept_tags_become_values() -> None:
    """A caller may want to speak about a tag itself."""
    found = read("a: !vault 1", "f.yml", Diagnostics(), keep_tags=frozenset({"!vault"}))

    assert found is not None
    assert found.data == {"a": Tagged("!vault", "1")}


TEXT = """\
a:
  b: [x, "y"]
  c: |
    one
      two
  d: >-
    folded
    text
"""


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ((), False, "1:1"),
        (("a",), True, "1:1"),
        (("a",), False, "2:3"),
        (("a", "b"), True, "2:3"),
        (("a", "b"), False, "2:6"),
        (("a", "b", 1), False, "2:10"),
        (("a", "b", 9), False, "2:6"),
        (("a", "nothing", "here"), True, "2:3"),
    ],
)
def test_every_node_has_a_place(path: tuple[str | int, ...], key: bool, place: str) -> None:
    """A path leads to the value, or its key; an unknown one to its nearest known ancestor."""
    assert str(document(TEXT).span(path, key=key)) == f"f.yml:{place}"


@pytest.mark.parametrize(
    ("path", "line", "column", "place"),
    [
        (("a", "c"), 0, 0, "4:5"),
        (("a", "c"), 1, 2, "5:7"),
        (("a", "b", 1), 0, 0, "2:11"),
        (("a", "b", 0), 0, 0, "2:7"),
        (("a", "d"), 1, 0, "6:6"),
        (("a",), 1, 0, "2:3"),
    ],
)
def test_a_place_inside_a_text(path: tuple[str | int, ...], line: int, column: int, place: str) -> None:
    """Errors inside a script or template point into the block."""
    assert str(document(TEXT).text_span(path, line, column)) == f"f.yml:{place}"
