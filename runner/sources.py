"""What files, standard input and inventory scripts say: the only place that reads documents from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.diagnostics import Diagnostics, Span
from runner.errors import InvalidDocuments, UsageError
from runner.load.ansible_raw import VarFile
from runner.load.inventory import MAX_BYTES, read_inventory
from runner.load.merge import merge
from runner.model.inventory import Inventory

SCRIPT_DEADLINE = 60.0  # seconds
_DATA = frozenset({".yml", ".yaml", ".json", ".ini", ".cfg", ".toml"})  # never run, whatever their mode says
_SKIPPED = (".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry", ".ini")
_VAR_DIRECTORIES = ("group_vars", "host_vars")
_VAR_FILES = frozenset({"", ".yml", ".yaml", ".json"})
_STDERR_LINES = 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

ReadStdin = Callable[[], bytes]


def read_text(path: str, *, stdin: ReadStdin | None = None, utf16: bool = False) -> str:
    """The text of a file, or of standard input for ``-``. Raises ``UsageError`` with the path.

    ``utf16``: it may be UTF-16 with a byte order mark too, as Windows PowerShell's ``>`` writes it.
    """
    if path == "-":
        return _decoded((stdin or sys.stdin.buffer.read)(), "standard input", utf16=utf16)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        message = f"there is no file {path}"
        raise UsageError(message, remedy=_near(path)) from None
    except IsADirectoryError:
        message = f"{path} is a directory, not a file"
        raise UsageError(message) from None
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise UsageError(message) from None
    if len(data) > MAX_BYTES:
        message = f"{path} is larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise UsageError(message)
    return _decoded(data, path, utf16=utf16)


def load_inventory(
    paths: str | Sequence[str], diagnostics: Diagnostics, *, stdin: ReadStdin | None = None
) -> Inventory:
    """The inventory in one or several files, directories and scripts; ``-`` is standard input.

    Warnings stay in ``diagnostics``; errors do too, and are raised together as ``InvalidDocuments``.
    """
    given = [paths] if isinstance(paths, str) else list(paths)
    if not given:
        message = "no inventory is named"
        raise UsageError(message, remedy="Name one with -i FILE, or set VMFIX_INVENTORY.")
    found: list[Inventory] = []
    for path in given:
        files = var_files(Path(path), diagnostics) if path != "-" else ()
        for source in _sources(path, diagnostics, stdin):
            inventory = read_inventory(source.text, source.name, diagnostics, var_files=files)
            found += [inventory] if inventory is not None else []
    merged = merge(found, diagnostics) if found else None
    if diagnostics.errors or merged is None:
        raise InvalidDocuments(diagnostics.errors)
    return merged


@dataclass(frozen=True, slots=True)
class _Source:
    """A text and the name it goes by in complaints."""

    name: str
    text: str


def _sources(path: str, diagnostics: Diagnostics, stdin: ReadStdin | None) -> Iterator[_Source]:
    if path == "-":
        yield _Source("standard input", read_text(path, stdin=stdin))
    elif Path(path).is_dir():
        files = list(_inside(Path(path), diagnostics, set()))
        if not files:
            diagnostics.error(Span(path), "there is no inventory in this directory")
        for file in files:
            yield from _sources(str(file), diagnostics, stdin)
    elif _is_script(Path(path)):
        text = _run_script(Path(path), diagnostics)
        if text is not None:
            yield _Source(f"{path} --list", text)
    else:
        yield _Source(path, read_text(path))


def _inside(directory: Path, diagnostics: Diagnostics, seen: set[Path]) -> Iterator[Path]:
    """The inventories in a directory, in order of their names, as Ansible chooses them."""
    real = directory.resolve()
    if real in seen:  # a symbolic link back to where we came from
        return
    seen.add(real)
    for entry in _entries(directory):
        if entry.name.startswith(".") or entry.name in _VAR_DIRECTORIES:
            continue
        if entry.is_dir():
            yield from _inside(entry, diagnostics, seen)
        elif not entry.name.endswith(_SKIPPED):
            yield entry
        elif entry.suffix == ".ini":
            message = "was not read: in a directory, Ansible takes .ini files for settings of scripts"
            diagnostics.warning(Span(str(entry)), message, "Rename it without .ini, or name it with -i.")


def var_files(path: Path, diagnostics: Diagnostics) -> tuple[VarFile, ...]:
    """The files of ``group_vars`` and ``host_vars`` in this directory, or beside this file."""
    base = path if path.is_dir() else path.parent
    return (
        *_var_files(base / "group_vars", "group", diagnostics),
        *_var_files(base / "host_vars", "host", diagnostics),
    )


def _var_files(directory: Path, kind: str, diagnostics: Diagnostics) -> Iterator[VarFile]:
    for entry in _entries(directory):
        name = entry.stem if entry.suffix in _VAR_FILES else entry.name
        for file in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
            if not file.is_file() or file.name.startswith(".") or file.name.endswith("~"):
                continue
            if file.suffix in _VAR_FILES or file is entry:
                whose = entry.name if entry.is_dir() else name
                yield VarFile(
                    kind="group" if kind == "group" else "host", name=whose, text=read_text(str(file)), source=str(file)
                )
            else:
                diagnostics.warning(Span(str(file)), "was not read: it does not end in .yml, .yaml or .json")


def _is_script(path: Path) -> bool:
    return path.is_file() and path.suffix not in _DATA and os.access(path, os.X_OK)


def _run_script(path: Path, diagnostics: Diagnostics) -> str | None:
    """What ``PATH --list`` prints; None if it fails, with what it said in ``diagnostics``."""
    span = Span(str(path))
    try:
        process = subprocess.Popen(
            [str(path.absolute()), "--list"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        message = f"the inventory script cannot be started: {error.strerror or error}"
        diagnostics.error(span, message, "Check its first line (#!), or take its executable bit away.")
        return None
    with process:
        try:
            out, err = process.communicate(timeout=SCRIPT_DEADLINE)
        except subprocess.TimeoutExpired:
            _kill(process)
            diagnostics.error(span, f"the inventory script did not end within {SCRIPT_DEADLINE:.0f} s")
            return None
        except BaseException:
            _kill(process)
            raise
    if process.returncode != 0:
        said = err.decode("utf-8", "backslashreplace").strip().splitlines()[-_STDERR_LINES:]
        message = f"the inventory script ended with exit code {process.returncode}"
        diagnostics.error(span, message, "\n    ".join(said))
        return None
    return _decoded(out, f"what {path} --list prints")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the script and all that it started: a child that lives on would hold our pipes open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _decoded(data: bytes, name: str, *, utf16: bool = False) -> str:
    try:
        if utf16 and data.startswith(_UTF16):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = ("damaged UTF-16" if utf16 else "UTF-16") if data.startswith(_UTF16) else "not UTF-8"
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{name} is {kind}" + (f" (line {line})" if kind == "not UTF-8" else "")
        raise UsageError(message, remedy="Save it in UTF-8.") from None


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        message = f"{directory} cannot be read: {error.strerror or error}"
        raise UsageError(message) from None


def _near(path: str) -> str:
    """Files beside the missing one that may have been meant: the same name with another ending."""
    beside: Iterable[Path] = _entries(Path(path).parent)
    same = [str(entry) for entry in beside if entry.stem == Path(path).stem]
    return f"Did you mean {same[0]}?" if same else "Check the path."
