"""Whole reports and plans, byte for byte. VMFIX_TEST_REGENERATE=1 writes them anew; read the difference then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.report import plan_text_of, report_json, report_junit, report_markdown, report_text, summarise
from tests.unit.report import story

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


def _report(render: Callable[..., str]) -> str:
    plan, events = story.full_run()
    return render(summarise(plan, events, head=story.HEAD))


CASES: dict[str, Callable[[], str]] = {
    "run.txt": lambda: _report(report_text),
    "run.md": lambda: _report(report_markdown),
    "run.json": lambda: _report(report_json),
    "run.xml": lambda: _report(report_junit),
    "plan.txt": lambda: plan_text_of(story.full_plan(), story.DIGEST, plan_file="my plan.json"),
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
