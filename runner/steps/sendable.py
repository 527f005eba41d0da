"""Whether a command can be put into one line for Windows at all: asked when a playbook is checked, not when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.command import Command
from runner.shells.windows import CannotBeSent, launch
from runner.steps.rendering import is_open


def why_unsendable(command: Command) -> str:
    """Why no line for Windows means this command; empty if one does."""
    try:
        launch(command)
    except CannotBeSent as problem:
        return str(problem)
    return ""


def all_rendered(raw: object) -> bool:
    """Whether no text in plain data still has to be rendered."""
    if isinstance(raw, str):
        return not is_open(raw)
    if isinstance(raw, Mapping):
        return all(all_rendered(value) for value in raw.values())
    return not isinstance(raw, Sequence) or all(all_rendered(value) for value in raw)
