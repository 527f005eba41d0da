"""Installers that may ask, where nobody sees the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.expressions import is_template
from runner.lint.book import INSTALLER, Book
from runner.lint.finding import Finding, error

INSTALLER_MAY_ASK = error(
    "installer-may-ask", "No argument of an installer keeps it from opening a window, which waits for ever unseen."
)

RULES = (INSTALLER_MAY_ASK,)

# /quiet, /q, /qn and /passive of the Windows Installer and of its bootstrappers; /S, /silent and /verysilent of others.
_UNATTENDED = re.compile(r"(?i)(--?|/)(quiet|qn|q|passive|s|silent|verysilent)")


def find(book: Book) -> Iterator[Finding]:
    """Each step ``installer``."""
    for placed in book.steps:
        words = placed.step.args.get("args")
        if placed.step.type != INSTALLER or not isinstance(words, Sequence):
            continue
        texts = [str(word) for word in words]
        if not any(is_template(word) or _UNATTENDED.fullmatch(word) for word in texts):
            message = f"step `{placed.step.id}` runs an installer that may ask: none of its arguments forbids that"
            advice = (
                "Add /quiet, /qn or /passive, or what its maker names for it (/S, /silent); see its /? on a desktop."
            )
            yield Finding(
                INSTALLER_MAY_ASK, placed.on, book.document.span((*placed.path, INSTALLER, "args")), message, advice
            )
