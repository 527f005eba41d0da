"""The guard: through here, only declared observations reach a target. Lost ones are asked again; changes never are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from runner.errors import ConnectionLost, GuardViolation
from runner.execute.clock import Clock
from runner.model.command import Command, CommandResult, Effect
from runner.steps.base import Observing
from runner.transports.base import Connection

T = TypeVar("T")

ATTEMPTS = 3


class Observer:
    """Sends read-only commands of one target. Anything else raises ``GuardViolation`` and is not sent.

    A connection that is lost under an observation is opened again and the observation repeated, up to ``ATTEMPTS``
    times in all: reading twice harms nobody. A missed deadline is not retried.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(ConnectionLost),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=5),
            sleep=clock.sleep,
            reraise=True,
        )

    def __call__(self, command: Command) -> CommandResult:
        if command.effect is not Effect.OBSERVE:
            message = f"refused to send a changing command while observing: {command.argv or command.script!r}"
            raise GuardViolation(message)
        return self._again(self._connection.run, command)

    def answer(self, asking: Observing[T]) -> T:
        """Drive a generator that yields observations to its end, and return what it returns."""
        return drive(asking, self)


class Nobody:
    """The connection of a guide, which has nothing to read or to run: the target may be off, or gone."""

    def run(self, command: Command) -> CommandResult:
        """Raises ``GuardViolation``: a guide sends nothing."""
        message = f"a guide has no connection, and was about to send {command.argv or command.script!r}"
        raise GuardViolation(message)

    def close(self) -> None:
        """There is nothing to close."""


def drive(asking: Observing[T], look: Callable[[Command], CommandResult]) -> T:
    """Run each yielded command through ``look`` and send its result back.

    What ``look`` raises is raised at the ``yield`` as well, so that the generator's own clean-up runs.
    """
    try:
        command = next(asking)
        while True:
            try:
                result = look(command)
            except BaseException:
                asking.close()
                raise
            command = asking.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
