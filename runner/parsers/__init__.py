"""Readers of remote output, each a pure function, in one explicit table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.parsers.base import Parser
from runner.parsers.json_output import JSON
from runner.parsers.key_value import KEY_VALUE
from runner.parsers.systemctl import SYSTEMCTL_IS_ACTIVE, SYSTEMCTL_SHOW, SYSTEMCTL_SHOW_UNITS
from runner.parsers.text import EXIT_CODE, LINES, TEXT

PARSERS: Mapping[str, Parser] = MappingProxyType(
    {
        parser.name: parser
        for parser in (
            TEXT,
            LINES,
            EXIT_CODE,
            JSON,
            KEY_VALUE,
            SYSTEMCTL_SHOW,
            SYSTEMCTL_SHOW_UNITS,
            SYSTEMCTL_IS_ACTIVE,
        )
    }
)
"""Every parser by the name that playbooks give to ``parse``."""
