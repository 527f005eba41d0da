"""What a rule is, and what it says of one place of a playbook."""

from __future__ import annotations

from dataclasses import dataclass

from runner.diagnostics import Severity, Span


@dataclass(frozen=True, slots=True)
class Rule:
    """``id`` never changes, for playbooks name it in ``accepts``. ``summary``: one line of what is wrong there.

    An ERROR is certain to go wrong or to mislead whoever approves; a WARNING may be meant.
    """

    id: str
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True)
class Finding:
    """``at`` is the place in words, as ``accepts`` names it: ``remedies.repair.steps.check``, ``observe.log``."""

    rule: Rule
    at: str
    span: Span
    message: str
    remedy: str


def error(name: str, summary: str) -> Rule:
    """A rule whose findings forbid the playbook."""
    return Rule(name, Severity.ERROR, summary)


def warning(name: str, summary: str) -> Rule:
    """A rule whose findings are said, and forbid the playbook only where warnings do."""
    return Rule(name, Severity.WARNING, summary)
