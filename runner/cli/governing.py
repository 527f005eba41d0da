"""The words of ``vmfix run`` about policy, windows and pace, and consent where a policy asks for signatures."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli import options
from runner.cli.failure import shown
from runner.cli.session import Session
from runner.errors import NotApproved, Refused, UsageError

if TYPE_CHECKING:
    from runner.app import App
    from runner.model.approval import ApprovedPlan, Judgement, Offered
    from runner.model.plan import Plan
    from runner.model.policy import Amount, Policy, Waves
    from runner.rules import Rules

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Governing:
    """What was typed. ``pause`` in seconds."""

    policy: str | None
    approvals: str | None
    emergency: str
    wait: bool
    waves: tuple[Amount, ...] | None
    pause: float | None
    budget: Amount | None


def _amount(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Amount | None:
    return None if text is None else _parsed(text)


def _amounts(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[Amount, ...] | None:
    return None if text is None else tuple(_parsed(word.strip()) for word in text.split(","))


def _parsed(word: str) -> Amount:
    from runner.load.policy_form import parse_amount  # noqa: PLC0415 - pydantic costs time

    try:
        return parse_amount(int(word) if word.isascii() and word.isdigit() else word)
    except ValueError as problem:
        raise click.BadParameter(" ".join(str(problem).split("\n"))) from None


def reason(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str:
    """Why; empty if the option was left out. A blank one is none."""
    if text is not None and not text.strip():
        raise click.BadParameter("say why in words")
    return text or ""


_OPTIONS = (
    click.option("--policy", type=click.Path(), metavar="FILE", help="The policy that holds; else $VMFIX_POLICY."),
    click.option("--approvals", type=click.Path(), metavar="DIR", help="Signed approvals; PLAN.approvals if left out."),
    click.option("--emergency", callback=reason, metavar="REASON", help="Pass over windows and freezes, as approved."),
    click.option("--wait", is_flag=True, help="Wait for the window instead of refusing what comes too early."),
    click.option("--waves", callback=_amounts, metavar="N,N%,...", help="First so many targets, then up to so many."),
    click.option("--pause", callback=options.duration, metavar="DURATION", help="Between two waves."),
    click.option("--budget", callback=_amount, metavar="N|N%", help="If more targets end badly, nothing new starts."),
)


def governing(command: F) -> F:
    """The options that make up ``Governing``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def governed(values: dict[str, Any]) -> Governing:
    """The options of ``governing``, taken out of a command's."""
    return Governing(**{name: values.pop(name) for name in Governing.__slots__})


def rules_of(session: Session, words: Governing) -> Rules:
    """By which rules the run goes. Raises as ``find_policy``; ``UsageError`` for words that do not go together."""
    from runner.diagnostics import Diagnostics  # noqa: PLC0415 - they import everything
    from runner.policies import find_policy  # noqa: PLC0415
    from runner.rules import join  # noqa: PLC0415

    if words.pause is not None and words.waves is None:
        raise UsageError("--pause is for --waves", remedy="Name the waves, such as --waves 1,10%,100%.")
    diagnostics = Diagnostics()
    policy = find_policy(words.policy, os.environ, diagnostics)
    session.warn(list(diagnostics))
    rules = join(policy, waves=_waves(words), budget=words.budget, wait=words.wait, emergency=words.emergency)
    if policy is None and words.approvals:
        raise UsageError("--approvals are judged by a policy, and there is none here", remedy="Name one with --policy.")
    return rules


def _waves(words: Governing) -> Waves | None:
    from runner.model.policy import Waves  # noqa: PLC0415 - rarely needed

    if words.waves is None:
        return None
    counts = [amount.count for amount in words.waves if amount.count is not None]
    shares = [amount.share for amount in words.waves if amount.share is not None]
    if 0 in counts or 0.0 in shares or counts != sorted(set(counts)) or shares != sorted(set(shares)):
        raise UsageError("the sizes of --waves have to rise", remedy="Write them like 1,10%,100%.")
    return Waves(sizes=words.waves, pause=words.pause or 0.0)


def warn_of_unknown_groups(session: Session, policy: Policy, groups: Collection[str]) -> None:
    """A slip of the pen in a group's name would leave its targets without that rule. ``groups``: the inventory's."""
    unknown = sorted(policy.groups.difference(groups))
    if unknown:
        named = ", ".join(f"`{group}`" for group in unknown)
        text = f"warning: policy {policy.name} has rules for {named}, and this inventory has no such group"
        session.screen.say(shown(text))


