"""Parsers that do not belong to one program."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers import PARSERS
from runner.parsers.base import Gives, Parser

READ = [
    ("text", b"  a b\n\n", 0, "a b"),
    ("text", b"", 0, ""),
    ("text", b"\xff\n", 0, "\\xff"),
    ("lines", b"a  \r\n\n  b\n\n", 0, ["a", "  b"]),
    ("lines", b"", 1, []),
    ("exit_code", b"anything", 3, 3),
    ("json", b'{"a": [1, 2.5, null, true]}', 0, {"a": [1, 2.5, None, True]}),
    ("json", b'\xef\xbb\xbf"x"', 0, "x"),
    ("key_value", b'ID=ubuntu\nNAME="Ubuntu 22"\nHOME_URL="https://x/?a=b"\n', 0, None),
    ("key_value", b"# a comment\n\nKey with blanks:   a=b:c  \nEmpty=\n", 0, {"Key with blanks": "a=b:c", "Empty": ""}),
    ("key_value", b"tune2fs 1.47.0 (5-Feb-2023)\nFilesystem state:   clean\n", 0, {"Filesystem state": "clean"}),
    ("key_value", b'A=\'x\'\nB="y\nC=z"\nD: "q"\n', 0, {"A": "x", "B": '"y', "C": 'z"', "D": '"q"'}),
]


@pytest.mark.parametrize(("name", "out", "code", "value"), READ)
def test_what_they_read(name: str, out: bytes, code: int, value: object) -> None:
    """Plain data, whatever the exit code: that is the observation's own affair (`ok_exit`)."""
    if value is None:
        value = {"ID": "ubuntu", "NAME": "Ubuntu 22", "HOME_URL": "https://x/?a=b"}

    assert PARSERS[name].parse(CommandResult(exit_code=code, stdout=out)) == value


UNREADABLE = [
    ("json", b"", "expected one JSON document, but the program said nothing"),
    ("json", b"no such file", "the program said `no such file`"),
    ("json", b'{"a": 1} {"b": 2}', "expected one JSON document"),
    ("json", b'{"a": 1, "a": 2}', "the name `a` twice"),
    ("json", b'{"a": NaN}', "NaN, which is not a JSON value"),
    ("json", b"[1e999]", "`1e999`, which is too large"),
    ("json", b"[" * 100_000, "expected one JSON document"),
    ("key_value", b"a=1\na=2\n", "the key `a` stands there twice"),
    ("key_value", b"a=1\nwhat is this\n", "the line `what is this` is neither"),
    ("key_value", b"", "expected lines `key=value`"),
    ("key_value", b"only a banner\n", "expected lines `key=value`"),
    ("key_value", b"a=1\n=2\n", "the line `=2` is neither"),
]


@pytest.mark.parametrize(("name", "out", "sentence"), UNREADABLE)
def test_what_they_refuse(name: str, out: bytes, sentence: str) -> None:
    """Output without the expected structure is an error that shows it, never an empty value."""
    with pytest.raises(ParseError) as caught:
        PARSERS[name].parse(CommandResult(exit_code=0, stdout=out))

    assert sentence in caught.value.message


@pytest.mark.parametrize("name", ["text", "lines", "json", "key_value", "systemctl_show", "systemctl_is_active"])
def test_half_an_output_is_refused(name: str) -> None:
    """What was cut off may hold just what matters."""
    with pytest.raises(ParseError, match="cut off"):
        PARSERS[name].parse(CommandResult(exit_code=0, stdout=b"A=1\n", truncated=True))


def test_the_error_text_is_preferred_and_short() -> None:
    """The reader sees what the program complained about, on one line."""
    result = CommandResult(exit_code=1, stdout=b"out", stderr=b"first\nsecond " + b"x" * 500)

    with pytest.raises(ParseError) as caught:
        PARSERS["json"].parse(result)

    assert "`first second xxx" in caught.value.message
    assert "(exit 1)" in caught.value.message
    assert len(caught.value.message) < 300


def test_the_table_knows_each_parser_by_its_name() -> None:
    """Every parser says what it reads; the table cannot be changed."""
    assert all(name == parser.name and parser.summary.endswith(".") for name, parser in PARSERS.items())
    with pytest.raises(TypeError):
        PARSERS["x"] = PARSERS["text"]  # type: ignore[index]


@given(st.sampled_from(sorted(PARSERS)), st.binary(max_size=200), st.integers(0, 255))
def test_any_output_is_read_or_refused(name: str, out: bytes, code: int) -> None:
    """No output whatever makes a parser fail in another way than by `ParseError`."""
    with contextlib.suppress(ParseError):
        PARSERS[name].parse(CommandResult(exit_code=code, stdout=out))


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_no_field_is_hidden_by_a_method(name: str) -> None:
    """In an expression `fact.values` is the method of that name, whatever the fact holds."""
    assert set(PARSERS[name].fields) & set(dir(dict)) == set()


@pytest.mark.parametrize("parser", PARSERS.values(), ids=lambda parser: parser.name)
def test_a_parser_says_what_its_fields_stand_in(parser: Parser) -> None:
    """`vmfix check` holds expressions against it; only key_value has fields of which it knows no names."""
    assert (parser.gives is Gives.OPEN) == (not parser.fields or parser.name == "key_value")
    assert parser.known.keys() <= parser.fields.keys()
