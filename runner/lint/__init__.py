"""Findings in playbooks: what the language allows, and what will go wrong or mislead all the same.

Pure functions of a playbook that has no errors, and of the document that it was read from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from runner.diagnostics import Diagnostic
from runner.lint import deadlines, fields, proof, quoting, reach, risk, unattended, unused, wording
from runner.lint.book import Book
from runner.lint.finding import Finding, Rule, warning
from runner.load.document import Document
from runner.load.wording import nearest
from runner.model.playbook import Acceptance, Playbook

UNUSED_ACCEPTANCE = warning("unused-acceptance", "An entry of `accepts` accepts nothing that is found.")

_FINDERS: tuple[Callable[[Book], Iterator[Finding]], ...] = (
    risk.find,
    proof.find,
    quoting.find,
    fields.find,
    reach.find,
    unused.find,
    deadlines.find,
    unattended.find,
    wording.find,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            *risk.RULES,
            *proof.RULES,
            *quoting.RULES,
            *fields.RULES,
            *reach.RULES,
            *unused.RULES,
            *deadlines.RULES,
            *unattended.RULES,
            *wording.RULES,
            UNUSED_ACCEPTANCE,
        )
    }
)
"""Every rule by its id, in the order in which they are listed."""


def lint(playbook: Playbook, document: Document) -> list[Diagnostic]:
    """What is found and not accepted, and each acceptance that accepts nothing."""
    found = [finding for find in _FINDERS for finding in find(Book(playbook, document))]
    left = [finding for finding in found if not any(_accepts(one, finding) for one in playbook.accepts)]
    idle = [one for one in playbook.accepts if not any(_accepts(one, finding) for finding in found)]
    return [_diagnostic(finding) for finding in (*left, *map(_unused, idle))]


def _accepts(acceptance: Acceptance, finding: Finding) -> bool:
    below = f"{finding.at}.".startswith(f"{acceptance.at}.")
    return acceptance.finding == finding.rule.id and below


def _unused(acceptance: Acceptance) -> Finding:
    message = f"nothing of the kind `{acceptance.finding}` is found at {acceptance.at}"
    advice = "Remove it; if the place was renamed, name it as the finding does."
    if acceptance.finding not in RULES:
        close = nearest(acceptance.finding, RULES)
        message = f"there is no rule `{acceptance.finding}`"
        advice = f"Did you mean `{close}`?" if close else "`vmfix check --rules` lists them."
    return Finding(UNUSED_ACCEPTANCE, "accepts", acceptance.span, message, advice)


def _diagnostic(finding: Finding) -> Diagnostic:
    rule = finding.rule
    return Diagnostic(finding.span, finding.message, finding.remedy, rule.severity, rule.id, finding.at)
