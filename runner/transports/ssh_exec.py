"""One command on one channel of a paramiko transport, without blocking: what the driving loop needs."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from typing import Any, ClassVar

import paramiko
from paramiko.common import MSG_CHANNEL_REQUEST, cMSG_CHANNEL_REQUEST

from runner.transports.ssh_errors import FOREIGN

_EVERYTHING = 1 << 24  # bytes: more than a window holds, since paramiko pays for each partial read


def _on_request(channel: paramiko.Channel, message: paramiko.Message) -> None:
    """paramiko ignores "exit-signal", and would leave us without an exit code if a signal ended the command."""
    at = message.packet.tell()
    if message.get_text() == "exit-signal":
        message.get_boolean()
        number = getattr(signal, f"SIG{message.get_text()}", 9)
        channel.exit_status = 128 + int(number)
        channel.status_event.set()
        return
    message.packet.seek(at)
    channel._handle_request(message)  # type: ignore[attr-defined]  # noqa: SLF001  what paramiko itself would have called


class Transport(paramiko.Transport):
    """paramiko's transport, which also understands that a signal ended a command."""

    _channel_handler_table: ClassVar[dict[int, Any]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001
        MSG_CHANNEL_REQUEST: _on_request,
    }


class _Wake:
    """Stands in for the event that paramiko sets and clears for each stream, so that one event serves both."""

    def __init__(self, event: threading.Event) -> None:
        self.set = event.set

    def clear(self) -> None:
        """Only the loop clears, before it reads: else what came on the other stream could be slept over."""


class SshProcess:
    """A command that was asked for on a channel. The constructor sends the request and does not wait for its answer."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel, line: str) -> None:
        self._transport = transport
        self._channel = channel
        self._wake = threading.Event()
        self._feeder: _Feeder | None = None
        self._question: threading.Thread | None = None
        for buffer in (channel.in_buffer, channel.in_stderr_buffer):
            buffer.set_event(_Wake(self._wake))  # type: ignore[arg-type]
        # Channel.exec_command would wait for the answer, without any time limit; output comes with or after it.
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(True)  # noqa: FBT003  an answer, please: a refusal closes the channel
        message.add_string(line)
        self._transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001

    def refused(self) -> bool:
        return self._channel.closed and not self._channel.event_ready and self._transport.is_active()

    def exit_code(self) -> int | None:
        return self._channel.exit_status if self._channel.exit_status >= 0 else None

    def at_eof(self) -> bool:
        return bool(self._channel.eof_received)

    def settled(self) -> bool:
        """The server has answered a question that was asked after the exit code came.

        It may tell the exit code before the last output, and packets may be late; after an answer none is under way.
        """
        if self._question is None:
            self._question = threading.Thread(target=self._ask, name="vmfix-settle", daemon=True)
            self._question.start()
        return not self._question.is_alive()

    def _ask(self) -> None:
        with suppress(*FOREIGN):
            self._transport.global_request("keepalive@openssh.com", wait=True)

    def gone(self) -> bool:
        return self._channel.closed

    def read(self) -> tuple[bytes, bytes]:
        self._wake.clear()
        channel = self._channel
        out = channel.recv(_EVERYTHING) if channel.recv_ready() else b""
        err = channel.recv_stderr(_EVERYTHING) if channel.recv_stderr_ready() else b""
        return out, err

    def write(self, data: bytes) -> None:
        if self._feeder is None:
            self._feeder = _Feeder(self._channel)
        self._feeder.put(data)

    def close_input(self) -> None:
        if self._feeder is None:
            self._channel.shutdown_write()
        else:
            self._feeder.put(b"")

    def wait(self, seconds: float) -> None:
        self._wake.wait(seconds)


class _Feeder:
    """Writes standard input from a thread of its own: a full window or a stalled network must not stop the clock."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._parts: list[bytes] = []
        self._more = threading.Condition()
        threading.Thread(target=self._run, name="vmfix-stdin", daemon=True).start()

    def put(self, data: bytes) -> None:
        """Nothing means the end."""
        with self._more:
            self._parts.append(data)
            self._more.notify()

    def _run(self) -> None:
        try:
            while data := self._next():
                self._channel.sendall(data)
            self._channel.shutdown_write()
        except FOREIGN:
            return  # the command reads no more, or the connection broke: the loop sees which

    def _next(self) -> bytes:
        with self._more:
            while not self._parts:
                if not self._more.wait(1.0) and self._channel.closed:
                    return b""
            return self._parts.pop(0)
