"""What a run took away from a target and did not bring back: a service that it stopped, a mount that it unmounted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.model.inventory import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A state that is owed, as a step of type ``type`` with rendered ``args`` would restore it.

    ``id`` is the same whenever it is derived from the same record. ``at``: when the last command that may have taken it
    away was announced (ISO 8601, UTC). ``action`` is the one that had to bring it back, ``why`` how that ended.
    ``skipped``: the run judged it and found that it was not to be done, so that only what is seen to be gone is owed.
    ``condition`` is the ``when`` under which the step would have run, if that was not known. ``unanswered`` are
    commands of the same remedy whose outcome is not known. ``seen`` is what was observed last.

    ``platform`` is that of the machine when the run was planned; None where that is not known.

    ``ended`` is False if the record of its run stops in the middle: it was killed, or ``at_work`` says that it goes on.
    """

    id: str
    run: str
    at: str
    entry: str
    target: str
    remedy: str
    action: str
    type: str
    args: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    condition: str = ""
    why: str = ""
    unanswered: tuple[str, ...] = ()
    seen: str = ""
    skipped: bool = False
    ended: bool = True
    at_work: bool = False
    platform: Platform | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A debt that is gone: ``by`` whom or by what that is said, and ``why``.

    ``observed`` is False if nobody looked: a person says that it is no longer owed.
    """

    debt: Debt
    at: str
    by: str
    why: str
    observed: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What one entry of one run owes, and what of that is settled."""

    open: tuple[Debt, ...] = ()
    settled: tuple[Settlement, ...] = ()
