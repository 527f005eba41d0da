"""A report for people, most urgent first: what is not in order and what to do next, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model.event import Status
from runner.report.commands import command_lines, duration
from runner.report.escape import one_line
from runner.report.layout import Page
from runner.report.values import ActionReport, EntryReport, RemedyReport, Report, SentCommand
from runner.report.words import MEANING, URGENT_FIRST, advice, counted, in_order_line, outcome, status_word

_HEALTHY = {True: "the guest shows no fault now", False: "the guest still shows the fault", None: "cannot tell"}


def render(report: Report, *, colour: bool = False) -> str:
    """The whole report as plain lines of at most 120 columns; only commands may be longer, since they are exact."""
    page = Page(colour=colour)
    bad = sum(not entry.status.in_order for entry in report.entries)
    summary = f"vmfix run {report.run}: {in_order_line(report.entries)}"
    page.prose(0, f"{summary} ({counted(report.counts)})", paint="bad" if bad else "good")
    _state(page, report)
    ordered = sorted(report.entries, key=lambda entry: URGENT_FIRST.index(entry.status))
    _not_in_order(page, [entry for entry in ordered if not entry.status.in_order])
    _in_order(page, [entry for entry in ordered if entry.status.in_order])
    for entry in ordered:
        _details(page, entry)
    _about(page, report)
    return page.text()


def _state(page: Page, report: Report) -> None:
    if report.state == "running":
        page.prose(0, "This run has not finished: it is still at work, or it was killed.", paint="warn")
    elif report.state == "cancelled":
        page.prose(0, "This run was stopped before its end.", paint="warn")
    if any(not entry.certain and entry.status is Status.INDETERMINATE for entry in report.entries):
        page.prose(0, "Some commands have no recorded result. Look at those machines first.", paint="bad")


def _not_in_order(page: Page, entries: Sequence[EntryReport]) -> None:
    if not entries:
        return
    page.head("Not in order, and what to do next:")
    for entry in entries:
        page.prose(2, f"{_name(entry)}: {status_word(entry.status)}", paint="bad")
        page.prose(6, entry.reason or MEANING[entry.status])
        page.prose(6, advice(entry), label="next")


def _in_order(page: Page, entries: Sequence[EntryReport]) -> None:
    if not entries:
        return
    page.head("In order:")
    for entry in entries:
        by = f" by {one_line(entry.remedy)}" if entry.remedy else ""
        page.prose(2, f"{_name(entry)}: {status_word(entry.status)}{by}: {MEANING[entry.status]}", paint="good")
        page.prose(6, entry.reason)


def _details(page: Page, entry: EntryReport) -> None:
    """What was seen, sent and verified; nothing for an entry about which all has been said."""
    if not (entry.remedies or entry.notes or entry.opt_outs or len(entry.gates) > 1):
        return
    took = f", {duration(entry.duration)}" if entry.duration is not None else ""
    page.head(f"{_name(entry)} ({_place(entry)}{took})")
    if entry.opt_outs:
        page.prose(2, ", ".join(entry.opt_outs), label="OPTED OUT OF SAFETY", paint="warn")
    for seen in entry.observed:
        page.prose(2, seen, label="observed")
    for remedy in entry.remedies:
        _remedy(page, remedy)
    for gate in entry.gates:
        page.prose(2, gate.reason, label=f"stopped here ({one_line(gate.status)})" if gate.status else "stopped here")
    for note in entry.notes:
        page.prose(2, note, label="note")


def _remedy(page: Page, remedy: RemedyReport) -> None:
    took = f" in {duration(remedy.duration)}" if remedy.duration is not None else ""
    result = remedy.result.replace("_", " ") or "did not end"
    page.prose(2, f"remedy {remedy.id}{_titled(remedy.title)}: {result}{took}")
    page.prose(6, remedy.text)
    for action in remedy.actions:
        _action(page, action)
    for look in remedy.verifications:
        said = _HEALTHY[look.healthy]
        page.prose(4, f"{said}: {look.text}" if look.text else said, label="verified")


def _action(page: Page, action: ActionReport) -> None:
    status = action.status.replace("_", " ") or "did not end"
    page.prose(4, f"{action.id}{_titled(action.title)}: {status}")
    page.prose(8, action.text or action.evidence)
    for command in action.commands:
        _command(page, command)


def _command(page: Page, command: SentCommand) -> None:
    shown = command_lines(command.command)
    page.exact(6, [f"$ {shown[0]}", *shown[1:]])
    took = f" after {duration(command.elapsed)}" if command.elapsed is not None else ""
    good = command.exit_code is not None
    page.prose(8, f"{outcome(command)}{took}", paint="" if good else "bad")
    page.prose(8, command.text)
    page.output(8, "stdout", command.stdout)
    page.output(8, "stderr", command.stderr)


def _about(page: Page, report: Report) -> None:
    page.head("About this run:")
    page.prose(2, report.note, label="note")
    for approval in report.approvals:
        signed = "signed" if approval.signed else "unsigned: nobody proved this identity"
        page.prose(
            2, f"{', '.join(approval.remedies) or 'nothing'}", label=f"approved by {one_line(approval.identity)}"
        )
        page.prose(4, f"at {approval.at}, by {approval.how or 'unknown means'}, {signed}")
        page.prose(4, ", ".join(approval.acknowledged), label="said to be done")
    if not report.approvals:
        page.prose(2, "nobody; no remedy was approved", label="approved by")
    for note in report.notes:
        page.prose(2, note, label="noted")
    took = f" ({duration(report.duration)})" if report.duration is not None else ""
    page.prose(2, f"{report.started_at or 'unknown'} to {report.finished_at or 'no end recorded'}{took}", label="time")
    page.prose(2, f"{report.identity or 'unknown'} on {report.host or 'unknown'}", label="run by")
    page.prose(2, f"{report.digest} (made by {report.creator or 'unknown'})", label="plan digest")
    page.prose(2, report.head or "none", label="journal head")
    page.prose(2, f"vmfix {report.tool_version}, exit code {report.exit_code}", label="tool")


def _name(entry: EntryReport) -> str:
    return f"{entry.target}, {entry.playbook}"


def _place(entry: EntryReport) -> str:
    return f"{entry.address} over {entry.transport}" if entry.address else entry.transport or "not connected"


def _titled(title: str) -> str:
    return f" ({title})" if title else ""
