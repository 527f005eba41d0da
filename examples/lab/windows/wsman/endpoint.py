"""The endpoint as tests use it."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from examples.lab.windows.executor import Executor, Machine
from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.certificates import Certificate
from examples.lab.windows.wsman.connections import Server, tls_context
from examples.lab.windows.wsman.handler import Handler
from examples.lab.windows.wsman.log import Log, Sent
from examples.lab.windows.wsman.login import AccountBook
from examples.lab.windows.wsman.misbehaviour import Act, How, Misbehaviour, Rule
from examples.lab.windows.wsman.options import Options
from examples.lab.windows.wsman.service import Service
from examples.lab.windows.wsman.shells import Shells

WATCH_S = 0.05


class Endpoint:
    """A WinRM service on a port of this machine. Use it as a context manager, or call `start` and `close`.

    ``encryption`` and ``honour_skip_cmd`` override `options`. ``folder`` keeps the log; ``machine`` is followed through
    its reboots. After the end, `errors` holds every traceback of the endpoint's own: a test should find none.
    """

    def __init__(  # noqa: PLR0913 - a test names the few that matter to it
        self,
        executor: Executor,
        accounts: Sequence[Account],
        *,
        tls: Certificate | None = None,
        encryption: bool | None = None,
        honour_skip_cmd: bool | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        machine: Machine | None = None,
        options: Options | None = None,
    ) -> None:
        chosen = options or Options()
        if encryption is not None:
            chosen = replace(chosen, encryption=encryption)
        if honour_skip_cmd is not None:
            chosen = replace(chosen, honour_skip_cmd=honour_skip_cmd)
        self.options = chosen
        self.book = AccountBook(accounts, chosen.machine)
        self.log = Log(folder)
        self.shells = Shells(chosen)
        self.service = Service(executor, chosen, self.log, self.shells)
        self.misbehaviour = Misbehaviour()
        self.context = tls_context(tls) if tls else None
        self.errors: list[str] = []
        self.host, self.port = host, port
        self._machine = machine
        self._server: Server | None = None
        self._back_at: float | None = None  # monotonic; while it is set, nobody listens
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @property
    def url(self) -> str:
        """What clients are given."""
        return f"{'https' if self.context else 'http'}://{self.host}:{self.port}/wsman"

    def start(self) -> Self:
        """Listen; `port` is known from then on."""
        self._listen()
        self._watcher.start()
        return self

    def close(self) -> None:
        """Break all connections and end all that runs. Idempotent."""
        self._closed.set()
        with self._lock:
            self._deafen()
        if self._watcher.is_alive():
            self._watcher.join()
        self.shells.forget()
        self.log.close()
        self.book.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def commands(self) -> tuple[Sent, ...]:
        """Every command line that it was sent, oldest first."""
        return self.log.commands()

    def requests(self) -> Counter[str]:
        """How often each operation was asked for: "Create", "Command", ...; "Login" where that was all."""
        return self.log.requests()

    def open_shells(self) -> tuple[str, ...]:
        """The identifiers of the shells that are open."""
        return self.shells.ids()

    def misbehave(self, act: Act, **how: Unpack[How]) -> Rule:
        """Misbehave in requests that match; see `Rule`, which this returns."""
        rule = Rule(act=act, **how)
        self.misbehaviour.add(rule)
        return rule

    def behave(self) -> None:
        """Forget all rules."""
        self.misbehaviour.clear()

    def forget_shells(self) -> None:
        """End all shells at once."""
        self.shells.forget()

    def break_connections(self) -> None:
        """Break every connection; shells and commands live on, and one can connect again at once."""
        with self._lock:
            if self._server is not None:
                self._deafen()
                self._listen()

    def reboot(self, *, seconds: float) -> None:
        """Break everything; for that time nobody listens; then come back with no shells. Returns at once."""
        with self._lock:
            self._back_at = time.monotonic() + seconds
            self._deafen()
        self.shells.forget()

    def is_open(self) -> bool:
        """Whether it is not closed for good."""
        return not self._closed.is_set()

    def _listen(self) -> None:
        with self._lock:
            if self._server is None and not self._closed.is_set():
                self._server = Server((self.host, self.port), self._handler)
                self.port = self._server.server_address[1]

    def _deafen(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _handler(self, connection: socket.socket, address: object, server: Server) -> Handler:
        return Handler(self, connection, address, server)

    def _watch(self) -> None:
        """Come back after a reboot, and follow the machine."""
        boots = self._machine.boots() if self._machine else 0
        while not self._closed.wait(WATCH_S):
            if self._machine is not None and (not self._machine.is_up() or self._machine.boots() != boots):
                boots = self._machine.boots()
                self.reboot(seconds=0.0 if self._machine.is_up() else WATCH_S)
            with self._lock:
                if self._back_at is not None and time.monotonic() >= self._back_at:
                    self._come_back()

    def _come_back(self) -> None:
        try:
            self._listen()
        except OSError:
            return  # somebody has the port for now: an outgoing connection, most likely
        self._back_at = None
