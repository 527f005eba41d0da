"""The remote shell of one target: opened when it is needed, replaced when it is gone, ended in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runner.errors import ConnectionLost, TransportError
from runner.model.command import Command, Effect
from runner.shells.windows import Launch
from runner.transports.winrm_answers import Fault
from runner.transports.winrm_beside import Beside
from runner.transports.winrm_exec import End, Execution, Lost, NotStarted
from runner.transports.winrm_http import Line, Login
from runner.transports.winrm_refusals import NoAnswer, WsmanFault, denied, interrupted, lost, unanswered
from runner.transports.winrm_wsman import Wsman

_CLOSING = 5.0  # seconds for taking leave
_ATTEMPTS = 2  # in all: a shell that is gone is replaced once


class RemoteShell:
    """Runs commands in one shell after another. Used by one thread; another one may ``abort``.

    A command is sent a second time only if the service's own words prove that the first one was not started.
    """

    def __init__(self, login: Login) -> None:
        self.wsman = Wsman(Line(login))
        self.id: str | None = None
        self._where = login.where
        self._beside = Beside(lambda: Wsman(Line(login)))
        self._given_up: list[str] = []
        self._aborted = False
        self._aside: str | None = None

    def execute(self, command: Command, launch: Launch, ends_at: float) -> tuple[Execution, End]:
        """Run it in the shell that there is, or in a new one if the service says that there is none for it."""
        for attempt in range(1, _ATTEMPTS + 1):
            execution = Execution(self.wsman, self._beside, self._open(), launch)
            try:
                return execution, execution.run(ends_at)
            except NotStarted as error:
                self._make_room(error.fault, end_it=not command.goes_on)
                if attempt == _ATTEMPTS or error.fault.denied:
                    raise denied(self._where, error.fault) from None
            except Lost as error:
                raise self._lost(command, execution, str(error)) from None
        message = "a loop that always returns or raises has ended"
        raise RuntimeError(message)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Run in another shell meanwhile, always the same one, which nothing ends: what its commands started goes on.

        One is enough, for a service allows only so many.
        """
        usual, self.id = self.id, self._aside
        try:
            yield
        finally:
            self._aside, self.id = self.id, usual

    def drop(self, *, end_it: bool) -> None:
        """Use it no more. With ``end_it`` the service is asked to end it, and what runs in it, beside what comes next.

        A shell that is not ended stays until it was idle for as long as the service allows: what was left running in
        it must not be interrupted.
        """
        shell, self.id = self.id, None
        if shell is not None and end_it:
            self._beside.drop()
            self._beside.do(lambda wsman: wsman.delete(shell))
        else:
            self._beside.hurry()

    def _make_room(self, fault: Fault, *, end_it: bool) -> None:
        """A shell that the service does not know is forgotten; with ``end_it``, one that has used up a quota is ended.

        It is ended at once, and what runs in it.
        """
        shell, self.id = self.id, None
        if shell is not None and end_it and not fault.unknown_id:
            with suppress(NoAnswer, TransportError, WsmanFault):
                self.wsman.delete(shell)
        self._beside.drop()

    def abort(self) -> None:
        """Break off what another thread waits for, until ``leave``."""
        self._aborted = True
        self.wsman.line.abort()

    def leave(self) -> None:
        """End the shell, finish the clean-up, close the connections. Never raises; all may be used again."""
        self._aborted = False
        self.wsman.line.revive()
        self._aside = None
        shells, self.id, self._given_up = [*self._given_up, *filter(None, [self.id])], None, []
        for shell in shells:
            # Gone already, or out of reach: then the service ends it when it was idle for long enough.
            with suppress(NoAnswer, TransportError, WsmanFault):
                self.wsman.delete(shell, seconds=_CLOSING)
        self._beside.drop()  # the shell has taken its commands along
        self._beside.close(_CLOSING)
        self.wsman.line.close()

    def _lost(self, command: Command, execution: Execution, because: str) -> ConnectionLost:
        """What became of a lost command. While it may run, its shell is not used, nor ended if it changes things."""
        shell = self.id or ""
        dead = None if self._aborted else execution.is_dead()
        if not dead:
            self.drop(end_it=False)
            if command.effect is Effect.OBSERVE:
                self._given_up.append(shell)
        return interrupted(self._where, shell) if self._aborted else lost(self._where, because, shell, dead=dead)

    def _open(self) -> str:
        if self.id is None:
            try:
                self.id = self.wsman.create()
            except NoAnswer as error:
                raise unanswered(self._where, error) from None
            except WsmanFault as error:
                raise denied(self._where, error.fault) from None
        return self.id
