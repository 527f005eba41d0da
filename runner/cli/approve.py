"""``vmfix approve``: sign what a plan would do, withdraw that, or show what is approved and what is missing."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli import options
from runner.cli.failure import OK, REFUSED
from runner.cli.group import common
from runner.cli.planning import read_plan
from runner.cli.screen import home
from runner.cli.session import Session, pass_session
from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.model.approval import Judgement, Offered
    from runner.model.plan import Plan
    from runner.model.policy import Policy
    from runner.report.approvals_text import View
    from runner.surroundings import Surroundings

EXPIRES = 8 * 3600.0
"""Seconds that an approval holds if nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was typed. ``expires`` in seconds."""

    plan_path: str
    key: str | None
    remedies: tuple[str, ...]
    expires: float | None
    principal: str | None
    acknowledge: tuple[str, ...]
    emergency: bool
    note: str
    policy: str | None
    folder: str | None
    revoke: bool
    show: bool
    yes: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What every form of the command needs."""

    session: Session
    words: Words
    surroundings: Surroundings
    plan: Plan
    digest: str
    policy: Policy | None
    folder: Path

    @property
    def now(self) -> dt.datetime:
        return self.surroundings.clock.now()


@common
@click.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path())
@click.option("--key", type=click.Path(), metavar="KEY", help="SSH key to sign with; a public one if an agent has it.")
@click.option(
    "--remedy", "remedies", multiple=True, metavar="ID", help="Only this remedy; all if left out. Repeatable."
)
@click.option("--expires", callback=options.duration, metavar="DURATION", help="How long it holds; 8h if left out.")
@click.option("--as", "principal", metavar="PRINCIPAL", help="Who signs, as the policy's allowed_signers names them.")
@click.option("--acknowledge", multiple=True, metavar="STEP", help="This manual step is done. Repeatable.")
@click.option(
    "--emergency", is_flag=True, help="Say that windows and freezes may be passed over; --show: by the emergency rule."
)
@click.option("--note", default="", metavar="TEXT", help="Why, or a ticket.")
@click.option("--policy", type=click.Path(), metavar="FILE", help="The policy to judge by; else $VMFIX_POLICY.")
@click.option(
    "-o", "folder", type=click.Path(), metavar="FOLDER", help="Folder of approvals; PLAN.approvals if left out."
)
@click.option("--revoke", is_flag=True, help="Withdraw what the same person approved of this plan up to now.")
@click.option("--show", is_flag=True, help="Show what is approved, by whom, and what is missing; sign nothing.")
@click.option("--yes", is_flag=True, help="Do not ask at the terminal before signing.")
@options.as_json
@pass_session
def approve(session: Session, **values: Any) -> int:  # noqa: ANN401 - `Words` has their types
    """Show a plan, then sign that it may be run: a file with an OpenSSH signature beside the plan.

    The signature holds for this plan and no other. With --show, exits with 0 if every remedy is approved as the policy
    asks (or there is no policy to judge by), with 4 if something is missing.
    """
    words = Words(**values)
    session.screen.json = words.as_json
    _check(words)
    from runner.cli import signatory  # noqa: PLC0415 - not needed for --help

    desk = _desk(session, words)
    if not words.revoke:
        _warn_if_spent(desk)
    if words.show:
        return _show(desk)
    return signatory.revoke(desk) if words.revoke else signatory.sign(desk)


def _check(words: Words) -> None:
    """Words that do not go together."""
    if words.show and words.revoke:
        raise UsageError("--show and --revoke do not go together", remedy="Say one of them.")
    approving: Mapping[str, object] = {"--expires": words.expires, "--acknowledge": words.acknowledge}
    only_signing: Mapping[str, object] = {
        "--key": words.key,
        "--as": words.principal,
        "--remedy": words.remedies,
        "--note": words.note,
        "--yes": words.yes,
    }
    if words.show:
        _refuse({**approving, **only_signing}, "--show")
    if words.revoke:
        _refuse({**approving, "--emergency": words.emergency}, "--revoke")
    if not words.show and not words.key:
        raise UsageError("no key is named", remedy="Name your SSH key with --key KEY, or look with --show.")


