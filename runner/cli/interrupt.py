"""Ctrl-C, SIGTERM and a lost terminal: while looking, give up; while changing, stop between remedies."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from runner.cli.failure import INTERRUPTED, told

if TYPE_CHECKING:
    from runner.app import App
    from runner.cli.session import Session

_NAMES = {
    getattr(signal, name): said  # not every system has all of them
    for name, said in {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGHUP": "the end of the terminal"}.items()
    if hasattr(signal, name)
}
_PATIENCE = 2.0  # seconds for closing connections before we leave anyway
_AT_ONCE, _LEAVE = 2, 3


@contextlib.contextmanager
def abandoning(session: Session, app: App) -> Iterator[None]:
    """While only observations are sent: a signal ends the program at once, for nothing has to be cleaned up.

    Raising an exception would have to wait for every thread that is still observing.
    """
    restore = _terminal_restorer()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        closing = threading.Thread(target=app.connections.close, daemon=True)
        closing.start()
        closing.join(_PATIENCE)
        restore()
        with session.pause():
            code = told(session, KeyboardInterrupt())
            _flush()
            os._exit(code)

    with _handling(leave):
        yield


@contextlib.contextmanager
def stopping(session: Session, app: App) -> Iterator[None]:
    """While targets are changed: the first signal stops between remedies, the second at once, the third leaves."""
    asked = 0

    def stop(number: int, _frame: FrameType | None) -> None:
        # Printing and closing can block or be in progress in this very thread: a thread of their own does them.
        nonlocal asked
        asked += 1
        by = _NAMES[signal.Signals(number)]
        if asked >= _LEAVE:
            with session.pause():
                _flush()
                os._exit(INTERRUPTED)
        app.stop.request(f"interrupted by {by}", at_once=asked == _AT_ONCE)
        threading.Thread(
            target=_at_once if asked == _AT_ONCE else _gently, args=(session, app, by), daemon=True
        ).start()

    with _handling(stop):
        yield


def _gently(session: Session, _app: App, by: str) -> None:
    session.screen.say(
        f"{by}: stopping. Remedies under way are finished, no other is started. "
        "A second Ctrl-C stops at once and may leave them half done."
    )


def _at_once(session: Session, app: App, by: str) -> None:
    session.screen.say(
        f"{by}: stopping at once; nothing more is sent. The report will say what is left half done. "
        "A third Ctrl-C leaves without a report."
    )
    app.connections.close()


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Only the main thread may set handlers; elsewhere (in somebody's program) their owner decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored (by nohup, or since we run in the background) stays so.
    wanted = [number for number in _NAMES if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in wanted}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _terminal_restorer() -> Callable[[], None]:
    """Puts the terminal's settings back: whoever was asked for a password left it without an echo."""
    try:
        import termios  # noqa: PLC0415 - not on every system
    except ImportError:
        return lambda: None
    try:
        settings: list[Any] = termios.tcgetattr(sys.stdin)
    except (OSError, ValueError, termios.error):
        return lambda: None

    def restore() -> None:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)

    return restore


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            stream.flush()
