"""Which approvals hold for a plan at all, and why others do not. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.govern.people import People, is_pattern
from runner.model.approval import Approval, Discounted, Kind, Offered, Statement
from runner.model.plan import Plan
from runner.model.policy import Policy
from runner.model.times import to_the_second

SKEW = dt.timedelta(minutes=5)
"""How far another machine's clock may be ahead."""
_TICK = dt.timedelta(microseconds=1)
_LAST = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Voice:
    """One approval that may count: who, until when, for which remedies."""

    source: str
    approval: Approval
    ends: dt.datetime
    emergency: bool = False

    @property
    def identity(self) -> str:
        return self.approval.identity


@dataclass(frozen=True, slots=True)
class Case:
    """What each approval is judged by."""

    plan: Plan
    digest: str
    policy: Policy
    people: People
    now: dt.datetime

    @property
    def plan_ends(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.plan.expires_at)

    def heard(self, offered: Sequence[Offered], consent: Approval | None) -> tuple[list[Voice], list[Discounted]]:
        """The approvals that hold, each for the remedies for which it does; and the others, with the reasons."""
        voices, discounted = [], list[Discounted]()
        withdrawn = [o.statement for o in offered if o.statement and not self._fault(o) and _revokes(o.statement)]
        for each in offered:
            fault, statement = self._fault(each), each.statement
            if statement is None or fault:
                identity = statement.identity if statement else ""
                discounted.append(Discounted(source=each.source, identity=identity, reason=fault))
            elif not _revokes(statement):
                remedies, out = self._remedies(each.source, statement, withdrawn)
                discounted += out
                voices += [self._voice(each, statement, remedies)] if remedies else []
        if consent is not None:
            fault = self._consent_fault(consent)
            if fault:
                discounted.append(Discounted(source=consent.how, identity=consent.identity, reason=fault))
            else:
                voices.append(Voice(consent.how, consent, _after(consent.at, self.policy.max_age)))
        return voices, discounted

    def _voice(self, each: Offered, statement: Statement, remedies: frozenset[str]) -> Voice:
        how = f"{'emergency ' if statement.emergency else ''}signature with key {each.key}"
        approval = Approval(
            identity=statement.identity,
            digest=statement.digest,
            remedies=remedies,
            at=statement.at,
            how=how,
            signed=True,
            acknowledged=statement.acknowledged,
        )
        ends = min(dt.datetime.fromisoformat(statement.expires_at), _after(statement.at, self.policy.max_age))
        return Voice(each.source, approval, ends, statement.emergency)

    def _fault(self, each: Offered) -> str:
        """Why it does not count at all; empty if it may."""
        statement = each.statement
        if statement is None or each.fault or not each.key:
            return each.fault or "nobody verified its signature"
        if is_pattern(statement.identity):
            return "who it is from is a pattern, and no name"
        if statement.digest != self.digest:
            return f"it is for another plan ({statement.digest[:12]}, not {self.digest[:12]})"
        if _revokes(statement):
            return ""
        if self._is_creator(statement.identity):
            return f"four eyes: the plan was made by {self.plan.creator}"
        return self._time_fault(statement)

    def _time_fault(self, statement: Statement) -> str:
        if dt.datetime.fromisoformat(statement.at) > self.now + SKEW:
            return f"it is from the future ({to_the_second(statement.at)}); compare the clocks"
        if dt.datetime.fromisoformat(statement.expires_at) <= self.now:
            return f"it expired on {to_the_second(statement.expires_at)}"
        if _after(statement.at, self.policy.max_age) <= self.now:
            longer = f"longer ago than the policy allows ({self.policy.max_age / 3600:g} h)"
            return f"it was made on {to_the_second(statement.at)}, {longer}"
        return ""

    def _consent_fault(self, consent: Approval) -> str:
        if not self.policy.unsigned:
            return f"it is not signed, and policy {self.policy.name} counts signed approvals only"
        return f"four eyes: the plan was made by {self.plan.creator}" if self._is_creator(consent.identity) else ""

    def _is_creator(self, identity: str) -> bool:
        return self.policy.four_eyes and self.people.is_same(self.plan.creator, identity)

    def _remedies(
        self, source: str, statement: Statement, withdrawn: Sequence[Statement]
    ) -> tuple[frozenset[str], list[Discounted]]:
        """Those for which it holds."""
        holds, out = set[str](), []
        known = self.plan.remedies()
        for remedy in sorted(statement.remedies):
            reason = "" if remedy in known else "this plan has no such remedy"
            for other in withdrawn:
                same = self.people.person(other.identity) == self.people.person(statement.identity)
                if same and remedy in other.remedies and withdraws(other, statement):
                    reason = f"{other.identity} withdrew it on {to_the_second(other.at)}"
            if reason:
                out.append(Discounted(source=source, identity=statement.identity, reason=reason, remedy=remedy))
            else:
                holds.add(remedy)
        return frozenset(holds), out


def withdraws(revocation: Statement, approval: Statement) -> bool:
    """Whether it came after the approval, or not so long before it that the clocks could not have been apart."""
    return dt.datetime.fromisoformat(approval.at) <= _after(revocation.at, SKEW.total_seconds())


def moment(kind: Kind, now: dt.datetime, before: Iterable[Statement]) -> dt.datetime:
    """The time that a new statement has to bear, so that it prevails over what the same person said ``before``.

    It is now, unless a clock was ahead, or the person approves anew within SKEW of a withdrawal: then it is the first
    moment that the withdrawal leaves over.
    """
    times = [other.at for other in before if other.kind is not kind]
    if kind is Kind.REVOKE:
        return max([now, *(at - SKEW for at in map(dt.datetime.fromisoformat, times) if at > now + SKEW)])
    return max([now, *(_after(at, (SKEW + _TICK).total_seconds()) for at in times)])


def _revokes(statement: Statement) -> bool:
    return statement.kind is Kind.REVOKE


def _after(at: str, seconds: float) -> dt.datetime:
    """That much later; the end of time if there is no such moment."""
    try:
        return dt.datetime.fromisoformat(at) + dt.timedelta(seconds=seconds)
    except OverflowError:
        return _LAST
