"""Where a remedy of a plan may run: what the end of the plan and the question count."""

from __future__ import annotations

from runner.model.plan import Outcome
from runner.report.plan_text import render
from runner.report.rungs import rungs_of
from tests.unit.report import story


def test_a_remedy_is_counted_where_it_can_run() -> None:
    """Apart stand where another comes first, or something is in its way; nowhere, where it has nothing to do."""
    busy = story.remedy(actions=(story.action(outcome=Outcome.REFUSED, evidence="process 7 keeps it busy"),))
    plan = story.plan(
        story.entry("may"),
        story.entry("later", remedies=(story.remedy(applies=False),)),
        story.entry("held", remedies=(busy,)),
        story.entry("idle", remedies=(story.remedy(applies=False, actions=()),)),
        story.entry("second", remedies=(story.remedy("first"), story.remedy())),
        left_out=(),
    )

    rungs = rungs_of(plan, "fs-freeze-failed/repair")

    assert [entry.target for entry, _ in rungs.may] == ["may"]
    assert [entry.target for entry, _ in rungs.later] == ["later", "second"]
    assert [(why, entry.target) for why, (entry, _) in rungs.held] == [("process 7 keeps it busy", "held")]
    said = "may run on 1 target; cannot run now on 1 target; may come to be needed on 2 targets"
    assert f"fs-freeze-failed/repair: {said}" in render(plan, story.DIGEST)
