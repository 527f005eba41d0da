"""How Windows takes a command line apart, as Python: the models that the quoting is tested against.

Sources: the C runtime's documented rules ("Parsing C command-line arguments", and UCRT's argv_parsing.cpp), those of
CommandLineToArgvW (as ReactOS and Wine have them), and cmd.exe's phases as they are known (percent signs first, then
quotes and operators). The tests marked `real` compare them with programs below a real cmd.exe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_OPERATORS = "&|<>^()\n\r"


class CmdActs(Exception):
    """cmd.exe would do something with this line other than handing it on."""


def cmd_reads(line: str, environment: Mapping[str, str]) -> str:
    """The line that a program gets from ``cmd.exe /c line``."""
    expanded = _expand(line, {name.upper(): value for name, value in environment.items()})
    if expanded.startswith('"'):
        raise CmdActs("quotes around the whole line may be taken off")
    quoted = False
    for character in expanded:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in _OPERATORS:
            raise CmdActs(f"an operator: {character}")
    return expanded


def _expand(line: str, environment: Mapping[str, str]) -> str:
    """%NAME%, %NAME:~from,count% and %NAME:old=new%, where NAME exists; in command-line mode all else stays."""
    done, at = "", 0
    while (start := line.find("%", at)) >= 0:
        end = line.find("%", start + 1)
        name = re.split(":", line[start + 1 : end], maxsplit=1)[0].upper() if end >= 0 else ""
        if name and name in environment:
            done += line[at:start] + environment[name]
            at = end + 1
        else:
            done += line[at : start + 1]
            at = start + 1
    return done + line[at:]


def _words(line: str, word_at: Callable[[str, int], tuple[str, int]]) -> list[str]:
    """Everything behind the program's name, word by word, as one reader sees them."""
    _, _, rest = line.partition(" ")
    arguments: list[str] = []
    at = 0
    while True:
        while rest[at : at + 1] in {" ", "\t"}:
            at += 1
        if at >= len(rest):
            return arguments
        word, at = word_at(rest, at)
        arguments.append(word)


def crt_reads(line: str) -> list[str]:
    """What the C runtime (UCRT) makes of everything behind the program's name."""
    return _words(line, _crt_word)


def _crt_word(text: str, at: int) -> tuple[str, int]:
    word, quoted = "", False
    while at < len(text):
        slashes = len(text[at:]) - len(text[at:].lstrip("\\"))
        at += slashes
        if text[at : at + 1] != '"':
            word += "\\" * slashes
            if at >= len(text) or (not quoted and text[at] in " \t"):
                break
            word += text[at]
        else:
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            elif quoted and text[at + 1 : at + 2] == '"':
                word += '"'
                at += 1
            else:
                quoted = not quoted
        at += 1
    return word, at


def shell32_reads(line: str) -> list[str]:
    """What CommandLineToArgvW makes of everything behind the program's name."""
    return _words(line, _shell32_word)


def _shell32_word(text: str, at: int) -> tuple[str, int]:
    word, quotes, slashes = "", 0, 0
    while at < len(text):
        character = text[at]
        if character in " \t" and quotes == 0:
            break
        if character == "\\":
            word, slashes, at = word + character, slashes + 1, at + 1
            continue
        if character != '"':
            word, slashes, at = word + character, 0, at + 1
            continue
        word = word[: len(word) - slashes] + "\\" * (slashes // 2)
        if slashes % 2:
            word += '"'
        else:
            quotes += 1
        at, slashes = at + 1, 0
        while text[at : at + 1] == '"':
            quotes, at = quotes + 1, at + 1
            if quotes == 3:
                word, quotes = word + '"', 0
        quotes = 0 if quotes == 2 else quotes
    return word, at
