"""The step `registry_key`."""

from __future__ import annotations

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import Command, CommandResult
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.registry_key import RegistryKey, RegistryKeyArgs
from runner.steps.registry_state import KeyState
from runner.steps.rendering import render_args
from runner.trial.registry import Registry
from tests.unit.steps.driving import Target

STEP = RegistryKey()
ABOVE = "HKLM\\SOFTWARE\\Microsoft"
KEY = f"{ABOVE}\\BcdrAgent"


def arguments(**more: object) -> RegistryKeyArgs:
    """Arguments of the step."""
    return render_args(STEP, {"key": KEY, **more}, {})


def machine(**keys: dict[str, tuple[str, str | int]]) -> Registry:
    """A registry that has the key above, and of ours what is given."""
    return Registry(
        {ABOVE: {"Version": ("REG_SZ", "1")}, **{f"{ABOVE}\\{name}": values for name, values in keys.items()}}
    )


def look(there: Registry, args: RegistryKeyArgs) -> KeyState:
    """What the step sees."""
    return Target(lambda command: answer(there, command)).observe(STEP.observe(args))


def answer(there: Registry, command: Command) -> CommandResult:
    """What the registry says; a command that it does not know fails the test."""
    found = there(command)
    assert found is not None, command
    return found


def test_a_missing_key_is_made_and_stays() -> None:
    """Made once, seen afterwards; nothing undoes it, for others may use it by then."""
    there = machine()
    before = look(there, arguments())
    decision = STEP.decide(arguments(), before)

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert [command.argv for command in decision.commands] == [("reg", "add", KEY, "/f", "/reg:64")]
    assert decision.undo == ()
    there(decision.commands[0])
    after = look(there, arguments())
    assert STEP.verify(arguments(), before, after).judged is Judged.OK
    assert STEP.decide(arguments(), after).outcome is Outcome.NO_CHANGE


def test_an_empty_key_goes_and_can_be_made_again() -> None:
    """What the undo makes is what was there."""
    there = machine(bcdragent={})
    args = arguments(state="absent")
    decision = STEP.decide(args, look(there, args))

    assert [command.argv for command in decision.commands] == [("reg", "delete", KEY, "/f", "/reg:64")]
    there(decision.commands[0])
    assert STEP.decide(args, look(there, args)).outcome is Outcome.NO_CHANGE
    there(decision.undo[0])
    assert look(there, args) == KeyState(exists=True)


@pytest.mark.parametrize(
    "below", [{"BcdrAgent": {"IsProviderInstalled": ("REG_SZ", "True")}}, {"BcdrAgent": {}, "BcdrAgent\\Deep": {}}]
)
def test_a_key_that_holds_something_is_never_removed(below: dict[str, dict[str, tuple[str, str | int]]]) -> None:
    """`reg delete` would take it all away; what it is, is named."""
    args = arguments(state="absent")
    decision = STEP.decide(args, look(machine(**below), args))

    assert decision.outcome is Outcome.REFUSED
    assert decision.evidence.endswith(("it holds IsProviderInstalled", "it holds Deep"))
    assert decision.commands == ()


def test_a_key_that_may_not_be_read_is_not_absent() -> None:
    """The key above lists it, so it is there."""
    there = machine(BcdrAgent={})

    def locked(command: Command) -> CommandResult:
        return answer(Registry({"HKLM\\SYSTEM": {}}) if command.argv[2] == KEY else there, command)

    with pytest.raises(ParseError, match="cannot be read"):
        Target(locked).observe(STEP.observe(arguments()))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"key": "HKCU\\Software\\X"}, "does not begin with HKLM"),
        ({"key": "HKLM\\SOFTWARE\\"}, "no key below HKLM"),
        ({"key": "HKLM\\SOFTWARE", "state": "absent"}, "never removed"),
        ({"key": "HKEY_LOCAL_MACHINE\\SYSTEM", "state": "absent"}, "never removed"),
    ],
)
def test_keys_that_no_step_may_name(given: dict[str, str], says: str) -> None:
    """Other hives, no keys at all, and the hive's own."""
    with pytest.raises(ExpressionError, match=says):
        arguments(**given)
