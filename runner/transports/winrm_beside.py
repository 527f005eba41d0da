"""What is said to the service beside a command: its standard input, and the clean-up after it.

Both go over a connection of their own, from a thread of their own: a command that does not read must not keep us from
its output, and clean-up must not keep the next command waiting. That connection has a login of its own, which costs
both sides as much as some commands, so what can wait for a quiet moment does.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from runner.errors import VmfixError
from runner.transports.winrm_refusals import NoAnswer, WsmanFault
from runner.transports.winrm_wsman import Wsman

PIECE = 64 * 1024  # bytes of standard input in one message; base64 makes a third more of it
QUIET = 1.0  # seconds without a new job, after which those that could wait are done
MOST = 8  # jobs that wait for that; old versions of Windows allow a user no more than 15 commands at once
_IDLE = 30.0  # seconds after which the thread ends; a later job starts another one
Job = Callable[[Wsman], None]


class Beside:
    """Does jobs one after the other. What goes wrong in one is the job's own business, and never raised here."""

    def __init__(self, make: Callable[[], Wsman], quiet: float = QUIET) -> None:
        self._make = make
        self._quiet = quiet
        self._jobs: deque[Job] = deque()
        self._can_wait: deque[Job] = deque()
        self._quiet_at = 0.0
        self._due = False  # what can wait has waited long enough
        self._more = threading.Condition()
        self._wsman: Wsman | None = None
        self._thread: threading.Thread | None = None
        self._ending = False

    def do(self, job: Job) -> None:
        """Start it as soon as those before it are done."""
        with self._more:
            self._jobs.append(job)
            self._wake()

    def do_later(self, job: Job) -> None:
        """Do it in the next quiet moment, or when too many wait for one, unless it is dropped until then."""
        with self._more:
            self._can_wait.append(job)
            self._quiet_at = time.monotonic() + self._quiet
            self._due = self._due or len(self._can_wait) >= MOST
            if self._due or len(self._can_wait) == 1:
                self._wake()

    def hurry(self) -> None:
        """Do what can wait as soon as what is to be done before it; it cannot be dropped any more."""
        with self._more:
            if self._can_wait:
                self._jobs.extend(self._can_wait)
                self._can_wait.clear()
                self._due = False
                self._wake()

    def drop(self) -> None:
        """What has waited until now is not needed any more."""
        with self._more:
            self._can_wait.clear()
            self._due = False

    def close(self, seconds: float) -> None:
        """Finish what is to be done within that time, then break off. Idempotent."""
        with self._more:
            self._ending = True
            thread = self._thread
            self._more.notify()
        if thread is None:
            return
        thread.join(seconds)
        with self._more:
            self._jobs.clear()
            self._can_wait.clear()
            if self._wsman is not None and self._thread is thread:
                self._wsman.line.abort()

    def _wake(self) -> None:
        self._ending = False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="vmfix-winrm-beside", daemon=True)
            self._thread.start()
        self._more.notify()

    def _run(self) -> None:
        wsman = self._make()
        with self._more:
            self._wsman = wsman
        while (job := self._next()) is not None:
            with suppress(NoAnswer, VmfixError, WsmanFault):
                job(wsman)
        wsman.line.close()

    def _next(self) -> Job | None:
        with self._more:
            idle_until = time.monotonic() + _IDLE
            while not self._jobs:
                now = time.monotonic()
                if self._can_wait and (self._due or self._ending or now >= self._quiet_at):
                    self._due = len(self._can_wait) > 1
                    return self._can_wait.popleft()
                if self._ending or now >= idle_until:
                    self._thread = self._wsman = None
                    return None
                self._more.wait((self._quiet_at if self._can_wait else idle_until) - now)
            return self._jobs.popleft()


class Feeding:
    """The standard input of one command, handed over piece by piece; after the last piece it ends.

    ``ends_at``, in ``time.monotonic()``, is the command's deadline. ``problem`` says why the command may have got less
    than all of it, if that is so.
    """

    def __init__(self, shell: str, command: str, data: bytes, ends_at: float) -> None:
        self._shell = shell
        self._command = command
        self._data = data
        self._ends_at = ends_at
        self._stopped = False
        self.problem = ""
        self.done = False

    def stop(self) -> None:
        """The command has ended: nothing needs to be sent any more."""
        self._stopped = True

    def __call__(self, wsman: Wsman) -> None:
        for at in range(0, len(self._data) or 1, PIECE):
            if self._stopped or not self._hand_over(wsman, at):
                return
        self.done = True

    def _hand_over(self, wsman: Wsman, at: int) -> bool:
        """True if the command took the piece at that place and may take more."""
        last = at + PIECE >= len(self._data)
        left = self._ends_at - time.monotonic()
        try:
            wsman.send(self._shell, self._command, self._data[at : at + PIECE], last=last, within=left)
        except WsmanFault as error:
            self.done = error.fault.no_reader
            self.problem = "" if self.done else f"its standard input was refused: {error}"
        except (NoAnswer, VmfixError) as error:
            self.problem = f"its standard input may be incomplete: {error}"
        else:
            return True
        return False
