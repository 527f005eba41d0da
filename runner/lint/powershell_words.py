"""A script for PowerShell to the commands in it, as far as they can be read without running it."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<skip> <\#.*?\#> | \#[^\n]* | `\r?\n | [ \t\r]+ )
    | (?P<text> @'\r?\n.*?\n'@ | @"\r?\n.*?\n"@ | '(?:[^']|'')*' | "(?:[^"`]|`.|"")*" )
    | (?P<end> [;|{}()\n] | && )
    | (?P<word> (?:[^\s;|{}()'"`&]|`.|&(?!&))+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CALLS = ("&", ".")
_ASSIGNMENT = re.compile(r"[$\[][^=]*$")
_KEYWORDS = frozenset(
    ("catch", "do", "else", "elseif", "exit", "finally", "for", "foreach", "if", "in", "param", "return", "switch")
) | {"throw", "try", "while"}


def commands(script: str) -> list[tuple[str, ...]]:
    """Each command: its name and arguments, quotes taken off. To be used for what is surely there."""
    found: list[tuple[str, ...]] = []
    words: list[str] = []
    for token in _TOKEN.finditer(script):
        if token["end"]:
            found.append(_command(words))
            words = []
        elif token["text"]:
            words.append(token["text"].strip("@").strip("'\"").strip())
        elif token["word"]:
            words.append(token["word"])
    found.append(_command(words))
    return [command for command in found if command]


def _command(words: list[str]) -> tuple[str, ...]:
    """Without an assignment before it, the call operator, and keywords."""
    for number, word in enumerate(words):
        if word in ("=", "+=") and _ASSIGNMENT.match(words[0]):
            return _command(words[number + 1 :])
    while words and (words[0] in _CALLS or words[0].lower() in _KEYWORDS):
        words = words[1:]
    return () if words and words[0].startswith(("$", "[", "-", "@")) else tuple(words)
