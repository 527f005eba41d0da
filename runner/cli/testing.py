"""``vmfix test``: the cases beside playbooks, on machines that exist in a file only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import complete, options
from runner.cli.failure import NOT_IN_ORDER, OK, dump, shown
from runner.cli.files import output_files
from runner.cli.group import common
from runner.cli.session import Session, pass_session
from runner.diagnostics import Diagnostics
from runner.errors import InvalidDocuments, UsageError

if TYPE_CHECKING:
    from runner.model.playbook import Playbook
    from runner.trial.suite import BookResult

TEST_FORMAT = 1


@common
@click.command("test")
@click.argument("words", nargs=-1, metavar="[PLAYBOOK]...", shell_complete=complete.playbooks)
@options.folders
@click.option("-k", "part", default="", metavar="TEXT", help="Only cases in whose name this occurs.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write the results as JUnit XML too.")
@options.as_json
@pass_session
def run_tests(  # noqa: PLR0913 - click hands over every option
    session: Session,
    *,
    words: tuple[str, ...],
    folders: tuple[str, ...],
    part: str,
    junit: str | None,
    as_json: bool,
) -> int:
    """Play the cases of playbooks: nothing is connected to, and no time is waited for.

    PLAYBOOK is an id, an error code, an alias or a path; its cases lie beside it in NAME.cases.yml. Without one, all
    playbooks of the folders given with --playbooks are tested, else those of this folder that have cases.
    """
    session.screen.json = as_json
    with output_files(("--junit", junit)) as files:
        diagnostics = Diagnostics()
        books = _chosen(words, [Path(folder) for folder in folders], diagnostics)
        tested = _tested(books, part, diagnostics)
        if diagnostics.errors:
            raise InvalidDocuments(diagnostics.errors)
        session.warn(tuple(diagnostics))
        if not any(one.outcomes for one in tested):
            raise UsageError(_nothing(books, part), remedy="Name a playbook, or a folder with --playbooks.")
        from runner.cli import testing_text  # noqa: PLC0415 - it imports everything

        files.write("--junit", lambda: testing_text.junit(tested))
        if as_json:
            session.screen.data(dump({"vmfix_test": TEST_FORMAT, "playbooks": list(map(testing_text.data, tested))}))
        else:
            session.screen.text(shown("\n".join(testing_text.lines(tested, whole=not part))) + "\n")
    failed = any(not outcome.passed for one in tested for outcome in one.outcomes)
    return NOT_IN_ORDER if failed else OK


def _chosen(words: Sequence[str], folders: Sequence[Path], diagnostics: Diagnostics) -> Sequence[Playbook]:
    """The playbooks that are named, else all of the folders."""
    from runner.load.library import meant  # noqa: PLC0415 - it imports the loader
    from runner.shelf import CASES, cases_file, files_of, load_files, search  # noqa: PLC0415

    if words:
        books = meant(search(words, folders, diagnostics))
        for book in books:
            if not cases_file(book).is_file():
                message = f"`{book.id}` has no cases: there is no file {cases_file(book)}"
                raise UsageError(message, remedy="docs/testing-playbooks.md shows how to write one.")
        return books
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}", remedy="--playbooks takes a folder of playbooks.")
    beside = [path for folder in folders or [Path()] for path in files_of(folder)]
    return load_files([path for path in beside if path.with_name(f"{path.stem}{CASES}").is_file()], diagnostics)


def _tested(books: Sequence[Playbook], part: str, diagnostics: Diagnostics) -> list[BookResult]:
    """Only once all documents are right is anything played."""
    from runner.shelf import load_tests  # noqa: PLC0415 - as above
    from runner.trial.suite import run_cases  # noqa: PLC0415

    loaded = [(book, load_tests(book, diagnostics)) for book in books]
    if diagnostics.errors:
        return []
    return [
        run_cases(book, [case for case in cases if part.lower() in case.name.lower()], whole=not part)
        for book, cases in loaded
    ]


def _nothing(books: Sequence[Playbook], part: str) -> str:
    return f"no case has `{part}` in its name" if books else "there are no playbooks with cases here"
