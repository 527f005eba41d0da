"""What an answer may take: the time until its last byte has come, and its size.

The libraries' own limits are for each single read: whoever sends a byte now and then, or never stops, is within them.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

import urllib3
import urllib3.connection

# Each message asks for no more than 153,600 bytes (``winrm_messages.ENVELOPE_LIMIT``). This leaves room for encryption,
# for headers, and for a service that counts characters or takes its limit lightly; and it is nothing for this machine.
LARGEST = 4 * 1024 * 1024


class Unacceptable(Exception):
    """An answer that is too long, or in a form that was not asked for."""


class Watch:
    """The limits of one line, whose messages follow each other. ``began``: whether the message may have been sent."""

    def __init__(self) -> None:
        self.began = False
        self._each = self._total = 0.0
        self._ends_at: float | None = None
        self._message_ends_at = 0.0
        self._taken = 0

    def start(self, each: float, total: float) -> None:
        """What comes next may need several messages, for the login: seconds for each one, and for all together."""
        self.began = False
        self._each, self._total, self._ends_at = each, total, None

    def message(self) -> None:
        """Now a message is sent; the time that it took to connect does not count."""
        now = time.monotonic()
        if self._ends_at is None:
            self._ends_at = now + self._total
        self._message_ends_at = min(now + self._each, self._ends_at)
        self._taken = 0

    def left(self) -> float:
        """Seconds, more than none."""
        left = self._message_ends_at - time.monotonic()
        if left <= 0:
            message = "timed out"  # as a socket says it
            raise TimeoutError(message)
        return left

    def take(self, size: int) -> None:
        self._taken += size
        if self._taken > LARGEST:
            raise Unacceptable(f"an answer of more than {LARGEST >> 20} MB")


class _Watched(io.RawIOBase):
    """What comes over a connection, within the limits, down to each line of a header."""

    def __init__(self, raw: socket.SocketIO, watch: Watch) -> None:
        self._raw = raw
        self._sock: socket.socket = raw._sock  # type: ignore[attr-defined]  # noqa: SLF001  logins look here for the certificate
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  as inherited
        self._sock.settimeout(self._watch.left())
        size = self._raw.readinto(buffer)
        self._watch.take(size or 0)
        return size

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class WatchedConnection(urllib3.connection.HTTPConnection):
    """To be mixed into a connection, whose ``watch`` is set before it is used."""

    watch: Watch
    _held: bytearray | None = None  # a message while it is put together

    def connect(self) -> None:
        super().connect()
        self.watch.message()

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as inherited
        """Head and body go out together: the other side is woken up once."""
        self.watch.began = True
        self.watch.message()
        message = self._held = bytearray()
        try:
            super().request(*args, **kwargs)
        finally:
            self._held = None
        self.send(message)

    def send(self, data: Any) -> None:  # noqa: ANN401  as inherited
        if self._held is not None:
            self._held += data
            return
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.watch.left())
        super().send(data)

    def response_class(self, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:  # type: ignore[override]  # noqa: ANN401
        """Called where http.client would make an answer."""
        answer = http.client.HTTPResponse(*args, **kwargs)
        answer.fp = io.BufferedReader(_Watched(answer.fp.detach(), self.watch))  # type: ignore[arg-type]
        return answer

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 does
        """What is compressed is not unpacked: it may be any size."""
        answer = super().getresponse()
        encoding = answer.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in {"", "identity"}:
            raise Unacceptable("a compressed answer, as nobody asked for")
        return answer
