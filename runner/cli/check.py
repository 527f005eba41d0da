"""``vmfix check``: every problem of many documents at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from runner import policies, shelf
from runner.cli import options
from runner.cli.failure import INVALID, OK, diagnostic_data, dump, shown
from runner.cli.group import common
from runner.cli.session import Session, pass_session
from runner.diagnostics import Diagnostic, Diagnostics, Span
from runner.errors import InvalidDocuments, VmfixError
from runner.lint import RULES, lint
from runner.load.document import read
from runner.load.policy import looks_like_policy
from runner.load.select import warn_of_shared_addresses
from runner.model.playbook import Playbook
from runner.report.words import plural
from runner.sources import load_inventory

CHECK_FORMAT = 1
_DOCUMENTS = frozenset({".yml", ".yaml", ".json", ".ini"})
_NOT_ON_THEIR_OWN = frozenset({shelf.DATA, "group_vars", "host_vars"})
_PLAYBOOK = re.compile(r"""^\s*\{?\s*(["']?)playbook\1\s*:""", re.MULTILINE)
_POLICY = re.compile(r"""^[\s{"']*(policy|approvals)["']?\s*:""", re.MULTILINE)  # perhaps


@common
@click.command()
@click.argument("paths", nargs=-1, metavar="FILE...", type=click.Path())
@click.option("--strict", is_flag=True, help="Warnings forbid too: exit code 3.")
@click.option("--rules", is_flag=True, help="List the rules that playbooks are held against, and stop.")
@options.as_json
@pass_session
def check(
    session: Session,
    paths: tuple[str, ...],
    strict: bool,  # noqa: FBT001 - click calls it
    rules: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Validate playbooks and their cases, inventories and policies, and print every problem with file:line:column.

    FILE may be a folder: then all documents below it are checked. A document with the key `playbook` is a playbook, one
    with the key `policy` is a policy, any other an inventory. An inventory script is run.

    A playbook without errors is also held against the rules of `--rules`. Warnings forbid nothing without `--strict`.
    """
    session.screen.json = as_json
    if rules:
        return _list_rules(session, as_json=as_json)
    if not paths:
        message = "Missing argument 'FILE...'."
        raise click.UsageError(message)
    diagnostics = Diagnostics()
    count = _check(paths, diagnostics)
    if as_json:
        problems = [diagnostic_data(problem) for problem in diagnostics]
        session.screen.data(dump({"vmfix_check": CHECK_FORMAT, "documents": count, "problems": problems}))
    else:
        session.screen.text(_text(list(diagnostics), count))
    return INVALID if diagnostics.errors or (strict and diagnostics.warnings) else OK


def _list_rules(session: Session, *, as_json: bool) -> int:
    rows = [{"id": rule.id, "severity": rule.severity.value, "summary": rule.summary} for rule in RULES.values()]
    if as_json:
        session.screen.data(dump({"vmfix_check": CHECK_FORMAT, "rules": rows}))
    else:
        width = max(map(len, RULES))
        lines = (f"{row['id']:{width}}  {row['severity']:7}  {row['summary']}\n" for row in rows)
        session.screen.text("".join(lines))
    return OK


def _check(paths: Sequence[str], diagnostics: Diagnostics) -> int:
    """The number of documents that were read."""
    count = 0
    books: list[Path] = []
    tests: list[Path] = []
    for path, given in _files(paths, diagnostics):
        count += 1
        text = None if _is_script(path) else shelf.read_text(path, diagnostics)
        if path.name.endswith(shelf.CASES):
            tests.append(path)
        elif text is not None and _PLAYBOOK.search(text):
            books.append(path)
        elif text is not None and _is_policy(path, text):
            policies.check_policy(path, diagnostics)
        elif text is not None or (given and _is_script(path)):
            _check_inventory(path, diagnostics)
    playbooks = shelf.load_files(books, diagnostics)
    shelf.complain_of_twins(playbooks, diagnostics)
    for playbook in playbooks:
        _lint(playbook, diagnostics)
    for path in tests:
        _check_tests(path, diagnostics)
    return count


def _lint(playbook: Playbook, diagnostics: Diagnostics) -> None:
    """The document is read once more, for the places in it; the playbook was made of it without an error."""
    text = shelf.read_text(Path(playbook.origin), diagnostics)
    document = None if text is None else read(text, playbook.origin, Diagnostics())
    if document is not None:
        diagnostics.extend(lint(playbook, document))


def _files(paths: Sequence[str], diagnostics: Diagnostics) -> Iterator[tuple[Path, bool]]:
    """The files to check, each once, and whether it was named itself."""
    seen: set[Path] = set()
    for path in map(Path, paths):
        for file, given in _below(path, diagnostics) if path.is_dir() else [(path, True)]:
            if file not in seen:
                seen.add(file)
                yield file, given


def _below(folder: Path, diagnostics: Diagnostics) -> list[tuple[Path, bool]]:
    found = [
        (path, False)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _DOCUMENTS
        and path.is_file()
        and not _NOT_ON_THEIR_OWN & set(path.relative_to(folder).parts[:-1])
        and not any(part.endswith(".cases") for part in path.relative_to(folder).parts[:-1])
    ]
    if not found:
        diagnostics.error(Span(str(folder)), "there is no document in this folder", "Check the path.")
    return found


def _is_script(path: Path) -> bool:
    """What the inventory reader would run; a text that only happens to be executable is read first."""
    if path.suffix in _DOCUMENTS or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _is_policy(path: Path, text: str) -> bool:
    """Read for its top-level keys alone; whatever is wrong with it is said when it is checked as what it is."""
    if not _POLICY.search(text):
        return False
    document = read(text, str(path), Diagnostics())
    return document is not None and looks_like_policy(document)


def _check_tests(path: Path, diagnostics: Diagnostics) -> None:
    """Held against the playbook beside them, whose own problems are said where it is checked itself."""
    beside = path.with_name(f"{path.name.removesuffix(shelf.CASES)}.yml")
    if not beside.is_file():
        diagnostics.error(
            Span(str(path)), f"there is no playbook {beside.name} beside it", "Name it after its playbook."
        )
        return
    for playbook in shelf.load_files([beside], Diagnostics()):
        shelf.load_tests(playbook, diagnostics)


def _check_inventory(path: Path, diagnostics: Diagnostics) -> None:
    own = Diagnostics()
    try:
        warn_of_shared_addresses(load_inventory([str(path)], own).targets, own)
    except InvalidDocuments as problem:
        own.extend(problem.diagnostics)
    except VmfixError as problem:
        own.error(Span(str(path)), problem.message, problem.remedy)
    diagnostics.extend(own)


def _text(found: Sequence[Diagnostic], count: int) -> str:
    lines = [shown(str(diagnostic)) for diagnostic in found]
    errors = sum(diagnostic.severity.value == "error" for diagnostic in found)
    warnings = len(found) - errors
    end = f"{plural(count, 'document')}: {plural(errors, 'error')}, {plural(warnings, 'warning')}"
    return "\n".join([*lines, end]) + "\n"
