"""A plan, and people who say something about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from runner import codec
from runner.govern.quorum import judge
from runner.model.approval import Approval, Consented, Judgement, Kind, Offered, Statement
from runner.model.plan import PLAN_FORMAT, Entry, Plan, RemedyPlan, Standing, TargetRef
from runner.model.playbook import OnFailure, Risk
from runner.model.policy import Policy
from runner.model.times import stamp

NOW = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)
MEND, BOOT = "book/mend", "book/boot"
HOUR = dt.timedelta(hours=1)


def remedy(name: str, *risks: Risk) -> RemedyPlan:
    """One that may be needed."""
    return RemedyPlan(
        id=name,
        title=name,
        risk=frozenset(risks),
        approval="",
        takes=60.0,
        condition="",
        on_failure=OnFailure.STOP,
        proves_next_backup=False,
        manual="",
        actions=(),
    )


def target(name: str, *groups: str) -> TargetRef:
    """One machine in these groups."""
    return TargetRef(
        name=name,
        address=name,
        port=22,
        user="u",
        transport="ssh",
        platform="linux",
        azure_id=None,
        opt_outs=(),
        groups=groups,
    )


MENDED, BOOTED = remedy("mend", Risk.CONFIG), remedy("boot", Risk.REBOOT)


def plan_of(creator: str = "kim@host", *, web: str = "web", db: str = "prod") -> Plan:
    """``mend`` and ``boot`` on web-1 of group web, ``mend`` alone on db-1 of group prod."""
    return Plan(
        format=PLAN_FORMAT,
        tool_version="test",
        offline=False,
        creator=creator,
        note="",
        expires_at=stamp(NOW + 24 * HOUR),
        playbooks=(),
        targets=(target("web-1", web), target("db-1", db)),
        entries=(
            Entry(target="web-1", playbook="book", standing=Standing.PLANNED, remedies=(MENDED, BOOTED)),
            Entry(target="db-1", playbook="book", standing=Standing.PLANNED, remedies=(MENDED,)),
        ),
    )


PLAN = plan_of()
DIGEST = codec.digest(PLAN, evidence=False)


def policy_of(**more: object) -> Policy:
    """A policy with these fields; the rest as by default."""
    return Policy(name="site", source="policy.yml", digest="", **more)  # type: ignore[arg-type]


def says(  # noqa: PLR0913 - all that a statement says
    who: str,
    *remedies: str,
    key: str = "",
    at: dt.timedelta = -HOUR,
    lasts: dt.timedelta = 8 * HOUR,
    kind: Kind = Kind.APPROVE,
    emergency: bool = False,
    digest: str = DIGEST,
    acknowledged: tuple[str, ...] = (),
    source: str = "",
) -> Offered:
    """A statement with a verified signature, by a key of its own unless one is named."""
    statement = Statement(
        format=1,
        kind=kind,
        id="0" * 16,
        identity=who,
        digest=digest,
        remedies=frozenset(remedies or (MEND, BOOT)),
        at=stamp(NOW + at),
        expires_at=stamp(NOW + at + lasts),
        emergency=emergency,
        acknowledged=frozenset(acknowledged),
        note="",
    )
    return Offered(source=source or f"{who}.json", statement=statement, key=key or f"SHA256:{who}")


def consent(who: str) -> Approval:
    """Of whoever runs vmfix."""
    return Approval(identity=who, digest=DIGEST, remedies=frozenset((MEND, BOOT)), at=stamp(NOW), how="--approve")


def judged(policy: Policy, offered: Sequence[Offered], plan: Plan = PLAN, **more: object) -> Judgement:
    """The judgement now."""
    return judge(plan, codec.digest(plan, evidence=False), policy, offered, NOW, **more)  # type: ignore[arg-type]


def of(judgement: Judgement, name: str) -> Consented:
    """What it says of one remedy."""
    return next(consented for consented in judgement.remedies if consented.remedy == name)


def reasons(judgement: Judgement) -> str:
    """All that does not count, a line each."""
    return "\n".join(map(str, judgement.discounted))
