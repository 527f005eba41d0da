"""The scripts of a plan, each shown once: a letter stands for it wherever it would run."""

from __future__ import annotations

from string import ascii_uppercase

from runner.model.command import Command, Dialect
from runner.report.commands import script_kind
from runner.report.escape import lines
from runner.report.layout import Page


class Scripts:
    """Letters for scripts, in the order in which they are met. Equal letters mean equal texts."""

    def __init__(self) -> None:
        self._names: dict[tuple[Dialect, str], str] = {}

    def name(self, command: Command) -> str:
        """``script A``; empty for a command that is no script."""
        if not command.script:
            return ""
        return self._names.setdefault((command.dialect, command.script), f"script {_letters(len(self._names))}")

    def add_to(self, page: Page, *, elsewhere: str = "") -> None:
        """The whole text of each, or ``elsewhere`` they are shown. Nothing is wrapped: this is what would run."""
        if not self._names:
            return
        if elsewhere:
            page.head(f"Scripts: {len(self._names)}; {elsewhere}")
            return
        page.head("Scripts:")
        for (dialect, script), name in self._names.items():
            page.item(2, f"{name} ({script_kind(dialect.value, script)})")
            page.exact(4, (f"| {line}" for line in lines(script)))


def _letters(number: int) -> str:
    """``A`` to ``Z``, then ``AA``."""
    rest, last = divmod(number, len(ascii_uppercase))
    return (_letters(rest - 1) if rest else "") + ascii_uppercase[last]
