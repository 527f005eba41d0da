"""How an entry ended: its one status, and what else is to be said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.errors import CredentialError, ElevationFailed, HostIdentityError, TransportError, VmfixError
from runner.execute.outcome import Ended
from runner.model.debt import Debt
from runner.model.event import Status
from runner.model.plan import Standing


@dataclass(frozen=True, slots=True)
class Verdict:
    """The final word on an entry. ``owed`` is what the target was left without; ``ends_ladder`` as of its remedy."""

    status: Status
    reason: str
    advice: str = ""
    remedy: str = ""
    changed: bool = False
    owed: tuple[Debt, ...] = ()
    ends_ladder: bool = False

    @property
    def bars_others(self) -> bool:
        """Whether no other playbook of the run may touch the target: something may be at work there, or was lost."""
        return self.ends_ladder or self.status is Status.INDETERMINATE


STANDING_STATUS = {
    Standing.HEALTHY: Status.HEALTHY,
    Standing.AWAITING: Status.APPLIED,
    Standing.REFUSED: Status.REFUSED,
    Standing.UNREACHABLE: Status.UNREACHABLE,
    Standing.FAILED: Status.FAILED,
}
"""What a standing other than PLANNED means when nothing is left to be done about it."""


def standing_after(problem: VmfixError) -> Standing:
    """What it means for a target that looking at it failed like this."""
    if isinstance(problem, (HostIdentityError, ElevationFailed, CredentialError)):
        return Standing.REFUSED
    if isinstance(problem, TransportError):
        return Standing.UNREACHABLE
    return Standing.FAILED


ENDED_STATUS = {
    Ended.HEALTHY: Status.FIXED,
    Ended.APPLIED: Status.APPLIED,
    Ended.NEEDS_PERSON: Status.NEEDS_PERSON,
    Ended.INDETERMINATE: Status.INDETERMINATE,
    Ended.FAILED: Status.FAILED,
    Ended.NOT_HEALTHY: Status.NOT_FIXED,
}


def owing(verdict: Verdict, owed: tuple[Debt, ...]) -> Verdict:
    """The verdict on a target that was left without something: then it is not in order, whatever else was seen."""
    if not verdict.status.in_order:
        return replace(verdict, owed=owed)
    text = f"{verdict.reason}; but something that ran or was mounted before was not brought back"
    return replace(verdict, status=Status.FAILED, reason=text, owed=owed)
