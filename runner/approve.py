"""The one way from a plan to an approved plan; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from runner import codec
from runner.errors import NotApproved, PlanFileError, UsageError
from runner.model.approval import Approval, ApprovedPlan, Judgement
from runner.model.plan import Plan
from runner.model.times import to_the_second


def approve(
    plan: Plan, approvals: Sequence[Approval], now: dt.datetime, judgement: Judgement | None = None
) -> ApprovedPlan:
    """Join a plan with the consents to it.

    Under a policy its ``judgement`` decides, not ``approvals``: the remedies whose needs are met are approved.

    A plan with nothing to run needs no consent. Raises ``NotApproved`` if there is something to run and no consent to
    any of it, or a consent to another plan or to a remedy that is not in it; ``PlanFileError`` if the plan expired or
    was made offline.
    """
    check_plan(plan, now)
    digest = codec.digest(plan, evidence=False)
    for approval in approvals:
        _check(approval, plan, digest)
    if judgement is not None:
        return _judged(plan, digest, judgement)
    approved = ApprovedPlan(plan, digest, tuple(approvals))
    remedies = plan.remedies()
    if remedies and not approved.remedies:
        message = "nothing of this plan is approved"
        raise NotApproved(
            message, remedy=f"Look at the plan; then consent with --approve REMEDY: {', '.join(remedies)}"
        )
    return approved


def check_plan(plan: Plan, now: dt.datetime) -> None:
    """Raises ``PlanFileError`` if the plan expired or was made offline: neither can be approved or run."""
    if plan.offline:
        message = "this plan was made offline: nobody looked at the targets"
        raise PlanFileError(message, remedy="Make it again without --offline; then run that one.")
    if now >= dt.datetime.fromisoformat(plan.expires_at):
        message = f"this plan expired on {to_the_second(plan.expires_at)}"
        raise PlanFileError(message, remedy="Make a new plan: the targets may have changed since.")


def _check(approval: Approval, plan: Plan, digest: str) -> None:
    if approval.digest != digest:
        message = f"the approval of {approval.identity} is for another plan ({approval.digest[:12]}, not {digest[:12]})"
        raise NotApproved(message)
    remedies = plan.remedies()
    unknown = sorted(approval.remedies - set(remedies))
    if unknown:
        known = ", ".join(remedies) or "none"
        message = f"remedy `{unknown[0]}` is not in this plan"
        raise NotApproved(message, remedy=f"Remedies of this plan: {known}")


def _judged(plan: Plan, digest: str, judgement: Judgement) -> ApprovedPlan:
    """The plan, as far as the policy's rules are met."""
    if judgement.digest != digest:
        message = f"this judgement is of another plan ({judgement.digest[:12]}, not {digest[:12]})"
        raise NotApproved(message)
    approved = judgement.approved & set(plan.remedies())
    if plan.remedies() and not approved:
        lines = "".join(f"\n  {line}" for line in judgement.lines())
        message = f"nothing of this plan is approved as policy {judgement.policy} asks; nothing was executed{lines}"
        remedy = "Whoever may approve signs with `vmfix approve PLAN --key KEY`; then run it again."
        raise NotApproved(message, remedy=remedy)
    holds = {c.remedy: c.holds_until for c in judgement.remedies if c.remedy in approved and c.holds_until}
    return ApprovedPlan(
        plan,
        digest,
        tuple(a for a in judgement.approvals if a.remedies & approved),
        remedies=approved,
        holds_until=holds,
        emergency=judgement.emergency,
    )


def full_ids(plan: Plan, remedy: str) -> tuple[str, ...]:
    """The ids ``PLAYBOOK/REMEDY`` that a word means: itself, or every playbook's remedy of that name; ``all`` is all.

    Raises ``UsageError`` if the plan has none such.
    """
    known = plan.remedies()
    if remedy == "all":
        return known
    found = tuple(full for full in known if remedy in (full, full.split("/", 1)[1]))
    if not found:
        message = f"remedy `{remedy}` is not in this plan, or not needed"
        raise UsageError(message, remedy=f"Remedies of this plan: {', '.join(known) or 'none'}")
    return found
