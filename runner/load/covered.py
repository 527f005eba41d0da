"""How much of what is known to go wrong has a playbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from runner.load.library import Library, names_of
from runner.model.playbook import Playbook


def kind_of(playbook: Playbook) -> str:
    """``playable`` (it changes something), ``looks`` (it reads, and a person acts) or ``guide`` (it only says)."""
    if any(remedy.steps for remedy in playbook.remedies):
        return "playable"
    return "guide" if playbook.is_guide else "looks"


@dataclass(frozen=True, slots=True)
class Covered:
    """Of ``total`` faults so many are playable, looked at, or have a guide; ``missing`` are those without a playbook.

    A fault that has a playbook for each platform counts once, as what most can be done about it.
    """

    total: int
    playable: int
    looks: int
    guides: int
    missing: tuple[str, ...]


def covered(faults: Sequence[str], library: Library) -> Covered:
    """Count what the library knows of these faults: error codes, or other names of playbooks, whatever their case."""
    kinds: dict[str, set[str]] = {}
    for playbook in library.playbooks:
        for name in names_of(playbook):
            kinds.setdefault(name.lower(), set()).add(kind_of(playbook))
    best = Counter(
        next((kind for kind in ("playable", "looks", "guide") if kind in kinds.get(fault.lower(), ())), "missing")
        for fault in faults
    )
    missing = tuple(fault for fault in faults if fault.lower() not in kinds)
    return Covered(len(faults), best["playable"], best["looks"], best["guide"], missing)
