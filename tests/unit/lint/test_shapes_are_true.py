"""What the linter takes for granted is what expressions really see: an error of it must be one."""

from __future__ import annotations

from runner.execute.outcome import NOT_RUN, ActionResult, ActionStatus
from runner.lint.fields import RESULT, TARGET_SHAPE, WOULD
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.plan import Outcome
from runner.plan.facts import known_names
from runner.steps import STEP_TYPES
from tests.unit.lint.playbooks import LINUX
from tests.unit.load.test_playbook import load


def test_the_result_of_a_step() -> None:
    """Its fields, and every status."""
    result = ActionResult(id="x", step="x", item=None, status=ActionStatus.CHANGED, text="")
    assert result.as_names().keys() == NOT_RUN.keys() == RESULT.fields.keys()
    assert {status.value for status in ActionStatus} | {NOT_RUN["status"]} == RESULT.fields["status"].words


def test_what_a_step_would_do() -> None:
    """Every outcome."""
    assert {outcome.value for outcome in Outcome} == WOULD.fields["outcome"].words


def test_a_target() -> None:
    """Its names, and every platform."""
    machine = Target(name="x", address="x", transport=TransportKind.SSH, platform=Platform.LINUX)
    target = known_names(load(LINUX), machine, {})["target"]
    assert isinstance(target, dict)
    assert target.keys() == TARGET_SHAPE.fields.keys()
    assert {platform.value for platform in Platform} == TARGET_SHAPE.fields["platform"].words


def test_the_rules_speak_of_step_types_that_there_are() -> None:
    """By name, since only the step types know more of themselves."""
    assert {"command", "shell", "powershell", "service", "file", "ini_value", "registry_value"} <= STEP_TYPES.keys()
    assert {"filesystem_check", "certificate", "wait_for", "reboot", "manual"} <= STEP_TYPES.keys()
