"""Looking by a PowerShell script that answers with one JSON object.

No test runs these scripts: their syntax is checked, and what they rest on is documented behaviour of Windows
PowerShell 5.1 and .NET. Values come as ``$args``, so no text of theirs becomes part of a script. Answers are made of
numbers, truth values, SIDs and the like, never of words that Windows translates.
"""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.parsers import PARSERS
from runner.steps.base import Observing, last_line

_AT_MOST = 120.0  # seconds; starting PowerShell on a busy machine takes its time

HEAD = r"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
function Show($value) {
  $json = ConvertTo-Json -InputObject $value -Compress -Depth 4
  [regex]::Replace($json, '[^\x00-\x7f]', { param($found) '\u{0:x4}' -f [int][char]$found.Value })
}
""".lstrip()
"""Every error ends the script with exit 1. ``Show`` prints JSON in ASCII, which every code page carries.

ConvertTo-Json of 5.1 makes no list of one item, or of none, unless it stands inside an object as ``@(...)``, writes
dates in a form of its own, and enumerations as numbers or words; so scripts cast what they show.
"""


class Seen(BaseModel):
    """Base of what such a script shows: exact types, no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


S = TypeVar("S", bound=Seen)


def look(shape: type[S], script: str, *values: str) -> Observing[S]:
    """Run ``script`` after ``HEAD``. Raises ``ParseError`` if it failed, or shows something else."""
    result = yield Command(dialect=Dialect.POWERSHELL, script=HEAD + script, argv=values, at_most=_AT_MOST)
    return _seen(shape, result)


def _seen(shape: type[S], result: CommandResult) -> S:
    if result.exit_code != 0:
        message = f"the target could not be looked at (exit {result.exit_code}): {last_line(result)}"
        raise ParseError(message)
    try:
        return shape.model_validate_json(json.dumps(PARSERS["json"].parse(result)))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        message = f"PowerShell showed something else than expected: {where}: {first['msg']}"
        raise ParseError(message) from problem


def change(script: str, *values: str) -> Command:
    """A changing script, left running at its deadline."""
    return Command(
        dialect=Dialect.POWERSHELL,
        script=script,
        argv=values,
        effect=Effect.CHANGE,
        at_most=_AT_MOST,
        at_deadline=AtDeadline.LEAVE,
    )
