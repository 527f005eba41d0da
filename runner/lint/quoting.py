"""Values that become part of a program's text, and quotes that no shell takes off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.expressions import is_template
from runner.lint.book import INSTALLER, PROGRAM, Book, Placed
from runner.lint.finding import Finding, error, warning
from runner.lint.programs import POWERSHELLS, SHELLS, name_of, unwrapped
from runner.load.tree import Path

VALUE_IN_PROGRAM_TEXT = error(
    "value-in-program-text", "A value is written into the text of a program (sh -c, cmd /c, sed, awk), which runs it."
)
QUOTES_IN_ARGUMENT = warning(
    "quotes-in-argument", "Quotes around a value in an argument: no shell takes them off again."
)

NAME_IN_SCRIPT = error(
    "name-in-script", "A script has `{{ name }}` in it: scripts are no templates, it stays as it is."
)

RULES = (VALUE_IN_PROGRAM_TEXT, QUOTES_IN_ARGUMENT, NAME_IN_SCRIPT)

_QUOTED = re.compile(r"""(?:--?[\w-]+[=:]|/\w+[:=])?(["']).*\{\{.*\}\}.*\1""", re.DOTALL)
_NAMED = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)")
_CODE = {
    **dict.fromkeys(SHELLS, re.compile(r"-[a-z]*c")),
    **dict.fromkeys(("python", "python3", "su", "runuser"), re.compile("-c|--command")),
    **dict.fromkeys(("perl", "ruby", "node"), re.compile("-[a-z]*[eE]|--eval")),
}
"""Interpreters whose program text is the one argument behind this option; what comes later are values."""


def find(book: Book) -> Iterator[Finding]:
    """Every argv of the playbook: of observations, steps, their checks and undos."""
    for on, path, argv in _argvs(book):
        texts = _program_texts(argv)
        for number, word in enumerate(argv):
            if not is_template(word):
                continue
            span = book.document.span((*path, number))
            if number in texts:
                message = f"a value is written into what `{name_of(argv[0])}` takes as program text: `{word}`"
                advice = "Use a `shell` or `powershell` step (or observation) with the value in `args`."
                yield Finding(VALUE_IN_PROGRAM_TEXT, on, span, message, advice)
            elif _QUOTED.fullmatch(word):
                message = f"the quotes in `{word}` reach the program, for no shell takes them off"
                yield Finding(QUOTES_IN_ARGUMENT, on, span, message, "Leave these quotes out: an argument stays one.")

    for placed in book.steps:
        yield from _names_in_script(book, placed)


def _names_in_script(book: Book, placed: Placed) -> Iterator[Finding]:
    """Only names of the playbook: ``docker inspect -f '{{.Name}}'`` has braces of its own."""
    names = (match[1] for match in _NAMED.finditer(placed.script))
    for name in dict.fromkeys(name for name in names if name in book.names):
        message = f"`{name}` in braces stays as it is, for a script is no template"
        advice = "Give the value in `args`: a script for sh sees it as $1, one for PowerShell as $args[0]."
        span = book.document.span((*placed.path, placed.step.type, "script"))
        yield Finding(NAME_IN_SCRIPT, placed.on, span, message, advice)


def _argvs(book: Book) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    for observation in book.playbook.observe:
        if observation.would is None and not observation.script:
            yield f"observe.{observation.name}", ("observe", observation.name, "command"), observation.argv
    for placed in book.steps:
        path: Path = (*placed.path, placed.step.type)
        if placed.step.type == PROGRAM:
            yield placed.on, (*path, "argv"), placed.argv
            yield from _words(placed.on, (*path, "undo"), placed.step.args.get("undo"))
        yield from _words(placed.on, (*path, "check", "command"), placed.check.get("command"))
        if placed.step.type == INSTALLER:
            yield from _words(placed.on, (*path, "args"), placed.step.args.get("args"))
            for number, check in enumerate(placed.checks):
                yield from _words(placed.on, (*path, "checks", number, "command"), check.get("command"))


def _words(on: str, path: Path, given: object) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        yield on, path, tuple(map(str, given))


def _program_texts(argv: Sequence[str]) -> frozenset[int]:
    """Which of the arguments some program reads as its own program."""
    start = len(argv) - len(unwrapped(argv))
    searched = range(start, len(argv) if argv[start:] and name_of(argv[start]) == "find" else start + 1)
    found = (_texts_of(name_of(argv[number]), argv, number) for number in searched if number < len(argv))
    return next((texts for texts in found if texts), frozenset())


def _texts_of(name: str, argv: Sequence[str], at: int) -> frozenset[int]:
    """The program texts of the interpreter ``name`` that stands at ``at``."""
    behind = range(at + 1, len(argv))
    if name in _CODE:
        flags = [n for n in behind if _CODE[name].fullmatch(argv[n])]
        return frozenset(flags and [flags[0] + 1])
    if name == "cmd":
        flags = [n for n in behind if re.match(r"(?i)/[ck]", argv[n])]
        return frozenset(range(flags[0], len(argv)) if flags else ())
    if name in POWERSHELLS:
        files = [n for n in behind if re.fullmatch(r"(?i)[-/]f(ile?)?", argv[n])]
        return frozenset() if files else frozenset(behind)
    if name in ("sed", "awk", "gawk", "mawk"):
        return frozenset(_first_text(argv, at))
    return frozenset()


def _first_text(argv: Sequence[str], at: int) -> list[int]:
    """sed's and awk's: behind each -e, else the first argument that is neither an option nor an option's value."""
    named = [n + 1 for n in range(at + 1, len(argv)) if argv[n] in ("-e", "--expression", "--source")]
    number = at + 1
    while number < len(argv) and argv[number].startswith("-") and not named:
        if argv[number] in ("-f", "--file"):
            return []
        number += 2 if argv[number] in ("-v", "-F", "-l", "--assign") else 1
    return named or [number]
