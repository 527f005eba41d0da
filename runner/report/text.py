"""A report for people, most urgent first: what is not in order and what to do next, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.model.event import Status
from runner.model.times import to_the_second
from runner.report.commands import duration
from runner.report.details import add_details, add_remarks
from runner.report.layout import WIDTH, Page
from runner.report.owed import add_owed
from runner.report.values import EntryReport, Report
from runner.report.words import (
    EMERGENCY,
    MEANING,
    URGENT_FIRST,
    advice,
    counted,
    in_order_line,
    left_out,
    one_playbook,
    status_word,
)

_Namer = Callable[[EntryReport], str]


def render(report: Report, *, colour: bool = False, width: int = WIDTH) -> str:
    """The report as plain lines of at most ``width`` columns; only commands may be longer, since they are exact."""
    page = Page(colour=colour, width=width)
    bad = sum(not entry.status.in_order for entry in report.entries)
    alone = bool(report.entries) and one_playbook(report.entries)
    about = f" ({report.entries[0].playbook})" if alone else ""
    summary = f"vmfix run {report.run}{about}: {in_order_line(report.entries)}"
    page.prose(0, f"{summary} ({counted(report.counts, report.entries)})", paint="bad" if bad else "good")
    page.prose(0, left_out(report.left_out), label="left out", paint="warn")
    page.prose(0, report.emergency, label=EMERGENCY, paint="bad")
    _state(page, report)
    ordered = sorted(report.entries, key=lambda entry: URGENT_FIRST.index(entry.status))
    name: _Namer = (lambda entry: entry.target) if alone else (lambda entry: f"{entry.target}, {entry.playbook}")
    _not_in_order(page, [entry for entry in ordered if not entry.status.in_order], name)
    _in_order(page, [entry for entry in ordered if entry.status.in_order], name)
    for entry in ordered:
        add_details(page, entry, name(entry))
    _about(page, report)
    return page.text()


def _state(page: Page, report: Report) -> None:
    if report.state == "running":
        page.prose(0, "This run has not finished: it is still at work, or it was killed.", paint="warn")
    elif report.state == "cancelled":
        page.prose(0, "This run was stopped before its end.", paint="warn")
    if any(not entry.certain and entry.status is Status.INDETERMINATE for entry in report.entries):
        page.prose(0, "Some commands have no recorded result. Look at those machines first.", paint="bad")


def _not_in_order(page: Page, entries: Sequence[EntryReport], name: _Namer) -> None:
    if not entries:
        return
    page.head("Not in order, and what to do next:")
    for entry in entries:
        page.item(2, name(entry), status_word(entry.status), paint="bad")
        page.prose(6, entry.reason or MEANING[entry.status])
        add_remarks(page, 6, entry)
        add_owed(page, 6, entry)
        page.flow(6, advice(entry), label="next")


def _in_order(page: Page, entries: Sequence[EntryReport], name: _Namer) -> None:
    """After a remedy, its proof below says why, and what was remarked was so before it."""
    if not entries:
        return
    page.head("In order:")
    for entry in entries:
        by = f" by {entry.remedy}" if entry.remedy else ""
        page.prose(2, f"{status_word(entry.status)}{by}: {MEANING[entry.status]}", label=name(entry), paint="good")
        if not entry.remedy and entry.reason not in MEANING[entry.status]:
            page.prose(6, entry.reason)
        if not entry.remedies:
            add_remarks(page, 6, entry)
        page.flow(6, advice(entry), label="next")


def _about(page: Page, report: Report) -> None:
    page.head("About this run:")
    page.prose(2, report.note, label="note")
    for approval in report.approvals:
        signed = "signed" if approval.signed else "unsigned: nobody proved this identity"
        page.prose(2, f"{', '.join(approval.remedies) or 'nothing'}", label=f"approved by {approval.identity}")
        page.prose(4, f"at {to_the_second(approval.at)}, by {approval.how or 'unknown means'}, {signed}")
        page.prose(4, ", ".join(approval.acknowledged), label="said to be done")
    if not report.approvals:
        page.prose(2, "nobody; no remedy was approved", label="approved by")
    page.prose(2, report.policy, label="under policy")
    for note in report.notes:
        page.prose(2, note, label="noted")
    took = f" ({duration(report.duration)})" if report.duration is not None else ""
    began, ended = to_the_second(report.started_at), to_the_second(report.finished_at)
    page.prose(2, f"{began or 'unknown'} to {ended or 'no end recorded'}{took}", label="time")
    page.prose(2, f"{report.identity or 'unknown'} on {report.host or 'unknown'}", label="run by")
    page.prose(2, f"{report.digest} (made by {report.creator or 'unknown'})", label="plan digest")
    page.prose(2, report.head or "none", label="journal head")
    page.prose(2, f"vmfix {report.tool_version}, exit code {report.exit_code}", label="tool")
