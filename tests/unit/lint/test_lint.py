"""Acceptances, the shape of a finding, and the shipped playbooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.diagnostics import Diagnostics, Severity
from runner.lint import RULES, lint
from runner.load.document import read
from runner.shelf import files_of, load_files, shipped
from tests.unit.lint.playbooks import LINUX, changed, diagnostics_of, found

ROOT = Path(__file__).parents[3]
BOOKS = [*files_of(shipped()), ROOT / "examples" / "01-first-playbook" / "window-file-stale.yml"]
NO_CHECK = ("\n          check: {command: [test, -e, /srv/called]}", "")


def accepting(*entries: str) -> str:
    """The playbook without a check, and with these acceptances."""
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return changed(LINUX, NO_CHECK, ("remedies:\n", f"accepts:\n{lines}remedies:\n"))


def test_a_finding_says_where_what_and_which_rule() -> None:
    """And its place in words, as an acceptance needs it."""
    (finding,) = diagnostics_of(changed(LINUX, NO_CHECK))
    assert str(finding) == (
        "p.yml:27:9: warning: step `call` runs a command without a `check` "
        "[change-without-check at remedies.mend.steps.call]\n"
        "    Give a `check`: a read-only command that passes when the step is not needed (any more)."
    )


@pytest.mark.parametrize("on", ["remedies.mend.steps.call", "remedies.mend", "remedies"])
def test_an_acceptance_holds_at_its_place_and_below(on: str) -> None:
    """So one reason may serve for all steps of a remedy."""
    assert found(accepting(f"{{finding: change-without-check, at: {on}, why: X}}")) == []


@pytest.mark.parametrize("on", ["remedies.mend.steps.cal", "remedies.by-hand", "remedies.mend.steps.call.x"])
def test_an_acceptance_of_another_place_accepts_nothing(on: str) -> None:
    """Then both are found: what it meant, and that it is idle."""
    ids = {rule for rule, _ in found(accepting(f"{{finding: change-without-check, at: {on}, why: X}}"))}
    assert ids == {"change-without-check", "unused-acceptance"}


def test_an_acceptance_of_an_unknown_rule_gets_a_hint() -> None:
    """A slip of the pen."""
    texts = [str(item) for item in diagnostics_of(accepting("{finding: change-without-chek, at: remedies, why: X}"))]
    assert any("there is no rule `change-without-chek`" in text for text in texts)
    assert any("Did you mean `change-without-check`?" in text for text in texts)


def test_a_wrong_field_gets_a_hint() -> None:
    """The error that would else come at three in the morning."""
    (finding,) = diagnostics_of(changed(LINUX, ("units.active_state", "units.activ_state")))
    assert finding.severity is Severity.ERROR
    assert finding.remedy.startswith("Did you mean `active_state`?")


def test_rules_are_lower_case_words_with_a_sentence() -> None:
    """They are a public contract: playbooks name them."""
    for name, rule in RULES.items():
        assert (name, rule.summary[-1]) == (rule.id, ".")
        assert name.replace("-", "").islower()


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_nothing_is_found_in_what_is_shipped(path: Path) -> None:
    """Neither an error nor a warning: what is meant so says why."""
    diagnostics = Diagnostics()
    (playbook,) = load_files([path], diagnostics)
    document = read(path.read_text(encoding="utf-8"), str(path), diagnostics)
    assert document is not None
    assert [str(item) for item in (*diagnostics, *lint(playbook, document))] == []
