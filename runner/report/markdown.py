"""A report for a ticket. Nothing from a target can become markup, HTML, or the end of a code block."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.model.times import to_the_second
from runner.report.escape import lines, one_line
from runner.report.flow import parts
from runner.report.owed import owed_lines
from runner.report.sent import sent_block
from runner.report.values import ActionReport, EntryReport, RemedyReport, Report
from runner.report.words import (
    EMERGENCY,
    MEANING,
    URGENT_FIRST,
    advice,
    counted,
    in_order_line,
    left_out,
    plain,
    proof,
    remedy_result,
    status_word,
    titled,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")  # not what matters only at the start of a line or beside a bracket
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CODE = re.compile("`+")
_BELOW = "see below"


def render(report: Report) -> str:
    """CommonMark with tables, ready to be pasted."""
    ordered = sorted(report.entries, key=lambda entry: URGENT_FIRST.index(entry.status))
    out = [
        f"## vmfix run {inline(report.run)}: {in_order_line(report.entries)}",
        "",
        f"{inline(counted(report.counts, report.entries))}; the run is {inline(report.state)}.",
        "",
        *([f"**{EMERGENCY}: {inline(report.emergency)}**", ""] if report.emergency else []),
        *_table(ordered),
    ]
    if report.left_out:
        out += ["", f"Left out: {inline(left_out(report.left_out))}"]
    for entry in ordered:
        out += _details(entry)
    out += ["", "### About this run", "", *_about(report)]
    kept = [line for number, line in enumerate(out) if line or number == 0 or out[number - 1]]
    return "\n".join(kept) + "\n"


def inline(text: object) -> str:
    """The text as text: every character that Markdown or HTML could take for markup is escaped."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text))
    for char, entity in _HTML.items():
        escaped = escaped.replace(char, entity)
    return escaped.replace("@", "&#64;").replace("://", ":&#47;&#47;")  # no mentions, no links


def fenced(shown: Sequence[str]) -> list[str]:
    """A code block whose fence is longer than any row of backticks in it."""
    longest = max((len(found) for line in shown for found in _CODE.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown, fence]


def _table(entries: Sequence[EntryReport]) -> list[str]:
    out = ["| target | playbook | status | why | next |", "|---|---|---|---|---|"]
    for entry in entries:
        why = entry.reason or MEANING[entry.status]
        next_step = _BELOW if _is_long(advice(entry)) else advice(entry)
        cells = (entry.target, entry.playbook, status_word(entry.status), why, next_step)
        out.append(f"| {' | '.join(map(_joined, cells))} |")
    return out


def _is_long(text: str) -> bool:
    """Whether it has paragraphs, or lines to be copied: in a table they would be joined."""
    return len(parts(text)) > 1


def _joined(text: object) -> str:
    return inline(" ".join(lines(text)))


def _details(entry: EntryReport) -> list[str]:
    gates = [gate for gate in entry.gates if gate.reason != entry.reason]
    long = _is_long(advice(entry))
    if not (entry.remedies or entry.opt_outs or entry.remarks or entry.owed or gates or long):
        return []
    out = ["", f"### {inline(entry.target)}, {inline(entry.playbook)}: {status_word(entry.status)}", ""]
    if entry.opt_outs:
        out += [f"- **opted out of safety**: {inline(', '.join(entry.opt_outs))}"]
    if entry.owed:
        out += ["- **owed to this target**:", "", *fenced([one_line(line) for line in owed_lines(entry)]), ""]
    if long:
        out += ["- **next**:", "", *fenced(lines(advice(entry))), ""]
    out += [f"- observed: {_joined(seen)}" for seen in entry.observed]
    out += [f"- note: {_joined(remark)}" for remark in entry.remarks]
    for remedy in entry.remedies:
        out += _remedy(remedy)
    out += [f"- stopped here ({inline(gate.status)}): {_joined(gate.reason)}" for gate in gates]
    return out


def _remedy(remedy: RemedyReport) -> list[str]:
    name = _joined(f"{remedy.id}{titled(remedy.id, remedy.title)}")
    out = [f"- remedy {name}: {_joined(remedy_result(remedy))}"]
    out += [_action(action) for action in remedy.actions]
    out += [f"  - {label}: {_joined(said)}" for label, said in map(proof, remedy.verifications)]
    sent = [line for action in remedy.actions for command in action.commands for line in sent_block(action, command)]
    return [*out, "", *fenced(sent), ""] if sent else out


def _action(action: ActionReport) -> str:
    name = _joined(f"{action.id}{titled(action.id, action.title)}")
    said = _joined(action.text or action.evidence)
    return f"  - {name}: {inline(plain(action.status))}{f': {said}' if said else ''}"


def _about(report: Report) -> list[str]:
    out = [f"- note: {inline(report.note)}"] if report.note else []
    for approval in report.approvals:
        signed = "signed" if approval.signed else "*unsigned*"
        what = inline(", ".join(approval.remedies)) or "nothing"
        out.append(f"- approved by {inline(approval.identity)} ({signed}, by {inline(approval.how)}): {what}")
        if approval.acknowledged:
            out.append(f"- said to be done: {inline(', '.join(approval.acknowledged))}")
    out += [f"- under policy {inline(report.policy)}"] if report.policy else []
    if not report.approvals:
        out.append("- approved by nobody; no remedy was approved")
    out.append(f"- run by {inline(report.identity or 'unknown')} on {inline(report.host or 'unknown')}")
    began, ended = to_the_second(report.started_at), to_the_second(report.finished_at)
    out.append(f"- time: {inline(began)} to {inline(ended or 'no end recorded')}")
    out += [f"- plan digest: `{inline(report.digest)}`", f"- journal head: `{inline(report.head)}`"]
    return [*out, f"- vmfix {inline(report.tool_version)}, exit code {report.exit_code}"]
