"""Shipped playbooks on recorded output: what they say of it."""

from __future__ import annotations

import re
import subprocess

import pytest

from runner.diagnostics import Diagnostics
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target, TransportKind
from runner.plan.entries import Subject, plan_offline, remarks
from runner.plan.facts import observe_facts
from runner.shelf import load_library
from tests.unit.steps import driving
from tests.unit.steps.powershell import sound

LIMIT = (
    "2026/01/05 03:00:01.000001 T:S freeze, timeout value 60\n"
    "2026/01/05 03:00:09.000001 IsSuccessful:False, SnapshotUri:None, "
    "ErrorMessage:The snapshot count against this blob has been exceeded.\n"
)
DEAD_KEY = "[SnapshotThread]\nisanysnapshotfailed = True\n"
CONFIRMED = "The extension's log confirms it; its last attempt ran into the limit."
NOT_CONFIRMED = "The extension's last attempt, as far as its log tells, did not run into the limit."


def said(playbook: str, outputs: dict[str, CommandResult]) -> tuple[str, ...]:
    """The remarks of a shipped playbook, where commands that read these files print this."""
    found = next(one for one in load_library((), Diagnostics()).playbooks if one.id == playbook)
    target = Target(name="a", address="a", transport=TransportKind.FAKE, platform=Platform.LINUX)

    def answer(command: Command) -> CommandResult:
        return next(result for name, result in outputs.items() if command.argv[-1].endswith(name))

    return remarks(found, driving.Target(answer).observe(observe_facts(found, target, {})))


@pytest.mark.parametrize(
    ("log", "conf", "words"),
    [
        (driving.result(LIMIT), driving.result(DEAD_KEY), [CONFIRMED, "isanysnapshotfailed is set to True."]),
        (driving.result(LIMIT), driving.result(code=1), [CONFIRMED]),
        (driving.result(code=1), driving.result("[SnapshotThread]\ntimeout = 60\n"), [NOT_CONFIRMED]),
        (driving.result(code=1), driving.result("timeout = 60\n"), [NOT_CONFIRMED, "has no effect"]),
    ],
    ids=["limit and dead key", "limit", "no log", "broken file"],
)
def test_snapshot_limit(log: CommandResult, conf: CommandResult, words: list[str]) -> None:
    """Every remark has a value, whatever the target's files hold."""
    found = said("snapshot-limit-reached", {"extension.log": log, "vmbackup.conf": conf})

    assert len(found) == len(words)
    for sentence, word in zip(found, words, strict=True):
        assert word in sentence


def test_scripts_for_windows_are_powershell() -> None:
    """No test runs them, so at least their syntax is right, whatever stands in their values."""
    scripts = [
        Command(dialect=Dialect.POWERSHELL, script=observation.script, argv=("'; x",))
        for playbook in load_library((), Diagnostics()).playbooks
        for observation in playbook.observe
        if playbook.platform is Platform.WINDOWS and observation.script
    ]

    assert [command.script for command in scripts if not sound(command)] == []


_AZURE_ID = "/subscriptions/1/resourceGroups/web(prod)/providers/Microsoft.Compute/virtualMachines/vm-1"


def az_lines(text: str) -> list[str]:
    """The calls of az that a person is to paste."""
    return [line.strip() for line in text.splitlines() if line.strip().startswith("az ")]


def test_calls_of_az_can_be_pasted_whatever_the_names() -> None:
    """A resource group may have brackets in its name, which a shell takes for its own."""
    seen = 0
    for playbook in load_library((), Diagnostics()).playbooks:
        if not playbook.is_guide:
            continue
        target = Target(
            name="a",
            address="a",
            transport=TransportKind.FAKE,
            platform=playbook.platform or Platform.LINUX,
            azure_id=_AZURE_ID,
            vars={"vault": "v", "vault_group": "backup (all)"},
        )
        params = {one.name: f"{one.name} (x)" if one.required else one.default for one in playbook.params}
        for remedy in plan_offline(Subject(playbook, target, params)).remedies:
            for line in az_lines(remedy.manual):
                assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0, line
                seen += "'web(prod)'" in line
    assert seen > 30


def test_every_value_in_a_call_of_az_is_quoted() -> None:
    """Also in texts that need a look at the target first. What stands in a query has its quotes already."""
    values = [
        (line, line[: match.start()], match[1])
        for playbook in load_library((), Diagnostics()).playbooks
        for remedy in playbook.remedies
        for line in az_lines(remedy.manual)
        for match in re.finditer(r"\{\{ (.*?) \}\}", line)
    ]

    assert len(values) > 500
    assert [
        line for line, before, value in values if not value.endswith("| quote") and not before.endswith("=='")
    ] == []
