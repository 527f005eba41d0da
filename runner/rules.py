"""By which rules a run goes: those of the policy that holds here, joined with what the call asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.errors import Refused, UsageError, VmfixError
from runner.execute.pace import Pace
from runner.govern.schedule import Schedule
from runner.model.fields import format_duration
from runner.model.plan import Plan, Standing
from runner.model.policy import Amount, Policy, Waves
from runner.policies import schedule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``schedule`` None: at any time. ``wait``: for its window, rather than refusing what comes too early.

    ``emergency``: why windows and freezes are passed over; empty: they are not. ``changed``: see ``Gatekeeper``.
    """

    policy: Policy | None = None
    schedule: Schedule | None = None
    pace: Pace = field(default_factory=Pace)
    wait: bool = False
    emergency: str = ""
    changed: Callable[[], str] = lambda: ""

    def lines(self) -> list[str]:
        """At which pace it goes, for the record."""
        said = []
        if self.pace.waves is not None:
            sizes = ", ".join(map(str, self.pace.waves.sizes))
            said.append(f"in waves of up to {sizes}, {format_duration(self.pace.waves.pause)} apart")
        if self.pace.budget is not None:
            said.append(f"at most {self.pace.budget} targets may end badly")
        return said


class Watch:
    """Says whether policy and approvals are still as they were; looks again after ``_FRESH`` seconds, not before.

    May be asked from any thread. ``look`` says what changed, or nothing, and may raise ``VmfixError``: then nobody can
    tell, and nothing new starts.
    """

    def __init__(self, look: Callable[[], str], monotonic: Callable[[], float]) -> None:
        self._look = look
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._said = ""
        self._fresh_until = monotonic() + _FRESH

    def __call__(self) -> str:
        with self._lock:
            if not self._said and self._monotonic() >= self._fresh_until:
                try:
                    self._said = self._look()
                except VmfixError as problem:
                    self._said = f"policy and approvals could not be looked at again: {problem.message}"
                self._fresh_until = self._monotonic() + _FRESH
            return self._said


_FRESH = 5.0


def join(
    policy: Policy | None, *, waves: Waves | None, budget: Amount | None, wait: bool, emergency: str = ""
) -> Rules:
    """Raises ``UsageError`` for words that need a policy, or that the policy has decided already."""
    if policy is None:
        if emergency:
            raise UsageError("--emergency passes over windows, and no policy has any here", remedy="Leave it out.")
        return Rules(pace=Pace(waves=waves, budget=budget), wait=wait)
    for option, asked, decided in (("--waves", waves, policy.waves), ("--budget", budget, policy.budget)):
        if asked is not None and decided is not None:
            raise UsageError(f"{option} is decided by policy {policy.name} already", remedy=f"Leave {option} out.")
    return Rules(
        policy=policy,
        schedule=None if emergency else schedule_of(policy),
        pace=Pace(limits=policy.limits, waves=policy.waves or waves, budget=policy.budget or budget),
        wait=wait,
        emergency=emergency,
    )


def refuse_too_many(plan: Plan, policy: Policy) -> None:
    """Raises ``Refused`` if the plan would work on more targets at all than the policy lets one plan."""
    if policy.most_targets is None:
        return
    targets = {entry.target for entry in plan.entries}
    planned = {entry.target for entry in plan.entries if entry.standing is Standing.PLANNED}
    most = policy.most_targets.of(len(targets))
    if len(planned) > most:
        message = f"this plan would work on {len(planned)} targets, and policy {policy.name} lets one plan have {most}"
        raise Refused(message, remedy="Select fewer with -t, in several plans. Nothing was executed.")
