"""``vmfix plan``: what would be done, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from runner.cli import options
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.planning import end_with_plan, look, save
from runner.cli.session import Session, pass_session
from runner.errors import UsageError


@common
@click.command()
@options.asking
@pass_session
def plan(session: Session, **values: Any) -> int:  # noqa: ANN401 - click's values; `Asked` has their types
    """Look at the targets and say per step what would change; change nothing.

    PLAYBOOKS are ids, error codes, aliases or paths. Exits with 0 if every target could be planned, whether or not
    something would change; with 5 if one is unreachable, refused or could not be observed.
    """
    asked = options.asked(values)
    session.screen.json = asked.as_json
    if not asked.playbooks:
        raise UsageError("no playbook is named", remedy="Name an error code, an id or a path; see `vmfix list`.")
    with output_files(("-o", asked.out), private=("-o",)) as files, session.app() as app:
        request = asked.request()
        prepared = app.prepare(request)
        session.warn(prepared.warnings)
        made = look(session, app, request, prepared, offline=asked.offline)
        save(files, made)
        return end_with_plan(session, made, asked)
