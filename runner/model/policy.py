"""A site's policy: who must consent to what, when it may run, and how much at once. Values only; judged elsewhere."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from runner.model.playbook import Risk

EVERYWHERE = "all"
"""The group that every target is in."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A count, or a share of a whole; exactly one of both is given."""

    count: int | None = None
    share: float | None = None  # 0.1 for 10%

    def of(self, whole: int) -> int:
        """How many of ``whole`` that is: a share is rounded down, but never to nothing unless it is 0%."""
        if self.share is None:
            return self.count or 0
        return max(int(self.share * whole + 1e-9), 1 if self.share else 0)

    def __str__(self) -> str:
        return str(self.count) if self.share is None else f"{self.share * 100:g}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How many people must have signed. Every rule that matches has to be met; one person may serve several.

    It matches remedies that have one of ``risks`` (empty: any) on targets in one of ``groups``. Only signers that
    match one of ``signers`` (shell patterns on the principal; empty: any) count for it.
    """

    approvals: int
    risks: frozenset[Risk] = frozenset()
    groups: tuple[str, ...] = (EVERYWHERE,)
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When targets of ``groups`` may be worked on: for ``duration`` seconds from each start.

    Starts are the recurrence ``rule`` (RFC 5545, without RRULE:) from the local time ``begins`` on, in the wall time of
    ``zone``. The duration is exact time, also over a change of the clocks.
    """

    groups: tuple[str, ...]
    zone: zoneinfo.ZoneInfo
    begins: dt.datetime  # without a zone
    rule: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """An iCalendar file: while one of its events lasts, nothing starts on targets of ``groups``, window or not.

    ``zone`` is that of events whose times have none.
    """

    groups: tuple[str, ...]
    calendar: Path
    zone: zoneinfo.ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """The way past windows and freezes: signatures that say so themselves, by so many of these signers."""

    approvals: int
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``at_once`` of the targets that share a value of ``label``, or are in ``group``, are worked on at once.

    It counts remedies with one of ``risks``. ``label`` is a variable of the inventory.
    """

    at_once: Amount
    label: str = ""
    group: str = ""
    risks: frozenset[Risk] = frozenset((Risk.SERVICE_RESTART, Risk.REBOOT))


@dataclass(frozen=True, slots=True, order=True)
class Frozen:
    """An event of a freeze calendar, from ``start`` until just before ``end``, both in UTC."""

    start: dt.datetime
    end: dt.datetime
    summary: str


ALWAYS = (Limit(at_once=Amount(1), label="availability_set"),)
"""What holds without any policy: two machines of an availability set are never down together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """The first wave has so many targets, the next goes up to the next size, and so on; then come all.

    Between two of them: ``pause`` seconds, and at least ``in_order`` of the wave must have ended in order.
    """

    sizes: tuple[Amount, ...]
    pause: float = 0.0
    in_order: Amount = Amount(share=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``unsigned``: the consent of who runs vmfix counts as an approval. ``people``: other names of a principal.

    ``four_eyes``: the plan's creator does not count. ``max_age``: seconds since a signature was made. ``most_targets``:
    how many one plan may work on. ``budget``: how many targets may end failed, unreachable or indeterminate before
    nothing new starts. Times are in seconds, paths absolute. ``files``: what stood in the files that the policy names
    when it was read, by their paths; ``digest`` (SHA-256, hex) covers them and the policy's own text.
    """

    name: str
    source: str
    digest: str
    allowed_signers: Path | None = None
    revoked_keys: Path | None = None
    unsigned: bool = False
    four_eyes: bool = True
    max_age: float = 24 * 3600.0
    people: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    quorums: tuple[Quorum, ...] = (Quorum(approvals=1),)
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    emergency: Emergency | None = None
    limits: tuple[Limit, ...] = ()
    waves: Waves | None = None
    budget: Amount | None = None
    most_targets: Amount | None = None
    files: Mapping[Path, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def groups(self) -> frozenset[str]:
        """Every group that a rule names: one that no inventory has is perhaps a slip of the pen, and binds nobody."""
        ruled = [rule.groups for rules in (self.quorums, self.windows, self.freezes) for rule in rules]
        named = {group for groups in ruled for group in groups} | {limit.group for limit in self.limits}
        return frozenset(named - {"", EVERYWHERE})
