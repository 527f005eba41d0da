"""What can be sent to a target, and what comes back."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Dialect(enum.Enum):
    """How the text of a command is to be understood on the target."""

    ARGV = "argv"
    SH = "sh"
    POWERSHELL = "powershell"


class Effect(enum.Enum):
    """OBSERVE only reads. CHANGE may change something, and is sent only after approval and a durable intent."""

    OBSERVE = "observe"
    CHANGE = "change"


class AtDeadline(enum.Enum):
    """What becomes of a command that is still running at its deadline.

    KILL ends its whole process tree. LEAVE lets it run and reports the outcome as unknown: the only safe choice for
    programs that must not be interrupted, such as fsck, xfs_repair or an installer.
    """

    KILL = "kill"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its arguments, or a script with its positional values. Text is never spliced into either.

    ``argv`` is the program and its arguments (ARGV), or the values that the script sees as ``$1``, ``$2`` ...
    (SH; PowerShell: ``$args``). ``stdin`` is sent as UTF-8 and then closed; without it the command reads end of file
    at once. ``elevated`` asks for root or administrator rights where the login has not got them already.
    ``file_sha256`` is that of the file that it runs, where this was looked at: another file makes another command.
    ``goes_on``: what it starts may still be at work when it has ended, and is not ended with the connection.
    Two equal commands do the same thing: this is what approval compares.
    """

    dialect: Dialect = Dialect.ARGV
    argv: tuple[str, ...] = ()
    script: str = ""
    stdin: str = ""
    elevated: bool = True
    effect: Effect = Effect.OBSERVE
    at_most: float = 60.0  # seconds
    at_deadline: AtDeadline = AtDeadline.KILL
    file_sha256: str = ""
    goes_on: bool = False

    def __post_init__(self) -> None:
        if self.dialect is Dialect.ARGV and (not self.argv or not self.argv[0] or self.script):
            message = "an ARGV command needs a program and has no script"
            raise ValueError(message)
        if self.dialect is not Dialect.ARGV and not self.script:
            message = "a script command needs a script"
            raise ValueError(message)
        if any("\0" in part for part in (*self.argv, self.script)):
            message = "a command cannot hold a NUL byte"
            raise ValueError(message)
        try:
            "".join((*self.argv, self.script, self.stdin)).encode()
        except UnicodeEncodeError as problem:
            message = "a command cannot hold half a surrogate pair: it is no character"
            raise ValueError(message) from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How a command ended. A non-zero exit code is a value, not an error.

    ``exit_code`` is the program's own (128 + n where a POSIX signal n ended it). Both streams are complete unless
    ``truncated`` says that more than the transport's limit came.
    """

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    elapsed: float = 0.0  # seconds
    truncated: bool = False

    @property
    def out(self) -> str:
        """Standard output as text: UTF-8; bytes that are not UTF-8 are shown as backslash escapes."""
        return self.stdout.decode("utf-8", "backslashreplace")

    @property
    def err(self) -> str:
        """Standard error as text, decoded as ``out`` is."""
        return self.stderr.decode("utf-8", "backslashreplace")
