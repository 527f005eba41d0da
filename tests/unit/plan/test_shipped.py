"""Shipped playbooks on recorded output: what they say of it."""

from __future__ import annotations

import pytest

from runner.diagnostics import Diagnostics
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target, TransportKind
from runner.plan.entries import remarks
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
