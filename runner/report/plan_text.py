"""A plan for people: everything that would be done, on which targets, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from runner.codec import to_json
from runner.model.inventory import TransportKind
from runner.model.plan import Entry, Plan, PlaybookRef, Standing, TargetRef
from runner.model.times import to_the_second
from runner.report.layout import WIDTH, Page
from runner.report.plan_end import NextStep, add_next, add_remedies
from runner.report.plan_entry import add_entry
from runner.report.scripts import Scripts
from runner.report.words import left_out, plural

_NOTHING = NextStep()
_SHORT_DIGEST = 12
_LONGEST_VALUE = 300  # characters; the plan file has all


def render(  # noqa: PLR0913 - all but the first two are how it is shown
    plan: Plan,
    digest: str,
    *,
    next_step: NextStep = _NOTHING,
    scripts_to: str = "",
    colour: bool = False,
    width: int = WIDTH,
) -> str:
    """The plan as plain lines of at most ``width`` columns; commands and diffs may be longer, since they are exact.

    ``next_step`` is what to type to run it, where that has to be said. ``scripts_to`` says where scripts
    are to be read, if not here.
    """
    page, scripts = Page(colour=colour, width=width), Scripts()
    counts = Counter(entry.standing for entry in plan.entries)
    total = plural(len({entry.target for entry in plan.entries}), "target")
    page.prose(0, f"Plan for {total}: {_counted(counts)}. Nothing has been changed.", paint="head")
    page.prose(0, left_out(plan.left_out), label="left out", paint="warn")
    page.prose(0, plan.note, label="note")
    targets = {target.name: target for target in plan.targets}
    for playbook in plan.playbooks:
        entries = [entry for entry in plan.entries if entry.playbook == playbook.id]
        _playbook(page, scripts, playbook, entries, targets)
    scripts.add_to(page, elsewhere=scripts_to)
    _end(page, plan, digest, counts)
    add_next(page, plan, next_step)
    return page.text()


def _playbook(
    page: Page, scripts: Scripts, playbook: PlaybookRef, entries: Sequence[Entry], targets: Mapping[str, TargetRef]
) -> None:
    page.head(f"{playbook.id}: {playbook.title}")
    page.exact(2, [f"source: {playbook.source}"] if playbook.source else [])
    params = ", ".join(f"{name}={_value(value)}" for name, value in playbook.params.items())
    page.prose(2, params, label="parameters")
    for names, shown in _grouped(page, scripts, entries, targets):
        page.blank()
        target = targets.get(names[0])
        if len(names) == 1:
            page.prose(2, f"{names[0]} ({_place(target)})", paint="head")
        else:
            page.prose(2, f"on {len(names)} targets ({_way(target)}):", paint="head")
            page.prose(6, ", ".join(names))
        page.adopt(shown)


def _value(value: object) -> str:
    """As compact JSON, cut if long."""
    text = json.dumps(to_json(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _grouped(
    page: Page, scripts: Scripts, entries: Sequence[Entry], targets: Mapping[str, TargetRef]
) -> list[tuple[list[str], Page]]:
    """Targets for which the very same lines are shown stand together, in the order of their first."""
    groups: dict[tuple[str, str], tuple[list[str], Page]] = {}
    for entry in entries:
        target = targets.get(entry.target)
        shown = page.part()
        add_entry(shown, scripts, entry, target)
        names, _ = groups.setdefault((_way(target), shown.text()), ([], shown))
        names.append(entry.target)
    return list(groups.values())


def _way(target: TargetRef | None) -> str:
    if target is None:
        return "not in the plan's list of targets"
    way = f"{target.transport} as {target.user}" if _user(target) else target.transport
    return f"{way}{_in_groups(target)}"


def _user(target: TargetRef) -> str:
    """Who logs in; nobody does on this machine, whatever the inventory says for all."""
    return (target.user or "") if target.transport != TransportKind.LOCAL.value else ""


def _place(target: TargetRef | None) -> str:
    if target is None:
        return _way(target)
    port = f":{target.port}" if target.port else ""
    user = f"{target.user}@" if _user(target) else ""
    return f"{user}{target.address}{port}, {target.transport}{_in_groups(target)}"


def _in_groups(target: TargetRef) -> str:
    """A policy asks by them, so whoever signs has to see them."""
    return f"; in {', '.join(target.groups)}" if target.groups else ""


def _counted(counts: Counter[Standing]) -> str:
    return ", ".join(f"{counts[standing]} {standing.value}" for standing in Standing if counts[standing]) or "empty"


def _end(page: Page, plan: Plan, digest: str, counts: Counter[Standing]) -> None:
    page.head(f"In all: {_counted(counts)}; {plural(len(plan.remedies()), 'remedy')}")
    add_remedies(page, plan)
    page.prose(2, f"{digest[:_SHORT_DIGEST]} (in full: {digest})", label="digest")
    until = to_the_second(plan.expires_at) or "unknown"
    page.prose(2, f"by {plan.creator or 'unknown'}, valid until {until}", label="made")
