"""Consent is for what a plan can really run, and every selected target is accounted for."""

from __future__ import annotations

import json
import shlex
import xml.etree.ElementTree as ET

import pytest

from tests.cli.desk import Desk, Done, Terminals

INVENTORY = """\
vmfix: 1
defaults: {transport: local}
targets:
  one: {address: localhost, vars: {busy: [db]}}
  two: {address: localhost, vars: {busy: []}}
  win: {transport: winrm, platform: windows, address: 192.0.2.1}
"""

BOOK = """\
vmfix: 1
playbook: held-up
title: Something holds it up
platform: linux
solves: [UserErrorHeldUp]
source: https://example.com/held-up
params:
  dir: {{type: str, default: {folder}, help: Where the flag stands.}}
observe:
  flag:
    command: [sh, -c, 'cat "$0/flag" 2>/dev/null; exit 0', "{{{{ dir }}}}"]
    why_read_only: It only reads a file.
    elevated: false
healthy: flag == "up"
remedies:
  - id: skip
    risk: [config]
    when: target.vars.busy | length > 0
    steps:
      - id: leave
        for_each: target.vars.busy
        shell: {{script: ":", args: ["{{{{ item }}}}"], elevated: false}}
  - id: raise
    risk: [config]
    steps:
      - id: write
        shell: {{script: 'printf %s up >"$1/flag"', args: ["{{{{ dir }}}}"], elevated: false}}
"""


@pytest.fixture
def held(desk: Desk) -> Desk:
    """Two targets here, `skip` has something to do on one of them; and one of another platform."""
    desk.inventory.write_text(INVENTORY)
    desk.book.write_text(BOOK.format(folder=desk.flags))
    return desk


def test_the_question_names_the_targets_on_which_the_remedy_can_run(held: Desk, terminal: Terminals) -> None:
    """One for which nothing is planned is not counted; one on which another remedy comes first is counted apart."""
    person = terminal("run", held.book, "-i", held.inventory)
    person.expect("Run held-up/skip on 1 target? [y/N]")
    assert "only if it is needed after" not in person.seen
    person.type("n\n")
    person.expect("Run held-up/raise on 1 target, and on 1 more should it come to be needed? [y/N]")
    person.type("n\n")
    assert person.end() == 4


def test_a_named_remedy_without_commands_in_a_saved_plan_is_refused(held: Desk) -> None:
    """At once, for the consent would have no effect; `all` and what is needed on some targets are fine."""
    path = held.folder / "plan.json"
    assert held.work("plan", "-t", "two", "-o", path).code == 0
    words = ("run", held.book, "--plan", path, "-i", held.inventory)

    done = held.vmfix(*words, "--approve", "raise", "--approve", "held-up/skip")
    assert done.code == 4
    assert "this plan holds no commands for `held-up/skip`, so approving it has no effect" in done.err
    assert not held.flag.exists()

    assert held.vmfix(*words, "--approve", "all").code == 0


def test_a_named_remedy_without_commands_in_a_new_plan_is_a_warning(held: Desk) -> None:
    """Consent in advance is for what may be needed."""
    done = held.work("run", "-t", "two", "--approve", "raise", "--approve", "skip")
    assert done.code == 0
    assert "warning: this plan holds no commands for `held-up/skip`" in done.err


def test_what_the_next_remedy_needs_is_in_no_plan_so_the_advice_is_a_new_plan(held: Desk) -> None:
    """Approving it would lead nowhere."""
    path = held.folder / "plan.json"
    held.book.write_text(held.book.read_text().replace("when: target.vars.busy | length > 0", 'when: flag == "half"'))
    assert held.work("plan", "-t", "two", "-o", path).code == 0
    held.flag.write_text("half")

    done = held.vmfix("run", held.book, "--plan", path, "-i", held.inventory, "--approve", "raise")
    assert done.code == 4
    said = " ".join(done.out.split())
    assert "now `skip` would apply, and the plan holds no commands for it" in said
    assert "Make a new plan" in said
    assert "--approve held-up/skip" not in said


def test_all_of_nothing_is_no_slip(desk: Desk) -> None:
    """Where only a person can act, or the target cannot be looked at, `all` runs nothing and the report says why."""
    text = desk.book.read_text()
    desk.book.write_text(text[: text.index("  - id: raise")] + text[text.index("  - id: by-hand") :])
    done = desk.work("run", "--approve", "all")
    assert done.code == 5
    assert "Raise it by hand." in done.out

    desk.book.write_text(text.replace("exit 0", "exit 3"))
    done = desk.work("run", "--approve", "all")
    assert done.code == 5
    assert "exit" in done.out


def test_a_selected_target_of_another_platform_is_accounted_for(held: Desk) -> None:
    """In the plan and in every report, with the reason."""
    left_out = "left out: win (windows; held-up is for linux)"
    assert left_out in held.work("plan", "--expect", "3").out
    shown = held.work("plan", "--json").data["plan"]["left_out"]
    assert shown == [{"target": "win", "reason": "windows; held-up is for linux"}]

    junit, markdown = held.folder / "junit.xml", held.folder / "report.md"
    done = held.work("run", "--approve", "all", "--junit", junit, "--markdown", markdown)
    assert done.code == 0
    assert done.out.count(left_out) == 2
    assert "Left out: win (windows; held-up is for linux)" in markdown.read_text()
    suites = ET.parse(junit).getroot()  # noqa: S314 - we have just written it
    assert [case.get("name") for case in suites.iter("testcase") if case.find("skipped") is not None] == ["win"]
    assert held.vmfix("report", "--json").data["left_out"] == shown


def test_the_targets_of_a_plan_that_the_inventory_lacks_are_named(held: Desk) -> None:
    """Nothing is said of platforms or patterns."""
    path = held.folder / "plan.json"
    assert held.work("plan", "-o", path).code == 0
    other = held.write("other.yml", "vmfix: 1\ntargets:\n  x: {transport: local}\n")
    done = held.vmfix("run", held.book, "--plan", path, "-i", other, "--approve", "all")
    assert done.code == 4
    assert "does not have the plan's target `one`, `two`" in done.err


def hinted(done: Done) -> list[str]:
    """The words of the call at the end of a plan, without the program."""
    line = next(line for line in done.out.splitlines() if line.startswith("    vmfix run "))
    return shlex.split(line)[1:]


@pytest.mark.parametrize("again", [[], ["-o", "again.json"]])
def test_the_call_at_the_end_of_a_dry_run_works_as_it_stands(held: Desk, again: list[str]) -> None:
    """Of a new plan, saved or not; also with the number of targets that was expected."""
    words = [str(held.folder / word) if word.endswith(".json") else word for word in again]
    done = held.vmfix(*hinted(held.work("run", "--dry-run", "--expect", "3", *words)))
    assert done.code == 0, done.err
    assert held.flag.read_text() == "up"


def test_the_call_at_the_end_of_a_saved_plans_dry_run_works_as_it_stands(held: Desk) -> None:
    """It names the plan."""
    path = held.folder / "plan.json"
    assert held.work("plan", "-t", "two", "-o", path).code == 0
    digest = json.loads(path.read_text())["digest"]
    words = hinted(held.vmfix("run", held.book, "--plan", path, "-i", held.inventory, "--dry-run"))
    done = held.vmfix(*words, "--json")
    assert done.code == 0, done.err
    assert done.data["digest"] == digest
