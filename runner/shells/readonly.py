"""Whether a command is known to only read. Unknown means no: then the author has to explain (``why_read_only``).

This is no sandbox. It is what lets a plan promise that looking changes nothing, so it errs on the side of refusing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from runner.model.command import Command, Dialect, Effect
from runner.shells.readonly_rules import LINUX, WINDOWS

_SYSTEM_FOLDERS = frozenset(("/bin", "/sbin", "/usr/bin", "/usr/sbin"))
_WINDOWS_FOLDER = re.compile(r"(?i)[a-z]:\\windows\\system32\\(wbem\\)?")
# Variables that change how output looks. Others (LD_PRELOAD, PATH, PAGER ...) can make a program run another one.
_HARMLESS_VARIABLE = re.compile(r"(LC_[A-Z]+|LANG|LANGUAGE|TZ|TERM|COLUMNS|NO_COLOR|SYSTEMD_COLORS)=.*", re.DOTALL)
_EXPLAIN = MappingProxyType(
    {
        **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh"), "a shell can do anything"),
        **dict.fromkeys(("powershell", "pwsh", "cmd"), "a shell can do anything"),
        **dict.fromkeys(("awk", "gawk", "mawk", "sed", "perl"), "its scripts can write files and run programs"),
        **dict.fromkeys(("python", "python3", "ruby", "node"), "its scripts can do anything"),
        **dict.fromkeys(("xargs", "nohup", "setsid", "chroot", "nsenter", "watch"), "it runs other programs"),
        **dict.fromkeys(("sudo", "su", "doas"), "vmfix asks for other rights itself (`elevated`)"),
        "fsck": "what it does depends on the file system; use e2fsck -n or xfs_repair -n",
        "curl": "it can send and write anything",
        "wget": "it can send and write anything",
        "pkill": "it ends processes",
        "tee": "it writes files",
    }
)

_Inner: TypeAlias = tuple[Sequence[str], str]
"""The command that a wrapper such as ``timeout`` runs, or why it is not looked for."""


def why_not_read_only(command: Command) -> str | None:
    """Why the command may change something, as a sentence that names the program; None if it certainly does not."""
    if command.effect is Effect.CHANGE:
        return "it is declared as a changing command"
    if command.dialect is not Dialect.ARGV:
        return why_script_may_write()
    return why_argv_may_write(command.argv)


def why_script_may_write() -> str:
    """The reason that holds for every script."""
    return "a script is never provably read-only"


def why_argv_may_write(argv: Sequence[str]) -> str | None:
    """The same for a program and its arguments, which must be rendered: a template may become any option."""
    name, why = _program(argv[0]) if argv else ("", "there is no program")
    while not why and name in _WRAPPERS:
        argv, reason = _WRAPPERS[name](argv[1:])
        if reason:
            return f"`{name}`: {reason}"
        if not argv:
            return None
        name, why = _program(argv[0])
    if why:
        return why
    rule = LINUX.get(name) or WINDOWS.get(_windows_name(name))
    if rule is None:
        why = _EXPLAIN.get(name) or _EXPLAIN.get(_windows_name(name)) or "it is not known to only read"
        return f"`{name}`: {why}"
    why = rule(argv[1:])
    return f"`{name}`: {why}" if why else None


def _windows_name(name: str) -> str:
    return name.lower().removesuffix(".exe")


def _program(word: str) -> tuple[str, str]:
    """The program's name, and what is wrong with its place: a path outside the system's folders can be anything."""
    folder, slash, name = word.rpartition("/")
    if slash:
        return name, "" if folder in _SYSTEM_FOLDERS and name else f"`{word}` does not lie in a folder of the system"
    if "\\" in word:
        name = word.rpartition("\\")[2]
        inside = _WINDOWS_FOLDER.fullmatch(word.removesuffix(name))
        return name, "" if inside and name else f"`{word}` does not lie in a folder of the system"
    return word, "" if word else "there is no program"


def _skip(args: Sequence[str], flags: str, valued: str = "(?!)") -> Sequence[str]:
    """The arguments after the leading ones that match ``flags``, or ``valued`` and are followed by a value."""
    rest = list(args)
    while rest:
        if re.fullmatch(flags, rest[0]):
            del rest[:1]
        elif re.fullmatch(valued, rest[0]):
            del rest[:2]
        else:
            break
    return rest


def _env(args: Sequence[str]) -> _Inner:
    """``env`` alone prints the environment; ``-S`` would split a text into a command."""
    rest = list(_skip(args, r"-i|--ignore-environment"))
    while rest and "=" in rest[0] and not rest[0].startswith("-"):
        if not _HARMLESS_VARIABLE.fullmatch(rest[0]):
            return (), f"the variable in `{rest[0]}` can change what a program does"
        rest.pop(0)
    if rest and rest[0].startswith("-"):
        return (), f"`{rest[0]}` is not looked through"
    return rest, ""


def _needs_program(rest: Sequence[str]) -> _Inner:
    if not rest or rest[0].startswith("-"):
        return (), "what it runs cannot be made out"
    return rest, ""


def _timeout(args: Sequence[str]) -> _Inner:
    flags = r"--foreground|--preserve-status|-v|--verbose|--kill-after=[\d.]+[smhd]?|--signal=\w+"
    rest = _skip(args, flags, r"-k|-s")
    if not rest or not re.fullmatch(r"\d+(\.\d+)?[smhd]?", rest[0]):
        return (), "what it runs cannot be made out"
    return _needs_program(rest[1:])


def _nice(args: Sequence[str]) -> _Inner:
    return _needs_program(_skip(args, r"-n?-?\d+|--adjustment=-?\d+", r"-n"))


def _ionice(args: Sequence[str]) -> _Inner:
    return _needs_program(_skip(args, r"-[cn]\d|-t", r"-c|-n"))


_WRAPPERS: Mapping[str, Callable[[Sequence[str]], _Inner]] = MappingProxyType(
    {"env": _env, "timeout": _timeout, "nice": _nice, "ionice": _ionice}
)
