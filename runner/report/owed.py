"""What a run left its targets without, for its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.model.debt import Debt, Settlement
from runner.model.event import Event
from runner.model.inventory import Platform
from runner.model.plan import Entry, TargetRef
from runner.model.times import to_the_second
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
    return f"{by} on {to_the_second(one.at)}: {one.why}"


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A label and what is said behind it. ``exact``: a command, which has to stay on its line to be copied.

    ``deep`` is how far it stands below what it belongs to; ``paint`` as ``Page`` has it.
    """

    label: str
    text: str
    deep: int = 0
    exact: bool = False
    paint: str = ""

    def __str__(self) -> str:
        return f"{'  ' * self.deep}{self.label}: {self.text}"


def owed_lines(entry: EntryReport) -> Iterator[OwedLine]:
    """Each with the exact commands to restore it; of what is settled, only that."""
    for one in entry.owed:
        label = f"owed {one.id}"
        if one.settled:
            yield OwedLine(f"{label}, settled", f"{one.wanted}; {one.settled}", paint="good")
            continue
        yield OwedLine(label, _said(one), paint="bad")
        for line in one.unanswered:
            yield OwedLine("first see whether this still runs there", line, deep=1, exact=True)
        for way in one.ways:
            yield OwedLine("restore", way, deep=1, exact=True)
        if one.condition:
            yield OwedLine(f"{ONLY_IF} `{one.action}`", one.condition, deep=1)


def add_owed(page: Page, indent: int, entry: EntryReport) -> None:
    """The same on a page, where what is no command is wrapped."""
    for line in owed_lines(entry):
        if line.exact:
            page.exact(indent + 2, [str(line)])
        else:
            page.prose(indent + 4 * line.deep, line.text, label=line.label, paint=line.paint)


def _said(one: OwedReport) -> str:
    """``mount /data should be mounted. Last seen: Nothing is mounted at /data.``."""
    unless = "" if one.certain else ", unless the run goes on and brings it back"
    purpose = f"; {one.why}" if one.certain and one.why.startswith("left so on purpose") else ""
    last = f"last seen: {one.seen}" if one.seen else "not looked at since"
    return f"{one.wanted}{unless}; {last}{purpose}"
