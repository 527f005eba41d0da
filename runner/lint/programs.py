"""What the commands of a step can do to production: a program and its arguments, or a script, looked through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from runner.lint import cmd_words, powershell_words, sh_words
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
    if name == "find":
        ran = [n + 1 for n, word in enumerate(rest) if word in ("-exec", "-execdir", "-ok", "-okdir")]
        found = {risk: words for n in ran for risk, words in risks(rest[n:]).items()}
        return found or ({Risk.DATA: "find -delete"} if "-delete" in rest else {})
    if name == "cmd":
        return _together(cmd_words.commands(rest))
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
        risk = CMDLETS.get(re.split(r"[/\\]", words[0])[-1].lower())  # `sc.exe` is no cmdlet, and `sc` is one
        found.update({risk: words[0]} if risk else _called(words))
    return found


_STARTERS = ("start-process", "saps", "start")
_OF_STARTERS = re.compile(r"(?i)-(filepath|argumentlist|args|wait|passthru|nonewwindow|verb|windowstyle|errora.*)|,")
_METHODS = {
    **dict.fromkeys(("startservice", "stopservice"), Risk.SERVICE_RESTART),
    **dict.fromkeys(("reboot", "shutdown", "win32shutdown"), Risk.REBOOT),
    **dict.fromkeys(("change", "changestartmode"), Risk.CONFIG),
}


def _called(words: _Args) -> dict[Risk, str]:
    """What a cmdlet calls in its turn, or a program."""
    name, rest = name_of(words[0]), words[1:]
    if name in ("invoke-expression", "iex"):
        return of_powershell(" ".join(rest))
    if name in _STARTERS:
        plain = [word for word in rest if not _OF_STARTERS.fullmatch(word)]
        return risks([*plain[:1], *(part for word in plain[1:] for part in re.split(r"[\s,]+", word))])
    if name in ("invoke-cimmethod", "invoke-wmimethod"):
        return {_METHODS[word.lower()]: f"{words[0]} {word}" for word in rest if word.lower() in _METHODS}
    return risks(words)


def _together(commands: Sequence[_Args]) -> dict[Risk, str]:
    found: dict[Risk, str] = {}
    for words in commands:
        found.update(risks(words))
    return found


def name_of(program: str) -> str:
    """A program without its folder and without .exe, in small letters."""
    return re.split(r"[/\\]", program)[-1].lower().removesuffix(".exe")


_VALUED = re.compile(r"-[aCcdgIknPpstu]|--(user|chdir|unset|signal|kill-after|adjustment|target|arg-file|max-args)")
_WRAPPERS = frozenset(("env", "timeout", "nice", "ionice", "sudo", "nohup", "setsid", "exec", "command")) | {
    *("xargs", "nsenter", "unshare", "chroot", "runuser", "flock", "stdbuf")
}


def unwrapped(argv: _Args) -> _Args:
    """The program that ``env``, ``timeout``, ``sudo``, ``xargs`` and their like run in the end."""
    words = list(argv)
    while words and name_of(words[0]) in _WRAPPERS and not _is_script_of_a_user(words):
        wrapper = name_of(words.pop(0))
        while words and (words[0].startswith("-") or ("=" in words[0] and wrapper in ("env", "sudo"))):
            del words[: 2 if _VALUED.fullmatch(words[0]) else 1]
        if wrapper in ("timeout", "chroot", "flock"):
            del words[:1]
    return words


def _is_script_of_a_user(words: _Args) -> bool:
    """``runuser -c SCRIPT``, as of su."""
    return name_of(words[0]) == "runuser" and "-c" in words


def inner_script(argv: _Args) -> str | None:
    """The program text that ``sh -c`` or ``powershell -Command`` is given."""
    words = unwrapped(argv)
    name = name_of(words[0]) if words else ""
    if name in SHELLS:
        flags = [n for n, word in enumerate(words[:-1]) if n and re.fullmatch(r"-[a-z]*c", word)]
        return words[flags[0] + 1] if flags else None
    if name in ("su", "runuser"):
        flags = [n for n, word in enumerate(words[:-1]) if word in ("-c", "--command")]
        return words[flags[0] + 1] if flags else None
    if name in POWERSHELLS:
        flags = [n for n, word in enumerate(words) if re.fullmatch(r"(?i)[-/]c(o(m(m(a(nd?)?)?)?)?)?", word)]
        return " ".join(words[flags[0] + 1 :]) if flags else None
    return None
