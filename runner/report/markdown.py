"""A report for a ticket. Nothing from a target can become markup, HTML, or the end of a code block."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.report.commands import command_lines, duration
from runner.report.escape import lines, one_line
from runner.report.values import EntryReport, RemedyReport, Report, SentCommand
from runner.report.words import MEANING, URGENT_FIRST, advice, counted, in_order_line, outcome, status_word

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")  # not what matters only at the start of a line or beside a bracket
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CODE = re.compile("`+")


def render(report: Report) -> str:
    """CommonMark with tables, ready to be pasted."""
    ordered = sorted(report.entries, key=lambda entry: URGENT_FIRST.index(entry.status))
    out = [
        f"## vmfix run {inline(report.run)}: {in_order_line(report.entries)}",
        "",
        f"{inline(counted(report.counts))}; the run is {inline(report.state)}.",
        "",
        *_table(ordered),
    ]
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
        todo = "" if entry.status.in_order else advice(entry)
        cells = (entry.target, entry.playbook, status_word(entry.status), why, todo)
        out.append(f"| {' | '.join(inline(' '.join(lines(cell))) for cell in cells)} |")
    return out


def _details(entry: EntryReport) -> list[str]:
    if not (entry.remedies or entry.opt_outs or len(entry.gates) > 1):
        return []
    out = ["", f"### {inline(entry.target)}, {inline(entry.playbook)}: {status_word(entry.status)}", ""]
    if entry.opt_outs:
        out += [f"- **opted out of safety**: {inline(', '.join(entry.opt_outs))}"]
    out += [f"- observed: {inline(' '.join(lines(seen)))}" for seen in entry.observed]
    for remedy in entry.remedies:
        out += _remedy(remedy)
    out += [f"- stopped here ({inline(gate.status)}): {inline(' '.join(lines(gate.reason)))}" for gate in entry.gates]
    return out


def _remedy(remedy: RemedyReport) -> list[str]:
    result = remedy.result.replace("_", " ") or "did not end"
    out = [f"- remedy {inline(remedy.id)} ({inline(remedy.title or 'untitled')}): {inline(result)}"]
    for look in remedy.verifications:
        said = {True: "the guest shows no fault now", False: "the guest still shows the fault", None: "cannot tell"}
        more = inline(" ".join(lines(look.text)))
        out.append(f"- verified: {said[look.healthy]}{f': {more}' if more else ''}")
    sent = [line for action in remedy.actions for command in action.commands for line in _command_block(command)]
    return [*out, "", *fenced(sent), ""] if sent else out


def _command_block(command: SentCommand) -> list[str]:
    first, *more = command_lines(command.command)
    took = f" after {duration(command.elapsed)}" if command.elapsed is not None else ""
    out = [f"$ {first}", *more, f"  {outcome(command)}{took}"]
    for stream in (command.stdout, command.stderr):
        out += [f"  | {line}".rstrip() for line in lines(stream)]
    return [one_line(line) for line in out]


def _about(report: Report) -> list[str]:
    out = [f"- note: {inline(report.note)}"] if report.note else []
    for approval in report.approvals:
        signed = "signed" if approval.signed else "*unsigned*"
        what = inline(", ".join(approval.remedies)) or "nothing"
        out.append(f"- approved by {inline(approval.identity)} ({signed}, by {inline(approval.how)}): {what}")
        if approval.acknowledged:
            out.append(f"- said to be done: {inline(', '.join(approval.acknowledged))}")
    if not report.approvals:
        out.append("- approved by nobody; no remedy was approved")
    out.append(f"- run by {inline(report.identity or 'unknown')} on {inline(report.host or 'unknown')}")
    out.append(f"- time: {inline(report.started_at)} to {inline(report.finished_at or 'no end recorded')}")
    out += [f"- plan digest: `{inline(report.digest)}`", f"- journal head: `{inline(report.head)}`"]
    return [*out, f"- vmfix {inline(report.tool_version)}, exit code {report.exit_code}"]
