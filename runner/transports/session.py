"""Running commands on a POSIX target: launch, elevation, deadline and the end of process trees, for ssh and local."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

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
from runner.shells.posix import EXIT_MANGLED, Elevation, Launch, kill_command, launch_line, look_command
from runner.transports.base import ResolveSecret
from runner.transports.drive import End, Process, drive, exit_code
from runner.transports.exchange import Exchange

Start = Callable[[str, float], AbstractContextManager[Process]]
"""Starts one line in the target's login shell, before the given ``time.monotonic()``; closing lets go of it."""

_LAST_WORDS = 3.0  # seconds for a sudo that waits for an answer to notice that none will come


@dataclass(frozen=True, slots=True)
class _Sent:
    """A command on its way."""

    command: Command
    launch: Launch
    exchange: Exchange


class PosixSession:
    """What is learnt once about a login and used by all its commands: whether it is root, and the sudo password."""

    def __init__(self, target: Target, start: Start, resolve: ResolveSecret) -> None:
        self._target = target
        self._start = start
        self._resolve = resolve
        self._elevation = Elevation.PROBE if target.ssh.sudo else Elevation.NONE
        self._sudo_password: Secret | None = None
        self._interrupted = False

    def run(self, command: Command) -> CommandResult:
        """As ``Connection.run``. Of a command whose line broke it is looked at once whether it still runs."""
        self._interrupted = False
        sent = self._prepared(command)
        try:
            return self._carry(sent)
        except ConnectionLost as lost:
            leader = sent.exchange.leader
            if self._interrupted:
                raise _interrupted(self._target.name, leader) from lost
            if leader is None:
                raise
            self._learn(sent.exchange)
            raise _lost(self._target.name, leader, dead=self._is_dead(sent, leader)) from lost

    def interrupt(self) -> None:
        """The connection is being closed: a command that runs just now counts as lost, and is not looked at again."""
        self._interrupted = True

    def _carry(self, sent: _Sent) -> CommandResult:
        began = time.monotonic()
        command, exchange = sent.command, sent.exchange
        with self._start(launch_line(command, sent.launch), began + command.at_most) as process:
            end = drive(process, exchange, ends_at=began + command.at_most)
            if end is End.LATE and not exchange.started:
                end = self._last_words(process, exchange)
            exchange.finish()
            if end is End.DONE and exchange.started:
                return self._result(exchange, exit_code(process, exchange), time.monotonic() - began)
            if end is End.LATE:
                raise self._late(sent)
            raise self._failure(end, sent.launch, exchange, process)

    def _beside(self, command: Command) -> str:
        """What a command of our own prints that has to do with another; nothing if it fails, however it does."""
        try:
            return self._carry(self._prepared(command)).out.strip()
        except (TransportError, CredentialError):
            return ""

    def _prepared(self, command: Command) -> _Sent:
        elevation = self._elevation if command.elevated else Elevation.NONE
        asks = elevation is not Elevation.NONE and self._target.ssh.sudo_password is not None
        launch = Launch(f"vmfix-{secrets.token_hex(16)}", secrets.token_hex(16), elevation, asks)
        return _Sent(command, launch, Exchange(command, launch.mark, self._password if asks else None))

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

    def _late(self, sent: _Sent) -> DeadlineExceeded:
        command, nonce, leader = sent.command, sent.launch.nonce, sent.exchange.leader
        said = f"{self._target.name}: the command did not end within {command.at_most:g} s"
        if leader is None:
            return DeadlineExceeded(f"{said}; it is not known whether it was started", process_dead=None)
        self._learn(sent.exchange)
        if command.at_deadline is AtDeadline.LEAVE:
            return DeadlineExceeded(
                f"{said}; it was left running as process {leader}",
                remedy=f"Wait until process {leader} has ended, then look at what it did.",
                process_dead=False,
            )
        if self._beside(kill_command(nonce, leader, elevated=command.elevated)) == "gone":
            ended = f"all its processes were ended (process {leader} and what it started)"
            return DeadlineExceeded(f"{said}; {ended}", process_dead=True)
        return DeadlineExceeded(
            f"{said}; it was told to end, but it is not known that process {leader} did",
            remedy=f"Look for process {leader}, and for processes with {nonce} in their environment.",
            process_dead=None,
        )

    def _is_dead(self, sent: _Sent, leader: int) -> bool | None:
        command, limit = sent.command, self._target.ssh.connect_timeout
        look = look_command(sent.launch.nonce, leader, elevated=command.elevated, at_most=limit)
        return {"gone": True, "left": False}.get(self._beside(look).partition(" ")[0])

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


def _interrupted(name: str, leader: int | None) -> ConnectionLost:
    process = f"; it may still run as process {leader}" if leader else ""
    return ConnectionLost(
        f"{name}: vmfix was interrupted before the command's exit code was known{process}",
        remedy="The command was not ended: look at the target before anything is repeated.",
    )


def _lost(name: str, leader: int, *, dead: bool | None) -> ConnectionLost:
    """What is known of a command whose line broke, after a look over a new line."""
    now, remedy = {
        True: (f"process {leader} has ended", "Whether it did its work is not known: look at the target"),
        False: (f"it still runs as process {leader}", f"Wait for the end of process {leader}, then look at the target"),
        None: (f"it is not known if process {leader} still runs", f"Look for process {leader}, and at the target"),
    }[dead]
    said = f"{name}: the connection broke before the command's exit code was known; {now}"
    return ConnectionLost(said, remedy=f"{remedy} before anything is repeated.", process_dead=dead)


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
