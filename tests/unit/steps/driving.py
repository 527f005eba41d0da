"""Drives what a step type yields with results that a test makes up, and keeps what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from runner.model.command import Command, CommandResult, Effect
from runner.steps.base import Observing

T = TypeVar("T")


def result(out: str = "", code: int = 0, err: str = "") -> CommandResult:
    """How a command ended, with texts instead of bytes."""
    return CommandResult(exit_code=code, stdout=out.encode(), stderr=err.encode())


@dataclass
class Target:
    """Answers from a list in order, or from a function; refuses to be changed by an observation."""

    answer: Sequence[CommandResult] | Callable[[Command], CommandResult]
    asked: list[Command] = field(default_factory=list)

    def observe(self, asking: Observing[T]) -> T:
        """Run an observation to its end."""
        try:
            command = next(asking)
            while True:
                command = asking.send(self._look(command))
        except StopIteration as done:
            state: T = done.value
            return state

    def _look(self, command: Command) -> CommandResult:
        assert command.effect is Effect.OBSERVE
        self.asked.append(command)
        return self.answer(command) if callable(self.answer) else self.answer[len(self.asked) - 1]
