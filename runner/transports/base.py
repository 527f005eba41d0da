"""The contract between the engine and whatever carries its commands."""

from __future__ import annotations

from typing import Protocol

from runner.model.command import Command, CommandResult
from runner.model.inventory import Target
from runner.model.secret import Secret, SecretRef


class Connection(Protocol):
    """A live way to run commands on one target. Used by one thread at a time; one per target and run.

    ``run`` obeys ``command.at_most`` and ``command.at_deadline``. It returns a ``CommandResult`` whatever the exit
    code. It raises ``NothingSent`` kinds only if the command was certainly not started, and ``OutcomeUnknown`` kinds
    otherwise. After ``ConnectionLost`` the connection may reconnect by itself on the next ``run``; it never sends a
    command a second time.
    """

    def run(self, command: Command) -> CommandResult: ...

    def close(self) -> None:
        """Release everything. Idempotent; never raises."""
        ...


class ResolveSecret(Protocol):
    """Fetches a secret when a transport needs it. Raises ``CredentialError``."""

    def __call__(self, ref: SecretRef) -> Secret: ...


class Connect(Protocol):
    """Opens a connection to a target, or raises a ``NothingSent`` kind or ``CredentialError``."""

    def __call__(self, target: Target, resolve: ResolveSecret) -> Connection: ...
