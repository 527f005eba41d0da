"""An argv as authors write it, and the slips that turn it into something else than they meant."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

# Words that only a shell knows. Left out are those that exist as programs too: echo, printf, test, true, kill ...
_BUILTINS = (
    ". : alias bg bind break builtin cd command compgen continue declare dirs disown eval exec exit export fg getopts "
    "hash history jobs let local mapfile popd pushd read readonly return set shift shopt source suspend times trap "
    "type typeset ulimit umask unalias unset until wait while if for case"
)
_OPERATORS = frozenset(("|", "||", "&", "&&", ">>", "2>&1", "2>", "&>", ">&2"))
_NOT_PROGRAMS = (".bat", ".cmd")


def _slip(argv: tuple[str, ...]) -> str:
    """What makes this no argv, or an empty text; a second line is the remedy."""
    program = argv[0]
    if program in _BUILTINS.split():
        return f"`{program}` is a word of the shell, not a program\nUse a `shell` step, which runs a script."
    if program.lower().endswith(_NOT_PROGRAMS):
        return f"`{program}` is a batch file, which needs cmd.exe and its quoting\nGive a program (.exe)."
    if " " in program.strip() and not set("/\\").intersection(program):
        return f"`{program}` looks like a whole command line\nWrite each word as an item of its own."
    if "=" in program.partition("/")[0]:
        return f"`{program}` sets a variable, which only a shell does\nPut the program `env` before it."
    operator = next((word for word in argv if word in _OPERATORS), None)
    if operator:
        return f"`{operator}` means something only to a shell\nUse a `shell` step, which runs a script."
    return ""


def _no_slip(argv: tuple[str, ...]) -> tuple[str, ...]:
    problem = "there is no program" if not argv or not argv[0] else _slip(argv)
    if problem:
        raise ValueError(problem)
    if any("\0" in word for word in argv):
        message = "an argument holds a NUL byte, which no program can be given"
        raise ValueError(message)
    return argv


Argv = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_no_slip)]
"""A program and its arguments. Nothing is interpreted by a shell."""
