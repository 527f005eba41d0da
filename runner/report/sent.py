"""A command that was sent, and how it ended: one line where all went well, else all that is needed to see why."""

from __future__ import annotations

from runner.report.commands import duration, headline, limits, rights
from runner.report.escape import hidden, one_line, tail
from runner.report.values import ActionReport, SentCommand
from runner.report.words import outcome

LAST = 20  # lines of output that are shown; the JSON report has all that was kept
_LONGEST_SAID = 60
_FINE = ("", "ok", "started")


def is_short(action: ActionReport, command: SentCommand) -> bool:
    """Whether its line says enough: the action went well, and the command answered."""
    return action.went_well and command.exit_code is not None


def sent_line(command: SentCommand, *, short: bool) -> str:
    """``umount /data  # as root; exit 0 after 0.1s``: its rights and its end or, if not short, its limits."""
    marks = (
        [*rights(command.command, command.place), ended(command)] if short else limits(command.command, command.place)
    )
    comment = f"  # {'; '.join(marks)}" if marks else ""
    return one_line(f"$ {headline(command.command, command.place)}{comment}")


def ended(command: SentCommand) -> str:
    """``exit 1: errors were corrected, after 2.5s``."""
    took = f" after {duration(command.elapsed)}" if command.elapsed is not None else ""
    said = command.text
    start = f"exit {command.exit_code}: "
    if command.judged in _FINE and said.startswith(start) and len(said) <= _LONGEST_SAID and not any(map(hidden, said)):
        return f"{said},{took}" if took else said
    return f"{outcome(command)}{took}"


def sent_block(action: ActionReport, command: SentCommand) -> list[str]:
    """The same as plain lines, for where nothing is wrapped or coloured."""
    if is_short(action, command):
        return [sent_line(command, short=True)]
    out = [sent_line(command, short=False), one_line(f"  {ended(command)}")]
    for stream in (command.stdout, command.stderr):
        shown, left_out = tail(stream, LAST)
        out += [f"  (its last {LAST} lines)"] if left_out else []
        out += [f"  | {line}".rstrip() for line in shown]
    return out
