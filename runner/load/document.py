"""YAML or JSON text -> ``Document``: plain data, and where each node of it stands. Does no input or output.

The language is a strict part of YAML 1.2: no tags, anchors, aliases, merge keys or second documents, only text as keys,
each key once. Every violation is reported; only broken syntax and exceeded limits stop the reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import yaml

from runner.diagnostics import Diagnostics, Span
from runner.load.build import Builder, TooMuch
from runner.load.syntax import explain
from runner.load.tree import Node, Path, Position, Scalar, Table, child, data_of

MAX_BYTES = 8 * 1024 * 1024
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what the YAML parser counts as the end of a line
_NOT_TEXT = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """A document that was read. Complaints about it may stand in the diagnostics; see ``read``."""

    root: Node
    source: str
    text: str

    @cached_property
    def data(self) -> object:
        """The whole document as dict, list, str, int, float, bool and None."""
        return data_of(self.root)

    def node(self, path: Path) -> Node | None:
        """The node at ``path``, or None."""
        node: Node | None = self.root
        for step in path:
            node = child(node, step) if node is not None else None
        return node

    def scalar(self, path: Path) -> Scalar | None:
        """The leaf at ``path``, which knows how it was written; None if there is no leaf."""
        node = self.node(path)
        return node if isinstance(node, Scalar) else None

    def span(self, path: Path = (), *, key: bool = False) -> Span:
        """Where the value at ``path`` starts, or its key. An unknown path gives its nearest known ancestor."""
        node, at = self.root, self.root.at
        for depth, step in enumerate(path, start=1):
            below = child(node, step)
            if below is None:
                break
            last = depth == len(path)
            at = node.keys[str(step)] if key and last and isinstance(node, Table) else below.at
            node = below
        return self.place(at)

    def text_span(self, path: Path, line_offset: int = 0, column: int = 0) -> Span:
        """Where a place *inside* a text value stands: line and column of the value, both counted from 0.

        Exact for ``|`` blocks and for text on one line without escapes; else the start of the value.
        """
        leaf = self.scalar(path)
        if leaf is None or leaf.block == ">":
            return self.span(path)
        if leaf.block:
            line = leaf.at.line + 1 + line_offset
            return self.place(Position(line, self._indent(leaf) + column))
        if line_offset or "\n" in leaf.text:
            return self.place(leaf.at)
        return self.place(Position(leaf.at.line, leaf.at.column + column + (not leaf.plain)))

    def _indent(self, leaf: Scalar) -> int:
        """How far a block's text stands from the margin: the first line with words in it shows that."""
        for offset, line in enumerate(leaf.text.split("\n"), start=1):
            if line.strip() and leaf.at.line + offset < len(self._lines):
                return max(0, len(self._lines[leaf.at.line + offset].rstrip()) - len(line.rstrip()))
        return 0

    @cached_property
    def _lines(self) -> list[str]:
        return _BREAK.split(self.text)

    def place(self, at: Position) -> Span:
        """A node's own position as a span: cheaper than its path, for those who walk the tree."""
        return _clamped(self.source, self._lines, at)


def read(
    text: str | bytes,
    source: str,
    diagnostics: Diagnostics,
    *,
    limit: int = MAX_BYTES,
    keep_tags: frozenset[str] = frozenset(),
) -> Document | None:
    """Read one document. None if its syntax is broken or it is too large, with the reason in ``diagnostics``.

    A document with lesser faults (duplicate keys, tags ...) is returned, so that a schema can complain about the rest
    of it in the same go: ask ``diagnostics.errors`` before use. Scalars with one of ``keep_tags`` become ``Tagged``.
    """
    if len(text) > limit:
        message = f"the document is larger than {limit // 1024 // 1024} MiB"
        diagnostics.error(Span(source), message, "Split it, or check that it is the right file.")
        return None
    decoded = _decode(text, source, diagnostics)
    if decoded is None:
        return None
    lines = _BREAK.split(decoded)
    builder = Builder(lambda at: _clamped(source, lines, at), diagnostics, keep_tags)
    try:
        for event in yaml.parse(_joined(decoded), Loader=_LOADER):
            builder.take(event)
    except TooMuch as too_much:
        diagnostics.error(_clamped(source, lines, too_much.at), str(too_much), "Check that it is the right file.")
        return None
    except yaml.YAMLError as error:
        at, message, remedy = explain(error, lines)
        diagnostics.error(_clamped(source, lines, at), message, remedy)
        return None
    return Document(builder.finish(), source, decoded)


def _decode(text: str | bytes, source: str, diagnostics: Diagnostics) -> str | None:
    """Text without a byte order mark and without characters that YAML forbids; None if that is not to be had."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            column = error.start - error.object.rfind(b"\n", 0, error.start)
            diagnostics.error(Span(source, line, column), "the text is not UTF-8", "Save the file in UTF-8.")
            return None
    text = text.removeprefix("\ufeff")
    bad = _NOT_TEXT.search(text)
    if bad is None:
        return text
    before = _BREAK.split(text[: bad.start()])
    name = f"U+{ord(bad[0]):04X}"
    message = f"the character {name} is not allowed here"
    remedy = f'Remove it, or write it as "\\u{ord(bad[0]):04x}" inside double quotes.'
    diagnostics.error(Span(source, len(before), len(before[-1]) + 1), message, remedy)
    return None


def _joined(text: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes, which YAML refuses: give it one. Only in JSON texts."""
    if text.lstrip()[:1] not in {"{", "["} or not _SURROGATES.search(text):
        return text

    def one(pair: re.Match[str]) -> str:
        high, low = int(pair[2], 16), int(pair[3], 16)
        return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"

    return _SURROGATES.sub(one, text)


def _clamped(source: str, lines: list[str], at: Position) -> Span:
    """The parser may point one line past the end of the text; a reader wants to see the end itself."""
    if at.line >= len(lines):
        at = Position(len(lines) - 1, len(lines[-1]))
    return Span(source, at.line + 1, min(max(at.column, 0), len(lines[at.line])) + 1)
