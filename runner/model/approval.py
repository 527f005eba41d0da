"""Consent: who allowed what, of which plan."""

from __future__ import annotations

from dataclasses import dataclass

from runner.model.plan import Plan


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
    how: str  # "terminal", "--approve"
    signed: bool = False
    acknowledged: frozenset[str] = frozenset()


class ApprovedPlan:
    """A plan with the consent that covers it. Only ``runner.approve.approve`` makes one; the engine takes nothing else.

    A remedy outside ``remedies`` is not run.
    """

    __slots__ = ("approvals", "digest", "plan")

    def __init__(self, plan: Plan, digest: str, approvals: tuple[Approval, ...]) -> None:
        self.plan = plan
        self.digest = digest
        self.approvals = approvals

    @property
    def remedies(self) -> frozenset[str]:
        return frozenset().union(*(a.remedies for a in self.approvals))

    @property
    def acknowledged(self) -> frozenset[str]:
        return frozenset().union(*(a.acknowledged for a in self.approvals))
