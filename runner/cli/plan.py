"""``vmfix plan``: what would be done, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli import options
from runner.cli.failure import NOT_IN_ORDER, OK
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.options import Asked
from runner.cli.planning import end_with_plan, look, prepared_for, read_plan, refuse_decided, save, tell
from runner.cli.session import Session, pass_session
from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.app import App
    from runner.prepare import Prepared


@common
@click.command()
@options.asking
@click.option("--compare", type=click.Path(), metavar="FILE", help="Say what changed since this plan was saved.")
@click.option("--record", type=click.Path(), metavar="FILE", help="Write what the target answers as a case of a test.")
@pass_session
def plan(session: Session, *, compare: str | None, record: str | None, **values: Any) -> int:  # noqa: ANN401 - `Asked` has their types
    """Look at the targets and say per step what would change; change nothing.

    PLAYBOOKS are ids, error codes, aliases or paths. Exits with 0 if every target could be planned, whether or not
    something would change; with 5 if one is unreachable, refused or could not be observed. With --compare, playbooks,
    targets and parameters are those of the saved plan; exits with 5 if that does not cover what would be done now.
    """
    asked = options.asked(values)
    session.screen.json = asked.as_json
    if compare is not None and record is not None:
        raise UsageError("--compare and --record do not go together", remedy="Leave one of them out.")
    if compare is not None:
        return _compare(session, asked, compare)
    if not asked.playbooks:
        raise UsageError("no playbook is named", remedy="Name an error code, an id or a path; see `vmfix list`.")
    wanted = (("-o", asked.out), ("--record", record))
    with output_files(*wanted, private=("-o", "--record")) as files, session.app() as app:
        request = asked.request()
        prepared = app.prepare(request)
        tell(session, prepared)
        if record is not None:
            _record(app, asked, prepared)
        made = look(session, app, request, prepared, offline=asked.offline)
        save(files, made)
        files.write("--record", lambda: _recorded(app, prepared))
        return end_with_plan(session, made, asked)


def _record(app: App, asked: Asked, prepared: Prepared) -> None:
    """From now on everything that the one target answers is kept."""
    from runner.trial.record import Recorder  # noqa: PLC0415 - only here

    if asked.offline:
        raise UsageError("--offline looks at no target, so nothing could be recorded", remedy="Leave it out.")
    if len(prepared.subjects) != 1:
        message = f"a case is about one playbook on one target, and this is about {len(prepared.subjects)}"
        raise UsageError(message, remedy="Name one playbook, and choose one target with -t.")
    app.recorder = Recorder()


def _recorded(app: App, prepared: Prepared) -> str:
    from runner.trial.record import recorded  # noqa: PLC0415 - only here

    if app.recorder is None:
        raise AssertionError
    (subject,) = prepared.subjects
    name = f"as {subject.target.name} was seen at {app.surroundings.clock.now():%Y-%m-%d %H:%M} UTC"
    return recorded(app.recorder, subject, name, app.redact)


def _compare(session: Session, asked: Asked, path: str) -> int:
    from runner.plan.compare import compare  # noqa: PLC0415 - only here
    from runner.report import comparison  # noqa: PLC0415

    refuse_decided(asked)
    if asked.out is not None and _is_same(asked.out, path):
        message = f"-o {asked.out} would overwrite the plan that is compared"
        raise UsageError(message, remedy="Name another file with -o.")
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


def _is_same(one: str, other: str) -> bool:
    """Whether two paths lead to one file, links included."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return Path(one).absolute() == Path(other).absolute()
