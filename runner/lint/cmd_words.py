"""What cmd.exe is given to the commands in it, as far as they can be read without running it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPTION = re.compile(r"(?i)/[a-z](:\w+)?")
_BETWEEN = re.compile(r"&&|\|\||[&|()\r\n]")
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


def commands(args: Sequence[str]) -> list[tuple[str, ...]]:
    """Each command, quotes taken off. To be used for what is surely there: quotes do not hide what stands between."""
    behind = next((number for number, arg in enumerate(args) if not _OPTION.fullmatch(arg)), len(args))
    found = (_command(_WORD.findall(part)) for part in _BETWEEN.split(" ".join(args[behind:])))
    return [command for command in found if command]


def _command(words: Sequence[str]) -> tuple[str, ...]:
    """Without ``call``, ``start`` and their options, in front of it."""
    plain = [word.replace('"', "").lstrip("@") for word in words]
    while plain and plain[0].lower() in ("call", "start", ""):
        started = plain.pop(0).lower() == "start"
        while started and plain and (plain[0].startswith("/") or not plain[0]):
            plain.pop(0)
    return tuple(plain)
