"""Channels of one transport, the next one opened in advance: a command then costs one round trip instead of two.

That a channel could be opened also proves that the line is alive, before a command is sent whose outcome would be
unknown if it were not. So one that was opened too long ago proves nothing, and is not used.
"""

from __future__ import annotations

import threading
import time

import paramiko
from paramiko.common import OPEN_FAILED_CONNECT_FAILED, OPEN_FAILED_RESOURCE_SHORTAGE

from runner.transports.ssh_errors import FOREIGN

_STALE = 5.0  # seconds
_FULL = {OPEN_FAILED_CONNECT_FAILED, OPEN_FAILED_RESOURCE_SHORTAGE}
_PATIENCE = 1.0  # seconds for the server to notice that the channel before is not used any more


class Channels:
    """Used by one thread at a time; the opening in advance has a thread of its own for as long as it takes."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport
        self._opening: threading.Thread | None = None
        self._spare: paramiko.Channel | None = None
        self._opened_at = 0.0
        self._one_at_a_time = False

    def take(self, limit: float) -> paramiko.Channel:
        """A channel on which nothing was sent yet, within ``limit`` seconds, or what paramiko raises."""
        began = time.monotonic()
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.join(limit)
        spare, self._spare = self._spare, None
        now = time.monotonic()
        if spare is not None and not spare.closed and now - self._opened_at < _STALE:
            return spare
        if spare is not None:
            spare.close()
        return self._open_patiently(began + limit)

    def prepare(self, limit: float) -> None:
        """Begin to open the channel of the next command, if the server lets us have two."""
        if self._opening is not None or self._one_at_a_time:
            return
        self._opening = threading.Thread(target=self._open, args=(limit,), name="vmfix-channel", daemon=True)
        self._opening.start()

    def _open_patiently(self, ends_at: float) -> paramiko.Channel:
        patient_until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.transport.open_session(timeout=max(0.1, ends_at - time.monotonic()))
            except paramiko.ChannelException as refusal:
                if refusal.code not in _FULL or time.monotonic() > min(patient_until, ends_at):
                    raise
            time.sleep(0.05)

    def _open(self, limit: float) -> None:
        try:
            channel = self.transport.open_session(timeout=limit)
        except paramiko.ChannelException:
            self._one_at_a_time = True  # MaxSessions 1
        except FOREIGN:
            return  # the line broke: whoever wants a channel next finds out
        else:
            self._opened_at = time.monotonic()
            self._spare = channel
