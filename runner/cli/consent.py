"""Consent: which remedies may run, said before anything runs. Asked at a terminal, else given as words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.cli.session import Session
from runner.errors import UsageError
from runner.load.wording import listed, nearest
from runner.model.fields import format_duration
from runner.model.plan import Entry, Plan, RemedyPlan, Standing
from runner.model.playbook import Playbook
from runner.report.layout import Page
from runner.report.words import plural

ALL = "all"
_MANUAL = "manual"
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Consent:
    """``remedies``: ids PLAYBOOK/REMEDY that may run; ``acknowledged``: manual steps said to be done."""

    remedies: tuple[str, ...]
    acknowledged: tuple[str, ...]
    how: str


def approved_ids(words: Sequence[str], playbooks: Sequence[Playbook]) -> tuple[str, ...]:
    """The remedies that ``--approve`` means, whether or not they turn out to be needed.

    ``all``, ``PLAYBOOK/REMEDY``, or ``REMEDY`` in every playbook that has it. Raises ``UsageError`` for any other word.
    """
    known = [f"{book.id}/{remedy.id}" for book in playbooks for remedy in book.remedies if remedy.steps]
    found: list[str] = []
    for word in words:
        fitting = known if word == ALL else [full for full in known if word in (full, full.partition("/")[2])]
        if not fitting:
            close = nearest(word, [*known, *(full.partition("/")[2] for full in known)])
            hint = f"Did you mean `{close}`? " if close else ""
            raise UsageError(
                f"there is no remedy `{word}` that could be run",
                remedy=f"{hint}Remedies here: {listed(known) or 'none'}. Nothing was executed.",
            )
        found += fitting
    return tuple(dict.fromkeys(found))


def acknowledged_ids(words: Sequence[str], playbooks: Sequence[Playbook]) -> tuple[str, ...]:
    """The manual steps that ``--acknowledge`` names. Raises ``UsageError`` for what is none."""
    known = [
        f"{book.id}/{remedy.id}/{step.id}"
        for book in playbooks
        for remedy in book.remedies
        for step in remedy.steps
        if step.type == _MANUAL
    ]
    for word in words:
        if word not in known:
            close = nearest(word, known)
            hint = f"Did you mean `{close}`? " if close else ""
            raise UsageError(
                f"there is no manual step `{word}`",
                remedy=f"{hint}Manual steps here: {listed(known) or 'none'}. Nothing was executed.",
            )
    return tuple(dict.fromkeys(words))


def ask(session: Session, plan: Plan, acknowledged: Sequence[str]) -> Consent:
    """Ask the person at the terminal, once per remedy that may run, for all targets together. The default is no."""
    agreed: list[str] = []
    done = list(acknowledged)
    for full in plan.remedies():
        affected = [(entry, remedy) for entry, remedy in _remedies(plan) if f"{entry.playbook}/{remedy.id}" == full]
        session.screen.text(_described(full, affected, colour=session.screen.colour))
        if not _yes(session, f"Run {full} on {plural(len(affected), 'target')}? [y/N] "):
            continue
        agreed.append(full)
        for name, text in _manual_steps(full, affected).items():
            if name not in done and _acknowledges(session, name, text):
                done.append(name)
    return Consent(tuple(agreed), tuple(done), "terminal")


def _remedies(plan: Plan) -> Iterator[tuple[Entry, RemedyPlan]]:
    for entry in plan.entries:
        if entry.standing is Standing.PLANNED:
            yield from ((entry, remedy) for remedy in entry.remedies if not remedy.manual)


def _described(full: str, affected: Sequence[tuple[Entry, RemedyPlan]], *, colour: bool) -> str:
    first = affected[0][1]
    names = [entry.target for entry, _ in affected]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    page = Page(colour=colour)
    page.prose(0, f"{full}: {first.title}", paint="head")
    page.prose(2, ", ".join(sorted(risk.value for risk in first.risk)) or "none stated", label="risk")
    page.prose(2, first.approval, label="approval")
    page.prose(2, f"{plural(len(names), 'target')}: {', '.join(names[:_MOST_NAMES])}{more}", label="on")
    takes = "not stated" if first.takes is None else f"{format_duration(first.takes)} per target"
    page.prose(2, takes, label="takes at most")
    later = sum(remedy.applies is False for _, remedy in affected)
    if later:
        page.prose(2, f"on {later} of them only if it is needed after the remedies before it", label="note")
    return "\n" + page.text()


def _manual_steps(full: str, affected: Sequence[tuple[Entry, RemedyPlan]]) -> dict[str, str]:
    """What a person has to do, by the name under which it is acknowledged."""
    steps: dict[str, list[str]] = {}
    for _, remedy in affected:
        for action in remedy.actions:
            if action.type == _MANUAL and action.manual not in steps.setdefault(f"{full}/{action.step}", []):
                steps[f"{full}/{action.step}"].append(action.manual)
    return {name: "\n".join(texts) for name, texts in steps.items()}


def _acknowledges(session: Session, name: str, text: str) -> bool:
    page = Page(colour=session.screen.colour)
    page.prose(2, text, label=f"a person does {name}")
    page.prose(2, "Until it is done, the remedy stops there on every target.")
    session.screen.text(page.text())
    return _yes(session, "Is this done? [y/N] ")


def _yes(session: Session, question: str) -> bool:
    return session.screen.ask(question).lower() in {"y", "yes"}
