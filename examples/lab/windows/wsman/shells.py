"""The open shells, their quotas and their expiry."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from examples.lab.windows.executor import Process
from examples.lab.windows.wsman import faults
from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.faults import Faulted
from examples.lab.windows.wsman.options import Options
from examples.lab.windows.wsman.output import RunningCommand


@dataclass(slots=True, kw_only=True)
class Shell:
    """One shell. ``killed`` holds commands that were terminated: what they started may still run."""

    shell_id: str
    account: Account
    environment: Mapping[str, str]
    directory: str | None
    codepage: int
    idle_timeout: float
    commands: dict[str, RunningCommand] = field(default_factory=dict)
    killed: list[RunningCommand] = field(default_factory=list)
    operations: int = 0  # commands ever started: Windows does not count them down
    busy: int = 0
    created: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)

    def command(self, command_id: str) -> RunningCommand:
        """The command of that identifier; raises ``Faulted`` if there is none."""
        if command_id not in self.commands:
            raise Faulted(faults.unknown_command())
        return self.commands[command_id]

    def dispose(self) -> None:
        """End everything that was started in it."""
        for command in (*self.commands.values(), *self.killed):
            command.dispose()


class Shells:
    """All shells of an endpoint. Thread-safe."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.RLock()
        self._shells: dict[str, Shell] = {}

    def open(self, shell: Shell) -> None:
        """Add a shell, within the user's quota."""
        with self._lock:
            self._expire()
            if shell.shell_id in self._shells:
                raise Faulted(faults.invalid_parameter())
            if len(self._of(shell.account)) >= self._options.max_shells:
                raise Faulted(faults.too_many_shells(self._options.max_shells))
            self._shells[shell.shell_id] = shell

    @contextmanager
    def using(self, shell_id: str, account: Account) -> Iterator[Shell]:
        """The shell of that identifier, which does not expire meanwhile. Raises ``Faulted``."""
        with self._lock:
            self._expire()
            shell = self._owned(shell_id, account)
            shell.busy += 1
        try:
            yield shell
        finally:
            with self._lock:
                shell.busy -= 1
                shell.used = time.monotonic()

    def count(self, shell: Shell, command_id: str) -> None:
        """Judge a new command by the quotas, and count it. Raises ``Faulted``."""
        with self._lock:
            if command_id in shell.commands:
                raise Faulted(faults.command_id_taken())
            if sum(each.operations for each in self._of(shell.account)) >= self._options.max_operations:
                raise Faulted(faults.too_many_operations(self._options.max_operations))
            if sum(not each.told for each in shell.commands.values()) >= self._options.max_processes:
                raise Faulted(faults.too_many_processes())
            shell.operations += 1

    def add(self, shell: Shell, command: RunningCommand) -> None:
        """Put a started command into its shell; if that is gone meanwhile, end the command."""
        with self._lock:
            if self._shells.get(shell.shell_id) is shell:
                shell.commands[command.command_id] = command
                return
        command.dispose()
        raise Faulted(faults.unknown_shell(shell.shell_id))

    def close(self, shell_id: str, account: Account) -> None:
        """End a shell with all that runs in it. Raises ``Faulted``."""
        with self._lock:
            self._expire()
            shell = self._owned(shell_id, account)
            del self._shells[shell_id]
        shell.dispose()

    def forget(self) -> None:
        """End all shells, as after a restart of the service."""
        with self._lock:
            shells, self._shells = self._shells, {}
        for shell in shells.values():
            shell.dispose()

    def exhaust(self) -> None:
        """Use up the operations of every user who has a shell: only a new shell helps."""
        with self._lock:
            for shell in self._shells.values():
                shell.operations = self._options.max_operations

    def others(self, shell: Shell) -> list[Process]:
        """The processes of a shell, also of commands that were terminated."""
        with self._lock:
            return [each.process for each in (*shell.commands.values(), *shell.killed)]

    def ids(self) -> tuple[str, ...]:
        """The shells that are open."""
        with self._lock:
            self._expire()
            return tuple(self._shells)

    def line(self, shell_id: str, command_id: str) -> str:
        """The line of a command, empty if it is unknown."""
        with self._lock:
            shell = self._shells.get(shell_id)
            command = shell.commands.get(command_id) if shell else None
            return command.line if command else ""

    def _owned(self, shell_id: str, account: Account) -> Shell:
        shell = self._shells.get(shell_id)
        if shell is None:
            raise Faulted(faults.unknown_shell(shell_id))
        if shell.account.name != account.name:
            raise Faulted(faults.access_denied())
        return shell

    def _of(self, account: Account) -> list[Shell]:
        return [shell for shell in self._shells.values() if shell.account.name == account.name]

    def _expire(self) -> None:
        now = time.monotonic()
        idle = [each for each in self._shells.values() if not each.busy and now - each.used > each.idle_timeout]
        for shell in idle:
            del self._shells[shell.shell_id]
            shell.dispose()
