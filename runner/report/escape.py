"""Text from targets made safe to show: no terminal, log viewer or XML parser may take it for anything but text."""

from __future__ import annotations

import unicodedata

# Cc: controls with ESC; Cf: bidirectional overrides and other invisible marks; Cs, Co, Cn: no text at all;
# Zl, Zp: hidden line ends.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def hidden(char: str) -> bool:
    """Whether a character could do something else than stand there to be read."""
    return unicodedata.category(char) in _HIDDEN


def escaped(char: str) -> str:
    """A hidden character, as a reader may see it."""
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x80:  # noqa: PLR2004 - above it, one character is not one byte
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - what four digits hold


def one_line(text: object) -> str:
    """The text on a single line; line ends and all hidden characters are shown as escapes."""
    return "".join(escaped(char) if hidden(char) else char for char in str(text))


def lines(text: object) -> list[str]:
    """The text's lines without blanks at their ends or empty lines at its end.

    Tabs become blanks, CR LF is a line end, and all other hidden characters are shown as escapes.
    """
    parts = str(text).replace("\r\n", "\n").split("\n")
    shown = [one_line(part.expandtabs(8)).rstrip() for part in parts]
    while shown and not shown[-1]:
        shown.pop()
    return shown


def tail(text: object, last: int) -> tuple[list[str], bool]:
    """The last lines of a text, without empty ones at their start, and whether others came before them."""
    shown = lines(text)
    kept = shown[-last:]
    while kept and not kept[0]:
        del kept[0]
    return kept, len(shown) > last


def block(text: object) -> str:
    """``lines`` joined again."""
    return "\n".join(lines(text))
