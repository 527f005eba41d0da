"""Running commands on a POSIX target: launch, elevation, deadline and the end of process trees, for ssh and local."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from runner.errors import (
    ConnectionLost,
    CredentialError,
    DeadlineExceeded,
    ElevationFailed,
    NothingSent,
    TransportError,
)
from runner.model.command import AtDeadline, Command, CommandResult
from runner.model.inventory import Target
from runner.model.secret import Secret
from runner.shells.posix import EXIT_MANGLED, Elevation, Launch, kill_command, launch_line
from runner.transports.base import ResolveSecret
from runner.transports.drive import End, Process, drive, exit_code
from runner.transports.exchange import Exchange

Start = Callable[[str, float], AbstractContextManager[Process]]
"""Starts one line in the target's login shell, before the given ``time.monotonic()``; closing lets go of it."""

_LAST_WORDS = 3.0  # seconds for a sudo that waits for an answer to notice that none will come


class PosixSession:
    """What is learnt once about a login and used by all its commands: whether it is root, and the sudo password."""

    def __init__(self, target: Target, start: Start, resolve: ResolveSecret) -> None:
        self._target = target
        self._start = start
        self._resolve = resolve
        self._elevation = Elevation.PROBE if target.ssh.sudo else Elevation.NONE
        self._sudo_password: Secret | None = None

    def run(self, command: Command) -> CommandResult:
        began = time.monotonic()
        launch = self._launch(command)
        exchange = Exchange(command, launch.mark, self._password if launch.sudo_password else None)
        with self._start(launch_line(command, launch), began + command.at_most) as process:
            end = drive(process, exchange, ends_at=began + command.at_most)
            if end is End.LATE and not exchange.started:
                end = self._last_words(process, exchange)
            exchange.finish()
            if end is End.DONE and exchange.started:
                return self._result(exchange, exit_code(process, exchange), time.monotonic() - began)
            if end is End.LATE:
                raise self._late(command, launch, exchange)
            raise self._failure(end, launch, exchange, process)

    def _launch(self, command: Command) -> Launch:
        elevation = self._elevation if command.elevated else Elevation.NONE
        asks = elevation is not Elevation.NONE and self._target.ssh.sudo_password is not None
        return Launch(f"vmfix-{secrets.token_hex(16)}", secrets.token_hex(16), elevation, asks)

    def _password(self) -> Secret:
        ref = self._target.ssh.sudo_password
        if self._sudo_password is None and ref is not None:
            try:
                self._sudo_password = self._resolve(ref)
            except CredentialError as error:
                message = f"{self._target.name}: sudo wants a password: {error.message}; nothing was sent"
                raise ElevationFailed(message, remedy=error.remedy) from error
        if self._sudo_password is None:
            message = "no sudo password is configured"
            raise RuntimeError(message)
        return self._sudo_password

    def _result(self, exchange: Exchange, code: int, elapsed: float) -> CommandResult:
        self._learn(exchange)
        return CommandResult(
            exit_code=code,
            stdout=bytes(exchange.out.body),
            stderr=bytes(exchange.err.body),
            elapsed=elapsed,
            truncated=exchange.out.truncated or exchange.err.truncated,
        )

    def _learn(self, exchange: Exchange) -> None:
        """The target told whether its login is root, so it need not be asked again."""
        if self._elevation is Elevation.PROBE and exchange.how in {"root", "sudo"}:
            self._elevation = Elevation.NONE if exchange.how == "root" else Elevation.SUDO

    def _last_words(self, process: Process, exchange: Exchange) -> End:
        """At the deadline, and not started: tell sudo that no answer comes, so that it says why it waits."""
        process.close_input()
        return drive(process, exchange, ends_at=time.monotonic() + _LAST_WORDS)

    def _late(self, command: Command, launch: Launch, exchange: Exchange) -> DeadlineExceeded:
        said = f"{self._target.name}: the command did not end within {command.at_most:g} s"
        if exchange.leader is None:
            return DeadlineExceeded(f"{said}; it is not known whether it was started", process_dead=None)
        self._learn(exchange)
        if command.at_deadline is AtDeadline.LEAVE:
            return DeadlineExceeded(f"{said}; it was left running as process {exchange.leader}", process_dead=False)
        if self._kill(command, launch.nonce, exchange.leader):
            return DeadlineExceeded(f"{said}; all its processes were ended", process_dead=True)
        return DeadlineExceeded(
            f"{said}; it was told to end, but it is not known that it did",
            remedy=f"Look for processes with {launch.nonce} in their environment, or for process {exchange.leader}.",
            process_dead=None,
        )

    def _kill(self, command: Command, nonce: str, leader: int) -> bool:
        """True only if the target found no process of the command any more."""
        try:
            result = self.run(kill_command(nonce, leader, elevated=command.elevated))
        except TransportError:
            return False
        return result.out.split() == ["gone"]

    def _failure(self, end: End, launch: Launch, exchange: Exchange, process: Process) -> TransportError:
        name = self._target.name
        if end is End.REFUSED:
            return ElevationFailed(
                f"{name}: sudo does not accept the password ({self._target.ssh.sudo_password}); nothing was sent",
                remedy="Check the secret that sudo_password refers to.",
            )
        if process.refused():
            return NothingSent(
                f"{name}: the server starts no commands for this account; nothing was sent",
                remedy="Look for ForceCommand or an account for file transfer only.",
            )
        if end is End.LOST:
            return ConnectionLost(
                f"{name}: the connection broke before the command's exit code was known",
                remedy="The command may have run, wholly or partly: look at the target before anything is repeated.",
            )
        code = process.exit_code()
        shell_works = exchange.reached or launch.elevation is Elevation.SUDO
        if code == EXIT_MANGLED or not shell_works:
            return _no_shell(name, exchange.said_before(), code)
        return _no_root(name, exchange.said_before(), code)


def _no_shell(name: str, said: str, code: int | None) -> NothingSent:
    because = f': it said "{said}"' if said else ""
    return NothingSent(
        f"{name}: the login shell ended with code {code} instead of starting the command{because}; nothing was sent",
        remedy="It needs a POSIX login shell (sh, bash, ksh, zsh), not fish, csh or nologin, and no ForceCommand.",
    )


_SUDO_HINTS = (
    ("password is required", "Allow the account NOPASSWD in sudoers, or set sudo_password in the inventory."),
    ("no password was provided", "sudo asked for something else than the password; only a password can be given."),
    ("must have a tty", "Remove requiretty from sudoers for this account."),
    ("not in the sudoers", "Add the account to sudoers, or log in as root."),
    ("not allowed to execute", "sudoers must allow the account to run /bin/sh as root."),
    ("not found", "Install sudo, or log in as root."),
)


def _no_root(name: str, said: str, code: int | None) -> ElevationFailed:
    hints = (hint for words, hint in _SUDO_HINTS if words in said)
    because = f': it said "{said}"' if said else f" (exit code {code})"
    return ElevationFailed(
        f"{name}: the account could not become root by sudo{because}; nothing was sent",
        remedy=next(hints, "sudoers must allow the account to run /bin/sh as root."),
    )
