"""A command as one line for a person to paste into a shell there: it does exactly what vmfix would have sent."""

from __future__ import annotations

import shlex

from runner.model.command import Command, Dialect
from runner.model.inventory import Platform
from runner.shells.windows import CannotBeSent, command_line
from runner.shells.windows_powershell import encoded, with_values

_LONGEST = 8191
"""Characters that cmd.exe takes on a line."""


def pasted(command: Command, platform: Platform) -> str:
    """Empty where no line says it exactly: a person must not be given half of it."""
    if platform is Platform.LINUX:
        return _sh(command)
    if command.stdin or command.dialect is Dialect.SH:
        return ""
    argv = command.argv
    if command.dialect is Dialect.POWERSHELL:
        argv = encoded(with_values(command.script, command.argv))
    try:
        line = command_line(argv)
    except CannotBeSent:
        return ""
    return line if len(line) <= _LONGEST and line.isprintable() else ""


def _sh(command: Command) -> str:
    if command.dialect is Dialect.POWERSHELL or not "".join(command.argv).isprintable():
        return ""
    line = shlex.join(command.argv)
    if command.script:
        line = " ".join(filter(None, ("sh -c", _word(command.script), "sh", line)))
    return f"{_printed(command.stdin)} | {line}" if command.stdin else line


def _word(script: str) -> str:
    """Line ends at its end are lost, which mean nothing there."""
    return shlex.quote(script) if script.isprintable() else f'"$({_printed(script)})"'


def _printed(text: str) -> str:
    r"""A command that prints exactly this. ``%b`` reads ``\\`` and the octal numbers of bytes, in every POSIX shell."""
    parts = text.split("\n")
    words = (shlex.quote(part if part.isprintable() else "".join(map(_escaped, part))) for part in parts)
    form = r"\n".join("%s" if part.isprintable() else "%b" for part in parts)
    return f"printf '{form}' {' '.join(words)}"


def _escaped(char: str) -> str:
    if char == "\\":
        return r"\\"
    return char if char.isprintable() else "".join(f"\\0{byte:03o}" for byte in char.encode())
