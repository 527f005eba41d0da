"""What changed between a saved plan and one that was made now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from runner.model.plan import Entry, Outcome, Plan, PlaybookRef, RemedyPlan, Standing
from runner.model.times import to_the_second
from runner.plan.assemble import target_differences
from runner.plan.staleness import differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``about`` is a playbook, a target, or an entry's key. ``covered``: the saved plan could still be run there."""

    about: str
    text: str
    covered: bool


def compare(before: Plan, now: Plan, moment: dt.datetime) -> tuple[Difference, ...]:
    """Every difference that matters to who approved ``before``; times, ids and other evidence are none.

    That ``before`` could not be run at this ``moment`` counts as one.
    """
    return tuple(_differences(before, now, moment))


def _differences(before: Plan, now: Plan, moment: dt.datetime) -> Iterator[Difference]:
    if before.offline:
        yield _uncovered("the saved plan", "it was made offline: nobody looked at the targets")
    if moment >= dt.datetime.fromisoformat(before.expires_at):
        yield _uncovered("the saved plan", f"it expired on {to_the_second(before.expires_at)}")
    if before.tool_version != now.tool_version:
        text = f"made by {before.tool_version}, this is {now.tool_version}"
        yield Difference(about="vmfix", text=text, covered=False)
    books = {ref.id: ref for ref in now.playbooks}
    for ref in before.playbooks:
        here = books.get(ref.id)
        said = ["it is not in the new plan"] if here is None else playbook_differences(ref, here)
        yield from (_uncovered(ref.id, text) for text in said)
    targets = {target.name: target for target in now.targets}
    for target in before.targets:
        if target.name in targets:
            yield from (_uncovered(target.name, text) for text in target_differences(target, targets[target.name]))
    entries = {entry.key: entry for entry in now.entries}
    for entry in before.entries:
        yield from _entry(entry, entries.pop(entry.key, None))
    yield from (_uncovered(key, "it is not in the saved plan") for key in entries)


def _uncovered(about: str, text: str) -> Difference:
    return Difference(about=about, text=text, covered=False)


def playbook_differences(planned: PlaybookRef, now: PlaybookRef) -> list[str]:
    """In plain words, what of a playbook is not as in the plan; empty if all is."""
    said = []
    if planned.digest != now.digest:
        said.append(f"its text changed: SHA-256 {now.digest[:12]}, in the saved plan {planned.digest[:12]}")
    before, after = planned.params, now.params
    said += [
        f"parameter {name} is {after.get(name)!r}, in the saved plan {before.get(name)!r}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return said


_UNTOLD = (Standing.UNREACHABLE, Standing.FAILED)
"""Where nobody knows what would be done now."""


def _entry(before: Entry, now: Entry | None) -> Iterator[Difference]:
    if now is None:
        yield _uncovered(before.key, "it is not in the new plan")
        return
    if before.standing is not now.standing or now.standing in _UNTOLD:
        reason = f": {now.reason}" if now.reason else ""
        covered = now.standing in (Standing.HEALTHY, Standing.AWAITING)
        text = f"{now.standing.value} now, {before.standing.value} in the saved plan{reason}"
        yield Difference(about=now.key, text=text, covered=covered)
    known = {remedy.id: remedy for remedy in before.remedies}
    for remedy in now.remedies:
        if not remedy.offered:
            continue
        earlier = known.get(remedy.id)
        if earlier is None:
            yield _uncovered(now.key, f"{remedy.id} is new")
            continue
        yield from (_uncovered(now.key, f"{remedy.id}: {text}") for text in differences(earlier, remedy))
        yield from (
            Difference(about=now.key, text=f"{remedy.id}: `{name}` would change nothing any more", covered=True)
            for name in _not_needed(earlier, remedy)
        )


def _not_needed(before: RemedyPlan, now: RemedyPlan) -> Iterator[str]:
    """Actions that had something to do and have not now."""
    left = {action.id for action in now.actions if action.outcome is not Outcome.NO_CHANGE}
    yield from (a.id for a in before.actions if a.outcome is not Outcome.NO_CHANGE and a.id not in left)
