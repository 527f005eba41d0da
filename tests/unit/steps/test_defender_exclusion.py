"""The step `defender_exclusion`, on made-up output and on the words that Defender is known to say."""

from __future__ import annotations

import json

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.defender_exclusion import DefenderExclusion, DefenderExclusionArgs, DefenderSeen
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result
from tests.unit.steps.powershell import sound

STEP = DefenderExclusion()
PLUGIN = "C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot"
LOGS = "C:\\WindowsAzure\\Logs\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot"
NOT_ELEVATED = "N/A: Must be an administrator to view exclusions"


def arguments(*paths: str) -> DefenderExclusionArgs:
    """Arguments of the step."""
    return render_args(STEP, {"paths": list(paths or (PLUGIN, LOGS))}, {})


def shown(*exclusions: str, **more: object) -> str:
    """What the script prints: a Defender that is at work, unless told otherwise."""
    usual = {"present": True, "running": True, "administrator": True, "mode": "Normal", "tamper_protected": False}
    return json.dumps({**usual, "policy": False, "exclusions": exclusions, **more}) + "\r\n"


def seen(*exclusions: str, **more: object) -> DefenderSeen:
    """What the step sees of it."""
    return Target([result(shown(*exclusions, **more))]).observe(STEP.observe(arguments()))


def test_the_look_is_sound() -> None:
    """One script without values."""
    target = Target([result(shown())])
    target.observe(STEP.observe(arguments()))

    assert sound(target.asked[0])
    assert target.asked[0].argv == ()


@pytest.mark.parametrize(
    "exclusions",
    [
        (PLUGIN, LOGS),
        (PLUGIN.lower(), f"{LOGS}\\", "D:\\SQL"),
        ("C:\\Packages\\", LOGS),
    ],
    ids=["both", "other spelling", "a folder above"],
)
def test_what_is_excluded_already_is_left_alone(exclusions: tuple[str, ...]) -> None:
    """Also where Tamper Protection or a policy governs: somebody has seen to it."""
    for more in ({}, {"tamper_protected": True}, {"policy": True}):
        state = seen(*exclusions, **more)
        assert STEP.decide(arguments(), state).outcome is Outcome.NO_CHANGE
        assert STEP.bound(arguments(), state) == ()


@pytest.mark.parametrize(
    ("exclusions", "missing"),
    [
        ((), (PLUGIN, LOGS)),
        ((LOGS,), (PLUGIN,)),
        ((f"{PLUGIN}\\1.0.9170.0", f"{PLUGIN}Linux", "C:\\WindowsAzure\\*"), (PLUGIN, LOGS)),
    ],
    ids=["none", "one", "less, beside and a wildcard"],
)
def test_only_what_is_missing_is_added(exclusions: tuple[str, ...], missing: tuple[str, ...]) -> None:
    """And the undo takes away only that."""
    state = seen(*exclusions)
    decision = STEP.decide(arguments(), state)

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert [command.argv for command in decision.commands] == [(path,) for path in missing]
    assert [command.argv for command in decision.undo] == [(path,) for path in missing]
    assert all("Add-MpPreference" in command.script for command in decision.commands)
    assert all("Remove-MpPreference" in command.script for command in decision.undo)
    for command in (*decision.commands, *decision.undo):
        assert sound(command)
        assert command.effect is Effect.CHANGE
        assert command.at_deadline is AtDeadline.LEAVE
    assert decision.prior == {"exclusions": list(exclusions), "added": list(missing)}
    assert STEP.bound(arguments(), state) == decision.commands
    assert set(decision.commands) <= set(STEP.bound(arguments(), None))


def test_an_exclusion_that_was_void_is_a_failure() -> None:
    """Add-MpPreference exits with 0 all the same; only reading it back tells."""
    before = seen()

    assert STEP.judge(arguments(), STEP.bound(arguments(), None)[0], result()).judged is Judged.OK
    assert STEP.verify(arguments(), before, before).judged is Judged.FAILED
    assert STEP.verify(arguments(), before, seen(PLUGIN, LOGS)).judged is Judged.OK


@pytest.mark.parametrize(
    ("exclusions", "more", "why"),
    [
        ((), {"present": False, "running": False, "mode": ""}, "is not on this machine"),
        ((), {"running": False, "mode": ""}, "does not run"),
        ((NOT_ELEVATED,), {"administrator": False}, "no administrator, or not elevated"),
        ((NOT_ELEVATED,), {}, f"hides its exclusions: {NOT_ELEVATED}"),
        ((), {"mode": "Passive Mode"}, "mode Passive Mode"),
        ((), {"mode": "EDR Block Mode"}, "mode EDR Block Mode"),
        ((), {"policy": True}, "a policy governs"),
        ((PLUGIN,), {"tamper_protected": True}, "Tamper Protection is on"),
    ],
)
def test_where_it_would_be_void_it_is_refused(exclusions: tuple[str, ...], more: dict[str, object], why: str) -> None:
    """With the reason in words, and somebody to ask."""
    state = seen(*exclusions, **more)
    decision = STEP.decide(arguments(), state)

    assert decision.outcome is Outcome.REFUSED
    assert why in decision.evidence
    assert decision.remedy
    assert decision.commands == STEP.bound(arguments(), state) == ()


def test_old_versions_name_no_mode() -> None:
    """Then the running service has to do."""
    assert STEP.decide(arguments(), seen(mode="")).outcome is Outcome.WOULD_CHANGE


@pytest.mark.parametrize(
    ("printed", "code", "err"),
    [
        ("", 1, "Get-MpComputerStatus : 0x800106ba\r\n"),
        (shown()[:-5], 0, ""),
        (shown().replace('"exclusions": []', '"exclusions": "C:\\\\x"'), 0, ""),
        (shown().replace('"exclusions": []', '"exclusions": null'), 0, ""),
        (shown().replace('"present": true', '"present": 1'), 0, ""),
        (NOT_ELEVATED, 0, ""),
    ],
    ids=["failed", "cut off", "one without a list", "null", "a number", "words"],
)
def test_what_cannot_be_read_is_an_error(printed: str, code: int, err: str) -> None:
    """Never "nothing is excluded"."""
    with pytest.raises(ParseError):
        Target([result(printed, code, err)]).observe(STEP.observe(arguments()))


@pytest.mark.parametrize("path", ["C:\\", "C:\\Windows", "IaaSBcdrExtension.exe", "C:\\x\\*", "%ProgramData%\\x"])
def test_only_whole_folders_of_one_program(path: str) -> None:
    """No drive, no system folder, no wildcard and no variable."""
    with pytest.raises(ExpressionError):
        arguments(PLUGIN, path)
