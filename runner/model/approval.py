"""Consent: who allowed what, of which plan; signed statements of it, and what they add up to under a policy."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from runner.model.plan import Plan
from runner.model.policy import Quorum

STATEMENT_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A named person's consent to remedies of one plan digest.

    ``identity`` is who; ``signed`` is False for a login or CI identity that nobody proved. ``remedies`` are ids
    ``PLAYBOOK/REMEDY``; ``acknowledged`` the manual steps (``PLAYBOOK/REMEDY/STEP``) that the person says are done.
    """

    identity: str
    digest: str
    remedies: frozenset[str]
    at: str
    how: str  # "terminal", "--approve", "signature with key SHA256:..."
    signed: bool = False
    acknowledged: frozenset[str] = frozenset()


class Kind(enum.Enum):
    """REVOKE withdraws what the same person approved of the same plan up to then; later approvals count again.

    Clocks may differ by minutes: in doubt the withdrawal wins.
    """

    APPROVE = "approve"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person signs. ``identity`` is a principal of the policy's allowed_signers; ``id`` is random.

    ``digest`` is that of the plan, ``remedies`` are ids ``PLAYBOOK/REMEDY``. Times are as ``model.times.stamp`` writes
    them. ``emergency``: the person says that windows and freezes may be passed over.
    """

    format: int
    kind: Kind
    id: str
    identity: str
    digest: str
    remedies: frozenset[str]
    at: str
    expires_at: str
    emergency: bool
    acknowledged: frozenset[str]
    note: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with the armored signature over it. Nobody has verified it yet."""

    statement: Statement
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One file that lay among the approvals of a plan.

    ``statement`` is None if it holds none. ``fault`` is why its signature does not hold; empty: it was verified, and
    ``key`` is the fingerprint of the key that made it. Nothing else makes the statement trustworthy.
    """

    source: str
    statement: Statement | None
    key: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One rule that a remedy has to meet. ``counted`` are the people (one principal for each) who count for it.

    ``rule`` is None for the emergency rule, and where no rule of the policy matches: then one approval is needed.
    """

    approvals: int
    signers: tuple[str, ...]
    counted: tuple[str, ...]
    rule: Quorum | None = None
    emergency: bool = False

    @property
    def missing(self) -> int:
        return max(self.approvals - len(self.counted), 0)

    def __str__(self) -> str:
        """In words: what is needed, who counts, what is missing."""
        what = f"{self.approvals} {'emergency ' if self.emergency else ''}approval{'' if self.approvals == 1 else 's'}"
        whose = f" by {' or '.join(self.signers)}" if self.signers else ""
        counts = f"counted: {', '.join(self.counted) or 'nobody'}"
        return f"needs {what}{whose}; {counts}" + (f"; {self.missing} missing" if self.missing else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """How far one remedy (id ``PLAYBOOK/REMEDY``) is approved. All of ``needs`` must be met.

    ``holds_until``: when the first of the approvals that are needed ends, or the plan; None while some are missing.
    """

    remedy: str
    needs: tuple[Need, ...]
    holds_until: dt.datetime | None

    @property
    def met(self) -> bool:
        return not any(need.missing for need in self.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounted:
    """Something that does not count. ``identity`` is who it says to be from, or empty; ``remedy`` empty: at all."""

    source: str
    identity: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        who = f" of {self.identity}" if self.identity else ""
        where = f" for {self.remedy}" if self.remedy else ""
        return f"{self.source}{who} does not count{where}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the approvals of a plan add up to. ``approvals`` are those that count, each with the remedies for which.

    ``remedies`` are those of the plan, in its order. ``emergency``: whether it was asked for passing windows over.
    """

    digest: str
    policy: str
    emergency: bool
    approvals: tuple[Approval, ...]
    remedies: tuple[Consented, ...]
    discounted: tuple[Discounted, ...]

    @property
    def approved(self) -> frozenset[str]:
        return frozenset(consented.remedy for consented in self.remedies if consented.met)

    def lines(self) -> list[str]:
        """Per remedy that is not approved what is missing, then all that does not count and why."""
        open_needs = [(c.remedy, need) for c in self.remedies for need in c.needs if need.missing]
        return [*(f"{remedy} {need}" for remedy, need in open_needs), *map(str, self.discounted)]


_NEVER: Mapping[str, dt.datetime] = MappingProxyType({})


class ApprovedPlan:
    """A plan with the consent that covers it. Only ``runner.approve.approve`` makes one; the engine takes nothing else.

    A remedy outside ``remedies`` is not run. ``holds_until``: until when each of them may be started; it is empty
    without a policy. ``emergency``: windows and freezes are passed over.
    """

    __slots__ = ("approvals", "digest", "emergency", "holds_until", "plan", "remedies")

    def __init__(  # noqa: PLR0913 - the last three are what a policy adds
        self,
        plan: Plan,
        digest: str,
        approvals: tuple[Approval, ...],
        *,
        remedies: frozenset[str] | None = None,
        holds_until: Mapping[str, dt.datetime] = _NEVER,
        emergency: bool = False,
    ) -> None:
        self.plan = plan
        self.digest = digest
        self.approvals = approvals
        given = frozenset[str]().union(*(a.remedies for a in approvals))
        self.remedies = given if remedies is None else remedies
        self.holds_until = holds_until
        self.emergency = emergency

    @property
    def acknowledged(self) -> frozenset[str]:
        return frozenset().union(*(a.acknowledged for a in self.approvals))
