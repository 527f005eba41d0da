"""What the approvals of a plan add up to under a policy. Pure: signatures were verified before, the time is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from runner.errors import NotApproved
from runner.govern.people import People, fold
from runner.govern.voices import Case, Voice
from runner.model.approval import Approval, Consented, Discounted, Judgement, Kind, Need, Offered, Statement
from runner.model.plan import Plan
from runner.model.policy import EVERYWHERE, Policy, Quorum

_UNCOVERED = Quorum(approvals=1)


def judge(  # noqa: PLR0913 - everything that decides
    plan: Plan,
    digest: str,
    policy: Policy,
    offered: Sequence[Offered],
    now: dt.datetime,
    *,
    emergency: bool = False,
    consent: Approval | None = None,
) -> Judgement:
    """Count approvals, per remedy of the plan.

    ``consent`` is that of whoever runs vmfix, unsigned. ``emergency``: windows are to be passed over; the emergency
    rule has to be met as well as the usual ones. Raises ``NotApproved`` if the policy has no such rule.
    """
    if emergency and policy.emergency is None:
        message = f"policy {policy.name} has no emergency rule, so there is no way past its windows"
        raise NotApproved(message, remedy="Wait for the window, or run without --emergency. Nothing was executed.")
    people = People.of(policy.people, ((o.statement.identity, o.key) for o in offered if o.statement and o.key))
    case = Case(plan, digest, policy, people, now)
    voices, discounted = case.heard(offered, consent)
    consented, counting = [], dict[Voice, set[str]]()
    for remedy, rules in _rules(plan, policy, emergency=emergency).items():
        able = [voice for voice in voices if remedy in voice.approval.remedies]
        found, used = _consented(remedy, rules, able, people, case.plan_ends)
        consented.append(found)
        for voice in used:
            counting.setdefault(voice, set()).add(remedy)
        discounted += _unused(remedy, able, used, people)
    return Judgement(
        digest=digest,
        policy=policy.name,
        emergency=emergency,
        approvals=tuple(_narrowed(voice.approval, counting[voice]) for voice in voices if voice in counting),
        remedies=tuple(consented),
        discounted=tuple(each for each in discounted if not _is_replaced(each, offered, digest, counting)),
    )


def _is_replaced(each: Discounted, offered: Sequence[Offered], digest: str, counting: Mapping[Voice, set[str]]) -> bool:
    """Whether it is an approval of this plan in whose place a later one under the same name counts."""
    said = [o.statement for o in offered if o.source == each.source and o.key and not o.fault]
    (statement,) = said if len(said) == 1 else (None,)
    if statement is None or statement.digest != digest or statement.kind is not Kind.APPROVE:
        return False
    later = [remedies for voice, remedies in counting.items() if _is_later(voice, statement)]
    return ({each.remedy} if each.remedy else statement.remedies) <= set[str]().union(*later)


def _is_later(voice: Voice, statement: Statement) -> bool:
    same = voice.approval.signed and fold(voice.identity) == fold(statement.identity)
    return same and voice.approval.at > statement.at


def _narrowed(approval: Approval, remedies: set[str]) -> Approval:
    """The approval as far as it counts."""
    return Approval(
        identity=approval.identity,
        digest=approval.digest,
        remedies=frozenset(remedies),
        at=approval.at,
        how=approval.how,
        signed=approval.signed,
        acknowledged=frozenset(s for s in approval.acknowledged if s.rpartition("/")[0] in remedies),
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    approvals: int
    signers: tuple[str, ...]
    quorum: Quorum | None = None
    emergency: bool = False


def _rules(plan: Plan, policy: Policy, *, emergency: bool) -> Mapping[str, tuple[_Rule, ...]]:
    """The rules that each remedy has to meet: all that match on any target."""
    groups = {target.name: {EVERYWHERE, *target.groups} for target in plan.targets}
    matching: dict[str, dict[Quorum, None]] = {}
    for entry, remedy in plan.rungs():
        found = matching.setdefault(f"{entry.playbook}/{remedy.id}", {})
        where = groups.get(entry.target, {EVERYWHERE})
        rules = [q for q in policy.quorums if (not q.risks or q.risks & remedy.risk) and where & set(q.groups)]
        found.update(dict.fromkeys(rules or [_UNCOVERED]))
    extra = []
    if emergency and policy.emergency:
        extra = [_Rule(policy.emergency.approvals, policy.emergency.signers, emergency=True)]
    return {remedy: (*_distinct(found), *extra) for remedy, found in matching.items()}


def _distinct(found: Iterable[Quorum]) -> Iterator[_Rule]:
    """Of rules that ask for the same signers the one that asks for most of them: it holds the others."""
    most: dict[frozenset[str], Quorum] = {}
    for quorum in found:
        signers = frozenset(quorum.signers)
        if signers not in most or quorum.approvals > most[signers].approvals:
            most[signers] = quorum
    for quorum in most.values():
        yield _Rule(quorum.approvals, quorum.signers, None if quorum is _UNCOVERED else quorum)


def _consented(
    remedy: str, rules: Sequence[_Rule], able: Sequence[Voice], people: People, plan_ends: dt.datetime
) -> tuple[Consented, set[Voice]]:
    """How far the voices meet the rules, and those that count."""
    needs, used, ends = [], set[Voice](), [plan_ends]
    for rule in rules:
        best: dict[frozenset[str], Voice] = {}
        for voice in sorted(able, key=lambda v: (v.approval.signed, v.ends, v.approval.at)):
            if _may(rule, voice):
                best[people.person(voice.identity)] = voice  # the signed one that holds longest
        best = {person: voice for person, voice in best.items() if _twin(voice, best.values(), people) is None}
        counted = sorted(best.values(), key=lambda v: v.ends, reverse=True)
        used.update(counted)
        names = tuple(sorted(voice.identity for voice in counted))
        need = Need(
            rule=rule.quorum, approvals=rule.approvals, signers=rule.signers, counted=names, emergency=rule.emergency
        )
        needs.append(need)
        ends += [voice.ends for voice in counted[: rule.approvals]]
    met = not any(need.missing for need in needs)
    return Consented(remedy=remedy, needs=tuple(needs), holds_until=min(ends) if met else None), used


def _may(rule: _Rule, voice: Voice) -> bool:
    if rule.emergency and not voice.emergency:
        return False
    name = fold(voice.identity)
    return not rule.signers or any(fnmatchcase(name, fold(pattern)) for pattern in rule.signers)


def _twin(voice: Voice, others: Iterable[Voice], people: People) -> Voice | None:
    """Another voice of the same person; of a login that nobody proved, of whoever may be that person."""
    for other in others:
        if other is not voice and other.approval.signed:
            if people.person(other.identity) == people.person(voice.identity):
                return other
            if not voice.approval.signed and people.is_same(voice.identity, other.identity):
                return other
    return None


def _unused(remedy: str, able: Sequence[Voice], used: set[Voice], people: People) -> Iterator[Discounted]:
    """Why a voice for this remedy was not counted."""
    for voice in able:
        if voice in used:
            continue
        same = _twin(voice, used, people)
        reason = "no rule for this remedy asks for this signer"
        if same is not None:
            reason = f"one person counts once, and {same.source} of {same.identity} counts already"
        yield Discounted(source=voice.source, identity=voice.identity, reason=reason, remedy=remedy)
