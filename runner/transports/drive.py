"""The loop that carries one launched command from its start to its end or its deadline, whatever it runs through."""

from __future__ import annotations

import enum
import time
from typing import Protocol

from runner.transports.exchange import Exchange

LINGER = 0.5  # seconds of silence after the exit code; then whoever still holds the streams is not waited for
_LONGEST_WAIT = 0.25  # seconds; some changes of a channel's state wake nobody


class Process(Protocol):
    """A command on its way, as the loop sees it. Nothing but ``wait`` blocks."""

    def exit_code(self) -> int | None: ...

    def at_eof(self) -> bool:
        """No more output will come, once what is there has been read."""
        ...

    def settled(self) -> bool:
        """Whatever the command wrote before its end has arrived. To be asked again and again after its end."""
        ...

    def gone(self) -> bool:
        """Neither output nor an exit code will come any more."""
        ...

    def refused(self) -> bool:
        """The target said that it starts no commands at all: this one was not started."""
        ...

    def read(self) -> tuple[bytes, bytes]:
        """Everything that came since the last call, on standard output and on standard error."""
        ...

    def write(self, data: bytes) -> None:
        """Take all of it, and pass it on as fast as the command reads. A command that stops reading is no error."""
        ...

    def close_input(self) -> None:
        """End of file for the command, after what was written."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when something may have happened, or after that time."""
        ...


class End(enum.Enum):
    """How the loop ended. DONE: there is an exit code. LOST: there will be none. LATE: the deadline. REFUSED: sudo."""

    DONE = "done"
    LOST = "lost"
    LATE = "late"
    REFUSED = "refused"


def drive(process: Process, exchange: Exchange, *, ends_at: float) -> End:
    """Serve the command until it ends or ``time.monotonic()`` reaches ``ends_at``."""
    quiet_since = time.monotonic()
    input_open = True
    while True:
        end = _how_it_stands(process, exchange)
        moved = _move(process, exchange)
        now = time.monotonic()
        quiet_since = now if moved else quiet_since
        if exchange.password_refused:
            return End.REFUSED
        if end is not None:
            return end
        if _code(process, exchange) is not None and now - quiet_since > LINGER and process.settled():
            _move(process, exchange)
            return End.DONE
        if now >= ends_at:
            return End.LATE if _code(process, exchange) is None else End.DONE
        if input_open and exchange.input_complete:
            process.close_input()
            input_open = False
        if not moved:
            process.wait(min(ends_at - now, _LONGEST_WAIT))


def exit_code(process: Process, exchange: Exchange) -> int:
    """The command's own exit code, to be asked for after ``End.DONE``."""
    code = _code(process, exchange)
    if code is None:
        message = "the command has no exit code yet"
        raise RuntimeError(message)
    return code


def _code(process: Process, exchange: Exchange) -> int | None:
    return process.exit_code() if exchange.exit_code is None else exchange.exit_code


def _how_it_stands(process: Process, exchange: Exchange) -> End | None:
    """Asked before the streams are read, so that an end means that reading once more gets everything."""
    gone, at_eof = process.gone(), process.at_eof()
    if _code(process, exchange) is not None:
        return End.DONE if at_eof or gone else None
    return End.LOST if gone else None


def _move(process: Process, exchange: Exchange) -> bool:
    """Pass on what there is, both ways. True if anything came or went."""
    out, err = process.read()
    exchange.out.feed(out)
    exchange.err.feed(err)
    data = exchange.take_input()
    if data:
        process.write(data)
    return bool(out or err or data)
