"""Words: what people are not told, and words of programs that other languages do not have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from runner.diagnostics import Span
from runner.expressions import names_used, words_in
from runner.lint.book import Book, Placed
from runner.lint.finding import Finding, warning
from runner.lint.programs import name_of, unwrapped
from runner.model.inventory import Platform

SOURCE_MISSING = warning("source-missing", "A playbook does not say where its advice comes from.")
TITLE_MISSING = warning("title-missing", "A remedy has no title, so plans and reports show its id.")
SAME_TITLE = warning("same-title", "Two remedies, or two steps of one remedy, have the same title.")
ENGLISH_WORDS = warning("english-words", "English words are looked for in what a localised Windows tool prints.")

RULES = (SOURCE_MISSING, TITLE_MISSING, SAME_TITLE, ENGLISH_WORDS)

_LOCALISED = frozenset(
    ("certutil", "dism", "icacls", "ipconfig", "net", "netsh", "reg", "sc", "schtasks", "systeminfo", "tasklist")
) | {"vssadmin", "wevtutil", "w32tm", "wmic", "auditpol", "bcdedit", "cscript", "manage-bde", "quser", "gpresult"}
_AS_PRINTED = frozenset(("text", "lines", "key_value"))
_WORD = re.compile(r"[A-Za-z]{4,}")


def find(book: Book) -> Iterator[Finding]:
    """The playbook's own words, then those that it looks for."""
    playbook, document = book.playbook, book.document
    if not playbook.source:
        advice = "Add `source:` with the page, ticket or person that the advice comes from."
        yield Finding(SOURCE_MISSING, "playbook", playbook.span, "the playbook has no `source`", advice)
    for number, remedy in enumerate(playbook.remedies):
        on = f"remedies.{remedy.id}"
        if not book.says(("remedies", number), "title"):
            message = f"remedy `{remedy.id}` has no title"
            yield Finding(TITLE_MISSING, on, remedy.span, message, "Add `title:`, one line that says what is done.")
        titles = [(f"{on}.steps.{step.id}", step.title) for step in remedy.steps]
        for place, title in _twice(titles):
            at = next(placed for placed in book.steps if placed.on == place)
            yield _same(place, title, document.span((*at.path, "title")), "step")
    for place, title in _twice([(f"remedies.{r.id}", r.title) for r in playbook.remedies]):
        number = next(n for n, r in enumerate(playbook.remedies) if f"remedies.{r.id}" == place)
        yield _same(place, title, document.span(("remedies", number, "title")), "remedy")
    if playbook.platform is not Platform.LINUX:
        yield from _english(book)


def _twice(titles: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen: Counter[str] = Counter()
    for place, title in titles:
        seen[title] += 1
        if title and seen[title] > 1:
            yield place, title


def _same(on: str, title: str, span: Span, kind: str) -> Finding:
    message = f"the title `{title}` stands here a second time"
    return Finding(SAME_TITLE, on, span, message, f"Give each {kind} a title that tells it from the others.")


def _english(book: Book) -> Iterator[Finding]:
    """Texts, as printed, of localised tools, that stand in one expression with an English word."""
    printed = {
        observation.name: name
        for observation in book.playbook.observe
        if observation.parse in _AS_PRINTED and not observation.script and (name := _tool(observation.argv))
    }
    for text in book.texts:
        if text.template:
            continue
        tool = next((printed[name] for name in sorted(names_used(text.text)) if name in printed), "")
        if text.plain and text.step is not None and {"out", "err", "value"} & text.names:
            placed = next(placed for placed in book.steps if placed.on == text.on)
            tool = _tool_of_check(placed) if text.parse in _AS_PRINTED else ""
        words = [word for word in words_in(text.text) if _WORD.search(word)] if tool else []
        if words:
            message = f"`{words[0]}` is looked for in what `{tool}` prints, which is translated"
            advice = "Look at exit codes, numbers and structure instead: sc_query, net, reg_query and other parsers do."
            yield Finding(ENGLISH_WORDS, text.on, text.span, message, advice)


def _tool(argv: Sequence[str]) -> str:
    words = unwrapped(argv)
    return name if words and (name := name_of(words[0])) in _LOCALISED else ""


def _tool_of_check(placed: Placed) -> str:
    command = placed.check.get("command")
    return _tool(tuple(map(str, command))) if isinstance(command, Sequence) and not isinstance(command, str) else ""
