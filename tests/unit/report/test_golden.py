"""Whole reports and plans, byte for byte. VMFIX_TEST_REGENERATE=1 writes them anew; read the difference then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.report.json_view import report_json
from runner.report.junit import render as report_junit
from runner.report.markdown import render as report_markdown
from runner.report.plan_end import NextStep
from runner.report.plan_text import render as plan_text_of
from runner.report.summary import summarise
from runner.report.text import render as report_text
from tests.unit.report import story

NEXT = NextStep(run="vmfix run --plan 'my plan.json'")

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


def _report(render: Callable[..., str]) -> str:
    plan, events = story.full_run()
    return render(summarise(plan, events, head=story.HEAD))


CASES: dict[str, Callable[[], str]] = {
    "run.txt": lambda: _report(report_text),
    "run.md": lambda: _report(report_markdown),
    "run.json": lambda: _report(report_json),
    "run.xml": lambda: _report(report_junit),
    "plan.txt": lambda: plan_text_of(story.full_plan(), story.DIGEST, next_step=NEXT),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    """The output is what was once read and found right."""
    made = CASES[name]().encode("utf-8")
    path = GOLDEN / name
    if os.environ.get("VMFIX_TEST_REGENERATE") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)

    assert made == path.read_bytes()
