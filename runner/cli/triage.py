"""``vmfix triage``: from failed backup jobs to what to do about them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import options
from runner.cli.failure import NOT_IN_ORDER, OK, diagnostic_data, dump
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.session import Session, pass_session
from runner.diagnostics import Diagnostics
from runner.errors import InvalidDocuments, Refused, UsageError

if TYPE_CHECKING:
    from runner.model.inventory import Inventory
    from runner.triage.calls import Need
    from runner.triage.values import Triage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words of the call."""

    files: tuple[str, ...]
    inventories: tuple[str, ...]
    folders: tuple[str, ...]
    params: Mapping[str, str]
    plan: bool
    out: str | None
    note: str
    concurrency: int
    as_json: bool

    def more(self) -> list[str]:
        """What each call of ``vmfix plan`` has to repeat."""
        given = (("-i", self.inventories), ("--playbooks", self.folders))
        return [word for option, values in given for value in values for word in (option, value)]

    def again(self) -> list[str]:
        """What makes one plan of all; empty where a document came from standard input."""
        if "-" in (*self.files, *self.inventories):
            return []
        from runner.triage.calls import as_options  # noqa: PLC0415 - it imports the loader

        given = as_options(self.params)
        return ["vmfix", "triage", *self.files, *self.more(), *given, "--plan", "-o", "plan.json"]


@common
@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@options.inventory
@options.folders
@options.params
@click.option("--plan", "as_plan", is_flag=True, help="Make one plan of all that is to be done; needs -o.")
@click.option("-o", "--out", type=click.Path(), metavar="FILE", help="Where --plan saves it, for `vmfix run --plan`.")
@click.option("--note", default="", metavar="TEXT", help="With --plan: why, or a ticket.")
@options.concurrency
@options.as_json
@pass_session
def triage(  # noqa: PLR0913 - click hands over every option
    session: Session,
    *,
    files: tuple[str, ...],
    inventories: tuple[str, ...],
    folders: tuple[str, ...],
    params: Mapping[str, str],
    as_plan: bool,
    out: str | None,
    note: str,
    concurrency: int,
    as_json: bool,
) -> int:
    """Read failed backup jobs and say which playbook each needs, and where.

    FILE is what `az backup job list`, `job show` or `item list` print with -o json, an answer of the REST API, or a
    table (CSV) from the portal; - is standard input. Several are read as one. Connects to nothing, except with --plan,
    which looks at the targets as `vmfix plan` does. Exits with 0 if every failure has a playbook and a target, or only
    needs another try; with 5 if one does not; with 3 if FILE cannot be read.
    """
    session.screen.json = as_json
    words = _Words(
        files=files,
        inventories=inventories,
        folders=folders,
        params=params,
        plan=as_plan,
        out=out,
        note=note,
        concurrency=concurrency,
        as_json=as_json,
    )
    _check(words)
    found, inventory, diagnostics = _read(words)
    session.warn(diagnostics.warnings)
    if words.plan:
        return _plan(session, words, found)
    return _show(session, words, found, inventory, diagnostics)


def _check(words: _Words) -> None:
    """Words that contradict each other."""
    if (*words.files, *words.inventories).count("-") > 1:
        raise UsageError("standard input can only be read once", remedy="Save one of the documents to a file.")
    if words.plan and not words.out:
        raise UsageError("--plan saves a plan, and nobody said where", remedy="Add -o plan.json.")
    if not words.plan and (words.out or words.note):
        raise UsageError("-o and --note are for --plan", remedy="Add --plan, or leave them out.")


def _read(words: _Words) -> tuple[Triage, Inventory, Diagnostics]:
    """Raises ``InvalidDocuments`` with what is wrong in any of the documents."""
    from runner.shelf import load_library  # noqa: PLC0415 - it imports the loader
    from runner.sources import load_inventory, read_text  # noqa: PLC0415 - the same
    from runner.triage.decide import triage as decide  # noqa: PLC0415 - the same
    from runner.triage.document import read_document  # noqa: PLC0415 - the same

    diagnostics = Diagnostics()
    raws = []
    for file in words.files:
        name = "standard input" if file == "-" else file
        raws += read_document(read_text(file, utf16=True), name, diagnostics)
    library = load_library(list(map(Path, words.folders)), diagnostics)
    inventory = load_inventory(words.inventories, diagnostics)
    if diagnostics.errors:
        raise InvalidDocuments(diagnostics.errors)
    return decide(raws, library, inventory), inventory, diagnostics


def _show(session: Session, words: _Words, found: Triage, inventory: Inventory, diagnostics: Diagnostics) -> int:
    from runner.triage.calls import Shown, calls, in_backup, needs, vault_of  # noqa: PLC0415 - it imports the loader

    plans, hidden = calls(found.act, inventory, words.params)
    missing = needs(found, {**words.params, **vault_of(found.planned, words.params)})
    shown = Shown(plans, hidden, words.more(), missing, words.again(), in_backup(found.planned))
    if words.as_json:
        from runner.triage.view import as_data  # noqa: PLC0415 - the same

        remarks = [diagnostic_data(one) for one in diagnostics.warnings]
        session.screen.data(dump(as_data(found, shown, remarks)))
    else:
        from runner.cli.triage_text import triage_text  # noqa: PLC0415 - the same
        from runner.report.layout import Page  # noqa: PLC0415 - the same

        page = Page(colour=session.screen.colour, width=session.screen.width)
        session.screen.text(triage_text(page, found, shown))
    return OK if found.complete else NOT_IN_ORDER


def _plan(session: Session, words: _Words, found: Triage) -> int:
    """One plan of exactly these pairs of playbook and target."""
    from runner.cli.planning import end_with_plan, look, save, tell  # noqa: PLC0415 - they import everything
    from runner.load.wording import listed  # noqa: PLC0415 - the same
    from runner.triage.calls import as_options, first_failure, in_backup, needs, pairs, vault_of  # noqa: PLC0415 - the same

    wanted = pairs(found)
    if not wanted:
        raise Refused("there is nothing to be done", remedy="Leave --plan out to see why.")
    vault = vault_of(found.planned, words.params)
    params = {**words.params, **vault}
    _refuse_missing(needs(found, params))
    if vault:
        session.screen.say(f"taken from the jobs: {shlex.join(as_options(vault))}")
    asked = options.Asked(
        playbooks=tuple(sorted(wanted)),
        inventories=words.inventories,
        pattern="all",
        params=params,
        folders=words.folders,
        expect="",
        concurrency=words.concurrency,
        offline=False,
        out=words.out,
        note=words.note,
        expires=None,
        backup_failed_at=first_failure(found.planned),
        as_json=words.as_json,
    )
    with output_files(("-o", words.out), private=("-o",)) as files, session.app() as app:
        request = replace(asked.request(), pairs=wanted)
        prepared = app.prepare(request)
        tell(session, prepared)
        made = look(session, app, request, prepared, offline=False)
        save(files, made)
        code = end_with_plan(session, made, asked)
    if busy := in_backup(found.planned):
        session.screen.say(f"warning: a backup of {listed(busy)} is running; run the plan only once it has ended")
    if not found.complete:
        session.screen.say(
            "warning: not every failed backup is in this plan; without --plan, triage says which and why"
        )
    return code if code != OK or found.complete else NOT_IN_ORDER


def _refuse_missing(missing: Sequence[Need]) -> None:
    """All parameters that nobody gave, at once. Raises ``InvalidDocuments``."""
    diagnostics = Diagnostics()
    for need in missing:
        diagnostics.error(need.parameter.span, need.text, need.remedy)
    if diagnostics.errors:
        raise InvalidDocuments(diagnostics.errors)
