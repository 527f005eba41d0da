"""Where something stands in a document, and what is wrong with it: the vocabulary of every complaint about input."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a text: file name as the user gave it, line and column counted from 1 (0 means: the whole file)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class Severity(enum.Enum):
    """ERROR forbids going on; WARNING is said and nothing else."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: where it is, what is wrong, and what to do about it (``remedy``, a sentence, may be empty).

    ``rule`` and ``at``: which rule of the linter says so, and where, in the words that ``accepts`` takes; or empty.
    """

    span: Span
    message: str
    remedy: str = ""
    severity: Severity = Severity.ERROR
    rule: str = ""
    at: str = ""

    def __str__(self) -> str:
        rule = f" [{self.rule} at {self.at}]" if self.rule else ""
        text = f"{self.span}: {self.severity.value}: {self.message}{rule}"
        return f"{text}\n    {self.remedy}" if self.remedy else text


class Diagnostics:
    """A growing list of problems, so that all of them are reported at once and in document order."""

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []

    def error(self, span: Span, message: str, remedy: str = "") -> None:
        self._items.append(Diagnostic(span, message, remedy))

    def warning(self, span: Span, message: str, remedy: str = "") -> None:
        self._items.append(Diagnostic(span, message, remedy, Severity.WARNING))

    def extend(self, other: Iterable[Diagnostic]) -> None:
        self._items.extend(other)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted_unique(d for d in self._items if d.severity is Severity.ERROR))

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted_unique(d for d in self._items if d.severity is Severity.WARNING))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted_unique(self._items))

    def __len__(self) -> int:
        return len(self._items)


def sorted_unique(items: Iterable[Diagnostic]) -> list[Diagnostic]:
    """In document order, each complaint once."""
    return sorted(dict.fromkeys(items), key=lambda d: (d.span, d.message))
