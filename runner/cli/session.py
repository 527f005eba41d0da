"""What one invocation of the command line has at hand."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from runner.cli.screen import Screen, home

if TYPE_CHECKING:
    from runner.app import App
    from runner.cli.logs import Logs
    from runner.diagnostics import Diagnostic


@dataclass(slots=True)
class Session:
    """``argv`` is what was typed. ``sent`` is True once changing commands may have been sent to a target.

    ``pause`` takes a live display off the terminal while somebody is asked.
    """

    argv: Sequence[str]
    screen: Screen
    sent: bool = False
    pause: Callable[[], AbstractContextManager[None]] = field(default=contextlib.nullcontext)
    _logs: Logs | None = None

    @property
    def logs(self) -> Logs:
        """Logging, set up at its first use: ``--version`` has nothing to log and must start fast."""
        if self._logs is None:
            from runner.cli.logs import Logs  # noqa: PLC0415

            self._logs = Logs(self.screen, os.environ, home())
        return self._logs

    def close(self) -> None:
        """Leave logging as it was."""
        if self._logs is not None:
            self._logs.close()

    @contextlib.contextmanager
    def app(self) -> Iterator[App]:
        """The application, tied to this terminal; leaving closes its connections."""
        from runner.app import App  # noqa: PLC0415 - it imports everything
        from runner.surroundings import Surroundings  # noqa: PLC0415

        prompt = self._ask_secret if self.screen.interactive else None
        with App(Surroundings(environ=os.environ, home=home(), prompt=prompt)) as app:
            self.screen.redact = app.redact
            yield app

    def _ask_secret(self, question: str) -> str:
        from getpass import getpass  # noqa: PLC0415 - rarely needed

        from runner.errors import CredentialError  # noqa: PLC0415
        from runner.report.escape import one_line  # noqa: PLC0415

        try:
            with self.pause():
                return getpass(f"{one_line(question)}: ")
        except (EOFError, OSError) as problem:
            raise CredentialError(f"nothing was typed in for `{question}`") from problem

    def warn(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show what is odd and forbids nothing."""
        from runner.cli.failure import shown  # noqa: PLC0415

        for diagnostic in diagnostics:
            self.screen.say(shown(str(diagnostic)))


pass_session: Callable[[Callable[..., int]], Callable[..., Any]] = click.make_pass_decorator(Session)
"""Hands a command its ``Session``."""
