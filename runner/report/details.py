"""One entry of a report in detail: what was seen, sent and verified."""

from __future__ import annotations

from runner.report.commands import duration
from runner.report.escape import one_line
from runner.report.layout import Page
from runner.report.sent import LAST, ended, is_short, sent_line
from runner.report.values import ActionReport, EntryReport, RemedyReport, SentCommand
from runner.report.words import plain, proof, remedy_result, status_word, titled


def add_details(page: Page, entry: EntryReport, name: str) -> None:
    """Nothing for an entry about which all has been said."""
    gates = [gate for gate in entry.gates if gate.reason != entry.reason]
    if not (entry.remedies or entry.notes or entry.opt_outs or gates):
        return
    took = f", {duration(entry.duration)}" if entry.duration is not None else ""
    page.head(f"{name} ({_place(entry)}{took}): {status_word(entry.status)}")
    page.prose(2, ", ".join(entry.opt_outs), label="OPTED OUT OF SAFETY", paint="warn")
    for seen in entry.observed:
        page.prose(2, seen, label="observed")
    if entry.status.in_order and entry.remedies:
        add_remarks(page, 2, entry)
    for remedy in entry.remedies:
        _remedy(page, remedy)
    for gate in gates:
        page.prose(2, gate.reason, label=f"stopped here ({gate.status})" if gate.status else "stopped here")
    for note in entry.notes:
        page.prose(2, note, label="noted")


def add_remarks(page: Page, indent: int, entry: EntryReport) -> None:
    """What the playbook's author says of what was seen."""
    for remark in entry.remarks:
        page.prose(indent, remark, label="note")


def _remedy(page: Page, remedy: RemedyReport) -> None:
    took = f" ({duration(remedy.duration)})" if remedy.duration is not None else ""
    page.item(2, f"remedy {remedy.id}{titled(remedy.id, remedy.title)}{took}", remedy_result(remedy))
    for action in remedy.actions:
        _action(page, action)
    for look in remedy.verifications:
        label, said = proof(look)
        page.prose(4, said, label=label, paint="good" if look.healthy else "warn")


def _action(page: Page, action: ActionReport) -> None:
    label = f"{action.id}{titled(action.id, action.title)}: {plain(action.status)}"
    page.item(4, label, action.text or action.evidence, paint="" if action.went_well else "bad")
    for command in action.commands:
        if is_short(action, command):
            page.exact(6, [sent_line(command, short=True)])
        else:
            _trouble(page, command, action.text)


def _trouble(page: Page, command: SentCommand, said: str) -> None:
    """``said`` is known already."""
    page.exact(6, [sent_line(command, short=False)])
    how = ended(command)
    page.prose(8, how, paint="" if command.exit_code is not None else "bad")
    if not how.startswith(command.text) and command.text not in said:
        page.prose(8, command.text)
    page.output(8, "stdout", command.stdout, last=LAST)
    page.output(8, "stderr", command.stderr, last=LAST)


def _place(entry: EntryReport) -> str:
    return f"{one_line(entry.address)} over {entry.transport}" if entry.address else entry.transport or "not connected"
