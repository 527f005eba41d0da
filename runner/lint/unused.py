"""What is named and never used."""

from __future__ import annotations

from collections.abc import Iterator

from runner.lint.book import Book, looked_at
from runner.lint.finding import Finding, warning
from runner.plan.facts import FIRST

UNUSED = warning("unused", "A parameter, an observation or a definition is used nowhere.")

RULES = (UNUSED,)


def find(book: Book) -> Iterator[Finding]:
    """Names that no expression and no template refers to."""
    playbook = book.playbook
    used: set[str] = set()
    for text in book.texts:
        used |= looked_at(text)
        if text.template and FIRST in text.names:
            return  # which facts it means is not looked for in a template
    kinds = (
        ("params", "parameter", "Remove it, or use it.", playbook.params),
        ("observe", "observation", "Remove it: it costs time on every target. Or use it.", playbook.observe),
    )
    for section, kind, advice, named in kinds:
        for thing in named:
            if thing.name not in used:
                yield Finding(UNUSED, f"{section}.{thing.name}", thing.span, f"{kind} `{thing.name}` is unused", advice)
    for definition in playbook.define:
        if definition.name not in used:
            message = f"definition `{definition.name}` is unused"
            span = book.document.span(("define", definition.name), key=True)
            yield Finding(UNUSED, f"define.{definition.name}", span, message, "Remove it, or use it.")
