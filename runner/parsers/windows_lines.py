"""Lines as programs of Windows end them."""

from __future__ import annotations

import re

from runner.model.command import CommandResult
from runner.parsers.base import whole_text

_LINE_END = re.compile(r"\r*\n")


def lines_of(result: CommandResult) -> list[str]:
    """The lines of standard output, ended by CR LF or LF, without their ends. Other control characters are data."""
    return _LINE_END.split(whole_text(result).removeprefix("\ufeff").rstrip("\r\n"))
