"""Plain lines of bounded width, and colour where the caller wants it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from runner.report.escape import lines, one_line, tail
from runner.report.flow import hanging, parts

WIDTH = 120
_DEEPEST = 60  # blanks before a line that are kept
_CODES = {"good": "32", "bad": "1;31", "warn": "33", "head": "1"}


class Page:
    """Lines being collected. All text given to it is escaped here, so no renderer can forget to."""

    def __init__(self, *, colour: bool, width: int = WIDTH) -> None:
        self._colour = colour
        self._width = width
        self._lines: list[str] = []

    def blank(self) -> None:
        """An empty line, unless there is one already."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def head(self, text: str) -> None:
        """A heading: an empty line before it, bold if coloured."""
        self.blank()
        self._lines.extend(self.paint(line, "head") for line in self._wrapped(one_line(text), ""))

    def prose(self, indent: int, text: object, *, label: str = "", paint: str = "") -> None:
        """Wrapped text behind a label; its own line ends are kept and empty text adds nothing."""
        if not str(text):
            return
        first, *more = lines(text) or [""]
        margin = " " * (indent + 2 if label else indent)
        made = self._wrapped(f"{one_line(label)}: {first}" if label else first, " " * indent, margin)
        for line in more:
            made += self._wrapped(line, margin, margin)
        self._lines.extend(self.paint(line, paint) for line in made)

    def item(self, indent: int, label: str, text: object = "", *, paint: str = "") -> None:
        """A label and what is said of it, as one paragraph whatever its line ends: it cannot look like another item."""
        said = " ".join(filter(None, map(str.strip, lines(text))))
        made = self._wrapped(one_line(f"{label}: {said}" if said else label), " " * indent, " " * (indent + 2))
        self._lines.extend(self.paint(line, paint) for line in made)

    def row(self, cells: Sequence[tuple[str, int]], text: object) -> None:
        """Cells of these widths in a line, then a text that is wrapped below its own beginning."""
        start = "".join(f"{one_line(cell):{width}}  " for cell, width in cells)
        margin = " " * len(start)
        for number, line in enumerate(lines(text) or [""]):
            self._lines.extend(self._wrapped(line.strip(), margin if number else start, margin))

    def flow(self, indent: int, text: object, *, label: str = "") -> None:
        """An author's text: its lines joined as far as paragraphs and lists allow, those to be copied as they are."""
        margin = " " * (indent + 2 if label else indent)
        for number, part in enumerate(parts(text)):
            if label and not number and part.exact:
                self._lines.extend(self._wrapped(f"{one_line(label)}:", " " * indent))
            if not part.text:
                self.blank()
            elif part.exact:
                self.exact(len(margin), [part.text])
            elif label and not number:
                self._lines.extend(self._wrapped(f"{one_line(label)}: {part.text.lstrip()}", " " * indent, margin))
            else:
                self._lines.extend(self._wrapped(part.text, margin, margin, hang=hanging(part.text)))

    def exact(self, indent: int, texts: Iterable[str]) -> None:
        """Lines that are never wrapped, such as commands: a reader must be able to copy them."""
        self._lines.extend(f"{' ' * indent}{one_line(text)}".rstrip() for text in texts)

    def output(self, indent: int, label: str, text: str, *, last: int) -> None:
        """The last lines of a program's output below its label, each line marked."""
        shown, left_out = tail(text, last)
        if shown:
            self._lines.append(f"{' ' * indent}{label}{f' (its last {last} lines)' if left_out else ''}:")
            margin = f"{' ' * indent}  | "
            for line in shown:
                self._lines.extend(part.rstrip() for part in self._wrapped(line, margin, margin))

    def paint(self, text: str, kind: str) -> str:
        """``text`` in a colour, if colours are wanted."""
        code = _CODES.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code else text

    def part(self) -> Page:
        """An empty page like this one, for lines that are not yet sure to be shown."""
        return Page(colour=self._colour, width=self._width)

    def adopt(self, other: Page) -> None:
        """Adds the lines of a part."""
        self._lines.extend(other._lines)

    def text(self) -> str:
        """All lines, with one line end after the last."""
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _wrapped(self, text: str, first: str, rest: str = "", *, hang: int | None = None) -> list[str]:
        """At blanks; only a very long word is broken. Leading blanks are kept, or ``hang`` of them later."""
        blanks = len(text) - len(text.lstrip())
        wrapper = _Wrapper(
            self._width,
            initial_indent=first + " " * min(blanks, _DEEPEST),
            subsequent_indent=rest + " " * min(blanks if hang is None else hang, _DEEPEST),
            break_on_hyphens=False,
        )
        return wrapper.wrap(text.strip()) or [first.rstrip()]


class _Wrapper(textwrap.TextWrapper):
    """Keeps a path or an address whole, to be copied, in a line of its own that may be too long.

    A word that goes beyond ``WIDTH`` is broken, at once and not line by line: targets write very long ones.
    """

    def _handle_long_word(self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int) -> None:
        if reversed_chunks[-1].isspace():
            super()._handle_long_word(reversed_chunks, cur_line, cur_len, width)
            return
        if len(reversed_chunks[-1]) + self.width - width <= WIDTH:  # the indent with it
            cur_line += [] if cur_line else [reversed_chunks.pop()]
            return
        word = reversed_chunks.pop()
        here = max(width - cur_len, 1 if width < 1 else 0)
        cur_line.append(word[:here])
        step = max(self.width - len(self.subsequent_indent), 1)
        reversed_chunks.extend(word[at : at + step] for at in reversed(range(here, len(word), step)))
