"""Several inventories -> one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from runner.diagnostics import Diagnostics
from runner.load.settings import find_twins
from runner.model.inventory import Inventory, Target


def merge(inventories: Sequence[Inventory], diagnostics: Diagnostics) -> Inventory:
    """All targets of all inventories. One that is in several must be the same in each; only its groups add up."""
    if len(inventories) == 1:
        return inventories[0]
    targets: dict[str, Target] = {}
    groups: dict[str, dict[str, None]] = {}
    for inventory in inventories:
        for target in inventory.targets:
            first = targets.get(target.name)
            targets[target.name] = target if first is None else _joined(first, target, diagnostics)
        for group, members in inventory.groups.items():
            groups.setdefault(group, {}).update(dict.fromkeys(members))
    find_twins(targets.values(), diagnostics)
    return Inventory(
        targets=tuple(targets.values()),
        groups=MappingProxyType({group: tuple(members) for group, members in groups.items()}),
        source=", ".join(inventory.source for inventory in inventories),
    )


def _joined(first: Target, second: Target, diagnostics: Diagnostics) -> Target:
    if replace(second, groups=first.groups, span=first.span) != first:
        message = f"target `{first.name}` is also in {first.span}, with other settings"
        diagnostics.error(second.span, message, "Describe each target in one inventory.")
    return replace(first, groups=tuple(dict.fromkeys((*first.groups, *second.groups))))
