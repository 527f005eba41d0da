"""Consent: which remedies may run, said before anything runs. Asked at a terminal, else given as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.cli.screen import Screen
from runner.cli.session import Session
from runner.errors import UsageError
from runner.load.wording import listed, nearest
from runner.model.fields import format_duration
from runner.model.plan import Plan, Standing
from runner.model.playbook import Playbook
from runner.report.layout import Page
from runner.report.rungs import Rung, Rungs, rungs_of
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

    ``all``, which may be none; ``PLAYBOOK/REMEDY``, or ``REMEDY`` in every playbook that has it. Raises ``UsageError``
    for any other word.
    """
    known = [f"{book.id}/{remedy.id}" for book in playbooks for remedy in book.remedies if remedy.steps]
    found: list[str] = []
    for word in words:
        fitting = known if word == ALL else [full for full in known if word in (full, full.partition("/")[2])]
        if not fitting and word != ALL:
            close = nearest(word, [*known, *(full.partition("/")[2] for full in known)])
            hint = f"Did you mean `{close}`? " if close else ""
            raise UsageError(
                f"there is no remedy `{word}` that could be run",
                remedy=f"{hint}Remedies here: {listed(known) or 'none'}. Nothing was executed.",
            )
        found += fitting
    return tuple(dict.fromkeys(found))


def without_effect(words: Sequence[str], approved: Sequence[str], plan: Plan) -> tuple[str, ...]:
    """Those of ``approved`` that were named and for which the plan holds no command, though some target is faulty."""
    faulty = {entry.playbook for entry in plan.entries if entry.standing is Standing.PLANNED}
    named = [full for full in approved if any(word in (full, full.partition("/")[2]) for word in words)]
    offered = plan.remedies()
    return tuple(full for full in named if full not in offered and full.partition("/")[0] in faulty)


def acknowledged_ids(words: Sequence[str], playbooks: Sequence[Playbook]) -> tuple[str, ...]:
    """The manual steps and remedies that ``--acknowledge`` names. Raises ``UsageError`` for what is none."""
    known = [
        f"{book.id}/{remedy.id}/{step.id}"
        for book in playbooks
        for remedy in book.remedies
        for step in remedy.steps
        if step.type == _MANUAL
    ]
    known += [f"{book.id}/{remedy.id}" for book in playbooks for remedy in book.remedies if remedy.manual]
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
        rungs = rungs_of(plan, full)
        if not rungs.most:
            session.screen.text(f"\n{full} can run on no target now, so it is not asked for.\n")
            continue
        session.screen.text(_described(full, rungs, session.screen))
        if not _yes(session, _question(full, rungs)):
            continue
        agreed.append(full)
        for name, text in _manual_steps(full, rungs.most).items():
            if name not in done and _acknowledges(session, name, text):
                done.append(name)
    return Consent(tuple(agreed), tuple(done), "terminal")


def _question(full: str, rungs: Rungs) -> str:
    if rungs.may:
        more = f", and on {len(rungs.later)} more should it come to be needed" if rungs.later else ""
        return f"Run {full} on {plural(len(rungs.may), 'target')}{more}? [y/N] "
    return f"Run {full} on {plural(len(rungs.later), 'target')}, should it come to be needed? [y/N] "


def _described(full: str, rungs: Rungs, screen: Screen) -> str:
    first = rungs.most[0][1]
    page = Page(colour=screen.colour, width=screen.width)
    page.prose(0, f"{full}: {first.title}", paint="head")
    page.prose(2, ", ".join(sorted(risk.value for risk in first.risk)) or "none stated", label="risk")
    page.prose(2, first.approval, label="approval")
    page.prose(2, _named(rungs.may), label="on")
    page.prose(2, _named(rungs.later), label="only if it is needed after the remedies before it, on")
    takes = "not stated" if first.takes is None else f"{format_duration(first.takes)} per target"
    page.prose(2, takes, label="takes at most")
    return "\n" + page.text()


def _named(rungs: Sequence[Rung]) -> str:
    names = [entry.target for entry, _ in rungs]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{plural(len(names), 'target')}: {', '.join(names[:_MOST_NAMES])}{more}" if names else ""


def _manual_steps(full: str, rungs: Sequence[Rung]) -> dict[str, str]:
    """What a person has to do, by the name under which it is acknowledged."""
    steps: dict[str, list[str]] = {}
    for _, remedy in rungs:
        for action in remedy.actions:
            if action.type == _MANUAL and action.manual not in steps.setdefault(f"{full}/{action.step}", []):
                steps[f"{full}/{action.step}"].append(action.manual)
    return {name: "\n".join(texts) for name, texts in steps.items()}


def _acknowledges(session: Session, name: str, text: str) -> bool:
    page = Page(colour=session.screen.colour, width=session.screen.width)
    page.flow(2, text, label=f"a person does {name}")
    page.prose(2, "Until it is done, the remedy stops there on every target.")
    session.screen.text(page.text())
    return _yes(session, "Is this done? [y/N] ")


def _yes(session: Session, question: str) -> bool:
    return session.screen.ask(question).lower() in {"y", "yes"}
