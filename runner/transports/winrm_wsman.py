"""The operations on remote shells, one message each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from runner.shells.windows_xml import Element
from runner.transports import winrm_messages as messages
from runner.transports.winrm_answers import (
    BadAnswer,
    Received,
    body_of,
    command_id,
    fault,
    identified,
    received,
    shell_id,
)
from runner.transports.winrm_http import Line
from runner.transports.winrm_messages import Place
from runner.transports.winrm_refusals import NoAnswer, WsmanFault, not_winrm

T = TypeVar("T")

SHORTEST = 0.5  # seconds; Windows takes no shorter limit
_AT_ONCE = 20.0  # seconds for what the service does without waiting for anything
_SLACK = 10.0  # seconds that an answer may come later than the service was told
_NOT_SOAP = "Is it WinRM that answers there?"


class Wsman:
    """A service of WS-Management at the other end of a line.

    Each operation raises ``WsmanFault`` if the service refuses, ``NoAnswer`` if it may have done what it was asked to,
    and a ``NothingSent`` kind if the message certainly did not arrive.
    """

    def __init__(self, line: Line) -> None:
        self.line = line

    def identify(self) -> None:
        """Log in. Raises ``Unreachable`` if what answers is no WS-Management service."""
        login = self.line.login
        status, answer = self.line.post(messages.IDENTIFY, wait=login.target.winrm.connect_timeout, safe=True)
        try:
            body = body_of(answer)
            refusal = fault(body)
            known = refusal is not None or identified(body)
        except BadAnswer:
            refusal, known = None, False
        if refusal is not None:
            raise WsmanFault(refusal)
        if not known:
            raise not_winrm(login.where, status)

    def create(self) -> str:
        """Open a shell; gives its identifier."""
        return self._ask(messages.create(self._place(), _AT_ONCE), _AT_ONCE + _SLACK, shell_id, safe=True)

    def command(self, shell: str, command: str, line: str, *, seconds: float = _AT_ONCE) -> str:
        """Start a line, as ``command``; gives the identifier that the service uses for it, mostly the same."""
        seconds = max(SHORTEST, seconds)
        return self._ask(messages.command(self._place(shell), command, line, seconds), seconds + _SLACK, command_id)

    def receive(self, shell: str, command: str, *, seconds: float) -> Received | None:
        """Output and state, or None if there was nothing to tell in that time."""
        seconds = max(SHORTEST, seconds)
        try:
            return self._ask(messages.receive(self._place(shell), command, seconds), seconds + _SLACK, received)
        except WsmanFault as error:
            if not error.fault.timed_out:
                raise
            return None

    def send(self, shell: str, command: str, data: bytes, *, last: bool, within: float = _AT_ONCE) -> None:
        """Hand bytes to the command; returns when it, or a buffer, has taken them. ``within``: its deadline is near.

        The service is not told of it: that it gave up would come as news from the command.
        """
        wait = max(SHORTEST, min(_AT_ONCE, within)) + _SLACK
        self._ask(messages.send(self._place(shell), command, data, _AT_ONCE, last=last), wait, _nothing)

    def terminate(self, shell: str, command: str) -> None:
        """End a command, or free what is kept of one that has ended."""
        self._ask(messages.terminate(self._place(shell), command, _AT_ONCE), _AT_ONCE + _SLACK, _nothing)

    def delete(self, shell: str, *, seconds: float = _AT_ONCE) -> None:
        """End a shell, with all that runs in it. There is nothing to wait for longer than that."""
        self._ask(messages.delete(self._place(shell), seconds), seconds, _nothing)

    def _place(self, shell: str = "") -> Place:
        return Place(self.line.login.endpoint, shell)

    def _ask(self, message: bytes, wait: float, read: Callable[[Element], T], *, safe: bool = False) -> T:
        status, answer = self.line.post(message, wait=wait, safe=safe)
        try:
            body = body_of(answer)
            refusal = fault(body)
            if refusal is None:
                return read(body)
        except BadAnswer as error:
            problem = NoAnswer(f"the answer makes no sense: {error} (HTTP status {status})", _NOT_SOAP)
        else:
            raise WsmanFault(refusal)
        raise problem


def _nothing(_body: Element) -> None:
    """An answer whose only news is that it came."""
