"""Where playbooks lie: those shipped with vmfix, and those of the user."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from runner.diagnostics import Diagnostics, Span
from runner.errors import InvalidDocuments, UsageError
from runner.load.cases import load_cases
from runner.load.document import read
from runner.load.library import Library, Sought
from runner.load.playbook import load_playbook
from runner.model.case import Case
from runner.model.playbook import Playbook

DATA = "data"
"""The folder beside playbooks whose YAML files are tables for their expressions, not playbooks."""

CASES = ".cases.yml"
"""What the name of a file of playbook tests ends in: ``NAME.cases.yml`` beside the playbook ``NAME.yml``."""

_SUFFIXES = frozenset({".yml", ".yaml"})


@functools.cache
def shipped() -> Path:
    """The folder of the playbooks that come with vmfix: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "_playbooks"
    return installed if installed.is_dir() else package.parent / "playbooks"


def known_faults() -> Mapping[str, Sequence[str]]:
    """The faults that are known, shipped as a table: ``article`` (its entries) and ``newer`` codes."""
    path = shipped() / DATA / "article.yml"
    diagnostics = Diagnostics()
    document = read(path.read_text(encoding="utf-8"), str(path), diagnostics)
    if document is None:
        raise InvalidDocuments(diagnostics.errors)
    return cast("Mapping[str, Sequence[str]]", document.data)


def load_library(folders: Sequence[Path], diagnostics: Diagnostics) -> Library:
    """All playbooks of the shipped folder and of ``folders``; a later one replaces an earlier one of the same id."""
    found: dict[str, Playbook] = {}
    for folder in (shipped(), *folders):
        if not folder.is_dir():
            diagnostics.error(Span(str(folder)), "there is no such folder", "--playbooks takes a folder of playbooks.")
            continue
        here = list(_load_all(files_of(folder), diagnostics))
        found.update({playbook.id: playbook for playbook in here})
        complain_of_twins(here, diagnostics)
    return Library(tuple(sorted(found.values(), key=lambda playbook: playbook.id)))


def complain_of_twins(playbooks: Iterable[Playbook], diagnostics: Diagnostics) -> None:
    """Playbooks of one folder have different ids: which of two was meant, nobody could tell."""
    first: dict[str, Playbook] = {}
    for playbook in playbooks:
        other = first.setdefault(playbook.id, playbook)
        if other is not playbook:
            message = f"the id `{playbook.id}` is taken: {other.origin} has it too"
            diagnostics.error(playbook.span, message, "Give one of them another id.")


def load_files(paths: Sequence[Path], diagnostics: Diagnostics) -> tuple[Playbook, ...]:
    """The playbooks in these files, as far as they are right."""
    return tuple(_load_all(paths, diagnostics))


def files_of(folder: Path) -> list[Path]:
    """The playbook files below a folder, sorted."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
        and not path.name.endswith(CASES)
        and path.is_file()
        and not any(part == DATA or part.endswith(".cases") for part in path.relative_to(folder).parts[:-1])
    ]


def cases_file(playbook: Playbook) -> Path:
    """Where the tests of a playbook lie, if it has any."""
    path = Path(playbook.origin)
    return path.with_name(f"{path.stem}{CASES}")


def load_tests(playbook: Playbook, diagnostics: Diagnostics) -> tuple[Case, ...]:
    """The cases beside a playbook; none if there is no such file, or if something is wrong with it."""
    path = cases_file(playbook)
    text = read_text(path, diagnostics) if path.is_file() else None
    if text is None:
        return ()
    return load_cases(text, str(path), playbook, diagnostics, lambda name: _beside(path.with_suffix(""), name))


def _beside(folder: Path, name: str) -> bytes | None:
    """A file of a folder of outputs, None if it cannot be read.

    A case may come from somebody else, and what differs is printed: it gets nothing that a link brings from elsewhere.
    """
    try:
        found = (folder / name).resolve(strict=True)
        inside = found.is_relative_to(folder.parent.resolve() / folder.name)
        return found.read_bytes() if inside and found.is_file() else None
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None


def _load_all(paths: Sequence[Path], diagnostics: Diagnostics) -> Iterator[Playbook]:
    for path in paths:
        text = read_text(path, diagnostics)
        if text is None:
            continue
        playbook = load_playbook(text, str(path), diagnostics, data=_tables(path.parent / DATA, diagnostics))
        if playbook is not None:
            yield playbook


def read_text(path: Path, diagnostics: Diagnostics) -> str | None:
    """The text of a file, or None with the reason in ``diagnostics``."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        diagnostics.error(Span(str(path)), "the file is not UTF-8 text", "Save it in UTF-8.")
    except OSError as problem:
        diagnostics.error(Span(str(path)), f"cannot be read: {problem.strerror}", "Check the path.")
    return None


