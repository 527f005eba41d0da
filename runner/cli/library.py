"""``vmfix list`` and ``vmfix show``: what can be mended, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from runner.report.layout import Page
from runner.shelf import known_faults, load_library, search, search_in

_Row = tuple[str, str, str, str, str]  # code, playbook, platform, kind, title
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
        screen = session.screen
        screen.text(_table(chosen, screen.columns) + ("" if words else _counts(_count(library), screen.width)))
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


_HEAD = ("CODE", "PLAYBOOK", "PLATFORM", "KIND", "TITLE")
_LEAST = 30  # columns that a title must have, to stand in a table
_ENDLESS = 1 << 20  # columns of what is no terminal: programs that read lines want one for each code


def _table(playbooks: Sequence[Playbook], columns: int) -> str:
    """Error codes, since that is what people come with; below each what else it is called.

    One line for each, or where the terminal (``columns`` wide; 0: there is none) is too narrow for that, two.
    """
    if not playbooks:
        return "There are no playbooks. `--playbooks DIR` adds a folder of them.\n"
    rows = {row: aliases for book in playbooks for row, aliases in _rows(book).items()}
    widths = [max(len(one_line(row[column])) for row in (_HEAD, *rows)) for column in range(len(_HEAD) - 1)]
    narrow = 0 < columns < sum(widths) + 2 * len(widths) + _LEAST
    page = Page(colour=False, width=columns or _ENDLESS)
    if not narrow:
        page.row(list(zip(_HEAD, widths, strict=False)), _HEAD[-1])
    for row, aliases in rows.items():
        code, book, platform, kind, title = row
        if narrow:
            page.item(0, code)
            page.item(2, f"{book} ({platform}, {kind})", title)
        else:
            page.row(list(zip(row, widths, strict=False)), title)
        for alias in aliases:
            page.item(4, "also", alias)
    return page.text()


def _count(library: Library) -> Mapping[str, Covered]:
    return {name: covered(faults, library) for name, faults in known_faults().items()}


_COUNTED = {"article": "Entries of Microsoft's article", "newer": "Newer codes"}


def _counts(counts: Mapping[str, Covered], width: int) -> str:
    """How much of what is known has a playbook; below the table, since nobody reads what scrolled away."""
    page = Page(colour=False, width=width)
    for name, count in counts.items():
        covered_by = f"{count.playable} playable, {count.looks} looked at, {count.guides} by a guide"
        missing = f"; without a playbook: {', '.join(count.missing)}" if count.missing else ""
        said = f"{count.total - len(count.missing)} of {count.total} covered: {covered_by}{missing}"
        page.item(0, _COUNTED[name], said)
    page.prose(0, "playable: vmfix can mend it; looks: it reads, and a person acts; guide: it only says what to do")
    return "\n" + page.text()


def _rows(playbook: Playbook) -> Mapping[_Row, Sequence[str]]:
    """By row of the table, what else it is called: of several codes of a playbook, below the last."""
    platform = playbook.platform.value if playbook.platform else "any"
    rows = [(code, playbook.id, platform, kind_of(playbook), playbook.title) for code in playbook.solves]
    return {row: playbook.aliases if row == rows[-1] else () for row in rows}
