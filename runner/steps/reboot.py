"""The ``reboot`` step: restarts the machine and waits until it has come back."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, Effect
from runner.model.fields import Duration, format_duration
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import (
    Args,
    Decision,
    Judged,
    Judgement,
    Observing,
    Settle,
    StepType,
    last_line,
    lasting,
)

_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOOK = Command(argv=("cat", "/proc/sys/kernel/random/boot_id"), elevated=False, at_most=10.0)


class RebootArgs(Args):
    """``message`` is shown to people who are logged in on the target."""

    within: Duration = lasting("10m")
    every: Duration = lasting("5s")
    message: Annotated[str, StringConstraints(pattern=r"^([^-]|$)")] = ""  # `-c` would cancel the restart


class Reboot(StepType[RebootArgs, str]):
    """Its state is the kernel's boot id, which random(4) says is made anew at each boot.

    Watching the port instead misses a fast reboot and believes a machine that has not gone down yet; and an open port
    does not mean that commands can be run.
    """

    name = "reboot"
    args = RebootArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.LINUX,))
    summary = "Restarts the machine; done when the boot id has changed and a command answers again."
    least_risk = Risk.REBOOT

    def observe(self, args: RebootArgs) -> Observing[str]:
        result = yield _LOOK
        boot_id = result.out.strip()
        if result.exit_code != 0 or not _BOOT_ID.fullmatch(boot_id):
            message = f"the kernel's boot id could not be read (exit {result.exit_code}): {last_line(result)}"
            raise ParseError(message)
        return boot_id

    def decide(self, args: RebootArgs, state: str) -> Decision:
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"will restart the machine and wait up to {format_duration(args.within)} for it",
            commands=self.bound(args, state),
            prior={"boot_id": state},
        )

    def bound(self, args: RebootArgs, state: str | None) -> tuple[Command, ...]:
        """shutdown(8) instead of systemctl: it is there without systemd too, and tells those who are logged in."""
        argv = ("shutdown", "-r", "now", *((args.message,) if args.message else ()))
        return (Command(argv=argv, effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE),)

    def verify(self, args: RebootArgs, before: str, after: str) -> Judgement:
        if before == after:
            return Judgement(Judged.FAILED, f"the machine has not restarted: its boot id is still {after}")
        return Judgement(Judged.OK, f"the machine has restarted: its boot id was {before} and is {after}")

    def settle(self, args: RebootArgs) -> Settle:
        return Settle(args.within, args.every)
