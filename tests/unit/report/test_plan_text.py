"""The plan for people: grouping, what comes next, and wording."""

from __future__ import annotations

import json

from runner.codec import to_json
from runner.model.command import Command, Dialect
from runner.model.plan import Outcome, Standing
from runner.report.json_view import plan_json
from runner.report.plan_end import NextStep
from runner.report.plan_text import render as plan_text_of
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


def test_next_call() -> None:
    """What to type next is what the caller says; where it goes without saying, nothing is said."""
    plan = story.plan(story.entry("vm-1"))

    assert "    vmfix run x -i y\n" in plan_text_of(plan, story.DIGEST, next_step=NextStep(run="vmfix run x -i y"))
    assert "next:" not in plan_text_of(plan, story.DIGEST)


def test_nothing_to_run() -> None:
    """A plan that needs nothing offers no call."""
    plan = story.plan(story.entry("vm-1", Standing.HEALTHY))
    made = plan_text_of(plan, story.DIGEST, next_step=NextStep(run="vmfix run p"))

    assert "next: nothing to run" in made
    assert "vmfix run" not in made


def test_offline() -> None:
    """An offline plan is no plan to run."""
    entry = story.entry("vm-1", Standing.UNKNOWN, remedies=(story.remedy(applies=None),))
    made = plan_text_of(story.plan(entry, offline=True), story.DIGEST, next_step=NextStep(run="vmfix run p"))

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


def _sh(script: str, *values: str) -> Command:
    return Command(dialect=Dialect.SH, script=script, argv=values)


def test_each_script_once() -> None:
    """A script stands in full at the end, under the letter that stands for it wherever it would run."""
    first, second = _sh("set -eu\ncat\n", "/a"), _sh("set -eu\ncat\n", "/b")
    actions = (story.action("a", commands=(first,)), story.action("b", commands=(second, _sh("rm x\n"))))
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(story.remedy(actions=actions),))), story.DIGEST)

    assert "runs: script A, with values: /a  # as root" in made
    assert "runs: script A, with values: /b  # as root" in made
    assert "runs: script B  # as root" in made
    assert (made.count("| cat"), made.count("| rm x")) == (1, 1)
    assert "  script A (sh, 2 lines)\n    | set -eu\n    | cat\n  script B (sh, 1 line)\n    | rm x\n" in made


def test_many_scripts() -> None:
    """After Z comes AA."""
    actions = tuple(story.action(f"a{n}", commands=(_sh(f"echo {n}"),)) for n in range(28))
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(story.remedy(actions=actions),))), story.DIGEST)

    assert "  script Z (sh, 1 line)\n    | echo 25\n  script AA (sh, 1 line)\n    | echo 26\n  script AB" in made


def test_no_decisions() -> None:
    """The values of expressions are for programs; people have what the author says of them."""
    made = plan_text_of(story.plan(story.entry("vm-1", decisions={"guilty": ["/data"]})), story.DIGEST)

    assert "guilty" not in made


def test_not_now() -> None:
    """A rung that does not apply now says so before its title, which must not read like a finding, and why.

    A text for a person that is not meant now is not shown.
    """
    asked = {"manual": "Call {{ somebody }}.", "condition": "doubled and\n big", "values": "doubled is empty"}
    rung = story.remedy("ask", applies=False, actions=(), approval="", **asked)
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(rung,))), story.DIGEST)

    assert (
        "    1. ask (not now; by a person): Check and repair the file system\n"
        "        only if: doubled and big (it does not hold now: doubled is empty)\n\n"
    ) in made
    assert "somebody" not in made


def test_not_now_but_planned() -> None:
    """What may be sent for a rung is shown even if it does not apply now; what else is known of it is left out."""
    action = story.action(evidence="it is mounted", undo=(story.command("mount", "/data"),))
    rung = story.remedy(title="Mend it", condition="busy", applies=False, actions=(action,))
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(rung,))), story.DIGEST)

    assert "1. repair (not now): Mend it [risk: data, service-restart; takes at most 30m]" in made
    assert "only if: busy (it does not hold now)" in made
    assert "      unmount (Unmount it): would change\n          runs: umount /data  # as root\n\n" in made
    assert "repair: may come to be needed on 1 target" in made


def test_blocked() -> None:
    """A remedy whose first action of any effect is refused is said to be so, and why, at the end."""
    why = "/data is busy: tail (pid 4711, root)"
    actions = (
        story.action("none", outcome=Outcome.NO_CHANGE, commands=()),
        story.action(outcome=Outcome.REFUSED, commands=(), evidence=why),
        story.action("later"),
    )
    held = [story.entry(f"vm-{n}", remedies=(story.remedy(actions=actions),)) for n in range(7)]
    made = plan_text_of(story.plan(story.entry("fine"), *held), story.DIGEST)

    assert "fs-freeze-failed/repair: may run on 1 target; cannot run now on 7 targets" in made
    assert f"    vm-0, vm-1, vm-2, vm-3, vm-4 and 2 more: cannot run now: {why}\n" in made
    assert "1. repair (cannot run now): Check and repair the file system [" in made


def test_evidence_is_one_paragraph() -> None:
    """What a target says cannot look like lines of ours."""
    action = story.action(evidence="it is mounted\n          runs: rm /data\n", title="")
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(story.remedy(actions=(action,)),))), story.DIGEST)

    assert "      unmount: would change: it is mounted runs: rm /data\n" in made


def test_undo() -> None:
    """One short line says whether and how; a command that would not be there to undo says nothing."""
    undo = (story.command("mount", "/data", at_most=5.0), _sh("mv a b", "x"))
    actions = (
        story.action("a", undo=undo),
        story.action("b"),
        story.action("c", can_undo=True),
        story.action("d", commands=()),
    )
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(story.remedy(actions=actions),))), story.DIGEST)
    said = [line.strip() for line in made.splitlines() if "undone" in line]

    assert said == [
        "can be undone: yes: mount /data; script A",
        "can be undone: no",
        "can be undone: yes; how is known only when the step runs",
    ]


def test_manual() -> None:
    """An author's lines are joined; paragraphs, lists and indented commands stay."""
    text = "Ask for help\nnow.\n\n\n\n- Say which file\n  system.\n- Wait.\n\nThen:\n    mount /data\nand go on.\n"
    rung = story.remedy("ask", title="Ask", risk=(), approval="", takes=None, manual=text, actions=())
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(rung,))), story.DIGEST)

    assert (
        "    1. ask (by a person): Ask\n        Ask for help now.\n\n"
        "        - Say which file system.\n        - Wait.\n\n"
        "        Then:\n            mount /data\n        and go on.\n"
    ) in made


def test_last_rung_by_a_person() -> None:
    """What is left to a person is for when the rungs before it did not help."""
    rungs = (story.remedy(), story.remedy("ask", manual="Ask.", actions=()))
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=rungs)), story.DIGEST)

    assert "    2. ask (only if nothing before it helped; by a person): Check" in made


def test_a_rung_that_may_come_to_be_needed() -> None:
    """By what the rungs before it do; a person's is never offered, so nothing is said of that."""
    later = story.remedy("later", condition="busy", applies=False)
    asked = story.remedy("ask", manual="Ask.", condition="odd", applies=False, actions=())
    made = plan_text_of(story.plan(story.entry("vm-1", remedies=(story.remedy(), later, asked))), story.DIGEST)

    assert "    2. later (not now, perhaps after what comes before it): Check" in made
    assert "    3. ask (not now; by a person): Check" in made
