"""What the journal keeps of a command and of its result."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from runner.model import text
from runner.model.command import Command, CommandResult
from runner.plan.owing import owed
from runner.steps.base import Args, Decision, Judgement, StepType

TAIL = 4096  # characters of each stream


def command_data(command: Command) -> dict[str, object]:
    """All of it, but standard input by its digest and length only."""
    data = {f.name: getattr(command, f.name) for f in dataclasses.fields(command) if f.name != "stdin"}
    data.update({name: value.value for name, value in data.items() if hasattr(value, "value")})
    if command.stdin:
        data["stdin_sha256"] = hashlib.sha256(command.stdin.encode("utf-8", "surrogatepass")).hexdigest()
        data["stdin_length"] = len(command.stdin)
    return data


def intent_data(step_type: StepType[Any, Any], args: Args, command: Command, decision: Decision) -> dict[str, object]:
    """What is about to be sent and why, and what it would take to put things back."""
    return {
        "command": command_data(command),
        "evidence": decision.evidence,
        "prior": decision.prior,
        "undo": [command_data(each) for each in decision.undo],
        "owes": [owed(step_type, each) for each in decision.owes],
        "touches": sorted(step_type.touches(args)),
    }


def result_data(result: CommandResult, judgement: Judgement) -> dict[str, object]:
    """The exit code, what was made of it, and the ends of both streams."""
    return {
        "exit_code": result.exit_code,
        "stdout": text.end(result.out, TAIL),
        "stderr": text.end(result.err, TAIL),
        "elapsed": round(result.elapsed, 3),
        "judged": judgement.judged.value,
        "text": judgement.text,
    }
