"""Risks that the commands of a remedy have and the remedy does not name, and what an approver is not told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.lint import programs
from runner.lint.book import CHANGES, POWERSHELL, PROGRAM, Book, Placed
from runner.lint.finding import Finding, error, warning
from runner.model.playbook import Risk

RISK_TOO_LOW = error(
    "risk-too-low", "A command can do more than the remedy's `risk` names, so the wrong people approve."
)
NO_APPROVAL_TEXT = warning(
    "no-approval-text", "A remedy can lose data or restart the machine, and `approval` is empty."
)
NO_UNDO = warning(
    "no-undo", "A step has no undo, and neither `approval` nor `notes` says that it cannot be taken back."
)

RULES = (RISK_TOO_LOW, NO_APPROVAL_TEXT, NO_UNDO)

_SPOKEN_OF = re.compile(
    r"(?i)\b(undo\w*|undone|revert\w*|revers\w*|los[et]\w*|losing|back|irrevers\w*|permanent\w*|for good|restor\w*)\b"
)
_NEVER_UNDONE = {
    "filesystem_check": "a repair",
    "certificate": "removing a certificate",
    "installer": "an installation",
}


def find(book: Book) -> Iterator[Finding]:
    """By remedy: its steps, then what is said of it."""
    for placed in book.steps:
        for risk, words in _risks(placed).items():
            if risk not in placed.remedy.risk:
                message = f"`{words}` is a risk that remedy `{placed.remedy.id}` does not name: {risk.value}"
                span = book.document.span((*placed.path, placed.step.type), key=True)
                yield Finding(RISK_TOO_LOW, placed.on, span, message, f"Add `{risk.value}` to its `risk`.")
    for remedy in book.playbook.remedies:
        on = f"remedies.{remedy.id}"
        grave = [risk.value for risk in (Risk.DATA, Risk.REBOOT) if risk in remedy.risk]
        if grave and remedy.steps and not remedy.approval.strip():
            message = f"remedy `{remedy.id}` has the risk {' and '.join(grave)}, and `approval` says nothing of it"
            yield Finding(
                NO_APPROVAL_TEXT, on, remedy.span, message, "Say in one sentence what the approver must know."
            )
        if not _SPOKEN_OF.search(f"{remedy.approval}\n{book.playbook.notes}"):
            steps = [placed for placed in book.steps if placed.remedy is remedy and _lasting(placed)]
            if steps and remedy.risk & {Risk.CONFIG, Risk.DATA}:
                yield _no_undo(on, steps)


def _risks(placed: Placed) -> dict[Risk, str]:
    if placed.step.type == PROGRAM:
        found = programs.risks(placed.argv)
        given = str(placed.step.args.get("stdin") or "")
        return found | programs.of_sh(given) if given and programs.name_of(placed.argv[0]) in programs.SHELLS else found
    if placed.script:
        return (
            programs.of_powershell(placed.script) if placed.step.type == POWERSHELL else programs.of_sh(placed.script)
        )
    return {}


def _lasting(placed: Placed) -> bool:
    """Whether nothing would take the step's effect back, not even by hand from the journal."""
    if placed.step.type == "filesystem_check":
        return placed.step.args.get("repair") != "none"
    return placed.step.type in _NEVER_UNDONE or (placed.step.type in CHANGES and not placed.step.args.get("undo"))


def _no_undo(on: str, steps: list[Placed]) -> Finding:
    names = ", ".join(f"`{placed.step.id}`" for placed in steps)
    advice = "Give the step an `undo`, or say in `approval` (or `notes`) what cannot be undone, or what is lost."
    return Finding(
        NO_UNDO, on, steps[0].step.span, f"nothing takes back what is done by {names}, and nothing says so", advice
    )
