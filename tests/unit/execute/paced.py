"""A world of many targets with labels and groups, run at a pace."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runner import codec
from runner.approve import approve
from runner.execute import engine
from runner.execute.pace import Pace, no_hold
from runner.execute.verdict import Verdict
from runner.govern.gatekeeper import Hold
from runner.model.approval import Approval, ApprovedPlan
from runner.model.event import EventKind
from runner.model.inventory import Target
from runner.model.plan import Plan
from runner.model.times import stamp
from tests.unit.execute.world import SIMPLE, Machine, World, load


def restarting(risk: str = "service-restart") -> str:
    """A playbook whose remedy has this risk."""
    return SIMPLE.replace("risk: [config]", f"risk: [{risk}]")


@dataclass
class Paced(World):
    """Targets ``t00``, ``t01``, ... in need of the remedy ``mend``; ``labels`` and ``groups`` by target."""

    labels: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, count: int, labels: Sequence[Mapping[str, object]] = ()) -> Paced:
        names = [f"t{number:02}" for number in range(count)]
        machines = {name: Machine({"state": "bad"}) for name in names}
        return cls(load(text), machines, labels=dict(zip(names, labels, strict=False)))

    def machine(self, name: str) -> Machine:
        found = self.machines[name]
        assert isinstance(found, Machine)
        return found

    def target(self, name: str) -> Target:
        known = super().target(name)
        return dataclasses.replace(known, vars=self.labels.get(name, {}), groups=self.groups.get(name, ()))

    def approved(self, plan: Plan | None = None, remedies: tuple[str, ...] = ("demo/mend",)) -> ApprovedPlan:
        plan = plan or self.plan()
        digest, at = codec.digest(plan, evidence=False), stamp(self.clock.now())
        consent = Approval(identity="t", digest=digest, remedies=frozenset(remedies), at=at, how="test")
        return approve(plan, [consent], self.clock.now())

    def go(  # noqa: PLR0913 - as engine.run
        self,
        pace: Pace,
        *,
        plan: Plan | None = None,
        concurrency: int = 4,
        just_observed: bool = True,
        holds: Callable[[str], Hold | None] = no_hold,
        stop_asked: Callable[[], str | None] = engine.never,
    ) -> dict[str, Verdict]:
        """Verdicts by target."""
        verdicts = engine.run(
            self.approved(plan),
            self.subjects,
            self.tools(),
            concurrency=concurrency,
            just_observed=just_observed,
            pace=pace,
            holds=holds,
            stop_asked=stop_asked,
        )
        return {key.split("@")[1]: verdict for key, verdict in verdicts.items()}

    @property
    def notes(self) -> list[str]:
        """What was noted of the run as a whole."""
        return [str(event.data["text"]) for event in self.of_kind(EventKind.NOTE) if not event.entry]

    @property
    def touched(self) -> list[str]:
        """The targets to which a changing command was sent."""
        return [name for name in self.machines if isinstance(m := self.machines[name], Machine) and m.changes]
