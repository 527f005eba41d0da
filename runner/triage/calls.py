"""The calls of ``vmfix plan`` that cover what is to be done, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.errors import VmfixError
from runner.load.inventory_form import RESERVED
from runner.load.select import select
from runner.model.inventory import Inventory
from runner.triage.values import Finding

_LONGEST = 100_000  # characters of a pattern; Linux takes no single word of more than 128 KiB


@dataclass(frozen=True, slots=True)
class Call:
    """One plan: these playbooks on each of these targets. ``since`` is when a backup of one of them first failed."""

    playbooks: tuple[str, ...]
    targets: tuple[str, ...]
    since: str

    def words(self, more: Sequence[str]) -> list[str]:
        """What to type; ``more`` are the words that say where inventory and playbooks are."""
        failed = ["--backup-failed-at", self.since] if self.since else []
        pattern = ",".join(self.targets)
        return ["vmfix", "plan", *self.playbooks, *more, "-t", pattern, "--expect", str(len(self.targets)), *failed]


def calls(found: Iterable[Finding], inventory: Inventory) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """One call for each set of playbooks that targets have in common; and the targets that no pattern can name."""
    wanted: dict[str, set[str]] = {}
    failed: dict[str, list[Finding]] = {}
    for one in found:
        if one.playbook and one.match.target:
            wanted.setdefault(one.match.target.name, set()).add(one.playbook.id)
            failed.setdefault(one.match.target.name, []).append(one)
    hidden = tuple(sorted(name for name in wanted if not _can_be_named(name, inventory)))
    sets: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(set(wanted) - set(hidden)):
        sets.setdefault(tuple(sorted(wanted[name])), []).append(name)
    made = [_call(books, part, failed) for books, names in sorted(sets.items()) for part in _parts(names)]
    return tuple(made), hidden


def first_failure(found: Iterable[Finding]) -> str:
    """When the first of these backups began to fail, in UTC; empty if one does not tell its time, or not its zone.

    The first, and its beginning: a remedy of any later time was not yet put to the test by all of them.
    """
    times: list[dt.datetime] = []
    for one in found:
        backup = one.failure.backup
        moment = backup.started or backup.ended
        if moment is None or not backup.zoned:
            return ""
        times.append(moment)
    return min(times).strftime("%Y-%m-%dT%H:%M:%SZ") if times else ""


def _call(books: tuple[str, ...], names: Sequence[str], failed: Mapping[str, list[Finding]]) -> Call:
    return Call(books, tuple(names), first_failure(one for name in names for one in failed[name]))


def _can_be_named(name: str, inventory: Inventory) -> bool:
    """A group hides a target of its very name, and `all` is never a target."""
    if name not in inventory.groups and name not in RESERVED:
        return True
    try:
        return [target.name for target in select(inventory, name)] == [name]
    except VmfixError:
        return False


def _parts(names: Sequence[str]) -> list[list[str]]:
    """As few parts as fit on a command line."""
    parts: list[list[str]] = [[]]
    length = 0
    for name in names:
        if parts[-1] and length + len(name) > _LONGEST:
            parts.append([])
            length = 0
        parts[-1].append(name)
        length += len(name) + 1
    return parts