def _tables(folder: Path, diagnostics: Diagnostics) -> Mapping[str, object]:
    """The tables beside a playbook, by their file's name with underscores for hyphens."""
    tables: dict[str, object] = {}
    for path in sorted(folder.glob("*.yml")) if folder.is_dir() else ():
        text = read_text(path, diagnostics)
        document = None if text is None else read(text, str(path), diagnostics)
        if document is not None:
            tables[path.stem.replace("-", "_")] = document.data
    return tables


def is_path(word: str) -> bool:
    """Whether a word on the command line names a playbook file, and not an id or an error code."""
    return "/" in word or Path(word).suffix in _SUFFIXES


def find_playbooks(words: Sequence[str], library: Library, diagnostics: Diagnostics) -> tuple[Sought, ...]:
    """What each of the words means, in their order. Raises ``UsageError`` for an unknown one."""
    found = [_read(word, diagnostics) if _means_a_file(word, library) else _find(word, library) for word in words]
    known: dict[str, Playbook] = {}
    for playbook in (book for one in found for book in one.playbooks):
        if known.setdefault(playbook.id, playbook).digest != playbook.digest:
            message = f"two different playbooks are called `{playbook.id}`"
            raise UsageError(message, remedy="Name one of them.")
    return tuple(one for one in found if one.playbooks)


def _find(word: str, library: Library) -> Sought:
    """What the word means in the library. A file of this name is not read unless it is named as one, and is said."""
    try:
        return library.find(word)
    except UsageError as problem:
        beside = (Path(word), *(Path(f"{word}{suffix}") for suffix in sorted(_SUFFIXES)))
        here = next((path for path in beside if _is(Path.is_file, str(path))), None)
        if here is None:
            raise
        raise UsageError(
            problem.message, remedy=f"Is the file ./{here} meant? Write it so; nothing was executed."
        ) from None


def _means_a_file(word: str, library: Library) -> bool:
    """Messages, headings and addresses may have a stroke in them, too."""
    if not is_path(word) or word.startswith((".", "/", "~")) or _is(Path.is_file, word):
        return is_path(word)
    return Path(word).suffix in _SUFFIXES or (" " not in word and not library.named(word))


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path))
    except OSError:  # such as a message that is too long for a path
        return False


def _read(path: str, diagnostics: Diagnostics) -> Sought:
    """The playbook in a file; none if it is wrong."""
    if not _is(Path.is_file, path):
        kind = "is a folder" if _is(Path.is_dir, path) else "does not exist"
        raise UsageError(f"the playbook {path} {kind}", remedy="Name a file; --playbooks takes a folder.")
    return Sought(path, load_files([Path(path)], diagnostics))


def search(words: Sequence[str], folders: Sequence[Path], diagnostics: Diagnostics) -> tuple[Sought, ...]:
    """``search_in`` the shipped folder and ``folders``."""
    return search_in(load_library(folders, diagnostics), words, diagnostics)


def search_in(library: Library, words: Sequence[str], diagnostics: Diagnostics) -> tuple[Sought, ...]:
    """``find_playbooks`` in a library that was just read.

    An unknown word is only said if all playbooks are right: it may stand in one that cannot be read. Else
    ``InvalidDocuments`` is raised.
    """
    try:
        return find_playbooks(words, library, diagnostics)
    except UsageError:
        if diagnostics.errors:
            raise InvalidDocuments(diagnostics.errors) from None
        raise
