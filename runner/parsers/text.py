"""Parsers that take the output nearly as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.model.command import CommandResult
from runner.parsers.base import Parser, whole_text

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


def _text(result: CommandResult) -> object:
    return whole_text(result).strip()


def _lines(result: CommandResult) -> object:
    return [line.rstrip() for line in whole_text(result).splitlines() if line.strip()]


def _exit_code(result: CommandResult) -> object:
    return result.exit_code


TEXT = Parser("text", "Standard output without white space at either end.", _NO_FIELDS, _text)
LINES = Parser("lines", "The lines of standard output that are not blank, without their line ends.", _NO_FIELDS, _lines)
EXIT_CODE = Parser("exit_code", "The exit code; the output is ignored.", _NO_FIELDS, _exit_code)
