"""Which targets a pattern means: ``windows:&prod:!sql-*``, as Ansible reads it, but never "all" by mistake."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence

from runner.diagnostics import Diagnostics
from runner.errors import Refused, UsageError
from runner.load.wording import listed, nearest
from runner.model.inventory import Inventory, Target, TransportKind

_TERM = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")  # a ":" inside brackets does not separate
_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?[0-9]{1,9})|([0-9]{1,9})[:-]([0-9]{0,9}))\]")
_WILD = ".?*["
_GLOB = re.compile(r"[?*\[]")  # a term without any of these is a name
_EXPECTED = re.compile(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?")


def select(inventory: Inventory, pattern: str) -> tuple[Target, ...]:
    """The targets that ``pattern`` means, in the inventory's order.

    First come all plain terms together (``all`` if there is none), then every ``&term`` keeps only its own, then every
    ``!term`` takes its own away, wherever they stand. ``group[0:2]`` are the first three. A term that means no target,
    and a pattern that leaves none, are refused: both are slips of the pen.
    """
    terms, names = _terms(pattern), _Names(inventory)
    plain = [term for term in terms if term[0] not in "&!"] or ["all"]
    chosen = set().union(*(_matches(names, term) for term in plain))
    for term in terms:
        if term[0] == "&":
            chosen &= _matches(names, term[1:])
    for term in terms:
        if term[0] == "!":
            chosen -= _matches(names, term[1:])
    if not chosen:
        message = f"the pattern `{pattern}` leaves no target of {inventory.source}"
        raise Refused(message, remedy=_known(inventory))
    return tuple(target for target in inventory.targets if target.name in chosen)


def check_expected(count: int, expected: str) -> None:
    """Refuse a number of targets that is not the one, or not between the two, that the user expects."""
    found = _EXPECTED.fullmatch(expected.strip())
    low = int(found[1]) if found else 1
    high = int(found[2] or found[1]) if found else 0
    if low > high:
        message = f"`{expected}` is not a number of targets"
        raise UsageError(message, remedy="Write --expect 12, or --expect 10-15.")
    if not low <= count <= high:
        message = f"{count} {'target is' if count == 1 else 'targets are'} selected, but {expected} expected"
        raise Refused(message, remedy="Look at the selected targets, then correct the pattern or --expect.")


def warn_of_shared_addresses(targets: Iterable[Target], diagnostics: Diagnostics) -> None:
    """One warning for each address that several of these targets have: they may be one machine."""
    places: dict[tuple[TransportKind, str, int | None], list[Target]] = {}
    for target in targets:
        if target.transport in {TransportKind.SSH, TransportKind.WINRM}:
            places.setdefault((target.transport, target.address.lower(), target.port), []).append(target)
    for (_, address, _), twins in places.items():
        if len(twins) > 1:
            names = listed(target.name for target in twins)
            message = f"{len(twins)} targets have the same address, {address}, and may be one machine: {names}"
            diagnostics.warning(twins[1].span, message)


def _terms(pattern: str) -> list[str]:
    """Split at commas and colons. Between commas, a regular expression keeps its colons."""
    parts = [part.strip() for part in pattern.split(",")]
    whole = [len(parts) > 1 and part.startswith("~") for part in parts]
    terms = [
        term
        for part, is_whole in zip(parts, whole, strict=True)
        for term in ([part] if is_whole else _TERM.findall(part))
    ]
    if not terms or any(term in {"&", "!"} for term in terms):
        message = f"`{pattern}` is not a pattern of targets"
        raise UsageError(message, remedy="Write names and groups: -t 'windows:&prod:!sql-*'.")
    return terms


class _Names:
    """The names of an inventory, looked up once for all terms: 20,000 terms of 20,000 targets take no time."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.targets = [target.name for target in inventory.targets]
        ungrouped = tuple(target.name for target in inventory.targets if not target.groups)
        self.groups = {**inventory.groups, "ungrouped": ungrouped}
        self._known = frozenset(self.targets)

    def enumerate(self, term: str) -> list[str]:
        """Members of the groups that fit, then the targets that fit; a group hides a target with its very name."""
        if term in {"all", "*"}:
            return self.targets
        exact = term[0] != "~" and not _GLOB.search(term)
        fits = None if exact else _compiled(term)
        groups = [name for name in ([term] if exact else self.groups) if name in self.groups and _fits(fits, name)]
        found = [member for name in groups for member in self.groups[name]]
        if not groups or term[0] == "~" or any(sign in term for sign in _WILD):
            found += [name for name in ([term] if exact else self.targets) if name in self._known and _fits(fits, name)]
        return list(dict.fromkeys(found))


def _fits(pattern: re.Pattern[str] | None, name: str) -> bool:
    return pattern is None or pattern.match(name) is not None


def _matches(names: _Names, term: str) -> set[str]:
    """Names of the targets that one term means; never none."""
    subscript = None if term.startswith("~") else _SUBSCRIPT.fullmatch(term)
    base = subscript[1] if subscript else term
    found = names.enumerate(base)
    if subscript:
        found = _sliced(found, subscript)
    if not found:
        message = f"`{term}` means no target of {names.inventory.source}"
        raise Refused(message, remedy=_meant(base, names.inventory) or _known(names.inventory))
    return set(found)


def _sliced(names: Sequence[str], subscript: re.Match[str]) -> list[str]:
    """``[2]`` and ``[-1]`` are one target, ``[0:2]`` three, ``[1:]`` all but the first."""
    if subscript[2]:
        number = int(subscript[2])
        return [names[number]] if -len(names) <= number < len(names) else []
    last = int(subscript[4]) if subscript[4] else len(names)
    return list(names[int(subscript[3]) : last + 1])


def _compiled(term: str) -> re.Pattern[str]:
    if not term.startswith("~"):
        return re.compile(fnmatch.translate(term))
    try:
        return re.compile(term[1:])
    except re.error as error:
        message = f"`{term}` is not a regular expression: {error}"
        raise UsageError(message) from error


def _meant(term: str, inventory: Inventory) -> str:
    names: Iterable[str] = (*inventory.groups, *(target.name for target in inventory.targets))
    close = nearest(term, names)
    return f"Did you mean `{close}`?" if close else ""


def _known(inventory: Inventory) -> str:
    if inventory.groups:
        return f"Groups of the inventory: {listed(inventory.groups)}."
    return f"Targets of the inventory: {listed(target.name for target in inventory.targets)}."
