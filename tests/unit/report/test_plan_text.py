"""The plan for people: grouping, what comes next, and wording."""

from __future__ import annotations

import json

from runner.codec import to_json
from runner.model.plan import Standing
from runner.report import plan_json, plan_text_of
from tests.unit.report import story


def test_like_targets_stand_together() -> None:
    """Thirty-seven like targets make one block that names them all, not thirty-seven blocks."""
    names = [f"vm-{n:02}" for n in range(37)]
    made = plan_text_of(story.plan(*map(story.entry, names)), story.DIGEST)

    assert "on 37 targets (ssh as azureuser):" in made
    assert all(name in made for name in names)
    assert made.count("umount /data") == 1


def test_unlike_targets_stand_alone() -> None:
    """Another command, another account or an opt-out is never hidden in a group."""
    other = story.entry("vm-2", remedies=(story.remedy(actions=(story.action(commands=(story.command("id"),)),)),))
    plan = story.plan(
        story.entry("vm-1"), other, story.entry("vm-3"), story.entry("vm-4"),
        targets=(story.target("vm-1"), story.target("vm-2"), story.target("vm-3", user="root"),
                 story.target("vm-4", opt_outs=("host_key",))),
    )  # fmt: skip
    made = plan_text_of(plan, story.DIGEST)

    assert "on " not in "".join(line for line in made.splitlines() if line.startswith("  on"))
    assert made.count("umount /data") == 3


def test_next_without_a_file() -> None:
    """A plan that was not kept says how to keep it."""
    assert "give -o FILE" in plan_text_of(story.plan(story.entry("vm-1")), story.DIGEST)


def test_nothing_to_run() -> None:
    """A plan that needs nothing offers no call."""
    made = plan_text_of(story.plan(story.entry("vm-1", Standing.HEALTHY)), story.DIGEST, plan_file="p")

    assert "next: nothing to run" in made
    assert "vmfix run" not in made


def test_offline() -> None:
    """An offline plan is no plan to run."""
    entry = story.entry("vm-1", Standing.UNKNOWN, remedies=(story.remedy(applies=None),))
    made = plan_text_of(story.plan(entry, offline=True), story.DIGEST, plan_file="p")

    assert "plan again without --offline" in made
    assert "nothing was observed" in made


def test_digest() -> None:
    """The digest is there in short and in full."""
    made = plan_text_of(story.plan(story.entry("vm-1")), story.DIGEST)

    assert f"digest: {story.DIGEST[:12]} (in full: {story.DIGEST})" in made


def test_never_promises_a_backup() -> None:
    """Nothing says that the next backup will succeed."""
    made = plan_text_of(story.full_plan(), story.DIGEST)

    assert "will succeed" not in made
    assert "backup will" not in made


def test_json_is_the_plan() -> None:
    """For programs it is the plan as the codec writes it, and its digest, under a version."""
    plan = story.full_plan()

    assert json.loads(plan_json(plan, story.DIGEST)) == {
        "vmfix_plan_view": 1,
        "digest": story.DIGEST,
        "plan": to_json(plan),
    }


def test_remarks() -> None:
    """What the author says of such a target is shown with it."""
    made = plan_text_of(story.plan(story.entry("vm-1", remarks=("The path is a template.",))), story.DIGEST)

    assert "note: The path is a template." in made
