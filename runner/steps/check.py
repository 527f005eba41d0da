"""The check of a ``command``, ``shell`` or ``powershell`` step: a read-only command, and what its result must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from runner.errors import ExpressionError, ParseError
from runner.expressions import evaluate
from runner.model.command import Command, CommandResult, Dialect
from runner.model.fields import Duration
from runner.parsers import PARSERS
from runner.shells.readonly import why_argv_may_write, why_script_may_write
from runner.steps.base import Args, IsExpression, NotTemplate, Observing, last_line, lasting
from runner.steps.programs import Argv

NOT_STARTED = (126, 127, 9009)
"""Exit codes with which sh, env and sudo say that a program cannot be started or found (POSIX, XCU 2.8.2); 9009 is
cmd.exe's (from memory), which also says it by 1: then it looks like a check that did not pass."""


def _known_parser(name: str) -> str:
    if name not in PARSERS:
        message = f"there is no parser `{name}`\nWrite one of {', '.join(sorted(PARSERS))}."
        raise ValueError(message)
    return name


class Check(Args):
    """``command`` or ``script`` (for sh, on Windows for PowerShell, with ``args``). It passes if ``that`` is true.

    ``that`` sees exit_code, out, err and value, the output as ``parse`` reads it; nothing else. A program that is not
    known to be read-only, and every script, needs ``why_read_only``.
    """

    command: Argv | None = None
    script: Annotated[str, NotTemplate, Field(min_length=1)] | None = None
    args: tuple[str, ...] = ()
    parse: Annotated[str, NotTemplate, AfterValidator(_known_parser), Field(json_schema_extra={"enum": [*PARSERS]})] = (
        "text"
    )
    that: Annotated[
        str,
        IsExpression(own=frozenset(("exit_code", "out", "err", "value")), outer=False),
        Field(min_length=1),
    ] = "exit_code == 0"
    at_most: Duration = lasting("1m")
    elevated: bool = True
    why_read_only: Annotated[str, NotTemplate] = ""

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """One of command and script, and either of them harmless as far as can be told."""
        if (given.get("command") is None) == (given.get("script") is None):
            return "a check has either `command` or `script`"
        if given.get("args") and given.get("script") is None:
            return "only a script has `args`\nWrite the arguments behind the program in `command`."
        if given.get("why_read_only"):
            return ""
        argv = given.get("command")
        texts = [str(word) for word in argv] if isinstance(argv, (list, tuple)) else None
        why = why_argv_may_write(texts) if texts else why_script_may_write()
        return f"the check may change something: {why}\nSay in `why_read_only` why it does not." if why else ""

    def as_command(self, dialect: Dialect) -> Command:
        """What is sent to the target; a script is one of this dialect."""
        if self.command is not None:
            return Command(argv=self.command, at_most=self.at_most, elevated=self.elevated)
        return Command(
            dialect=dialect,
            script=self.script or "",
            argv=self.args,
            at_most=self.at_most,
            elevated=self.elevated,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check went. ``ran`` is False if its program is not there: then ``passed`` says nothing."""

    passed: bool
    ran: bool
    evidence: str


def checking(check: Check, dialect: Dialect) -> Observing[Checked]:
    """Run the check and judge it. Raises ``ParseError`` if its output cannot be read or judged."""
    command = check.as_command(dialect)
    result = yield command
    started = result.exit_code not in NOT_STARTED or _foresees(check, result.exit_code)
    passed = started and _passes(check, result)
    shown = "the script" if check.script is not None else f"`{' '.join(command.argv)}`"
    verb = "passed" if passed else "did not pass"
    evidence = f"the check {verb}: {shown} gave exit {result.exit_code}: {last_line(result)}"
    return Checked(passed, started, evidence)


def _foresees(check: Check, code: int) -> bool:
    """Whether the author means this exit code: a script may well end with 127, and its ``that`` then says so."""
    return str(code) in check.that


def _passes(check: Check, result: CommandResult) -> bool:
    names: dict[str, object] = {"exit_code": result.exit_code, "out": result.out, "err": result.err}
    if result.exit_code not in NOT_STARTED:
        names["value"] = PARSERS[check.parse].parse(result)
    try:
        return bool(evaluate(check.that, names))
    except ExpressionError as problem:
        if result.exit_code in NOT_STARTED:
            return False  # it refers to a value that cannot be there
        message = f"the check's result cannot be judged: {problem.message}"
        raise ParseError(message) from problem
