"""What came out of triage, for people."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby

from runner.load.wording import listed
from runner.report.layout import Page
from runner.report.words import plural
from runner.triage.calls import Shown
from runner.triage.values import Elsewhere, Fault, Finding, Triage

_SINCE = (
    "--backup-failed-at is when the first of these backups began: what was applied later than that was not yet put to "
    "the test by all of them."
)


def triage_text(page: Page, found: Triage, shown: Shown) -> str:
    """The text, on this empty page."""
    page.prose(0, _headline(found))
    _by_playbook(page, "What vmfix can do", found.act)
    _by_playbook(page, "For a person", found.person, advice="vmfix show {}")
    if found.retry:
        page.head("Only to be tried again")
        page.prose(2, "Another backup was running. See that it has ended, wait a while, then start it again.")
        _findings(page, 2, found.retry)
    if found.unmatched or found.unclear:
        page.head("Unmatched: nothing is done about these")
        _findings(page, 2, found.unmatched)
        for one in found.unclear:
            page.item(2, one.vm, f"{one.reason} ({one.place})", paint="warn")
    if found.ignored:
        page.head("Ignored")
        for reason, count in found.ignored.items():
            page.item(2, f"{count} {reason}")
    _elsewhere(page, found.elsewhere)
    if found.act or found.person:
        _next(page, shown)
    return page.text()


def _elsewhere(page: Page, found: Sequence[Elsewhere]) -> None:
    """What failed and is no backup: no plan is about it, but there may be a guide."""
    if not found:
        return
    page.head("Failed, and no backups: in no plan")
    for one in found:
        page.item(2, f"{one.count} {one.operation}", _error(one.fault, known=bool(one.playbooks)))
        page.exact(4, [f"vmfix show {shlex.quote(book.id)}" for book in one.playbooks])
        if not one.playbooks:
            page.item(4, "no playbook and no guide knows this error")
        for hint in one.perhaps:
            page.item(4, "perhaps", hint)


def _next(page: Page, shown: Shown) -> None:
    """What is still missing, then what to type."""
    page.head("Next")
    for need in shown.needs:
        page.item(2, need.text, need.remedy, paint="warn")
    if shown.busy:
        page.item(
            2, f"a backup of {listed(shown.busy)} is running: run no plan for it before that has ended", paint="warn"
        )
    page.exact(2, (shlex.join(words) for words in shown.words()))
    if any(call.since for call in shown.plans):
        page.prose(4, _SINCE)
    for name in shown.hidden:
        page.item(2, name, "no pattern can name this target, for a group has its name; use --plan", paint="warn")
    if shown.again:
        page.item(2, "or one plan of all, what is for a person included")
        page.exact(2, [shlex.join(shown.again)])


def _headline(found: Triage) -> str:
    read = f"{plural(found.entries, 'entry')} about {plural(found.vms, 'VM')} read"
    if not found.failed and not found.unclear:
        return f"{read}; no backup is in a failed state."
    missing = len({one.failure.backup.vm.key for one in found.unmatched})
    unclear = f", and {plural(len(found.unclear), 'entry')} could not be judged" if found.unclear else ""
    return f"{read}; the backup of {plural(found.failed, 'VM')} failed; {missing} of them unmatched{unclear}."


def _by_playbook(page: Page, title: str, found: Iterable[Finding], advice: str = "") -> None:
    """The findings of each playbook below its name."""
    ordered = sorted(found, key=_place)
    if ordered:
        page.head(title)
    for _, part in groupby(ordered, key=lambda one: _place(one)[0]):
        group = list(part)
        playbook = group[0].playbook
        if playbook is not None:
            page.item(2, playbook.id, playbook.title)
            page.exact(4, [advice.format(shlex.quote(playbook.id))] if advice else [])
        _findings(page, 4, group)


def _place(one: Finding) -> tuple[str, str]:
    return one.playbook.id if one.playbook else "", one.match.target.name if one.match.target else ""


def _findings(page: Page, indent: int, found: Iterable[Finding]) -> None:
    for one in found:
        backup = one.failure.backup
        where = f"{one.match.target.name} <- " if one.match.target else ""
        page.item(
            indent,
            f"{where}{backup.vm}",
            _error(one.fault, known=one.playbook is not None),
            paint="warn" if one.why else "",
        )
        page.item(indent + 2, _source(one))
        for why in one.why:
            page.item(indent + 2, why)
        for hint in one.perhaps:
            page.item(indent + 2, "perhaps", f"{hint}; vmfix does not act on that")


def _error(fault: Fault, *, known: bool) -> str:
    """The code; a text only where there is none, or where nobody knows the code."""
    code = " ".join(filter(None, (fault.title, f"({fault.number})" if fault.title and fault.number else fault.number)))
    return code if code and known else " ".join(filter(None, (code, f"“{fault.text}”" if fault.text else "")))


def _source(one: Finding) -> str:
    """When it failed, in which job, and how the VM became a target."""
    backup = one.failure.backup
    zone = "Z" if backup.zoned else " (time zone not told)"
    when = f"failed {_time(backup.when)}{zone}" if backup.when else "failed at a time that cannot be told"
    began = f"began {_time(backup.started)}{zone}" if backup.started and backup.started != backup.when else ""
    parts = [
        ", ".join(filter(None, (began, when))),
        f"{'item' if backup.item else 'job'} {backup.id or 'without an id'}",
    ]
    parts += [f"target by {one.match.how}"] if one.match.target else []
    parts += [f"playbook by {one.by}"] if one.playbook else []
    parts += [f"Azure calls it {backup.persistence}"] if backup.persistence else []
    parts += ["another backup of it is running now"] if one.failure.running else []
    return "; ".join(parts)


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
