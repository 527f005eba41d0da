"""The simulated service manager with commands that fail on demand, and a record of what it was sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.model.command import Command, CommandResult
from runner.trial.services import Service, Services
from tests.unit.steps.driving import result

__all__ = ["Manager", "Service"]


@dataclass
class Manager:
    """``broken`` are the commands that fail, and the number of NET HELPMSG that is said then (0: none)."""

    services: list[Service]
    broken: dict[tuple[str, ...], int] = field(default_factory=dict)
    sent: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def _simulated(self) -> Services:
        return Services({service.name.lower(): service for service in self.services})

    def find(self, name: str) -> Service | None:
        return self._simulated.find(name)

    def running(self) -> set[str]:
        return {service.name for service in self.services if service.state == 4}

    def __call__(self, command: Command) -> CommandResult:
        """Any command of the step."""
        self.sent.append(command.argv)
        if command.argv in self.broken:
            number = self.broken[command.argv]
            return result("", 2, f"Failed.\n\nNET HELPMSG {number}.\n" if number else "It could not be done.\n")
        answer = self._simulated(command)
        assert answer is not None, command.argv
        return answer
