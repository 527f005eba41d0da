"""Entries to a plan, and exactly which playbooks and machines it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.model.inventory import Target
from runner.model.plan import PLAN_FORMAT, Entry, Plan, PlaybookRef, TargetRef
from runner.model.playbook import Playbook
from runner.model.times import stamp

PLAN_LIFETIME = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a plan came about: when, by whom, with which version, and what its maker says about it."""

    at: dt.datetime
    creator: str
    tool_version: str
    note: str
    offline: bool


def assemble(
    entries: tuple[Entry, ...],
    playbooks: Sequence[tuple[Playbook, Mapping[str, object]]],
    targets: Sequence[Target],
    *,
    made: Made,
) -> Plan:
    """The plan of these entries. ``playbooks`` come with their parameters; targets without an entry are left out."""
    looked_at = {entry.target for entry in entries}
    return Plan(
        format=PLAN_FORMAT,
        tool_version=made.tool_version,
        offline=made.offline,
        creator=made.creator,
        note=made.note,
        created_at=stamp(made.at),
        expires_at=stamp(made.at + PLAN_LIFETIME),
        playbooks=tuple(playbook_ref(playbook, params) for playbook, params in playbooks),
        targets=tuple(target_ref(target) for target in targets if target.name in looked_at),
        entries=entries,
    )


def playbook_ref(playbook: Playbook, params: Mapping[str, object]) -> PlaybookRef:
    """Which playbook: its text by digest, and its parameters."""
    return PlaybookRef(
        id=playbook.id,
        title=playbook.title,
        digest=playbook.digest,
        source=playbook.source,
        params=dict(params),
        platform=playbook.platform.value if playbook.platform else None,
    )


def target_ref(target: Target) -> TargetRef:
    """Which machine, and how it is reached. How to log in is not part of it."""
    return TargetRef(
        name=target.name,
        address=target.address,
        port=target.port,
        user=target.user,
        transport=target.transport.value,
        platform=target.platform.value,
        azure_id=target.azure_id,
        opt_outs=target.opt_outs,
    )
