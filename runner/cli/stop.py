"""``vmfix stop``: ask a run that goes on elsewhere to end between remedies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from runner.cli import options
from runner.cli.failure import OK, dump
from runner.cli.group import common
from runner.cli.screen import home
from runner.cli.session import Session, pass_session
from runner.errors import Refused, VmfixError

if TYPE_CHECKING:
    from runner.journal import JournalReader, RunRecord
    from runner.surroundings import Surroundings

STOP_FORMAT = 1
_TURN = 0.5  # seconds between two looks at a run that is to end


class StillAtWork(VmfixError):
    """The run was asked, and has not ended in the time that was given to it."""

    exit_code = 5


@common
@click.command()
@click.argument("run")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the run's journal and report.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Wait so long for the end of the run; exit 5 if it still goes on then.",
)
@options.as_json
@pass_session
def stop(session: Session, *, run: str, reason: str, wait: float | None, as_json: bool) -> int:
    """Ask a run that goes on in another process to stop between remedies, as one Ctrl-C there does.

    RUN is its id, the beginning of it, or `last`. Remedies under way are finished, no other is started.
    """
    from runner import stops  # noqa: PLC0415 - not needed for --help
    from runner.journal import JournalReader  # noqa: PLC0415
    from runner.model.times import stamp  # noqa: PLC0415
    from runner.surroundings import Surroundings  # noqa: PLC0415

    session.screen.json = as_json
    around = Surroundings(environ=os.environ, home=home())
    journal = JournalReader(around.state)
    found = journal.run(run)
    _refuse_ended(around, found)
    stops.ask(around.state, found.id, around.identity, reason, stamp(around.clock.now()))
    if not stops.at_work(around.state, found.id):  # it ended while we wrote
        stops.withdraw(around.state, found.id)
        _refuse_ended(around, journal.run(found.id))
    session.screen.say(f"run {found.id}: asked; it stops when the remedies under way are done")
    ended = None if wait is None else _end_of(around, journal, found.id, wait)
    if as_json:
        state = (ended or found).state
        session.screen.data(dump({"vmfix_stop": STOP_FORMAT, "run": found.id, "asked": True, "state": state}))
    elif ended is not None:
        session.screen.text(f"run {ended.id} has ended: {_how(journal, ended)}\nvmfix report {ended.id} shows it.\n")
    return OK


def _refuse_ended(around: Surroundings, found: RunRecord) -> None:
    """Only a run that goes on can be asked. Whether it does, its lock says: the journal does not know of a kill."""
    from runner.journal import RUNNING, JournalReader  # noqa: PLC0415
    from runner.stops import at_work  # noqa: PLC0415

    if at_work(around.state, found.id):
        return
    now = JournalReader(around.state).run(found.id)  # it may have ended between the two looks
    remedy = f"`vmfix report {now.id}` shows it."
    if now.state == RUNNING:
        message = f"run {now.id} does not run any more: its process on {now.owner or 'this machine'} is gone"
        raise Refused(f"{message}; its targets' states are in the report", remedy=remedy)
    raise Refused(f"run {now.id} has ended already: {_how(JournalReader(around.state), now)}", remedy=remedy)


def _end_of(around: Surroundings, journal: JournalReader, run: str, seconds: float) -> RunRecord:
    """The run once it has ended. Raises ``StillAtWork`` if it has not after so many seconds."""
    from runner.journal import RUNNING  # noqa: PLC0415
    from runner.stops import at_work  # noqa: PLC0415

    until = around.clock.monotonic() + seconds
    while at_work(around.state, run):
        left = until - around.clock.monotonic()
        if left <= 0:
            raise StillAtWork(
                f"run {run} was asked and still goes on after {seconds:g} s: a remedy under way takes longer",
                remedy=f"Wait more; `vmfix report {run}` shows how far it is.",
            )
        around.clock.sleep(min(_TURN, left))
    ended = journal.run(run)
    if ended.state == RUNNING:
        _refuse_ended(around, ended)
    return ended


def _how(journal: JournalReader, ended: RunRecord) -> str:
    """``cancelled; 3 fixed, 2 cancelled``."""
    counts = next((run.counts for run in journal.runs() if run.id == ended.id), {})
    said = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in counts.items())
    return f"it is {ended.state}; {said}" if said else f"it is {ended.state}"
