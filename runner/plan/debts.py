"""Looking whether what is owed to a target is there again, and what to say of it. Sends observations only."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from runner.errors import ExpressionError, ParseError
from runner.model.debt import Debt
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.text import in_one_line
from runner.shells.pasted import pasted
from runner.steps import STEP_TYPES
from runner.steps.base import Observing
from runner.steps.rendering import validated


@dataclass(frozen=True, slots=True)
class Looked:
    """What of some debts is still owed, and what is seen to be there again. Each says in ``seen`` what was observed."""

    open: tuple[Debt, ...]
    settled: tuple[Debt, ...]


def look(debts: Iterable[Debt], platform: Platform) -> Observing[Looked]:
    """Observe each by its step type. What cannot be observed is still owed; what a run still works on is left alone.

    Nothing is sent for what is owed to a machine of another platform: its commands mean nothing on this one.

    Transport errors pass through.
    """
    still: list[Debt] = []
    settled: list[Debt] = []
    for debt in debts:
        if debt.at_work:
            still.append(replace(debt, seen=f"run {debt.run} is at work there now"))
            continue
        there, seen = yield from _look(debt, platform)
        (settled if there else still).append(replace(debt, seen=seen))
    return Looked(tuple(still), tuple(settled))


def _look(debt: Debt, platform: Platform) -> Observing[tuple[bool, str]]:
    if _platform(debt, platform) is not platform:
        was, is_now = _PLATFORMS[_platform(debt, platform)], _PLATFORMS[platform]
        return False, f"not looked at: it is owed to {was} machine, and by the inventory this is {is_now} one now."
    if debt.type not in STEP_TYPES:
        return False, f"this version of vmfix has no step `{debt.type}` to look by"
    step_type = STEP_TYPES[debt.type].on(platform)
    try:
        args = validated(step_type, debt.args)
        state = yield from step_type.observe(args)
        decision = step_type.decide(args, state)
    except (ExpressionError, ParseError) as problem:
        return False, f"could not be observed: {problem.message}"
    there = decision.outcome is Outcome.NO_CHANGE or (debt.skipped and decision.outcome is Outcome.CANNOT_KNOW)
    return there, f"{decision.evidence} {decision.remedy}".strip()


_PLATFORMS = MappingProxyType({Platform.LINUX: "a Linux", Platform.WINDOWS: "a Windows"})


def _platform(debt: Debt, platform: Platform) -> Platform:
    """That of the run which owes it, as far as it is known."""
    return debt.platform or platform


def restoring(debt: Debt, platform: Platform) -> tuple[str, ...]:
    """The exact commands that restore it, as lines for a shell there. Empty where they are not known."""
    if debt.type not in STEP_TYPES:
        return ()
    platform = _platform(debt, platform)
    step_type = STEP_TYPES[debt.type].on(platform)
    try:
        commands = step_type.bound(validated(step_type, debt.args), None)
    except ExpressionError:
        return ()
    lines = tuple(pasted(command, platform) for command in commands)
    return lines if all(lines) else ()


_NAMES = ("name", "path", "device", "file", "key", "argv")


def wanted(debt: Debt) -> str:
    """``service Dhcp should be started``; of a step that has no state, what it would do."""
    given = next((debt.args[name] for name in _NAMES if name in debt.args), "")
    named = shlex.join(map(str, given)) if isinstance(given, (list, tuple)) else str(given)
    state = debt.args.get("state")
    if named and state:
        return f"{debt.type} {named} should be {state}"
    return f"step `{debt.action}` should have run{f' ({named})' if named else ''}"


def where(debt: Debt) -> str:
    """Which run owes it, and by which action."""
    return f"run {debt.run}, `{debt.action}` of `{debt.remedy}`"


def reason(debts: Sequence[Debt]) -> str:
    """Why nothing is done on a target to which something is owed."""
    runs = " and ".join(dict.fromkeys(debt.run for debt in debts))
    parts = "; ".join(_said(debt) for debt in debts)
    return f"run {runs} left this target with something owed: {parts}"


def _said(debt: Debt) -> str:
    seen = f"{wanted(debt)}, but: {debt.seen or debt.why}"
    return f"{seen} It was {debt.why}" if debt.skipped and debt.seen else seen


def advice(debts: Sequence[Debt], platform: Platform) -> str:
    """What a person can do about it, with the exact commands; an indented line stands for itself."""
    if all(debt.at_work for debt in debts):
        return "Wait until that run has ended; then plan again."
    running = list(dict.fromkeys(line for debt in debts for line in debt.unanswered))
    out = ["First see whether this still runs there:", *(f"    {line}" for line in running), ""] if running else []
    odd = any(_platform(debt, platform) is not platform for debt in debts)
    out += [ANOTHER_PLATFORM, ""] if odd else []
    whom = "administrator" if _platform(debts[0], platform) is Platform.WINDOWS else "root"
    mended = "When that is mended, put" if any(debt.skipped for debt in debts) else "Put"
    out.append(f"{mended} it back there as {whom}, then plan again:")
    for debt in debts:
        out += [f"    {line}" for line in ways(debt, platform)]
        if debt.condition:
            out += ["", f"{ONLY_IF} `{debt.action}`: {condition(debt)}", ""]
    out += ["", "If it is not wanted any more, say so:"]
    out.append(f'    vmfix settle {" ".join(debt.id for debt in debts)} --reason "WHY"')
    return "\n".join(out)


ANOTHER_PLATFORM = "If the inventory has the wrong platform, or this is another machine, correct the inventory."

ONLY_IF = "The playbook does that only if this holds, which is for you to judge now, of"
"""What is said before the action whose condition only a run could tell."""


def condition(debt: Debt) -> str:
    """On one line."""
    return in_one_line(debt.condition)


def ways(debt: Debt, platform: Platform) -> tuple[str, ...]:
    """The commands that restore it; where they are not known, the one that shows what was meant."""
    return restoring(debt, platform) or (f"vmfix report {debt.run}",)