def _refuse(given: Mapping[str, object], mode: str) -> None:
    for name, value in given.items():
        if value:
            raise UsageError(f"{name} has no meaning with {mode}", remedy=f"Leave {name} out.")


def _desk(session: Session, words: Words) -> Desk:
    from runner import codec  # noqa: PLC0415 - not needed for --help
    from runner.approvals import folder_of  # noqa: PLC0415
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.policies import find_policy  # noqa: PLC0415
    from runner.surroundings import Surroundings  # noqa: PLC0415

    plan = read_plan(words.plan_path)
    diagnostics = Diagnostics()
    policy = find_policy(words.policy, os.environ, diagnostics)
    session.warn(list(diagnostics))
    folder = Path(words.folder) if words.folder else folder_of(Path(words.plan_path))
    surroundings = Surroundings(environ=os.environ, home=home())
    return Desk(session, words, surroundings, plan, codec.digest(plan, evidence=False), policy, folder)


def _warn_if_spent(desk: Desk) -> None:
    """As far as the journal here knows; another machine may have run it, and only ``vmfix run`` decides."""
    from runner.cli.failure import shown  # noqa: PLC0415 - not needed for --help
    from runner.errors import JournalError  # noqa: PLC0415
    from runner.journal import RUNNING, JournalReader  # noqa: PLC0415
    from runner.model.event import EventKind  # noqa: PLC0415

    journal, say = JournalReader(desk.surroundings.state), desk.session.screen.say
    try:
        for run in journal.runs():
            if run.digest == desk.digest and (
                run.state == RUNNING or any(event.kind is EventKind.INTENT for event in journal.events(run.id))
            ):
                say(f"warning: this plan is spent, so no approval helps it: it was run as {run.id}; make a new plan")
                return
    except JournalError as problem:
        say(shown(f"warning: whether this plan is spent cannot be told: {problem.message}"))


def _show(desk: Desk) -> int:
    from runner.report import approvals_text  # noqa: PLC0415 - not needed for --help

    view, screen = view_of(desk), desk.session.screen
    if screen.json:
        screen.data(approvals_text.as_json(view))
    else:
        screen.text(approvals_text.render(view, colour=screen.colour, width=screen.width))
    missing = view.judgement is not None and any(not consented.met for consented in view.judgement.remedies)
    return REFUSED if missing else OK


def view_of(desk: Desk) -> View:
    """The folder of approvals as it is now, judged if there is a policy."""
    from runner import approvals  # noqa: PLC0415 - not needed for --help
    from runner.govern.quorum import judge  # noqa: PLC0415
    from runner.report.approvals_text import View  # noqa: PLC0415

    about: dict[str, Any] = {"plan": desk.words.plan_path, "digest": desk.digest, "creator": desk.plan.creator}
    if desk.policy is None:
        return View(**about, offered=approvals.unjudged(desk.folder))
    offered = approvals.gather(desk.folder, desk.policy, desk.now)
    judged = judge(desk.plan, desk.digest, desk.policy, offered, desk.now, emergency=desk.words.emergency)
    return View(**about, offered=_in_force(offered, judged), policy=desk.policy, judgement=judged)


def _in_force(offered: Sequence[Offered], judged: Judgement) -> tuple[Offered, ...]:
    """All but the approvals that were replaced by later ones of the same person."""
    from runner.model.approval import Kind  # noqa: PLC0415 - not needed for --help

    told = {each.source for each in judged.discounted}
    counting = {(approval.identity, approval.at) for approval in judged.approvals}
    return tuple(
        each
        for each in offered
        if (said := each.statement) is None
        or said.kind is Kind.REVOKE
        or each.source in told
        or (said.identity, said.at) in counting
    )


def manual_steps(plan: Plan, remedies: Sequence[str]) -> tuple[str, ...]:
    """What a person has to do in these remedies, by the names under which it is acknowledged."""
    found = {
        f"{entry.playbook}/{remedy.id}/{action.step}": None
        for entry, remedy in plan.rungs()
        if f"{entry.playbook}/{remedy.id}" in remedies
        for action in remedy.actions
        if action.type == "manual"
    }
    return tuple(found)
