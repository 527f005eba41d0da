"""What a run left its targets without, for its report."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model.debt import Debt, Settlement
from runner.model.event import Event
from runner.model.inventory import Platform
from runner.model.plan import Entry, TargetRef
from runner.plan.debts import ONLY_IF, condition, wanted, ways
from runner.plan.owing import account
from runner.report.layout import Page
from runner.report.values import EntryReport, OwedReport


def owed_reports(events: Sequence[Event], entry: Entry, target: TargetRef | None) -> tuple[OwedReport, ...]:
    """What the entry left owing, then what of that is settled by now."""
    platform = Platform(target.platform) if target else Platform.LINUX
    found = account(events, entry.target)
    still = (_report(debt, platform) for debt in found.open)
    return (*still, *(_report(one.debt, platform, _settled(one)) for one in found.settled))


def _report(debt: Debt, platform: Platform, settled: str = "") -> OwedReport:
    return OwedReport(
        id=debt.id,
        wanted=wanted(debt),
        action=f"{debt.remedy}/{debt.action}",
        why=debt.why,
        seen=debt.seen,
        ways=ways(debt, platform),
        condition=condition(debt),
        unanswered=debt.unanswered,
        certain=debt.ended,
        settled=settled,
    )


def _settled(one: Settlement) -> str:
    by = "seen to be there again" if one.observed else f"no longer wanted, says {one.by}"
    return f"{by} on {one.at}: {one.why}"


def add_owed(page: Page, indent: int, entry: EntryReport) -> None:
    """Each with the exact commands to restore it; of what is settled, only that."""
    for one in entry.owed:
        label = f"owed {one.id}"
        if one.settled:
            page.prose(indent, f"{one.wanted}; {one.settled}", label=f"{label}, settled", paint="good")
            continue
        page.prose(indent, owed_line(one), label=label, paint="bad")
        if one.unanswered:
            page.prose(indent + 4, "first see whether this still runs there:")
            page.exact(indent + 6, list(one.unanswered))
        page.exact(indent + 4, [f"restore: {way}" for way in one.ways])
        if one.condition:
            page.prose(indent + 4, _only_if(one))


def _only_if(one: OwedReport) -> str:
    return f"{ONLY_IF} `{one.action}`: {one.condition}"


def owed_line(one: OwedReport) -> str:
    """``mount /data should be mounted. Last seen: Nothing is mounted at /data.``."""
    unless = "" if one.certain else ", unless the run goes on and brings it back"
    purpose = f"; {one.why}" if one.certain and one.why.startswith("left so on purpose") else ""
    last = f"last seen: {one.seen}" if one.seen else "not looked at since"
    return f"{one.wanted}{unless}; {last}{purpose}"


def owed_lines(entry: EntryReport) -> list[str]:
    """The same as plain lines, for where nothing is wrapped or coloured."""
    out = []
    for one in entry.owed:
        if one.settled:
            out.append(f"owed {one.id}, settled: {one.wanted}; {one.settled}")
            continue
        out.append(f"owed {one.id}: {owed_line(one)}")
        out += [f"  first see whether this still runs there: {line}" for line in one.unanswered]
        out += [f"  restore: {way}" for way in one.ways]
        out += [f"  {_only_if(one)}"] if one.condition else []
    return out
