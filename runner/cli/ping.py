"""``vmfix ping``: whether we get in, with the rights we need, and to the machine that is meant."""

from __future__ import annotations

import click

from runner.cli import options
from runner.cli.failure import NOT_IN_ORDER, OK, dump
from runner.cli.group import common
from runner.cli.interrupt import abandoning
from runner.cli.session import Session, pass_session
from runner.errors import VmfixError
from runner.report.escape import one_line
from runner.report.layout import Page
from runner.report.words import plural

PING_FORMAT = 1


@common
@click.command()
@options.inventory
@options.pattern
@options.expect
@options.concurrency
@options.as_json
@pass_session
def ping(  # noqa: PLR0913 - click hands over every option
    session: Session,
    *,
    inventories: tuple[str, ...],
    pattern: str,
    expect: str,
    concurrency: int,
    as_json: bool,
) -> int:
    """Log in to every target, become root or administrator, and compare its identity. Changes nothing."""
    session.screen.json = as_json
    with session.app() as app:
        from runner.prepare import choose_targets  # noqa: PLC0415 - it imports everything

        targets, warnings = choose_targets(inventories, pattern, expect)
        session.warn(warnings)
        with abandoning(session, app):
            found = app.ping(targets, concurrency)
        if as_json:
            rows = [_row(name, problem) for name, problem in found.items()]
            session.screen.data(app.redact(dump({"vmfix_ping": PING_FORMAT, "targets": rows})))
        else:
            session.screen.text(_text(found, Page(colour=session.screen.colour, width=session.screen.width)))
    return NOT_IN_ORDER if any(found.values()) else OK


def _row(name: str, problem: VmfixError | None) -> dict[str, object]:
    return {
        "target": name,
        "ok": problem is None,
        "kind": type(problem).__name__ if problem else "",
        "message": problem.message if problem else "",
        "remedy": problem.remedy if problem else "",
    }


def _text(found: dict[str, VmfixError | None], page: Page) -> str:
    width = max(len(one_line(name)) for name in found)
    for name, problem in found.items():
        page.row([(name, width)], "ok" if problem is None else f"{problem.message}\n{problem.remedy}".strip())
    bad = sum(problem is not None for problem in found.values())
    page.prose(0, f"{plural(len(found), 'target')}: {len(found) - bad} ok, {bad} not")
    return page.text()
