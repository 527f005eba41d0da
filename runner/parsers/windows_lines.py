"""Lines as programs of Windows end them."""

from __future__ import annotations

from runner.model.command import CommandResult
from runner.parsers.base import whole_text


def lines_of(result: CommandResult) -> list[str]:
    """The lines of standard output, ended by CR LF or LF, without their ends. Other control characters are data."""
    text = whole_text(result).removeprefix("\ufeff").rstrip("\r\n")
    return [line.rstrip("\r") for line in text.split("\n")]
