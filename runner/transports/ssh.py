"""The SSH connection to one target: one transport, opened when it is needed, and a channel for each command."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import paramiko

from runner.model.command import Command, CommandResult
from runner.model.inventory import Target
from runner.model.secret import Secret, SecretRef
from runner.transports.base import Connection, ResolveSecret
from runner.transports.drive import Process
from runner.transports.session import PosixSession
from runner.transports.ssh_channels import Channels
from runner.transports.ssh_errors import FOREIGN, translate_errors
from runner.transports.ssh_exec import SshProcess
from runner.transports.ssh_login import Line, open_line
from runner.transports.ssh_route import route

# paramiko would print to stderr through logging's last resort, and name users and keys at lower levels.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


class SshConnection:
    """One target over SSH. Reconnects by itself on the next ``run`` if the line broke; never sends a command twice."""

    def __init__(self, target: Target, resolve: ResolveSecret) -> None:
        self._target = target
        self._resolve = resolve
        self._secrets: dict[SecretRef, Secret] = {}
        self._route = route(target)
        self._where = f"{target.name} ({self._route.hops[-1].address})"
        self._session = PosixSession(target, self._start, self._secret)
        self._line: Line | None = None
        self._channels: Channels | None = None

    def open(self) -> None:
        """Connect and log in, if that is not so already."""
        self._open_channels()

    def run(self, command: Command) -> CommandResult:
        return self._session.run(command)

    def close(self) -> None:
        self._session.interrupt()
        self._drop()
        self._secrets.clear()

    @contextmanager
    def _start(self, line: str, ends_at: float) -> Iterator[Process]:
        with ExitStack() as cleanup:
            channels, channel = self._channel(ends_at, cleanup)
            cleanup.callback(_close_quietly, channel)
            with translate_errors(self._where, sent=True):
                process = SshProcess(channels.transport, channel, line)
                channels.prepare(self._target.ssh.connect_timeout)
                yield process

    def _channel(self, ends_at: float, cleanup: ExitStack) -> tuple[Channels, paramiko.Channel]:
        """A channel on a live line. Nothing was sent on it yet, so a line that proves to be dead is replaced once."""
        limit = min(self._target.ssh.connect_timeout, max(0.1, ends_at - time.monotonic()))
        channels = self._open_channels()
        try:
            return channels, channels.take(limit)
        except paramiko.ChannelException:
            # The server allows no second channel, and the first is in use, as when its command is to be ended.
            channels = self._another_line(cleanup)
        except FOREIGN:
            self._drop()
            channels = self._open_channels()
        with translate_errors(self._where, sent=False):
            return channels, channels.take(limit)

    def _open_channels(self) -> Channels:
        if self._channels is None or not self._channels.transport.is_active():
            self._drop()
            self._line = open_line(self._target, self._route, self._secret)
            self._channels = Channels(self._line.transport)
        return self._channels

    def _another_line(self, cleanup: ExitStack) -> Channels:
        line = open_line(self._target, self._route, self._secret)
        cleanup.callback(_close_quietly, line)
        return Channels(line.transport)

    def _secret(self, ref: SecretRef) -> Secret:
        """Each secret is fetched once per connection: a person is not asked again after a reboot."""
        if ref not in self._secrets:
            self._secrets[ref] = self._resolve(ref)
        return self._secrets[ref]

    def _drop(self) -> None:
        line, self._line, self._channels = self._line, None, None
        if line is not None:
            _close_quietly(line)


def _close_quietly(it: Line | paramiko.Channel) -> None:
    """Closing tells the other side, which may not be there any more."""
    with suppress(*FOREIGN):
        it.close()


def connect(target: Target, resolve: ResolveSecret) -> Connection:
    """Connect, verify and log in now, so that a target which cannot be reached is known before anything is planned."""
    connection = SshConnection(target, resolve)
    connection.open()
    return connection
