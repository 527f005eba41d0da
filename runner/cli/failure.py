"""From whatever went wrong to one clear message and an exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runner.cli.session import Session

_EXTRA = re.compile(r"Got unexpected extra argument \((\S+)\)")
OK, INTERNAL, USAGE, INVALID, REFUSED, NOT_IN_ORDER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
ERROR_FORMAT = 1


def told(session: Session, problem: BaseException) -> int:
    """Say what went wrong, as text and where JSON was asked for as JSON too; the exit code."""
    from runner.errors import VmfixError  # noqa: PLC0415 - a quiet start raises nothing

    if isinstance(problem, VmfixError):
        code, message, remedy = problem.exit_code, problem.message, problem.remedy
    elif isinstance(problem, click.ClickException):
        code, message, remedy = problem.exit_code, problem.format_message(), _hint(problem)
    elif isinstance(problem, (KeyboardInterrupt, click.Abort)):
        code, message, remedy = INTERRUPTED, _interrupted(session), ""
    else:
        code, message, remedy = _internal(session, problem)
    _say(session, problem, message, remedy)
    if session.screen.json:
        session.screen.data(_as_json(problem, code, message, remedy))
    return code


def shown(text: str) -> str:
    """A text that may hold anything, safe for a terminal; its line ends are kept."""
    from runner.report.escape import block  # noqa: PLC0415 - as above

    return block(text)


def _interrupted(session: Session) -> str:
    return "interrupted" if session.sent else "interrupted; nothing was changed"


def _hint(problem: click.ClickException) -> str:
    """Where help is to be had."""
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    if context and isinstance(problem, click.exceptions.NoArgsIsHelpError):
        return ""
    word = _EXTRA.match(problem.format_message())
    if context and word and any(parameter.name == "pattern" for parameter in context.command.params):
        return f"Targets are chosen with -t: `{context.command_path} -t {word[1]}`."
    return f"`{context.command_path} --help` explains it." if context else ""


def _internal(session: Session, problem: BaseException) -> tuple[int, str, str]:
    where = session.logs.internal_error(problem)
    message = f"internal error of vmfix: {type(problem).__name__}: {problem}"
    remedy = f"Its traceback is in {where}; please report it." if where else "Please report it."
    if session.sent:
        remedy += "\n    What was done stands in the journal: `vmfix runs`, then `vmfix report RUN --json`."
    return INTERNAL, message, remedy


def _say(session: Session, problem: BaseException, message: str, remedy: str) -> None:
    from runner.errors import InvalidDocuments  # noqa: PLC0415 - as above

    if isinstance(problem, InvalidDocuments):
        for diagnostic in problem.diagnostics:
            session.screen.say(shown(str(diagnostic)))
        count = len(problem.diagnostics)
        session.screen.say(f"{count} {'problem' if count == 1 else 'problems'}; nothing was executed.")
        return
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        session.screen.say(shown(message))
        return
    session.screen.say(shown(f"error: {message}\n    {remedy}" if remedy else f"error: {message}"))


def _as_json(problem: BaseException, code: int, message: str, remedy: str) -> str:
    from runner.errors import InvalidDocuments  # noqa: PLC0415 - as above

    found = problem.diagnostics if isinstance(problem, InvalidDocuments) else ()
    data = {
        "vmfix_error": ERROR_FORMAT,
        "exit_code": code,
        "message": message,
        "remedy": remedy,
        "problems": [diagnostic_data(diagnostic) for diagnostic in found],
    }
    return dump(data)


def diagnostic_data(diagnostic: object) -> dict[str, object]:
    """One problem of a document for programs."""
    from runner.diagnostics import Diagnostic  # noqa: PLC0415 - as above

    if not isinstance(diagnostic, Diagnostic):
        raise TypeError
    return {
        "file": diagnostic.span.file,
        "line": diagnostic.span.line,
        "column": diagnostic.span.column,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "remedy": diagnostic.remedy,
        "rule": diagnostic.rule or None,
        "at": diagnostic.at or None,
    }


def dump(data: object) -> str:
    """JSON in ASCII: exact, and yet safe to print."""
    import json  # noqa: PLC0415 - as above

    return json.dumps(data, indent=2) + "\n"
