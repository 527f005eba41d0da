"""What the exits of ``net start``, ``net stop`` and ``sc config`` mean, by their numbers."""

from __future__ import annotations

from runner.model.command import Command, CommandResult
from runner.parsers.net import (
    ALREADY_STARTED,
    MEANINGS,
    NOT_ALLOWED,
    NOT_NOW,
    NOT_RESPONDING,
    NOT_STARTED,
    net_number,
)
from runner.parsers.sc_lines import failure
from runner.steps.base import Judged, Judgement, last_line

REBOOT_INSTEAD = (
    "Its host process must not be killed. Only a restart of the machine brings it back cleanly: plan it for a downtime."
)

_RUNS_ALREADY = frozenset((ALREADY_STARTED, 1056))
_STOPPED_ALREADY = frozenset((NOT_STARTED, 1062))
_BETWEEN_STATES = frozenset((NOT_RESPONDING, NOT_NOW, 1061))
_NOT_STOPPABLE = frozenset((NOT_ALLOWED, 1052))

_START_ADVICE = {
    5: "The login needs an administrator's full token.",
    1058: "Find out who disabled it, and why.",
    1068: "See with `sc qc NAME` which services it needs, and why one of them does not start.",
    1069: "Its log-on account or the account's password is wrong: see `sc qc NAME`. A password cannot be mended from "
    "here; an account without one can be set by `account`.",
    1072: "Close services.msc and other programs that look at services, or restart the machine.",
}
_STOP_ADVICE = {
    5: "The login needs an administrator's full token.",
    1051: "Make a new plan: it shows what depends on the service now.",
}
_HANGING = (
    "See `sc queryex NAME`: while it is stop-pending it may still end. If it stays so, it hangs. " + REBOOT_INSTEAD
)


def judge(command: Command, result: CommandResult) -> Judgement:
    """The verdict on one changing command of the step."""
    program, verb, name = command.argv[:3]
    if program == "sc":
        return _configured(name, result)
    number = net_number(result) if result.exit_code != 0 else None
    facts = {"exit_code": result.exit_code, "number": number}
    if result.exit_code == 0:
        return Judgement(Judged.OK, "exit 0", facts)
    why = _why(number, result)
    judged, text, advice = _started(name, number, why) if verb == "start" else _stopped(name, number, why)
    return Judgement(judged, text, facts, advice)


def _why(number: int | None, result: CommandResult) -> str:
    if number is None:
        return f"exit {result.exit_code}: {last_line(result)}"
    return f"exit {result.exit_code}, number {number}: {MEANINGS.get(number) or last_line(result)}"


def _started(name: str, number: int | None, why: str) -> tuple[Judged, str, str]:
    if number in _RUNS_ALREADY:
        return Judged.OK, f"`{name}` runs already", ""
    if number in _BETWEEN_STATES:
        return Judged.OK, f"`{name}` is between two states ({why}); it is watched until it has settled", ""
    return Judged.FAILED, f"`{name}` was not started: {why}", _START_ADVICE.get(number or 0, "").replace("NAME", name)


def _stopped(name: str, number: int | None, why: str) -> tuple[Judged, str, str]:
    if number in _STOPPED_ALREADY:
        return Judged.OK, f"`{name}` is stopped already", ""
    text = f"`{name}` was not stopped: {why}"
    if number in _NOT_STOPPABLE:
        return Judged.NEEDS_PERSON, text, REBOOT_INSTEAD
    hanging = number is None or number in _BETWEEN_STATES
    advice = _HANGING if hanging else _STOP_ADVICE.get(number or 0, "")
    return Judged.FAILED, text, advice.replace("NAME", name)


def _configured(name: str, result: CommandResult) -> Judgement:
    number = failure(result)
    facts = {"exit_code": result.exit_code, "number": number or None}
    if number == 0:
        return Judgement(Judged.OK, "exit 0", facts)
    why = MEANINGS.get(number) or last_line(result)
    advice = _START_ADVICE.get(number, "").replace("NAME", name)
    return Judgement(Judged.FAILED, f"`{name}` could not be configured: error {number}: {why}", facts, advice)
