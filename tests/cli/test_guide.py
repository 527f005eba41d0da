"""A guide: what people have to do about a target, without a word to the target itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk

GUIDE = """\
vmfix: 1
playbook: ask-for-quota
title: The quota is used up
platform: any
solves: [QuotaUsedUp]
remedies:
  - id: quota
    title: Ask for more
    manual: |
      Ask for more of it:

      az vm show -g {{ target.resource_group or "RESOURCE_GROUP" }} -n {{ target.vm or target.name }}
"""
INVENTORY = """\
vmfix: 1
targets:
  off:
    address: 192.0.2.1
    transport: ssh
    user: nobody
    azure_id: "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/RG1/providers/\\
      Microsoft.Compute/virtualMachines/VM1"
  plain: {address: 192.0.2.2, transport: ssh, user: nobody}
"""


@pytest.fixture
def words(desk: Desk) -> tuple[object, ...]:
    """Two machines that nobody can reach."""
    book: Path = desk.write("guide.yml", GUIDE)
    return (book, "-i", desk.write("off.yml", INVENTORY))


def test_a_guide_needs_no_connection(desk: Desk, words: tuple[object, ...]) -> None:
    """Names come from the inventory; what it does not know is seen to be missing."""
    done = desk.vmfix("run", *words)

    assert done.code == 5
    assert "unreachable" not in done.out
    assert "az vm show -g RG1 -n VM1" in done.out
    assert "az vm show -g RESOURCE_GROUP -n plain" in done.out
    assert "say so with --acknowledge ask-for-quota/quota" in done.out


def test_what_a_person_did_is_acknowledged_in_the_run_and_in_the_report(desk: Desk, words: tuple[object, ...]) -> None:
    """By whom, and for which remedy; an unknown word is refused."""
    done = desk.vmfix("run", *words, "--acknowledge", "ask-for-quota/quota")

    assert done.code == 0, done.err
    assert "a person says that it is done" in done.out
    assert "said to be done: ask-for-quota/quota" in done.out
    assert desk.vmfix("run", *words, "--acknowledge", "ask-for-quota/other").code == 2


LONG = 'az vm show --query "[].{name:name}" ' + "--really-long-option value " * 6


@pytest.fixture
def long_words(desk: Desk) -> tuple[object, ...]:
    """A guide whose command is longer than any line, in a list."""
    asked = f"1. Ask\n           for more:\n             {LONG}-n x\n"
    text = GUIDE.replace("Ask for more of it:\n\n", asked)
    return (desk.write("long.yml", text), "-i", desk.write("off.yml", INVENTORY), "-t", "off")


def test_a_command_to_be_copied_is_the_same_in_every_output(desk: Desk, long_words: tuple[object, ...]) -> None:
    """Plan, show, report, Markdown and JUnit have it in one line, letter by letter."""
    wanted = f"{LONG}-n x"
    markdown, junit = desk.folder / "r.md", desk.folder / "r.xml"
    done = desk.vmfix("run", *long_words, "--markdown", markdown, "--junit", junit)
    outputs = {
        "plan": desk.vmfix("plan", *long_words).out,
        "show": desk.vmfix("show", long_words[0]).out,
        "report": done.out.partition("what to do next")[2],
        "markdown": markdown.read_text(encoding="utf-8"),
    }
    for name, text in outputs.items():
        assert wanted in [line.strip() for line in text.splitlines()], name
    assert wanted.replace('"', "&quot;") in junit.read_text(encoding="utf-8") or wanted in junit.read_text("utf-8")
    assert "| see below |" in outputs["markdown"]


def test_what_the_inventory_does_not_tell_is_said_in_words(desk: Desk, words: tuple[object, ...]) -> None:
    """Above the text, by the words that stand for it, in plan and report; and not where it is told."""
    for done in (desk.vmfix("plan", *words), desk.vmfix("run", *words)):
        said = " ".join(done.out.split())
        assert "Not filled in below: RESOURCE_GROUP. The inventory does not say which VM of Azure plain is." in said
        assert "of Azure off is" not in said


def test_an_offline_plan_fills_in_what_the_inventory_knows(desk: Desk, words: tuple[object, ...]) -> None:
    """As a plan does; a guide needs no look at the target."""
    done = desk.vmfix("plan", *words, "--offline")

    assert "az vm show -g RG1 -n VM1" in done.out
    assert "{{" not in done.out


def test_show_has_placeholders_and_both_platforms_where_they_differ(desk: Desk) -> None:
    """No template where a person wants to read; one that depends on a target's own variables stays as it is."""
    more = "\n      {{ 'net' if target.platform == 'windows' else 'systemctl' }} stop it\n"
    plain, both = desk.write("a.yml", GUIDE), desk.write("b.yml", GUIDE.rstrip("\n") + more)
    own = desk.write("c.yml", GUIDE.replace("target.resource_group or", "target.vars.group or"))

    assert "az vm show -g RESOURCE_GROUP -n TARGET\n" in desk.vmfix("show", plain).out
    shown = desk.vmfix("show", both).out
    linux, windows = shown.index("a person does this on linux:"), shown.index("a person does this on windows:")
    assert linux < shown.index("systemctl stop it") < windows < shown.index("net stop it")
    assert '-g {{ target.vars.group or "RESOURCE_GROUP" }}' in desk.vmfix("show", own).out
