"""A script for sh to the simple commands in it, as far as they can be read without running it."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import cast

_HERE_DOCUMENT = re.compile(r"""<<-?\s*(["']?)(\w+)\1([^\n]*\n)(?:.*?\n)??[\t]*\2[ \t]*$""", re.MULTILINE | re.DOTALL)
_SEPARATORS = ";&|()<>\n"
_DEEPEST = 5  # substitutions in each other; nobody reads more, and each is read once more for each around it
_OPENING = frozenset(["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"])
_BEFORE_COMMENTS = ("", *" \t\n;&|(")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class _Source(io.StringIO):
    """Leaves the end of a line that is read for a comment: it ends a command too."""

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as in typeshed's own TextIOBase
        line = super().readline(-1 if size is None else size)
        if line.endswith("\n"):
            self.seek(self.tell() - 1)
        return line


class _Comments:
    """``#`` begins a comment only where a word could begin: not in ``$#`` and ``${x#y}``."""

    def __init__(self, lexer: _Lexer) -> None:
        self._lexer = lexer

    def __contains__(self, character: str) -> bool:
        return character == "#" and self._lexer.state != "a"


class _Lexer(shlex.shlex):
    state: str | None  # "a": inside a word


def commands(script: str) -> list[tuple[str, ...]]:
    """Each simple command: its program and arguments, without quotes, assignments and redirections.

    Empty for a script that cannot be read, functions' bodies and substitutions included: to be used for what is surely
    there, not for what is surely not. Of substitutions in each other only the outer ones are looked into.
    """
    return _commands(script, _DEEPEST)


def _commands(script: str, depth: int) -> list[tuple[str, ...]]:
    plain = _HERE_DOCUMENT.sub(r"\3", script)
    inner = _quoted_substitutions(plain) if depth else ()
    return [*_plain(plain), *(command for each in inner for command in _commands(each, depth - 1))]


def _plain(script: str) -> list[tuple[str, ...]]:
    lexer = _Lexer(cast("str", _Source(script)), posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = cast("str", _Comments(lexer))
    try:
        words = list(lexer)
    except ValueError:
        return []
    return [command for part in _parted(words) if (command := _simple(part))]


def _quoted_substitutions(script: str) -> Iterator[str]:
    """What stands in ``$(...)`` between double quotes. Outside of quotes its brackets part commands anyway."""
    quoted, at = False, 0
    while at < len(script):
        if script[at] == "\\":
            at += 1
        elif script[at] == '"':
            quoted = not quoted
        elif script[at] == "'" and not quoted:
            at = script.find("'", at + 1) if "'" in script[at + 1 :] else len(script)
        elif script[at] == "#" and not quoted and script[at - 1 : at] in _BEFORE_COMMENTS:
            at = script.find("\n", at) if "\n" in script[at:] else len(script)
        elif quoted and script.startswith("$(", at) and not script.startswith("$((", at):
            end = _closing(script, at + 2)
            yield script[at + 2 : end]
            at = end
        at += 1


def _closing(script: str, at: int) -> int:
    """Where the bracket before ``at`` is closed; brackets in quotes are counted too, so it may be a little early."""
    depth = 1
    while at < len(script):
        depth += {"(": 1, ")": -1}.get(script[at], 0)
        if not depth:
            return at
        at += 1
    return at


def _parted(words: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word and not set(word) - set(_SEPARATORS) and not set(word) & set("<>"):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _simple(words: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        if word and not set(word) - set("<>&|"):
            next(rest, None)  # what it is redirected to or from
        elif found or not (word in _OPENING or _ASSIGNMENT.match(word)):
            found.append(word)
    return tuple(found)
