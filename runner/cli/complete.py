"""Words for shell completion. Where finding them takes more than reading a file or two, there are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

_PATTERN_SIGNS = ":,&!"


def playbooks(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids, error codes and aliases."""
    try:
        from runner.diagnostics import Diagnostics  # noqa: PLC0415
        from runner.load.library import names_of  # noqa: PLC0415
        from runner.shelf import load_library  # noqa: PLC0415

        folders = [Path(folder) for folder in context.params.get("folders") or ()]
        known = load_library(folders, Diagnostics()).playbooks
        return sorted({name for book in known for name in names_of(book) if _begins(name, incomplete)})
    except Exception:  # noqa: BLE001 - a shell's prompt is no place for complaints
        return []


def targets(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Groups and targets of the inventories that stand on the line already, or in the environment."""
    try:
        from runner.diagnostics import Diagnostics  # noqa: PLC0415
        from runner.sources import load_inventory  # noqa: PLC0415

        given = context.params.get("inventories") or os.environ.get("VMFIX_INVENTORY", "").split(os.pathsep)
        files = [path for path in given if Path(path).is_file() and not _may_run(Path(path))]
        inventory = load_inventory(files, Diagnostics())
        start = max(incomplete.rfind(sign) for sign in _PATTERN_SIGNS) + 1
        known = ("all", *inventory.groups, *(target.name for target in inventory.targets))
        return [incomplete[:start] + name for name in known if _begins(name, incomplete[start:])]
    except Exception:  # noqa: BLE001 - as above
        return []


def _begins(name: str, incomplete: str) -> bool:
    return name.lower().startswith(incomplete.lower())


def _may_run(path: Path) -> bool:
    """Inventory scripts are not started by a press of the Tab key."""
    return os.access(path, os.X_OK)