def refuse_unsigned(policy: Policy, approve: Sequence[str], acknowledge: Sequence[str]) -> None:
    """Words of consent that would not count. Raises ``NotApproved``."""
    given = "--approve" if approve else "--acknowledge" if acknowledge else ""
    if given and not policy.unsigned:
        message = f"policy {policy.name} asks for signatures, so {given} does not count"
        raise NotApproved(message, remedy="Have the plan signed with `vmfix approve`. Nothing was executed.")


def signed_for(app: App, plan: Plan, policy: Policy, words: Governing, saved: str | None) -> Sequence[Offered]:
    """The approvals that lie beside the plan's file ``saved``, or where ``--approvals`` says, each one verified.

    Raises ``NotApproved`` if there can be none, and nothing else would count.
    """
    from runner import approvals  # noqa: PLC0415 - only with a policy

    folder = Path(words.approvals) if words.approvals else approvals.folder_of(Path(saved)) if saved else None
    if folder is None and plan.remedies() and not policy.unsigned:
        message = f"policy {policy.name} asks for signatures, and only a saved plan can be signed"
        remedy = (
            "Save it with `vmfix plan ... -o FILE`, have it signed with `vmfix approve FILE --key KEY`, and run that."
        )
        raise NotApproved(message, remedy=remedy)
    offered = approvals.gather(folder, policy, app.surroundings.clock.now()) if folder else ()
    _refuse_doubt(offered)
    return offered


def _refuse_doubt(offered: Sequence[Offered]) -> None:
    """What cannot be read or verified may be a withdrawal. Raises ``NotApproved`` rather than passing it over."""
    from runner.approvals import SUFFIX  # noqa: PLC0415 - only with a policy
    from runner.model.approval import Kind  # noqa: PLC0415

    for one in offered:
        withdraws = one.statement is not None and one.statement.kind is Kind.REVOKE
        if one.fault and one.source.endswith(SUFFIX) and (one.statement is None or withdraws):
            message = f"{one.source} may be a withdrawal, and does not hold: {one.fault}"
            raise NotApproved(message, remedy="Get the file again from its author, or remove it. Nothing was executed.")


def tell(session: Session, judgement: Judgement) -> None:
    """Who approved what until when, what is missing, and what does not count."""
    for consented in judgement.remedies:
        names = dict.fromkeys(name for need in consented.needs for name in need.counted)
        if consented.holds_until is not None:
            until = f"{consented.holds_until:%Y-%m-%d %H:%M} UTC"
            session.screen.say(f"approved: {consented.remedy} by {', '.join(names)}, until {until}")
    for line in judgement.lines():
        session.screen.say(shown(f"warning: {line}"))


def watched(
    app: App,
    rules: Rules,
    words: Governing,
    approved: ApprovedPlan,
    approved_now: Callable[[], frozenset[str]],
) -> Rules:
    """Rules that notice when the policy changes, or an approval is withdrawn, while the run waits or goes on."""
    from runner.diagnostics import Diagnostics  # noqa: PLC0415 - only with a policy
    from runner.policies import find_policy  # noqa: PLC0415
    from runner.rules import Watch  # noqa: PLC0415

    before = rules.policy

    def look() -> str:
        now = find_policy(words.policy, os.environ, Diagnostics())
        if before is None or now is None or now.digest != before.digest:
            return "the policy, or a file that it names, changed since this run began"
        lost = sorted(approved.remedies - approved_now())
        return f"{lost[0]} is not approved any more" if lost else ""

    return replace(rules, changed=Watch(look, app.surroundings.clock.monotonic))


def refuse_closed(app: App, approved: ApprovedPlan, rules: Rules) -> None:
    """Raises ``Refused`` if nothing at all may start now and nobody waits."""
    closed = app.gatekeeper(approved, rules).opening()
    if closed is None:
        return
    opening, why = closed
    if opening is None:
        raise Refused(f"nothing may start now: {why}", remedy="Nothing was executed.")
    if not rules.wait:
        when = f"{opening:%Y-%m-%dT%H:%M:%SZ}"
        raise Refused(f"nothing may start now: {why}", remedy=f"It fits from {when} on; --wait waits for that.")
