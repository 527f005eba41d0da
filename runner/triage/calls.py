"""What comes after triage: the calls of ``vmfix plan`` that cover what vmfix can do, and one plan of everything."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.errors import VmfixError
from runner.load.inventory_form import RESERVED
from runner.load.select import select
from runner.load.wording import listed
from runner.model.inventory import Inventory
from runner.model.playbook import Parameter, Playbook
from runner.triage.values import Finding, Triage

_VAULT = re.compile(r".*/resourcegroups/([^/]+)/providers/microsoft\.recoveryservices/vaults/([^/]+)")
_VAULT_PARAMS = ("vault", "vault_group")
_LONGEST = 100_000  # characters of a pattern; Linux takes no single word of more than 128 KiB


def as_options(params: Mapping[str, str]) -> list[str]:
    """The words that give these parameters."""
    return [word for name, value in params.items() for word in ("-e", f"{name}={value}")]


@dataclass(frozen=True, slots=True)
class Call:
    """One plan: these playbooks on each of these targets. ``since`` is when a backup of one of them first failed."""

    playbooks: tuple[str, ...]
    targets: tuple[str, ...]
    since: str
    params: Mapping[str, str] = field(default_factory=dict)

    def words(self, more: Sequence[str], out: str) -> list[str]:
        """What to type; ``more`` are the words that say where inventory and playbooks are, ``out`` where to save it."""
        failed = ["--backup-failed-at", self.since] if self.since else []
        pattern, count = ",".join(self.targets), str(len(self.targets))
        chosen = ["-t", pattern, "--expect", count]
        return ["vmfix", "plan", *self.playbooks, *more, *as_options(self.params), *chosen, *failed, "-o", out]


@dataclass(frozen=True, slots=True)
class Need:
    """A parameter that a playbook needs, that nobody gave, and for which targets."""

    playbook: Playbook
    parameter: Parameter
    targets: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"`{self.playbook.id}` needs `{self.parameter.name}` for {listed(self.targets)}"

    @property
    def remedy(self) -> str:
        return f"{self.parameter.help} Give it with -e {self.parameter.name}=VALUE."


def pairs(found: Triage) -> dict[str, frozenset[str]]:
    """By playbook id, the targets that it is for: what vmfix can do, and what people have to do."""
    wanted: dict[str, set[str]] = {}
    for one in found.planned:
        if one.playbook and one.match.target:
            wanted.setdefault(one.playbook.id, set()).add(one.match.target.name)
    return {playbook: frozenset(names) for playbook, names in wanted.items()}


def needs(found: Triage, given: Mapping[str, str]) -> tuple[Need, ...]:
    """The parameters without a value, playbook by playbook. One value of a name is for all that have that name."""
    books = {one.playbook.id: one.playbook for one in found.planned if one.playbook}
    return tuple(
        Need(books[name], parameter, tuple(sorted(targets)))
        for name, targets in sorted(pairs(found).items())
        for parameter in books[name].params
        if parameter.required and parameter.name not in given
    )


def vault_of(found: Iterable[Finding], given: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters ``vault`` and ``vault_group`` as the jobs tell them, in small letters, which Azure does not mind.

    Nothing if the jobs tell several vaults or none, if a playbook has only one of the two, or if somebody gave one.
    """
    findings = [one for one in found if one.playbook and one.match.target]
    named = [{p.name for p in one.playbook.params} & {*_VAULT_PARAMS} for one in findings if one.playbook]
    vaults = {one.failure.backup.vault for one in findings}
    told = _VAULT.fullmatch(next(iter(vaults))) if len(vaults) == 1 else None
    if told is None or any(name in given for name in _VAULT_PARAMS) or {len(names) for names in named} - {0} != {2}:
        return {}
    return {"vault": told[2], "vault_group": told[1]}


def in_backup(found: Iterable[Finding]) -> tuple[str, ...]:
    """The targets of which another backup was running when the jobs were listed."""
    return tuple(sorted({one.match.target.name for one in found if one.failure.running and one.match.target}))


def calls(
    found: Iterable[Finding], inventory: Inventory, given: Mapping[str, str] | None = None
) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """One call for each set of playbooks that targets have in common; and the targets that no pattern can name.

    ``given`` are parameters: each call has those of its playbooks, and the vault that the jobs tell.
    """
    known: dict[str, Playbook] = {}
    wanted: dict[str, set[str]] = {}
    failed: dict[str, list[Finding]] = {}
    for one in found:
        if one.playbook and one.match.target:
            known[one.playbook.id] = one.playbook
            wanted.setdefault(one.match.target.name, set()).add(one.playbook.id)
            failed.setdefault(one.match.target.name, []).append(one)
    hidden = tuple(sorted(name for name in wanted if not _can_be_named(name, inventory)))
    sets: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(set(wanted) - set(hidden)):
        sets.setdefault(tuple(sorted(wanted[name])), []).append(name)
    made = [
        _call([known[book] for book in books], part, failed, given or {})
        for books, names in sorted(sets.items())
        for part in _parts(names)
    ]
    return tuple(made), hidden


def _of(playbooks: Iterable[Playbook], given: Mapping[str, str]) -> Mapping[str, str]:
    """Those parameters that one of the playbooks has."""
    names = {parameter.name for playbook in playbooks for parameter in playbook.params}
    return {name: value for name, value in given.items() if name in names}


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


def _call(
    playbooks: Sequence[Playbook], names: Sequence[str], failed: Mapping[str, list[Finding]], given: Mapping[str, str]
) -> Call:
    findings = [one for name in names for one in failed[name]]
    params = _of(playbooks, {**given, **vault_of(findings, given)})
    return Call(tuple(playbook.id for playbook in playbooks), tuple(names), first_failure(findings), params)


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


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown beside the findings.

    ``hidden``: targets that no pattern can name; ``more``: the words of each call that come from the user; ``again``:
    the call that makes one plan of all, empty if it cannot be typed again; ``busy``: targets whose backup runs.
    """

    plans: Sequence[Call]
    hidden: Sequence[str]
    more: Sequence[str]
    needs: Sequence[Need] = ()
    again: Sequence[str] = ()
    busy: Sequence[str] = ()

    def words(self) -> list[list[str]]:
        """The words of each call; each saves its plan to a file of its own."""
        names = [f"plan-{number}.json" for number in range(1, len(self.plans) + 1)]
        return [call.words(self.more, name) for call, name in zip(self.plans, names, strict=True)]
