"""Which file an installer is, found on the target: by ``where``, by version where its folder is one, and by SHA-256.

``where /r FOLDER NAME`` prints the full path of each file of that name below the folder; ``certutil -hashfile FILE
SHA256`` prints the digest in hexadecimal on a line of its own, older ones with a blank after each byte. What else they
print is translated, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.errors import ParseError
from runner.model.command import Command, CommandResult
from runner.model.text import beginning
from runner.parsers.windows_lines import lines_of
from runner.steps.base import Observing, last_line
from runner.steps.installer_args import ANY
from runner.steps.windows_path import PATH

_WHERE_AT_MOST = 120.0  # seconds: it reads every folder below
_HASH_AT_MOST = 300.0  # seconds: it reads the whole file
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
_MOST_SAID = 10  # names of folders; there may be any number
_LONGEST = 200  # characters of what is no path
_DIGEST = re.compile(r"[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2}){31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallerFile:
    """``path`` is empty if there is none that may be run, and ``problem`` then says why, in two sentences.

    ``versions`` are those to choose from, the newest first; empty where the path leaves no choice.
    """

    path: str = ""
    sha256: str = ""
    versions: tuple[str, ...] = ()
    problem: tuple[str, str] = ("", "")


def find_file(wanted: str) -> Observing[InstallerFile]:
    """Look for it. Raises ``ParseError`` for output that cannot be read."""
    above = wanted.partition(f"\\{ANY}\\")[0] if ANY in wanted else wanted.rpartition("\\")[0]
    name = wanted.rpartition("\\")[2]
    # A drive by its letter alone would mean its current folder.
    folder = above if "\\" in above else f"{above}\\"
    result = yield Command(argv=("where", "/r", folder, name), at_most=_WHERE_AT_MOST)
    found = chosen(wanted, _paths(result))
    if not found.path:
        said = f" (where, exit {result.exit_code}: {last_line(result)})" if result.exit_code else ""
        return InstallerFile(problem=(f"{found.problem[0]}{said}", found.problem[1]))
    sha256 = _digest(found.path, (yield hashing(found.path)))
    return InstallerFile(path=found.path, sha256=sha256, versions=found.versions)


def hashing(path: str) -> Command:
    """What tells the file's SHA-256."""
    return Command(argv=("certutil", "-hashfile", path, "SHA256"), at_most=_HASH_AT_MOST)


def _paths(result: CommandResult) -> list[str]:
    """What ``where`` found; where it found nothing it prints words, on which of the streams is not documented."""
    lines = [line.strip() for line in lines_of(result) if line.strip()]
    strange = next((line for line in lines if not PATH.fullmatch(line)), "")
    if strange and result.exit_code == 0:
        message = f"where did not print paths only: {beginning(strange, _LONGEST)}"
        raise ParseError(message)
    return [line for line in lines if PATH.fullmatch(line)]


def chosen(wanted: str, paths: list[str]) -> InstallerFile:
    """The one of these files that is meant: of several versions the newest, by its numbers and not by its letters."""
    pattern = re.compile(re.escape(wanted).replace(r"\*", r"([^\\]+)"), re.IGNORECASE)
    fitting = {match: path for path in dict.fromkeys(paths) if (match := pattern.fullmatch(path))}
    if not fitting:
        return InstallerFile(problem=(f"there is no file {wanted}", "See whether the product that brings it is whole."))
    if ANY not in wanted:
        return InstallerFile(path=next(iter(fitting.values())))
    by_version = {match[1]: path for match, path in fitting.items() if _VERSION.fullmatch(match[1])}
    if not by_version:
        names = listed([match[1] for match in fitting])
        return InstallerFile(problem=(f"{wanted} is there, but no folder is named by a version: {names}", _WHICH))
    versions = tuple(sorted(by_version, key=_numbers, reverse=True))
    if len(versions) > 1 and _numbers(versions[0]) == _numbers(versions[1]):
        same = " and ".join(beginning(version, _LONGEST) for version in versions[:2])
        return InstallerFile(problem=(f"{wanted} is there as {same}, which are one version", _WHICH))
    return InstallerFile(path=by_version[versions[0]], versions=versions)


_WHICH = "See which of them is in use, and remove the others."


def listed(names: Sequence[str]) -> str:
    """The first of them, in a few words: the target may have any number, of any length."""
    more = f" and {len(names) - _MOST_SAID} more" if len(names) > _MOST_SAID else ""
    return ", ".join(beginning(name, _LONGEST) for name in names[:_MOST_SAID]) + more


def _numbers(version: str) -> tuple[int, ...]:
    """1.0 and 1.0.0 are the same."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _digest(path: str, result: CommandResult) -> str:
    digests = list(_digests(result)) if result.exit_code == 0 else []
    if len(digests) != 1:
        message = f"certutil did not tell the SHA-256 of {path} (exit {result.exit_code}): {last_line(result)}"
        raise ParseError(message)
    return digests[0]


def _digests(result: CommandResult) -> Iterator[str]:
    for line in lines_of(result):
        if _DIGEST.fullmatch(line.strip()):
            yield line.strip().replace(" ", "").lower()
