"""``vmfix list`` and ``vmfix show``: what can be mended, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from runner.cli import complete, options
from runner.cli.failure import INVALID, OK, dump
from runner.cli.group import common
from runner.cli.session import Session, pass_session
from runner.diagnostics import Diagnostics
from runner.load.covered import Covered, covered, kind_of
from runner.load.library import Library, meant
from runner.model.playbook import Playbook
from runner.report.escape import one_line
from runner.shelf import known_faults, load_library, search, search_in

LIST_FORMAT = 1
SHOW_FORMAT = 2


@common
@click.command("list")
@click.argument("words", nargs=-1, metavar="[CODE]...", shell_complete=complete.playbooks)
@options.folders
@options.as_json
@pass_session
def list_playbooks(session: Session, words: tuple[str, ...], folders: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001
    """List the playbooks: error code, aliases, id, title.

    CODE is an error code, an alias, an id, a section of the article (its heading, or what follows # in its address), or
    a word in a title. Of several, each adds its own.
    """
    from runner.codec import to_json  # noqa: PLC0415

    session.screen.json = as_json
    diagnostics = Diagnostics()
    library = load_library([Path(folder) for folder in folders], diagnostics)
    chosen = tuple({book.id: book for word in words or [""] for book in _meant(word, library, diagnostics)}.values())
    if as_json:
        rows = [_row(book) for book in chosen]
        session.screen.data(dump({"vmfix_list": LIST_FORMAT, "playbooks": rows, "covered": to_json(_count(library))}))
    else:
        session.screen.text(_table(chosen) + ("" if words else _counts(_count(library))))
    session.warn(tuple(diagnostics))
    return INVALID if diagnostics.errors else OK


@common
@click.command("show")
@click.argument("word", metavar="PLAYBOOK", shell_complete=complete.playbooks)
@options.folders
@options.as_json
@pass_session
def show_playbook(session: Session, word: str, folders: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001
    """Show a playbook in full. PLAYBOOK is an id, an error code, an alias, a section of the article or a path.

    Where each platform has a playbook of its own for an error code, all of them are shown.
    """
    from runner.cli.playbook_text import playbook_text  # noqa: PLC0415
    from runner.codec import to_json  # noqa: PLC0415
    from runner.errors import InvalidDocuments  # noqa: PLC0415

    session.screen.json = as_json
    diagnostics = Diagnostics()
    found = meant(search([word], [Path(folder) for folder in folders], diagnostics))
    if not found:
        raise InvalidDocuments(diagnostics.errors)
    session.warn(tuple(diagnostics))
    if as_json:
        session.screen.data(dump({"vmfix_playbook": SHOW_FORMAT, "playbooks": [to_json(book) for book in found]}))
    else:
        colour, width = session.screen.colour, session.screen.width
        session.screen.text("\n".join(playbook_text(book, colour=colour, width=width) for book in found))
    return INVALID if diagnostics.errors else OK


def _meant(word: str, library: Library, diagnostics: Diagnostics) -> Iterable[Playbook]:
    """What the word occurs in, else what it is: a path, or nothing, with the reason."""
    found = library.matching(word)
    return found or meant(search_in(library, [word], diagnostics))


def _row(playbook: Playbook) -> dict[str, object]:
    return {
        "id": playbook.id,
        "title": playbook.title,
        "platform": playbook.platform.value if playbook.platform else "any",
        "codes": playbook.solves,
        "aliases": playbook.aliases,
        "playable": kind_of(playbook) == "playable",
        "kind": kind_of(playbook),
        "source": playbook.source,
        "origin": playbook.origin,
    }


def _table(playbooks: tuple[Playbook, ...]) -> str:
    """One line per error code, since that is what people come with; below it what else it is called."""
    if not playbooks:
        return "There are no playbooks. `--playbooks DIR` adds a folder of them.\n"
    rows = [("CODE", "PLAYBOOK", "PLATFORM", "KIND", "TITLE"), *(row for book in playbooks for row in _rows(book))]
    clean = [tuple(map(one_line, row)) for row in rows]
    widths = [max(len(row[column]) for row in clean if len(row) > 1) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(f"{cell:{width}}" for cell, width in zip(row[:-1], widths, strict=False)), row[-1]])
        for row in clean
    ]
    return "\n".join(lines) + "\n"


def _count(library: Library) -> Mapping[str, Covered]:
    return {name: covered(faults, library) for name, faults in known_faults().items()}


_COUNTED = {"article": "Entries of Microsoft's article", "newer": "Newer codes"}


def _counts(counts: Mapping[str, Covered]) -> str:
    """How much of what is known has a playbook; below the table, since nobody reads what scrolled away."""
    lines = [
        f"{_COUNTED[name]}: {count.total - len(count.missing)} of {count.total} covered: {count.playable} playable, "
        f"{count.looks} looked at, {count.guides} by a guide"
        + (f"; without a playbook: {', '.join(count.missing)}" if count.missing else "")
        for name, count in counts.items()
    ]
    meaning = "playable: vmfix can mend it; looks: it reads, and a person acts; guide: it only says what to do"
    return "\n" + "\n".join([*lines, meaning]) + "\n"


def _rows(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    platform = playbook.platform.value if playbook.platform else "any"
    for code in playbook.solves:
        yield (code, playbook.id, platform, kind_of(playbook), playbook.title)
    for alias in playbook.aliases:
        yield (f"    also: {alias}",)
