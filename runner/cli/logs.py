"""Logging: to standard error as far as ``-v`` asks for it, and failures of vmfix itself to a file. Always redacted."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.cli.screen import Screen

ERRORS = "errors.log"
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_SAID = "vmfix_said"
"""Marks a record whose message its reader is told in another way."""

_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


class Logs:
    """The handlers of this invocation; ``close`` takes them away again."""

    def __init__(self, screen: Screen, environ: Mapping[str, str], home: Path) -> None:
        self.verbosity = 0
        self._screen = screen
        self._before = (logging.root.level, logging.root.handlers[:], threading.excepthook)
        self._errors = _ErrorFile(screen, _state(environ, home) / ERRORS)
        self._terminal = _Terminal(screen, self._errors)
        # Not basicConfig: it would leave handlers of whoever embeds us in place, which do not redact.
        logging.root.handlers[:] = [self._errors, self._terminal]
        threading.excepthook = _thread_failed
        self.more(0)

    def more(self, count: int) -> None:
        """Become more talkative by ``count`` steps."""
        self.verbosity = min(self.verbosity + count, len(_LEVELS) - 1)
        self._terminal.tracebacks = self.verbosity > 0
        logging.root.setLevel(_LEVELS[self.verbosity])

    def internal_error(self, problem: BaseException) -> str:
        """Keep the traceback, and say in which file: empty if it could not be kept or was shown already."""
        logging.getLogger("runner").error("internal error", exc_info=problem, extra={_SAID: True})
        return "" if self._terminal.tracebacks else self._errors.written

    def close(self) -> None:
        """Everything as it was."""
        level, handlers, hook = self._before
        logging.root.setLevel(level)
        logging.root.handlers[:] = handlers
        threading.excepthook = hook


class _Terminal(logging.Handler):
    """One record, maybe with its traceback, on standard error. Others' remarks are shown only if asked for."""

    def __init__(self, screen: Screen, errors: _ErrorFile) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self.tracebacks = False
        self._screen = screen
        self._errors = errors

    def filter(self, record: logging.LogRecord) -> bool:
        if self.tracebacks:
            return True
        return record.name.split(".")[0] == "runner" and not hasattr(record, _SAID)

    def emit(self, record: logging.LogRecord) -> None:
        from runner.report.escape import block  # noqa: PLC0415 - a quiet start has nothing to log

        text = self.format(record) if self.tracebacks else self._short(record)
        self._screen.say(block(self._screen.redact(text)))

    def _short(self, record: logging.LogRecord) -> str:
        problem = record.exc_info[1] if record.exc_info else None
        if problem is None:
            return f"{record.levelname.lower()}: {record.getMessage()}"
        where = f"; its traceback is in {self._errors.written}" if self._errors.written else ""
        return f"{record.levelname.lower()}: {record.getMessage()}: {type(problem).__name__}: {problem}{where}"


class _ErrorFile(logging.Handler):
    """Tracebacks of vmfix's own failures, for its maintainers; the file is made when the first one comes."""

    def __init__(self, screen: Screen, path: Path) -> None:
        super().__init__(logging.ERROR)
        self.setFormatter(logging.Formatter(_FORMAT))
        self.written = ""
        self._screen = screen
        self._path = path

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name.split(".")[0] == "runner" and bool(record.exc_info)

    def emit(self, record: logging.LogRecord) -> None:
        text = self._screen.redact(self.format(record)) + "\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            with os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            return  # there is no better place to say it
        self.written = str(self._path)


def _state(environ: Mapping[str, str], home: Path) -> Path:
    """As ``Surroundings.state``, which costs too much to import for this."""
    if environ.get("VMFIX_STATE"):
        return Path(environ["VMFIX_STATE"])
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "vmfix"


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    """Python's own hook prints a traceback that nobody redacted."""
    if args.exc_value is not None:
        logging.getLogger("runner").error("a thread failed", exc_info=args.exc_value)
