"""Commands on this machine, through the same wrapper and under the same contract as over SSH."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from runner.errors import NothingSent
from runner.model.command import Command, CommandResult
from runner.model.inventory import Target
from runner.shells.posix import SHELL
from runner.transports.base import Connection, ResolveSecret
from runner.transports.drive import Process
from runner.transports.session import PosixSession

_CHUNK = 1 << 16  # bytes


class LocalConnection:
    """The machine that vmfix runs on, as a target. Holds nothing open between commands."""

    def __init__(self, target: Target, resolve: ResolveSecret) -> None:
        self._session = PosixSession(target, self._start, resolve)
        self._name = target.name
        self._process: LocalProcess | None = None
        self._closed = False

    def run(self, command: Command) -> CommandResult:
        return self._session.run(command)

    def close(self) -> None:
        """A command that runs just now is left alone, and counts as lost."""
        self._session.interrupt()
        self._closed = True
        process = self._process
        if process is not None:
            process.abandon()

    @contextmanager
    def _start(self, line: str, _ends_at: float) -> Iterator[Process]:
        try:
            popen = subprocess.Popen(
                [SHELL, "-c", line],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            message = f"{self._name}: {SHELL} cannot be started: {error.strerror}"
            raise NothingSent(message) from error
        self._process = process = LocalProcess(popen)
        if self._closed:  # meanwhile, by another thread, which found no process yet
            process.abandon()
        try:
            yield process
        finally:
            self._process = None
            process.let_go()


class LocalProcess:
    """A running child, its pipes read and written without blocking."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._input = _pipe(popen.stdin)
        self._outputs = [_pipe(popen.stdout), _pipe(popen.stderr)]
        self._open = list(self._outputs)
        self._to_write = b""
        self._input_ends = False
        self._abandoned = False
        for pipe in (self._input, *self._outputs):
            os.set_blocking(pipe.fileno(), False)

    def exit_code(self) -> int | None:
        code = self._popen.poll()
        return 128 - code if code is not None and code < 0 else code

    def at_eof(self) -> bool:
        return not self._open

    def settled(self) -> bool:
        return True

    def gone(self) -> bool:
        """Only when nobody wants to wait for it: a child always gives its exit code in the end."""
        return self._abandoned

    def refused(self) -> bool:
        return False

    def read(self) -> tuple[bytes, bytes]:
        self._feed()
        out, err = (self._drain(pipe) for pipe in self._outputs)
        return out, err

    def write(self, data: bytes) -> None:
        self._to_write += data
        self._feed()

    def close_input(self) -> None:
        self._input_ends = True
        self._feed()

    def wait(self, seconds: float) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in self._open:
                selector.register(pipe, selectors.EVENT_READ)
            if self._to_write and not self._input.closed:
                selector.register(self._input, selectors.EVENT_WRITE)
            if selector.get_map():
                # The end of the child itself wakes nobody if another process holds its streams.
                selector.select(seconds)
            else:
                self._wait_for_end(seconds)

    def abandon(self) -> None:
        """Stop waiting for it; may be called from another thread."""
        self._abandoned = True

    def let_go(self) -> None:
        """Close our ends. A child that still runs is left alone, and reaped when it ends."""
        for pipe in (self._input, *self._outputs):
            pipe.close()
        if self._popen.poll() is None:
            threading.Thread(target=self._popen.wait, name="vmfix-reaper", daemon=True).start()

    def _wait_for_end(self, seconds: float) -> None:
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def _drain(self, pipe: IO[bytes]) -> bytes:
        parts = []
        while pipe in self._open:
            try:
                part = os.read(pipe.fileno(), _CHUNK)
            except BlockingIOError:
                break
            if not part:
                self._open.remove(pipe)
            parts.append(part)
        return b"".join(parts)

    def _feed(self) -> None:
        """Write what the pipe takes. A child that reads no more loses the rest, as with any pipe."""
        while self._to_write and not self._input.closed:
            try:
                written = os.write(self._input.fileno(), self._to_write[:_CHUNK])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._to_write = b""
                return
            self._to_write = self._to_write[written:]
        if self._input_ends and not self._input.closed:
            self._input.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        message = "a child was started without a pipe"
        raise RuntimeError(message)
    return stream


def connect(target: Target, resolve: ResolveSecret) -> Connection:
    """Nothing is opened; ``sudo`` and ``sudo_password`` of the target's ssh options hold here too."""
    return LocalConnection(target, resolve)
