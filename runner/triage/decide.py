"""From what was read to what is to be done: the whole of triage as one function of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from runner.load.covered import kind_of
from runner.load.library import Library, compete, for_platform
from runner.load.wording import listed
from runner.model.inventory import Inventory
from runner.triage.codes import Codes, only_again, says_nothing
from runner.triage.jobs import read_entry
from runner.triage.latest import counts, failures, identified, without_duplicates
from runner.triage.machines import Machines
from runner.triage.values import Backup, Elsewhere, Failure, Fault, Finding, Ignored, Match, Raw, Triage, Unclear

NO_PLAYBOOK = "no playbook knows this error"
NO_ERROR = "the job names no error"


def triage(raws: Sequence[Raw], library: Library, inventory: Inventory) -> Triage:
    """What to do about the failed backups among these entries; nothing of it depends on their order."""
    read = [read_entry(raw) for raw in raws]
    told = [one for one in read if isinstance(one, Backup)]
    once = without_duplicates(told)
    backups = identified(once)
    failed = failures(backups, says_nothing)
    machines = Machines(inventory, [backup.vm for backup in backups])
    codes = Codes(library)
    found = [finding for failure in failed for finding in _findings(failure, codes, machines.find(failure.backup.vm))]
    again = [one for one in found if only_again(one.fault)]
    settled = [one for one in found if not only_again(one.fault) and one.playbook and not one.why]
    return Triage(
        entries=len(raws),
        vms=len({backup.vm.key for backup in backups}),
        failed=len(failed),
        act=tuple(one for one in settled if one.playbook and kind_of(one.playbook) == "playable"),
        person=tuple(one for one in settled if one.playbook and kind_of(one.playbook) != "playable"),
        retry=tuple(again),
        unmatched=_with_hints([one for one in found if one.why and not only_again(one.fault)], codes),
        unclear=tuple(sorted((one for one in read if isinstance(one, Unclear)), key=_shown)),
        ignored=_ignored(read, counts(backups, failed), len(told) - len(once)),
        elsewhere=_elsewhere(read, codes),
    )


def _findings(failure: Failure, codes: Codes, match: Match) -> Iterable[Finding]:
    for fault in failure.backup.faults or (Fault(),):
        yield _finding(failure, fault, codes, match)


def _finding(failure: Failure, fault: Fault, codes: Codes, match: Match) -> Finding:
    """What is missing is all said at once."""
    solution = codes.solve(fault)
    books, why = solution.playbooks, []
    if not books:
        why.append(NO_PLAYBOOK if fault != Fault() else NO_ERROR)
    elif match.target is not None:
        books = for_platform(books, match.target.platform)
        if not books:
            wrong = listed(book.id for book in solution.playbooks)
            name, platform = match.target.name, match.target.platform.value
            why.append(f"{wrong} is not for {platform}, which `{name}` is; if that is wrong, set its `platform`")
    if compete(books):
        why.append(f"several playbooks solve it: {listed(book.id for book in books)}")
    elif len(books) > 1:
        why.append(f"the platform decides between {listed(book.id for book in books)}")
    if match.target is None:
        why.append(match.how)
    playbook = books[0] if len(books) == 1 else None
    return Finding(failure=failure, fault=fault, playbook=playbook, by=solution.by, match=match, why=tuple(why))


def _with_hints(found: Sequence[Finding], codes: Codes) -> tuple[Finding, ...]:
    unknown = [one.fault for one in found if NO_PLAYBOOK in one.why]
    hints = codes.hints(unknown)
    return tuple(replace(one, perhaps=hints.get(one.fault, ())) if NO_PLAYBOOK in one.why else one for one in found)


def _ignored(read: Iterable[object], counted: Mapping[str, int], duplicates: int) -> dict[str, int]:
    """By reason, the most frequent first."""
    found = dict(counted)
    for one in read:
        if isinstance(one, Ignored):
            found[one.reason] = found.get(one.reason, 0) + 1
    if duplicates:
        found["told twice"] = duplicates
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _elsewhere(read: Iterable[object], codes: Codes) -> tuple[Elsewhere, ...]:
    """The errors of failed jobs that are no backups, each with how often it came and what tells of it."""
    passed = (one for one in read if isinstance(one, Ignored))
    counted = Counter((one.operation, fault) for one in passed for fault in one.faults)
    books = {fault: codes.solve(fault).playbooks for _, fault in counted}
    hints = codes.hints(fault for fault, found in books.items() if not found)
    return tuple(
        Elsewhere(operation=operation, fault=fault, playbooks=books[fault], count=count, perhaps=hints.get(fault, ()))
        for (operation, fault), count in sorted(counted.items())
    )


def _shown(one: Unclear) -> tuple[str, str, str, str]:
    return one.vm, one.id, one.reason, one.place
