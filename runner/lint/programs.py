"""What the commands of a step can do to production: a program and its arguments, or a script, looked through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from runner.lint import powershell_words, sh_words
from runner.lint.program_risks import CMDLETS, PROGRAMS
from runner.model.playbook import Risk

_Args: TypeAlias = Sequence[str]

SHELLS = frozenset(["sh", "bash", "dash", "ash", "ksh", "zsh"])
POWERSHELLS = frozenset(("powershell", "pwsh"))


def risks(argv: _Args) -> dict[Risk, str]:
    """What a program with these arguments can do, each with the words that say so."""
    words = unwrapped(argv)
    if not words:
        return {}
    name, rest = name_of(words[0]), list(words[1:])
    inner = inner_script(words)
    if inner is not None:
        return of_powershell(inner) if name in POWERSHELLS else of_sh(inner)
    if name == "cmd":
        return risks([word for word in rest if not re.fullmatch(r"(?i)/[a-z](:\w+)?", word)])
    judge = PROGRAMS.get(name)
    risk = judge(rest) if judge else None
    return {} if risk is None else {risk: " ".join((name, *rest[:2]))}


def of_sh(script: str) -> dict[Risk, str]:
    """What the commands of a script for sh can do."""
    return _together(sh_words.commands(script))


def of_powershell(script: str) -> dict[Risk, str]:
    """What the commands of a script for PowerShell can do."""
    found: dict[Risk, str] = {}
    for words in powershell_words.commands(script):
        risk = CMDLETS.get(words[0].lower())
        found.update({risk: words[0]} if risk else {} if words[0].lower() in ("sc", "rm", "del") else risks(words))
    return found


def _together(commands: Sequence[_Args]) -> dict[Risk, str]:
    found: dict[Risk, str] = {}
    for words in commands:
        found.update(risks(words))
    return found


def name_of(program: str) -> str:
    """A program without its folder and without .exe, in small letters."""
    return re.split(r"[/\\]", program)[-1].lower().removesuffix(".exe")


_VALUED = re.compile(r"-[cCgnksup]|--(user|chdir|unset|signal|kill-after|adjustment)")


def unwrapped(argv: _Args) -> _Args:
    """The program that ``env``, ``timeout``, ``nice``, ``sudo`` and their like run in the end."""
    words = list(argv)
    while words and name_of(words[0]) in (
        "env",
        "timeout",
        "nice",
        "ionice",
        "sudo",
        "nohup",
        "setsid",
        "exec",
        "command",
    ):
        wrapper = name_of(words.pop(0))
        while words and (words[0].startswith("-") or ("=" in words[0] and wrapper in ("env", "sudo"))):
            del words[: 2 if _VALUED.fullmatch(words[0]) else 1]
        if wrapper == "timeout":
            del words[:1]
    return words


def inner_script(argv: _Args) -> str | None:
    """The program text that ``sh -c`` or ``powershell -Command`` is given."""
    words = unwrapped(argv)
    name = name_of(words[0]) if words else ""
    if name in SHELLS:
        flags = [n for n, word in enumerate(words[:-1]) if n and re.fullmatch(r"-[a-z]*c", word)]
        return words[flags[0] + 1] if flags else None
    if name in POWERSHELLS:
        flags = [n for n, word in enumerate(words) if re.fullmatch(r"(?i)[-/]c(o(m(m(a(nd?)?)?)?)?)?", word)]
        return " ".join(words[flags[0] + 1 :]) if flags else None
    return None
