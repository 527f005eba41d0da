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
