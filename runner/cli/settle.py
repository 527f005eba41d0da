"""``vmfix settle``: what runs left owing, and a person's word that some of it is not wanted any more."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from runner.cli import options
from runner.cli.failure import OK, dump
from runner.cli.group import common
from runner.cli.screen import home
from runner.cli.session import Session, pass_session
from runner.errors import Refused, UsageError
from runner.model.times import to_the_second
from runner.report.escape import one_line

if TYPE_CHECKING:
    from runner.model.debt import Debt

SETTLE_FORMAT = 1


@common
@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", default="", metavar="TEXT", help="Why it is not wanted any more; kept in the journal.")
@options.as_json
@pass_session
def settle(session: Session, *, ids: tuple[str, ...], reason: str, as_json: bool) -> int:
    """List what runs left owing: services not started again, mounts not mounted again. Nothing is looked at.

    What was brought back since needs no word: the next `vmfix plan` sees it. With each ID, say that this is not wanted
    any more, such as a service that was removed; the journal keeps who said so and why.
    """
    from runner.app import App  # noqa: PLC0415 - not needed for --help
    from runner.debts import owed_anywhere  # noqa: PLC0415
    from runner.journal import JournalReader  # noqa: PLC0415
    from runner.surroundings import Surroundings  # noqa: PLC0415

    session.screen.json = as_json
    if bool(ids) is not bool(reason.strip()):
        what = "--reason is missing" if ids else "--reason is for an ID"
        raise UsageError(what, remedy='Write: vmfix settle ID --reason "WHY"')
    around = Surroundings(environ=os.environ, home=home())
    debts = owed_anywhere(JournalReader(around.state), around.state)
    chosen = _chosen(ids, debts)
    with App(around) as app:
        app.settle(chosen, by=around.identity, why=reason.strip())
    for debt in chosen:
        session.screen.say(f"{debt.id} is settled: {_wanted(debt)} on {debt.target}")
    left = [debt for debt in debts if debt not in chosen]
    if as_json:
        settled = [debt.id for debt in chosen]
        session.screen.data(dump({"vmfix_settle": SETTLE_FORMAT, "settled": settled, "owed": [_row(d) for d in left]}))
    elif not ids:
        session.screen.text(_listed(left))
    return OK


def _chosen(ids: Sequence[str], debts: Sequence[Debt]) -> list[Debt]:
    known = {debt.id: debt for debt in debts}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise UsageError(f"nothing is owed by the name {', '.join(unknown)}", remedy="`vmfix settle` lists what is.")
    chosen = [known[name] for name in dict.fromkeys(ids)]
    working = next((debt for debt in chosen if debt.at_work), None)
    if working is not None:
        message = f"run {working.run} is at work on {working.target} now, and may still bring it back"
        raise Refused(message, remedy="Wait until it has ended.")
    return chosen


def _wanted(debt: Debt) -> str:
    from runner.plan.debts import wanted  # noqa: PLC0415

    return wanted(debt)


def _row(debt: Debt) -> Mapping[str, object]:
    return {
        "id": debt.id,
        "target": debt.target,
        "run": debt.run,
        "at": debt.at,
        "remedy": debt.remedy,
        "action": debt.action,
        "wanted": _wanted(debt),
        "why": debt.why,
        "seen": debt.seen,
        "at_work": debt.at_work,
    }


def _listed(debts: Sequence[Debt]) -> str:
    if not debts:
        return "Nothing is owed.\n"
    out = []
    for debt in debts:
        state = f"run {debt.run} is at work there now" if debt.at_work else debt.seen or "not looked at since"
        out.append(f"{debt.id}  {debt.target}: {_wanted(debt)}")
        out.append(f"          {debt.run}, {debt.remedy}/{debt.action}, {to_the_second(debt.at)}: {debt.why}")
        out.append(f"          last seen: {state}")
    out.append("")
    out.append("`vmfix report RUN` has the commands that restore it; the next plan sees what is there again.")
    return "\n".join(map(one_line, out)) + "\n"
