"""What ``vmfix approve`` does before, while and after it signs a statement."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from runner import approvals, signing
from runner.approve import check_plan, full_ids
from runner.cli.approve import EXPIRES, Desk, manual_steps, view_of
from runner.cli.failure import OK
from runner.cli.planning import show_plan
from runner.errors import NotApproved, Refused, UsageError, VmfixError
from runner.govern.people import People, is_pattern
from runner.govern.quorum import judge
from runner.govern.voices import SKEW, moment, withdraws
from runner.load.wording import listed
from runner.model.approval import STATEMENT_FORMAT, Kind, Offered, Signed, Statement
from runner.model.times import stamp, to_the_second
from runner.report import approvals_text
from runner.report.layout import Page

_UNSIGNED_YET = "not yet signed"


def sign(desk: Desk) -> int:
    """Approve the plan, or some of its remedies."""
    check_plan(desk.plan, desk.now)
    show_plan(desk.session, desk.plan)
    return _make(desk, _statement(desk, Kind.APPROVE))


def revoke(desk: Desk) -> int:
    """Withdraw an approval; of a plan that has expired, too."""
    return _make(desk, _statement(desk, Kind.REVOKE))


def _statement(desk: Desk, kind: Kind) -> Statement:
    words, now = desk.words, desk.now
    remedies = _remedies(desk)
    known = manual_steps(desk.plan, remedies)
    unknown = next((step for step in words.acknowledge if step not in known), None)
    if unknown is not None:
        remedy = f"Manual steps of what you approve: {listed(known) or 'none'}. Nothing was signed."
        raise UsageError(f"there is no manual step `{unknown}`", remedy=remedy)
    plan_ends = dt.datetime.fromisoformat(desk.plan.expires_at)
    holds = dt.timedelta(seconds=words.expires or EXPIRES)
    ends = plan_ends if kind is Kind.REVOKE or holds > plan_ends - now else now + holds
    statement = Statement(
        format=STATEMENT_FORMAT,
        kind=kind,
        id=approvals.new_id(),
        identity=_principal(desk),
        digest=desk.digest,
        remedies=frozenset(remedies),
        at=stamp(now),
        expires_at=stamp(ends),
        emergency=words.emergency,
        acknowledged=frozenset(words.acknowledge),
        note=words.note.encode("utf-8", "replace").decode(),  # a terminal may send anything
    )
    at = moment(kind, now, _before(desk, statement))
    if kind is Kind.APPROVE and at > now + SKEW:
        message = f"{statement.identity} withdrew it by a clock that is ahead of this one, so no approval counts yet"
        raise NotApproved(message, remedy=f"Compare the clocks, or approve it after {stamp(at - SKEW)}.")
    return dataclasses.replace(statement, at=stamp(at))


def _before(desk: Desk, statement: Statement) -> list[Statement]:
    """What the same person said of the same remedies of this plan, as far as it holds."""
    if desk.policy is None:
        offered = approvals.unjudged(desk.folder)
    else:
        offered = approvals.gather(desk.folder, desk.policy, desk.now)
    said = [(o.statement, o.key) for o in offered if o.statement and o.key and not o.fault]
    aliases = desk.policy.people if desk.policy else {}
    people = People.of(aliases, ((other.identity, key) for other, key in said))
    person = people.person(statement.identity)
    return [
        other
        for other, _ in said
        if people.person(other.identity) == person
        and other.digest == statement.digest
        and other.remedies & statement.remedies
    ]


def _remedies(desk: Desk) -> tuple[str, ...]:
    if not desk.plan.remedies():
        message = "this plan has nothing to run, so there is nothing to approve"
        raise Refused(message, remedy="Nothing was signed.")
    return tuple(full for word in desk.words.remedies or ("all",) for full in full_ids(desk.plan, word))


def _principal(desk: Desk) -> str:
    """Who signs. Under a policy, whoever its allowed_signers says has the key."""
    given, policy = desk.words.principal, desk.policy
    if given is not None:
        if not approvals.is_name(given) or is_pattern(given):
            raise UsageError(f"--as `{given}` is no name", remedy="Name a principal of the allowed_signers file.")
        return given
    if policy is None:
        return desk.surroundings.identity
    if policy.allowed_signers is None:
        message = f"policy {policy.name} names no allowed_signers, so nobody's signature counts"
        raise Refused(message, remedy="Name such a file in the policy. Nothing was signed.")
    found = signing.owners(_key(desk), policy.allowed_signers, desk.now)
    if found is None:
        message = f"whose key {desk.words.key} is cannot be told without its public half"
        raise UsageError(message, remedy=f"Say --as PRINCIPAL, or put {desk.words.key}.pub beside it.")
    if not found:
        message = f"{desk.words.key} is not the key of anybody in {policy.allowed_signers}, or is not valid now"
        raise Refused(message, remedy="Use another key; or say --as PRINCIPAL if that file has a pattern for you.")
    if len(found) > 1:
        raise UsageError(f"{desk.words.key} is the key of {listed(found)}", remedy="Say which with --as PRINCIPAL.")
    return found[0]


def _key(desk: Desk) -> Path:
    return Path(desk.words.key or "").expanduser()


def _make(desk: Desk, statement: Statement) -> int:
    """Ask, sign, prove that it will count, write."""
    name = approvals.file_name(statement)
    _must_count(desk, Offered(source=name, statement=statement, key=_UNSIGNED_YET))
    screen, key = desk.session.screen, _key(desk)
    screen.text("\n" + _described(desk, statement))
    if screen.interactive and not desk.words.yes and screen.ask("Sign this? Type yes: ").lower() != "yes":
        raise NotApproved("nothing was signed")
    signed = Signed(statement, signing.sign(approvals.message(statement), key, may_ask=screen.interactive))
    if desk.policy is None:
        signing.check(approvals.message(statement), signed.signature)
    else:
        _must_count(desk, approvals.offer(approvals.Found(name, signed), desk.policy, desk.now))
    path = approvals.write(desk.folder, signed)
    if statement.kind is Kind.REVOKE:
        _prove_withdrawn(desk, statement)
    if screen.json:
        screen.data(approvals_text.made_json(str(path), statement))
        return OK
    screen.text(f"\nWritten: {path}\n\n")
    screen.text(approvals_text.render(view_of(desk), colour=screen.colour, width=screen.width))
    return OK


def _prove_withdrawn(desk: Desk, statement: Statement) -> None:
    """Look at the folder again: whoever withdraws must not go away while their approval still counts."""
    before = _before(desk, statement)
    if statement not in before:
        message = "the withdrawal was written, but is not among the approvals any more, or does not hold"
        raise VmfixError(
            message, remedy=f"Look into {desk.folder}, and withdraw again. The plan may be approved still."
        )
    left = [s.id for s in before if s.kind is Kind.APPROVE and not withdraws(statement, s)]
    if left:
        message = f"the withdrawal was written, but a later approval by {statement.identity} counts: {listed(left)}"
        raise VmfixError(message, remedy="Look with --show, and withdraw again. The plan may be approved still.")


def _must_count(desk: Desk, ours: Offered) -> None:
    """Refuse what could never count. What counts for some of its remedies only is said and goes on."""
    statement, policy = ours.statement, desk.policy
    if policy is None or statement is None:
        return
    others = approvals.gather(desk.folder, policy, desk.now)
    judged = judge(desk.plan, desk.digest, policy, [*others, ours], desk.now, emergency=statement.emergency)
    faults = [each for each in judged.discounted if each.source == ours.source]
    if any(not each.remedy for each in faults) or {each.remedy for each in faults} >= statement.remedies:
        reasons = "; ".join(dict.fromkeys(each.reason for each in faults))
        verb = "withdrawal" if statement.kind is Kind.REVOKE else "approval"
        message = f"this {verb} by {statement.identity} would not count: {reasons}"
        raise NotApproved(message, remedy=_hint(faults[0].reason))
    if ours.key == _UNSIGNED_YET:
        for each in faults:
            desk.session.screen.say(f"warning: this will not count for {each.remedy}: {each.reason}")


def _hint(reason: str) -> str:
    if reason.startswith(("four eyes", "one person")):
        return "Somebody else has to approve it. Nothing was written."
    return "Nothing was written."


def _described(desk: Desk, statement: Statement) -> str:
    """What is about to be signed."""
    screen = desk.session.screen
    page = Page(colour=screen.colour, width=screen.width)
    withdrawing = statement.kind is Kind.REVOKE
    page.head(f"{'Withdrawing' if withdrawing else 'Approving'} as {statement.identity}")
    page.item(2, "remedies", _joined(sorted(statement.remedies)))
    page.item(2, "plan", f"{desk.words.plan_path}, digest {statement.digest}")
    if not withdrawing:
        if statement.at > stamp(desk.now):
            page.item(2, "dated", f"{statement.at}, for it has to come after the withdrawal")
        page.item(2, "until", to_the_second(statement.expires_at))
        page.item(2, "done by a person", _joined(sorted(statement.acknowledged)) or "nothing")
    if statement.emergency:
        page.item(2, "EMERGENCY", "maintenance windows and freezes may be passed over", paint="bad")
    if statement.note:
        page.item(2, "note", statement.note)
    return page.text()


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names)
