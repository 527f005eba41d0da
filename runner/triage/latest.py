"""Per VM, the failure that counts: the latest one that no later success supersedes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

from runner.triage.values import Backup, Failure, Key, Outcome, Vm

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def without_duplicates(backups: Sequence[Backup]) -> list[Backup]:
    """Each job once. Of several records of one, the one that tells most: it has ended, is later, has errors."""
    found: dict[object, Backup] = {}
    for backup in backups:
        key = (backup.item, backup.vault, backup.id.lower()) if backup.id else dataclasses.replace(backup, place="")
        other = found.get(key)
        found[key] = backup if other is None else max(other, backup, key=_tells)
    return list(found.values())


def identified(backups: Iterable[Backup]) -> list[Backup]:
    """The VM's own id instead of an assumed one, wherever a protected item of the same vault tells it.

    And what is told of a VM in part, as tables do, is of the VM of that name that is told in full, if there is
    only one.
    """
    return _completed(_with_ids(backups))


def _completed(known: Sequence[Backup]) -> list[Backup]:
    full: dict[str, dict[Key, Vm]] = {}
    vaults: dict[Key, set[str]] = {}
    for vm in (backup.vm for backup in known if not backup.vm.partly):
        named = full.setdefault(vm.key[2], {})
        named[vm.key] = min(vm, named.get(vm.key, vm), key=lambda one: (str(one), one.assumed))
    for backup in known:
        vaults.setdefault(backup.vm.key, set()).add(backup.vault)

    def complete(backup: Backup) -> Backup:
        if not backup.vm.partly:
            return backup
        group, name = backup.vm.key[1:]
        vms = [
            vm
            for key, vm in full.get(name, {}).items()
            if group in ("", key[1]) and (not backup.vault or backup.vault in vaults[key])
        ]
        return dataclasses.replace(backup, vm=dataclasses.replace(vms[0], by_name=True)) if len(vms) == 1 else backup

    return [complete(backup) for backup in known]


def _with_ids(backups: Iterable[Backup]) -> list[Backup]:
    known = list(backups)
    by_name: dict[tuple[str, str, str], set[Key]] = {}
    vms: dict[Key, Vm] = {}
    for backup in known:
        if backup.item and not backup.vm.assumed:
            vms[backup.vm.key] = min(backup.vm, vms.get(backup.vm.key, backup.vm), key=str)
            by_name.setdefault((backup.vault, *backup.vm.key[1:]), set()).add(backup.vm.key)

    def with_id(backup: Backup) -> Backup:
        keys = by_name.get((backup.vault, *backup.vm.key[1:]), set()) if backup.vm.assumed else set()
        return dataclasses.replace(backup, vm=vms[min(keys)]) if len(keys) == 1 else backup

    return [with_id(backup) for backup in known]


def failures(backups: Iterable[Backup], says_nothing: Callable[[Backup], bool]) -> list[Failure]:
    """One failure at most for each VM, by the VM's key.

    A success supersedes what failed before it; one that has no time supersedes nothing. ``says_nothing`` holds for a
    failure that is not about the machine: it does not hide one that is.
    """
    by_vm: dict[Key, list[Backup]] = {}
    for backup in backups:
        by_vm.setdefault(backup.vm.key, []).append(backup)
    found = (_failure(by_vm[key], says_nothing) for key in sorted(by_vm))
    return [failure for failure in found if failure is not None]


def counts(backups: Iterable[Backup], counted: Iterable[Failure]) -> Mapping[str, int]:
    """How many of these backups are no failure that counts, by reason."""
    chosen = {failure.backup for failure in counted}
    reasons = {
        Outcome.WELL: "that went well",
        Outcome.RUNNING: "still running",
        Outcome.FAILED: "that failed earlier, or before a success",
    }
    found: dict[str, int] = {}
    for backup in backups:
        if backup not in chosen:
            found[reasons[backup.outcome]] = found.get(reasons[backup.outcome], 0) + 1
    return found


def _failure(backups: Sequence[Backup], says_nothing: Callable[[Backup], bool]) -> Failure | None:
    success = max((_when(one) for one in backups if one.outcome is Outcome.WELL), default=_NEVER)
    open_ones = [one for one in backups if one.outcome is Outcome.FAILED and (one.when is None or one.when >= success)]
    if not open_ones:
        return None
    telling = [one for one in open_ones if not says_nothing(one)] or open_ones
    chosen = max(telling, key=_rank)
    later = (
        one for one in backups if one.outcome is Outcome.RUNNING and (one.when is None or one.when >= _when(chosen))
    )
    return Failure(chosen, any(True for _ in later))


def _when(backup: Backup) -> dt.datetime:
    return backup.when or _NEVER


def _rank(backup: Backup) -> tuple[object, ...]:
    """The later one; of two at once the one that a job tells, with errors. The rest makes it the same each time."""
    chosen = (_when(backup), not backup.item, bool(backup.faults), backup.id, backup.faults)
    times = (backup.started or _NEVER, backup.ended or _NEVER, backup.zoned)
    return *chosen, str(backup.vm), backup.vm.assumed, *times, backup.persistence, backup.vault


def _tells(backup: Backup) -> tuple[object, ...]:
    """One that has ended, then the later one, then the failure; the rest, again, makes it the same each time."""
    ended = (backup.outcome is not Outcome.RUNNING, _when(backup), backup.outcome is Outcome.FAILED)
    return *ended, len(backup.faults), not backup.vm.assumed, _rank(backup), str(backup.vm.key)
