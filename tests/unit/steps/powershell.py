"""What can be said of a PowerShell script where there is no PowerShell."""

from __future__ import annotations

from tree_sitter import Language, Parser
from tree_sitter_powershell import language

from runner.model.command import Command, Dialect
from runner.shells.windows import launch


def sound(command: Command) -> bool:
    """Whether it can be sent, and a parser of PowerShell finds no error in its script."""
    tree = Parser(Language(language())).parse(command.script.encode())
    return bool(launch(command).line) and command.dialect is Dialect.POWERSHELL and not tree.root_node.has_error
