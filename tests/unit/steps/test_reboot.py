"""The step `reboot`."""

from __future__ import annotations

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Judged, Settle
from runner.steps.reboot import Reboot, RebootArgs
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result

REBOOT = Reboot()
FIRST = "0b7b1f3c-5a0e-4d6f-9b3a-0c1d2e3f4a5b"
SECOND = "f1e2d3c4-b5a6-4798-8a9b-acbdcedf0011"


def arguments(**raw: object) -> RebootArgs:
    """Arguments of the step."""
    return render_args(REBOOT, raw, {})


def test_a_reboot_always_changes() -> None:
    """The boot id before is kept, and the same command is approved and sent."""
    target = Target([result(FIRST + "\n")])
    state = target.observe(REBOOT.observe(arguments()))
    decision = REBOOT.decide(arguments(), state)
    change = Command(argv=("shutdown", "-r", "now"), effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE)

    assert [command.argv for command in target.asked] == [("cat", "/proc/sys/kernel/random/boot_id")]
    assert decision.outcome is Outcome.WOULD_CHANGE
    assert decision.evidence == "will restart the machine and wait up to 10m for it"
    assert decision.prior == {"boot_id": FIRST}
    assert decision.commands == REBOOT.bound(arguments(), None) == (change,)
    assert REBOOT.least_risk is Risk.REBOOT
    assert REBOOT.touches(arguments()) == frozenset()


def test_only_another_boot_id_proves_it() -> None:
    """A machine that answers may not have gone down yet."""
    assert REBOOT.verify(arguments(), FIRST, FIRST).judged is Judged.FAILED
    assert REBOOT.verify(arguments(), FIRST, SECOND).judged is Judged.OK


def test_waiting_and_message_are_the_authors() -> None:
    """How long it may take, and what people on the target read."""
    args = arguments(within="20m", every="2s", message="vmfix: backup repair")

    assert REBOOT.settle(args) == Settle(1200.0, 2.0)
    assert REBOOT.bound(args, FIRST)[0].argv == ("shutdown", "-r", "now", "vmfix: backup repair")
    with pytest.raises(ExpressionError, match="message"):
        arguments(message="-c")


@pytest.mark.parametrize("answer", [result("", 1, "cat: no such file"), result("hello\n"), result("")])
def test_a_boot_id_that_cannot_be_read_is_an_error(answer: CommandResult) -> None:
    """Without it nobody could tell later whether the machine has restarted."""
    with pytest.raises(ParseError, match="boot id could not be read"):
        Target([answer]).observe(REBOOT.observe(arguments()))
