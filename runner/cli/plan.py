"""``vmfix plan``: what would be done, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from runner.cli import options
from runner.cli.failure import NOT_IN_ORDER, OK
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.options import Asked
from runner.cli.planning import end_with_plan, look, prepared_for, read_plan, refuse_decided, save, tell
from runner.cli.session import Session, pass_session
from runner.errors import UsageError


@common
@click.command()
@options.asking
@click.option("--compare", type=click.Path(), metavar="FILE", help="Say what changed since this plan was saved.")
@pass_session
def plan(session: Session, *, compare: str | None, **values: Any) -> int:  # noqa: ANN401 - `Asked` has their types
    """Look at the targets and say per step what would change; change nothing.

    PLAYBOOKS are ids, error codes, aliases or paths. Exits with 0 if every target could be planned, whether or not
    something would change; with 5 if one is unreachable, refused or could not be observed. With --compare, playbooks,
    targets and parameters are those of the saved plan; exits with 5 if that does not cover what would be done now.
    """
    asked = options.asked(values)
    session.screen.json = asked.as_json
    if compare is not None:
        return _compare(session, asked, compare)
    if not asked.playbooks:
        raise UsageError("no playbook is named", remedy="Name an error code, an id or a path; see `vmfix list`.")
    with output_files(("-o", asked.out), private=("-o",)) as files, session.app() as app:
        request = asked.request()
        prepared = app.prepare(request)
        tell(session, prepared)
        made = look(session, app, request, prepared, offline=asked.offline)
        save(files, made)
        return end_with_plan(session, made, asked)


def _compare(session: Session, asked: Asked, path: str) -> int:
    from runner.plan.compare import compare  # noqa: PLC0415 - only here
    from runner.report import comparison  # noqa: PLC0415

    refuse_decided(asked)
    before = read_plan(path)
    with output_files(("-o", asked.out), private=("-o",)) as files, session.app() as app:
        request = asked.request(before)
        prepared = prepared_for(session, app, request, may_be_a_file=not asked.playbooks)
        now = look(session, app, request, prepared, offline=False)
        save(files, now)
        moment = app.surroundings.clock.now()
    found, screen = compare(before, now, moment), session.screen
    if asked.as_json:
        screen.data(comparison.as_json(found, path))
    else:
        screen.text(comparison.render(found, path, colour=screen.colour, width=screen.width))
    return OK if comparison.covers(found) else NOT_IN_ORDER
