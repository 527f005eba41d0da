"""The output of a process for one Receive: read by the thread that answers it, so nobody reads ahead of the client."""

import os
import queue
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from examples.lab.windows.executor import Process
from examples.lab.windows.wsman import faults
from examples.lab.windows.wsman.faults import Faulted

CHUNK = 32 * 1024
SLICE_S = 0.05  # how long it takes at most to notice that the command was terminated
POLL_S = 0.002
FEEDER_ENDS_S = 5.0  # a write to a dead process fails at once


class ClientGone(Exception):
    """The client broke the connection while it was to be answered."""


class Client:
    """The other end of a connection, to see whether it is still there while nothing is sent to it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.watched = True

    def fileno(self) -> int:
        return self._connection.fileno()

    def check(self) -> None:
        """Called when there is something to read: raises ``ClientGone`` at the end of the stream."""
        if isinstance(self._connection, ssl.SSLSocket):
            raise ClientGone  # a client that waits for an answer sends nothing but its farewell
        try:
            data = self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            raise ClientGone from None
        if not data:
            raise ClientGone
        self.watched = False  # it has sent its next request already


@dataclass(slots=True, kw_only=True)
class RunningCommand:
    """A command of a shell. ``gone`` is set once it was terminated; ``told`` once its end was told to the client."""

    command_id: str
    line: str
    process: Process
    receiving: threading.Lock = field(default_factory=threading.Lock)
    ended: set[str] = field(default_factory=set)
    code: int | None = None  # what Windows would report instead of the process's own
    gone: bool = False
    told: bool = False
    _input: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue)
    _feeder: threading.Thread | None = None
    _feeding: threading.Lock = field(default_factory=threading.Lock)  # whoever sees the feeder sees it started

    def feed(self, data: bytes, *, last: bool) -> None:
        """Hand over input, without waiting until the process has read it. Called by one thread at a time."""
        with self._feeding:
            if self._feeder is None and not self.gone:
                self._feeder = threading.Thread(target=self._feed, daemon=True)
                self._feeder.start()
            self._input.put(data)
            if last:
                self._input.put(None)

    def _feed(self) -> None:
        while (data := self._input.get()) is not None:
            self.process.write(data)
        if not self.gone:
            self.process.close_input()

    def streams(self) -> dict[int, str]:
        """The descriptors that may still bring something."""
        pairs = {"stdout": self.process.fileno_out(), "stderr": self.process.fileno_err()}
        return {descriptor: name for name, descriptor in pairs.items() if name not in self.ended}

    def end_code(self) -> int | None:
        """The exit code to report, None while it runs."""
        code = self.process.exit_code()
        return code if code is None or self.code is None else self.code

    def dispose(self) -> None:
        """End it with all that it started, and free everything."""
        self.gone = True
        self.process.terminate(tree=True)
        with self._feeding:
            feeder = self._feeder
        if feeder is not None:
            self._input.put(None)
            feeder.join(FEEDER_ENDS_S)
        with self.receiving:
            self.process.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one Receive brings. ``exit_code`` None: the command still runs."""

    pieces: tuple[tuple[str, bytes], ...]
    exit_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When a Receive stops: at ``until`` (monotonic), after ``limit`` bytes, or ``linger`` seconds after the first."""

    until: float
    limit: int
    linger: float


def receive(command: RunningCommand, patience: Patience, client: Client) -> Output | None:
    """Wait for output or the end. None: nothing came in time. Raises ``Faulted`` and ``ClientGone``."""
    pieces: list[tuple[str, bytes]] = []
    first = 0.0
    while True:
        if command.gone:
            raise Faulted(faults.aborted())
        room = patience.limit - sum(len(data) for _, data in pieces)
        wait = _wait(patience, first if pieces else 0.0)
        pieces += _read(command, client, room, wait) if command.streams() else []
        code = None if command.streams() else _ended(command, wait)
        now = time.monotonic()
        first = first or (now if pieces else 0.0)
        if code is not None:
            return Output(pieces=tuple(pieces), exit_code=code)
        if pieces and (now >= first + patience.linger or room <= CHUNK):
            return Output(pieces=tuple(pieces), exit_code=None)
        if now >= patience.until:
            return Output(pieces=tuple(pieces), exit_code=None) if pieces else None


def _wait(patience: Patience, first: float) -> float:
    until = min(patience.until, first + patience.linger) if first else patience.until
    return max(0.0, min(SLICE_S, until - time.monotonic()))


def _ended(command: RunningCommand, wait: float) -> int | None:
    """The exit code, which may come a moment after the streams' ends."""
    until = time.monotonic() + wait
    while (code := command.end_code()) is None and time.monotonic() < until:
        time.sleep(POLL_S)
    return code


def _read(command: RunningCommand, client: Client, room: int, wait: float) -> list[tuple[str, bytes]]:
    streams = command.streams()
    poll = select.poll()
    for descriptor in streams:
        poll.register(descriptor, select.POLLIN)
    if client.watched:
        poll.register(client.fileno(), select.POLLIN)
    pieces = []
    for descriptor, _ in poll.poll(wait * 1000):
        if descriptor not in streams:
            client.check()
            continue
        data = os.read(descriptor, min(CHUNK, max(room, 1)))
        if data:
            pieces.append((streams[descriptor], data))
            room -= len(data)
        else:
            command.ended.add(streams[descriptor])
    return pieces
