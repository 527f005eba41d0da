"""Standard output, standard error and the terminal. Everything that is printed passes through here."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path


_NARROWEST, _WIDEST = 60, 120  # columns


class Screen:
    """Writes texts that are redacted and can be encoded. A reader who went away is no error; a full disk is.

    ``json``: standard output carries one JSON document and nothing else, so all other text goes to standard error.
    ``above`` is set while a live display is on the terminal: it prints lines above it.
    """

    def __init__(self, out: TextIO | None, err: TextIO | None, environ: Mapping[str, str]) -> None:
        """``out`` and ``err`` are None where they were closed before the program started."""
        self._out = out or io.StringIO()
        self._err = err or io.StringIO()
        self._environ = environ
        self._lock = threading.RLock()
        self.json = False
        self.colours = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self.redact: Callable[[str], str] = str
        self.above: Callable[[str], None] | None = None
        self.trouble = ""
        for stream in (self._out, self._err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked: input and output are a terminal."""
        asks_on = self._err if self.json else self._out
        return _is_terminal(sys.stdin) and _is_terminal(self._out) and _is_terminal(asks_on)

    @property
    def live(self) -> bool:
        """Whether a display that moves can be shown on standard error."""
        return _is_terminal(self._err) and self._environ.get("TERM", "dumb") != "dumb"

    @property
    def colour(self) -> bool:
        """Whether texts for people are coloured."""
        return self.colours and _is_terminal(self._err if self.json else self._out)

    @property
    def width(self) -> int:
        """Columns for texts for people: the terminal's, within reason."""
        return min(max(self.columns or _WIDEST, _NARROWEST), _WIDEST)

    @property
    def columns(self) -> int:
        """Columns of the terminal that texts for people go to; 0: it is none, or it does not say."""
        stream = self._err if self.json else self._out
        if not _is_terminal(stream):
            return 0
        try:
            return os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            return 0

    def text(self, text: str) -> None:
        """A result for people."""
        self._write(self._err if self.json else self._out, text)

    def data(self, text: str) -> None:
        """A result for programs. JSON stays JSON, whatever word or number happens to be a secret."""
        redacted = self.redact(text)
        if redacted != text:
            from runner.cli.masking import masked_json  # noqa: PLC0415 - hardly ever

            redacted = masked_json(text, self.redact)
        self._write(self._out, redacted, redact=False)

    def say(self, line: str) -> None:
        """A remark: progress, warnings, errors."""
        if self.above is None:
            self._write(self._err, f"{line}\n")
            return
        try:
            self.above(self.redact(line))
        except OSError as problem:
            self._failed(self._err, problem)

    def ask(self, question: str) -> str:
        """What the person at the terminal answers; empty for the end of input."""
        self._write(self._err if self.json else self._out, question)
        return sys.stdin.readline().strip()

    def _write(self, stream: TextIO, text: str, *, redact: bool = True) -> None:
        with self._lock:
            try:
                stream.write(self.redact(text) if redact else text)
                stream.flush()
            except OSError as problem:
                self._failed(stream, problem)

    def _failed(self, stream: TextIO, problem: OSError) -> None:
        """Let nothing be written there any more, not by the interpreter at its end either."""
        if problem.errno not in (errno.EPIPE, errno.ESHUTDOWN):
            self.trouble = f"the output could not be written: {problem.strerror or problem}"
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
        except (OSError, ValueError):
            return


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def home() -> Path:
    """The user's home; a place that does not exist if there is none."""
    from pathlib import Path  # noqa: PLC0415 - `--version` has to start fast

    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")
