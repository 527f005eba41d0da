"""``vmfix runs`` and ``vmfix report``: what was done, from the journal alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence

import click

from runner.cli import options
from runner.cli.failure import OK, dump
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.reporting import show_report, write_reports
from runner.cli.screen import home
from runner.cli.session import Session, pass_session
from runner.journal import JournalReader, RunSummary
from runner.report.escape import one_line

RUNS_FORMAT = 1


@common
@click.command()
@options.as_json
@pass_session
def runs(session: Session, as_json: bool) -> int:  # noqa: FBT001 - click calls it
    """List the runs, newest first."""
    from runner.debts import owed_anywhere  # noqa: PLC0415 - not needed for --help
    from runner.surroundings import Surroundings  # noqa: PLC0415 - the same

    session.screen.json = as_json
    state = Surroundings(environ=os.environ, home=home()).state
    journal = JournalReader(state)
    found = journal.runs()
    owed = Counter(debt.run for debt in owed_anywhere(journal, state) if not debt.at_work)
    if as_json:
        session.screen.data(dump({"vmfix_runs": RUNS_FORMAT, "runs": [_row(run, owed[run.id]) for run in found]}))
    else:
        session.screen.text(_table(found, owed))
    return OK


@common
@click.command()
@click.argument("run", default="last")
@options.as_json
@click.option("--markdown", type=click.Path(), metavar="FILE", help="Write it as Markdown, for a ticket.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write it as JUnit XML, for a CI server.")
@pass_session
def report(session: Session, *, run: str, as_json: bool, markdown: str | None, junit: str | None) -> int:
    """Show the report of a run. RUN is its id, the beginning of it, or `last`.

    Exits with 0 if the report could be made; how the run itself ended stands in it.
    """
    session.screen.json = as_json
    with output_files(("--markdown", markdown), ("--junit", junit)) as files, session.app() as app:
        made = app.report(run)
        write_reports(files, made)
        if as_json or not (markdown or junit):
            show_report(session, made)
    return OK


def _row(run: RunSummary, owed: int) -> dict[str, object]:
    return {
        "run": run.id,
        "created_at": run.created_at,
        "last_at": run.last_at,
        "state": run.state,
        "creator": run.creator,
        "host": run.owner,
        "digest": run.digest,
        "note": run.note,
        "playbooks": run.playbooks,
        "counts": dict(run.counts),
        "owed": owed,
    }


def _table(found: Sequence[RunSummary], owed: Mapping[str, int]) -> str:
    if not found:
        return "There are no runs yet.\n"
    rows = [("RUN", "BEGAN", "STATE", "PLAYBOOKS", "TARGETS", "NOTE")]
    for run in found:
        counts = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in run.counts.items())
        counts += f"; {owed[run.id]} OWED" if owed.get(run.id) else ""
        began = run.created_at[:19].replace("T", " ") + "Z"
        rows.append((run.id, began, run.state, ", ".join(run.playbooks), counts, run.note))
    clean = [tuple(map(one_line, row)) for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in clean
    ]
    more = ["", "OWED: something was not brought back; `vmfix settle` lists it."] if owed else []
    return "\n".join(line.rstrip() for line in (*lines, *more)) + "\n"
