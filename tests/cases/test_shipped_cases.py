"""Every case of every shipped playbook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.diagnostics import Diagnostics
from runner.model.case import Case
from runner.model.playbook import Playbook
from runner.shelf import CASES, cases_file, load_library, load_tests, shipped
from runner.trial.suite import run_cases


def _cases() -> Iterator[tuple[Playbook, Case]]:
    for playbook in load_library((), Diagnostics()).playbooks:
        yield from ((playbook, case) for case in load_tests(playbook, Diagnostics()))


EVERY = list(_cases())


@pytest.mark.parametrize(("playbook", "case"), EVERY, ids=[f"{book.id}: {case.name}" for book, case in EVERY])
def test_case(playbook: Playbook, case: Case) -> None:
    """It comes as the case says."""
    (outcome,) = run_cases(playbook, [case], whole=False).outcomes
    assert [f"{one.what}: {line}" for one in outcome.differences for line in one.lines] == []


def test_every_file_of_cases_is_right_and_played() -> None:
    """None is left out by an error in it, or for want of a playbook beside it."""
    diagnostics = Diagnostics()
    books = load_library((), diagnostics).playbooks
    counts = {cases_file(book): len(load_tests(book, diagnostics)) for book in books}

    assert [str(problem) for problem in diagnostics] == []
    found = set(shipped().rglob(f"*{CASES}"))
    assert found == {path for path, count in counts.items() if count}
    assert sum(counts.values()) == len(EVERY)
