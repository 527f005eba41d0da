"""What is said on the streams of one launched command, without any input or output of its own.

The wrapper of ``runner.shells.posix`` talks to us in marked lines on the command's own streams. ``Exchange`` takes the
bytes as they come, sorts marks from output, and says what may be written to standard input, and when.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.model.command import AtDeadline, Command
from runner.model.secret import Secret
from runner.model.text import end

OUTPUT_LIMIT = 16 * 1024 * 1024  # bytes kept of each stream
PREAMBLE_LIMIT = 64 * 1024  # bytes kept of what comes before the command
_LONGEST_SAID = 400  # characters shown of it
_LONGEST_MARK = 200  # bytes from the mark to the end of its line; longer is not from our wrapper


@dataclass
class Kept:
    """What is kept of one stream: its first ``limit`` bytes, and whether there were more."""

    limit: int = OUTPUT_LIMIT
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False

    def keep(self, data: bytes) -> None:
        room = self.limit - len(self.body)
        self.truncated = self.truncated or len(data) > room
        self.body += data[: max(0, room)]


class MarkedStream(Kept):
    """One stream, from which our own lines are taken out even where they come in pieces.

    ``before`` is what came before the command was started: greetings of login scripts and complaints of sudo.
    With its ``start`` line the mark has done its duty: anybody may know it, so later ones are output. Then only the
    ``seal`` begins a line of ours, if there is one.
    """

    def __init__(
        self, mark: str, on_mark: Callable[[list[str]], None], *, seal: str = "", limit: int = OUTPUT_LIMIT
    ) -> None:
        super().__init__(limit)
        self._mark: bytes | None = mark.encode() + b" "
        self._seal = seal.encode() + b" " if seal else None
        self._on_mark = on_mark
        self._held = b""
        self.started = False
        self.before = bytearray()

    def feed(self, data: bytes) -> None:
        self._held += data
        while self._mark is not None and self._take_mark(self._mark):
            pass
        if self._mark is None:
            self._release(len(self._held))

    def finish(self) -> None:
        """Nothing more will come: what was held back as a possible mark is output."""
        self._release(len(self._held))

    def _take_mark(self, mark: bytes) -> bool:
        at = self._held.find(mark)
        if at < 0:
            self._release(len(self._held) - _overlap(self._held, mark))
            return False
        self._release(at)
        end = self._held.find(b"\n")
        if end < 0 and len(self._held) <= _LONGEST_MARK:
            return False
        if end < 0:
            self._release(len(mark))
            return True
        line, self._held = self._held[len(mark) : end], self._held[end + 1 :]
        said = line.decode("ascii", "replace").split()
        if said[:1] == ["start"] and not self.started:
            self.started, self._mark = True, self._seal
        self._on_mark(said)
        return True

    def _release(self, count: int) -> None:
        data, self._held = self._held[:count], self._held[count:]
        if self.started:
            self.keep(data)
        else:
            self.before += data[: max(0, PREAMBLE_LIMIT - len(self.before))]


def _overlap(data: bytes, mark: bytes) -> int:
    """How many bytes at the end of ``data`` may be the beginning of ``mark``."""
    for size in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:size]):
            return size
    return 0


class Exchange:
    """The state of one launched command, as far as its streams tell.

    The sudo password is asked for and offered only after sudo's own prompt was seen, once, and never after the command
    was started; the command's standard input only after it was started. A second prompt means a wrong password.
    ``seal`` is what the wrapper of a command that may be left running is told before that input, and begins its report.
    """

    def __init__(
        self, command: Command, mark: str, password: Callable[[], Secret] | None = None, *, limit: int = OUTPUT_LIMIT
    ) -> None:
        self._password = password
        self.seal = secrets.token_hex(16) if command.at_deadline is AtDeadline.LEAVE else ""
        self._input = (f"{self.seal}\n" if self.seal else "").encode() + command.stdin.encode()
        self._to_write: list[bytes] = []
        self._input_given = not self._input
        self._prompts = 0
        self.out = MarkedStream(mark, self._on_out_mark, limit=limit)
        self.err = MarkedStream(mark, self._on_err_mark, seal=self.seal, limit=limit)
        self.leader: int | None = None
        self.how = ""
        self.reached = False
        self.exit_code: int | None = None

    @property
    def started(self) -> bool:
        return self.leader is not None

    @property
    def password_refused(self) -> bool:
        return self._prompts > 1 and not self.started

    @property
    def input_complete(self) -> bool:
        """Everything that the command will ever read was handed out by ``take_input``: standard input may be closed."""
        return self.started and self._input_given and not self._to_write

    def take_input(self) -> bytes:
        """The bytes to write now, if any; each is given out once."""
        if self.started and not self._input_given:
            self._to_write.append(self._input)
            self._input_given = True
        taken = b"".join(self._to_write)
        self._to_write.clear()
        return taken

    def finish(self) -> None:
        self.out.finish()
        self.err.finish()

    def said_before(self) -> str:
        """What the target said instead of starting the command, made safe to show, in one line."""
        text = bytes(self.err.before or self.out.before).decode("utf-8", "backslashreplace")
        printable = "".join(c if c.isprintable() else " " for c in text)
        return end(re.sub(r" +", " ", printable).strip(), _LONGEST_SAID)

    def _on_out_mark(self, said: list[str]) -> None:
        if said[:1] == ["start"]:
            self._start(said)

    def _on_err_mark(self, said: list[str]) -> None:
        match said:
            case ["start", *_]:
                self._start(said)
            case ["reached"]:
                self.reached = True
            case ["prompt"] if not self.started:
                self._answer()
            case ["exit", code] if self.err.started and code.isdecimal():
                self.exit_code = int(code)

    def _start(self, said: list[str]) -> None:
        if len(said) == len(("start", "PID", "HOW")) and said[1].isdecimal():
            self.leader, self.how = int(said[1]), said[2]
            self._to_write.clear()  # a password that is not yet written is not needed, and must not become input

    def _answer(self) -> None:
        self._prompts += 1
        if self._prompts == 1 and self._password is not None:
            self._to_write.append(self._password().reveal().encode() + b"\n")
