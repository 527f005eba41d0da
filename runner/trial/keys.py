"""Which answer of a case is meant for a command: by its line, by the observation that sends it, by a script's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from runner.model.command import Command, Dialect
from runner.model.inventory import Platform
from runner.model.playbook import Observation
from runner.report.commands import Place, headline

T = TypeVar("T")

WITH = "script with "
OF = "script of "
VALUES = ", values: "

_TAG = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
_NAMED = re.compile(r"([a-z][a-z0-9_]*)(?:\[(.*)\])?", re.DOTALL)
_NOISE = re.compile(r"\s*(#.*|set -.*|\$ErrorActionPreference.*|esac|fi|done|[\W_]*)")


class Ambiguous(Exception):
    """Two answers of one machine are meant for one command, and differ."""


def line_of(command: Command, platform: Platform) -> str:
    """The command's line as ``vmfix plan`` shows it; of a script only how long it is, and its values."""
    return headline(command, Place(platform=platform.value))


def sent_line(command: Command, platform: Platform, action: str) -> str:
    """A changing command's line; that of a script goes by the action that sends it."""
    if not command.script:
        return line_of(command, platform)
    values = headline(command, Place(platform=platform.value)).partition(VALUES)[2]
    return f"{OF}{action}{VALUES}{values}" if values else f"{OF}{action}"


def is_line(expected: str, line: str) -> bool:
    """Whether an expected line is this one. The values of a script may be left out."""
    return expected == line or (line.startswith(OF) and expected == line.partition(VALUES)[0])


@dataclass(frozen=True, slots=True)
class Pattern:
    """The commands that an observation may send, whatever its templates become."""

    name: str
    script: str
    words: tuple[re.Pattern[str], ...]
    loops: bool

    def values(self, command: Command) -> tuple[str, ...] | None:
        """What stands in place of the templates; None if this command is not of the observation."""
        if command.script != self.script or len(command.argv) != len(self.words):
            return None
        found = [word.fullmatch(part) for word, part in zip(self.words, command.argv, strict=True)]
        if not all(found):
            return None
        return tuple(group for match in found if match for group in match.groups())


def patterns(observations: Sequence[Observation]) -> tuple[Pattern, ...]:
    """Those of all observations that send a command of their own."""
    return tuple(
        Pattern(one.name, one.script, tuple(map(_word, one.argv)), one.for_each is not None)
        for one in observations
        if one.would is None
    )


def _word(template: str) -> re.Pattern[str]:
    """A template as a regular expression, a group for each of its tags."""
    parts = _TAG.split(template)
    return re.compile(
        "".join("(.*)" if number % 2 else re.escape(part) for number, part in enumerate(parts)), re.DOTALL
    )


def lookup(answers: Mapping[str, T], command: Command, line: str, known: Sequence[Pattern]) -> tuple[str, T] | None:
    """The answer that is meant for a command, with its key; the most exact one.

    Raises ``Ambiguous`` if two that are as exact as each other differ.
    """
    ranked: dict[int, list[str]] = {}
    for key in answers:
        rank = _rank(key, command, line, known)
        if rank is not None:
            ranked.setdefault(rank, []).append(key)
    if not ranked:
        return None
    best = ranked[min(ranked)]
    if any(answers[key] != answers[best[0]] for key in best[1:]):
        names = " and ".join(f"`{key}`" for key in best)
        message = f"{names} are the same command and have different answers: {line}"
        raise Ambiguous(message)
    return best[0], answers[best[0]]


def _rank(key: str, command: Command, line: str, known: Sequence[Pattern]) -> int | None:
    """How exactly a key means the command: 0 most; None, not at all."""
    if key == line:
        return 0
    if key.startswith(WITH):
        text, given, wanted = key.removeprefix(WITH).partition(VALUES)
        fits = bool(command.script) and text in command.script and (not given or wanted == line.partition(VALUES)[2])
        return (1 if given else 3) if fits else None
    named = _NAMED.fullmatch(key)
    if named is None:
        return None
    values = next((found for one in known if one.name == named[1] and (found := one.values(command)) is not None), None)
    if values is None:
        return None
    if named[2] is None:
        return 2
    return 1 if named[2] in values else None


def best_key(command: Command, line: str, known: Sequence[Pattern]) -> str:
    """The handiest key for an answer to this command."""
    for one in known:
        values = one.values(command)
        if values is not None:
            return f"{one.name}[{values[0]}]" if one.loops and values and values[0] else one.name
    if command.dialect is Dialect.ARGV:
        return line
    return f"{WITH}{_telling(command.script)}{''.join(line.partition(VALUES)[1:])}"


def _telling(script: str) -> str:
    """The line of a script that tells most: the longest, comments and settings left out."""
    lines = [line.strip() for line in script.splitlines() if not _NOISE.fullmatch(line)]
    return max(lines or script.split("\n"), key=len)
