r"""Commands as one line for Windows, whether cmd.exe parses it on the way or not. Pure functions.

What WinRS does with a line is not ours to choose: mostly cmd.exe reads it first, sometimes not, whatever the client
asks for. So a line is built to mean the same to both readers. No carets are used, for only cmd.exe knows them.

- CommandLineToArgvW and the C runtime toggle quoting at each ``"`` and read ``\"`` as a quote; blanks outside of
  quotes separate arguments.
- cmd.exe toggles at *every* ``"``, and keeps its hands off ``& | < > ^ ( )`` between two of them. It looks for
  ``%NAME%`` everywhere, so the quote that directly follows each ``%`` makes a name that no variable has.

The two do not always agree where quotes are open: after ``\"`` only cmd.exe has toggled. Where each character may
stand is found by a small search over both; there is always a way.

``!`` is nothing special, unless an administrator switched on delayed expansion for all of cmd.exe in the registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.model.command import Command, Dialect
from runner.shells.windows_powershell import encoded, read_from_stdin, with_values

LONGEST_LINE = 8000  # characters; cmd.exe takes 8191, and WinRS adds its own call of cmd.exe

_BLANK = frozenset(" \t")
_SPECIAL = frozenset("&|<>^()")
_PROGRAM = re.compile(r"[\w\\][\w.:\\~+$#{}-]*")
_UNSENDABLE = re.compile("[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold, CR and LF
_BUILTINS = re.compile(
    "assoc|break|call|cd|chdir|cls|color|copy|date|del|dir|dpath|echo|endlocal|erase|exit|for|ftype|goto|if|keys|md|"
    "mkdir|mklink|move|path|pause|popd|prompt|pushd|rd|rem|ren|rename|rmdir|set|setlocal|shift|start|time|title|type|"
    "ver|verify|vol"
)


class CannotBeSent(ValueError):
    """No line would mean this command. The message says why and what to do, for the author of the playbook."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What starts a command: the line, and the bytes for its standard input, after which that ends."""

    line: str
    stdin: bytes = b""


def launch(command: Command) -> Launch:
    """How to start a command. Raises ``CannotBeSent``; a plan should find that out before anything is sent."""
    match command.dialect:
        case Dialect.ARGV:
            return Launch(command_line(command.argv), command.stdin.encode())
        case Dialect.POWERSHELL:
            return _powershell(command)
        case Dialect.SH:
            raise CannotBeSent("a POSIX shell script is not for Windows; write `powershell` or a program's arguments")


def command_line(argv: Sequence[str]) -> str:
    """The line that starts ``argv[0]`` with exactly the other elements as its arguments."""
    _check_program(argv[0])
    words = [argv[0]]
    open_for_cmd = False
    for argument in argv[1:]:
        word, open_for_cmd = _word(argument, open_for_cmd)
        words.append(word)
    line = " ".join(words)
    if len(line) > LONGEST_LINE:
        raise CannotBeSent(
            f"the line would have {len(line)} characters, and cmd.exe takes no more than {LONGEST_LINE}; "
            "hand long data over on standard input"
        )
    return line


def _powershell(command: Command) -> Launch:
    script = with_values(command.script, command.argv)
    line = " ".join(encoded(script))
    if len(line) <= LONGEST_LINE:
        return Launch(line, command.stdin.encode())
    if command.stdin:
        raise CannotBeSent("a script this long travels on standard input, so it cannot have an input of its own")
    program, stdin = read_from_stdin(script)
    return Launch(" ".join(program), stdin)


def _check_program(program: str) -> None:
    """cmd.exe decides by its own rules what the first word is; only words that leave it no choice are allowed."""
    if not _PROGRAM.fullmatch(program):
        raise CannotBeSent(
            f"`{program}` cannot be a program's name: letters, digits and . : \\ _ - ~ + $ # {{ }} only; "
            "use the short (8.3) name of a path with blanks"
        )
    if _BUILTINS.fullmatch(re.split(r"[.:\\+]", program.lower())[0]):
        raise CannotBeSent(f"`{program}` is a command inside cmd.exe, not a program; use a program or PowerShell")
    if program.lower().rstrip(".").endswith((".bat", ".cmd")):
        raise CannotBeSent(f"`{program}` is a batch file, in which cmd.exe reads arguments twice; use a program")


def _word(argument: str, open_for_cmd: bool) -> tuple[str, bool]:  # noqa: FBT001  the state of a parser
    """One argument as it stands in a line, and whether quotes are open for cmd.exe after it.

    For the program's own parser they are closed at both ends.
    """
    bad = _UNSENDABLE.search(argument)
    if bad:
        raise CannotBeSent(
            f"an argument holds the character U+{ord(bad[0]):04X}, which cannot stand in a Windows command line; "
            "hand such data over on standard input"
        )
    if not argument:
        return '""', open_for_cmd
    odd = argument.count('"') % 2 == 1
    return _write(argument, _quoting(argument, open_for_cmd)), open_for_cmd != odd


def _write(argument: str, quoting: Sequence[bool]) -> str:
    """``argument`` with quotes opened and closed as ``quoting`` says for each character."""
    written: list[str] = []
    backslashes = 0
    quoted = False
    for character, wanted in (*zip(argument, quoting, strict=True), ("", False)):
        if wanted != quoted:
            written.append("\\" * backslashes + '"')
            backslashes, quoted = 0, wanted
        if character == '"':
            written.append("\\" * backslashes + '\\"')
        else:
            written.append(character)
        backslashes = backslashes + 1 if character == "\\" else 0
    return "".join(written)


def _quoting(argument: str, open_for_cmd: bool) -> list[bool]:  # noqa: FBT001  as above
    """For each character whether it stands inside quotes for the program's parser: fewest quotes, then most inside."""
    a_quote = len(argument) + 1
    costs = {False: 0}  # of the best way to stand inside (True) or outside of quotes at the character before
    ways: list[dict[bool, bool]] = []  # for each character: where it stands -> where the one before it stood
    before = ""
    for character, wanted in zip(argument, _wanted(argument, open_for_cmd), strict=True):
        step: dict[bool, bool] = {}
        reached: dict[bool, int] = {}
        for inside in (True, False) if wanted is None else (wanted,):
            for was, cost in costs.items():
                total = cost + (a_quote if was != inside else 0) + (not inside)
                if (before != "%" or was != inside) and total < reached.get(inside, total + 1):
                    reached[inside], step[inside] = total, was
        costs, before = reached, character
        ways.append(step)
    at = argument.endswith("%") or min(costs, key=lambda inside: costs[inside] + (a_quote if inside else 0))
    path = [at]
    for step in reversed(ways[1:]):
        path.append(step[path[-1]])
    return path[::-1]


def _wanted(argument: str, open_for_cmd: bool) -> Iterator[bool | None]:  # noqa: FBT001  as above
    """For each character whether it must be inside (True) or outside of quotes for the program's parser, if it must."""
    agree = not open_for_cmd  # whether both parsers see quotes open and closed at the same places
    for character in argument:
        if character in _BLANK:
            yield True
        elif character in _SPECIAL:
            yield agree
        else:
            yield None
        agree = agree != (character == '"')
