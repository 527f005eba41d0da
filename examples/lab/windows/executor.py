"""What the WS-Man endpoint asks of whatever runs its command lines.

The endpoint knows the protocol, the accounts and the quotas; an executor knows how a line becomes a process: under
Wine's cmd.exe in the lab, under a POSIX shell in the endpoint's own tests.
"""

from collections.abc import Mapping
from typing import Protocol


class Process(Protocol):
    """One command line under way. Used by several threads: one writes, one reads and waits, one may terminate."""

    def fileno_out(self) -> int:
        """A pipe with what the command and its children print on standard output; it ends when nobody holds it."""
        ...

    def fileno_err(self) -> int:
        """The same for standard error."""
        ...

    def write(self, data: bytes) -> None:
        """Hand ``data`` to standard input. May block briefly; a process that reads no more is no error."""
        ...

    def close_input(self) -> None:
        """End standard input. Idempotent."""
        ...

    def exit_code(self) -> int | None:
        """The 32-bit Windows code as an unsigned number (0x80092004, not -2146885628); None while it runs."""
        ...

    def terminate(self, *, tree: bool) -> None:
        """End the command, or with ``tree`` all that it started as well, also when the command itself has ended."""
        ...

    def close(self) -> None:
        """End everything and let the descriptors go. Called once, after the last use."""
        ...


class Executor(Protocol):
    """Starts processes. ``OSError`` from ``start`` becomes the fault that Windows gives for what it cannot start."""

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> Process:
        """Start ``line`` and return at once.

        ``skip_cmd``: the line is for CreateProcess; else it is for ``cmd.exe /c``. ``environment`` comes on top of the
        machine's own: what the client asked for, then ``USERNAME`` and ``VMFIX_LAB_INTEGRITY`` (``high`` or
        ``medium``) of the account that is logged in. ``codepage`` is what the console's input and output are to be.
        """
        ...


class Machine(Protocol):
    """The machine under the endpoint, where it can be down or restart by itself (a command may reboot it)."""

    def boots(self) -> int:
        """Grows with each boot: shells from before a boot are gone."""
        ...

    def is_up(self) -> bool:
        """Whether it is booted. While it is not, the endpoint does not listen and holds no connection."""
        ...
