"""The reader and the inventories, whatever they are given."""

from __future__ import annotations

import re

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostics, Span
from runner.load.document import read
from runner.load.inventory import read_inventory
from runner.load.scalars import resolve
from runner.load.tree import Path, Sequence, Table

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")

# Pieces that YAML gives a meaning to, so that random texts are not all plain words.
_PIECES = st.sampled_from(
    [*"abc:-[]{}#&*!|>'\"%@`?, \n\t\r~0\\", "\n  ", ": ", "- ", "---\n", "<<: ", "no", "\u2028", "\x85", "\ufeff"]
)
texts = st.one_of(st.text(), st.lists(_PIECES, max_size=40).map("".join))

names = st.from_regex(r"[a-z_][a-z0-9_.]{0,8}", fullmatch=True).filter(lambda s: s not in {"null", "true", "false"})
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\ufffe\uffff")).filter(
        lambda text: isinstance(resolve(text), str)  # "0E0" is a number in YAML 1.2 only, and so not quoted for it
    ),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=15
)


def _inside(span: Span, text: str) -> bool:
    lines = _BREAK.split(text.removeprefix("\ufeff"))
    if span.line == 0:
        return True
    return 1 <= span.line <= len(lines) and 1 <= span.column <= len(lines[span.line - 1]) + 1


def _paths(node: object, path: Path = ()) -> list[Path]:
    below: list[Path] = []
    if isinstance(node, Table):
        below = [found for key, item in node.items.items() for found in _paths(item, (*path, key))]
    elif isinstance(node, Sequence):
        below = [found for number, item in enumerate(node.items) for found in _paths(item, (*path, number))]
    return [path, *below]


@given(texts)
@example("a: |2\n\n  x")
@example("\ufeff")
@example("a: 'x\n\n")
@example("\ud800")
def test_any_text_gives_a_document_or_complaints(text: str) -> None:
    """No text makes the reader fail, and every position lies inside the text."""
    diagnostics = Diagnostics()
    document = read(text, "f", diagnostics)

    assert document is not None or diagnostics.errors
    assert all(_inside(item.span, text) for item in diagnostics)
    if document is not None:
        for path in _paths(document.root):
            assert _inside(document.span(path), text)
            assert _inside(document.span(path, key=True), text)
            assert _inside(document.text_span(path, 1, 3), text)


@given(st.binary())
def test_any_bytes_give_a_document_or_complaints(data: bytes) -> None:
    """The same for bytes that are no text at all."""
    diagnostics = Diagnostics()

    assert read(data, "f", diagnostics) is not None or diagnostics.errors


@given(values, st.booleans())
def test_data_is_what_pyyaml_reads(value: object, flow: bool) -> None:
    """Where YAML 1.1 and 1.2 agree, we agree with both; PyYAML's writer quotes the rest."""
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    diagnostics = Diagnostics()
    document = read(text, "f", diagnostics)

    assert document is not None, list(diagnostics)
    assert not diagnostics.errors
    assert document.data == yaml.safe_load(text)


@given(texts, st.sampled_from(["f.yml", "f.ini", "f"]))
@example("[a]\nb[1:99999999999999999999]", "f.ini")
@example("[a:children]\na", "f.ini")
@example("a: {hosts: {b: {ansible_ssh_common_args: -o}}}", "f.yml")
def test_any_text_gives_an_inventory_or_complaints(text: str, source: str) -> None:
    """No text makes an inventory reader fail, and nothing is refused without a reason."""
    diagnostics = Diagnostics()

    assert (read_inventory(text, source, diagnostics) is None) == bool(diagnostics.errors)
