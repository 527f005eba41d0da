"""A simulated start of the machine: what the step ``reboot`` looks at, and the restart that it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from runner.execute.clock import Clock
from runner.model.command import Command, CommandResult
from runner.steps.reboot import LAST_START, LOOK

_AWAY = 30.0
"""Seconds from the command to the new start."""

_EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Kernel-General'/><EventID>12</EventID><Level>4</Level>"
    "<TimeCreated SystemTime='2026-11-2{0}T02:00:00.000000000Z'/><EventRecordID>{0}000</EventRecordID>"
    "<Channel>System</Channel><Computer>machine</Computer></System><EventData></EventData></Event>\r\n"
)


@dataclass
class Boots:
    """How often the machine was started, from 1 on."""

    clock: Clock
    count: int = 1
    comes_back: float | None = None

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is about no start of the machine."""
        if self.comes_back is not None and self.clock.monotonic() >= self.comes_back:
            self.count, self.comes_back = self.count + 1, None
        if command.argv == LOOK.argv:
            boot_id = f"00000000-0000-4000-8000-{self.count:012}\n"
            return CommandResult(exit_code=0, stdout=boot_id.encode())
        if command.argv == LAST_START.argv:
            return CommandResult(exit_code=0, stdout=_EVENT.format(self.count).encode())
        if command.argv[:2] in (("shutdown", "-r"), ("shutdown", "/r")):
            self.comes_back = self.clock.monotonic() + _AWAY
            return CommandResult(exit_code=0)
        return None
