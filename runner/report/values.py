"""A run, folded: what every report is made from. Texts are as they came; renderers escape them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.model.event import Status
from runner.model.plan import LeftOut
from runner.report.commands import SOMEWHERE, Place

_WELL = frozenset({"changed", "unchanged", "skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCommand:
    """A changing command that was announced. Without ``exit_code`` its outcome is not known.

    ``lost`` is True if the connection failed under it; ``answered`` False if the run ended before any result came.
    ``process_dead`` is as in ``DeadlineExceeded``. The streams are tails.
    """

    attempt: int
    at: str
    command: Mapping[str, object]
    answered: bool = False
    exit_code: int | None = None
    lost: bool = False
    error: str = ""
    process_dead: bool | None = None
    stdout: str = ""
    stderr: str = ""
    elapsed: float | None = None
    judged: str = ""
    text: str = ""
    place: Place = SOMEWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionReport:
    """One action that was begun. ``outcome`` is what was foreseen, ``status`` what came of it: empty without an end."""

    id: str
    title: str
    outcome: str
    evidence: str
    status: str
    text: str
    commands: tuple[SentCommand, ...]

    @property
    def went_well(self) -> bool:
        return self.status in _WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One look at the target after a remedy; ``healthy`` None: the guest cannot tell."""

    at: str
    healthy: bool | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyReport:
    """One remedy that was begun."""

    id: str
    title: str
    result: str
    text: str
    duration: float | None
    actions: tuple[ActionReport, ...]
    verifications: tuple[Verification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Why nothing, or nothing more, was done."""

    at: str
    status: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedReport:
    """What the target was left without, as ``id`` names it. ``ways`` are the exact commands that restore it.

    ``condition`` is what has to hold for that, as the playbook has it. ``settled`` says since when, by whom and why it
    is no longer owed; empty while it is. ``certain`` is False if the run may still bring it back, or was killed.
    """

    id: str
    wanted: str
    action: str
    why: str
    seen: str
    ways: tuple[str, ...]
    condition: str
    unanswered: tuple[str, ...]
    certain: bool
    settled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReport:
    """One playbook on one target, with its single status. ``certain`` is False if that had to be inferred.

    ``remarks`` are what the playbook's author says of what was seen there.
    """

    key: str
    target: str
    playbook: str
    address: str
    transport: str
    status: Status
    certain: bool
    reason: str
    advice: str
    remedy: str
    changed: bool
    duration: float | None
    opt_outs: tuple[str, ...]
    observed: tuple[str, ...]
    remarks: tuple[str, ...]
    remedies: tuple[RemedyReport, ...]
    gates: tuple[Gate, ...]
    notes: tuple[str, ...]
    owed: tuple[OwedReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReport:
    """Who consented to what. ``signed`` False: nobody proved that it was them."""

    identity: str
    signed: bool
    how: str
    at: str
    remedies: tuple[str, ...]
    acknowledged: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run. ``head`` is the head of its hash chain in the journal: it proves later that nothing was cut off.

    ``policy`` is the one that held, by its name and digest. ``emergency``: why windows and freezes were passed over.
    """

    run: str
    state: str
    digest: str
    head: str
    note: str
    creator: str
    identity: str
    host: str
    tool_version: str
    started_at: str
    finished_at: str
    duration: float | None
    exit_code: int
    counts: Mapping[str, int]
    approvals: tuple[ApprovalReport, ...]
    entries: tuple[EntryReport, ...]
    notes: tuple[str, ...] = field(default=())
    left_out: tuple[LeftOut, ...] = field(default=())
    policy: str = ""
    emergency: str = ""
