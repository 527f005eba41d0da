"""A comparison of two plans, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from runner.codec import to_json
from runner.plan.compare import Difference
from runner.report.layout import WIDTH, Page

COMPARISON_FORMAT = 1


def render(differences: Sequence[Difference], name: str, *, colour: bool = False, width: int = WIDTH) -> str:
    """Grouped by what they are about. ``name`` is the saved plan's file."""
    page = Page(colour=colour, width=width)
    page.prose(0, verdict(differences, name), paint="good" if covers(differences) else "bad")
    for about, group in groupby(differences, key=lambda difference: difference.about):
        page.head(about)
        for difference in group:
            page.prose(2, difference.text, paint="" if difference.covered else "warn")
    return page.text()


def covers(differences: Sequence[Difference]) -> bool:
    """Whether the saved plan covers all that would be done now."""
    return all(difference.covered for difference in differences)


def verdict(differences: Sequence[Difference], name: str) -> str:
    """One sentence."""
    if not differences:
        return f"Nothing changed since {name} was made."
    if covers(differences):
        return f"Less is needed than when {name} was made; it covers all that would be done now."
    return f"{name} does not cover what would be done now. Make a new plan and have it approved."


def as_json(differences: Sequence[Difference], name: str) -> str:
    """With ``vmfix_comparison`` as the version of this frame."""
    document = {
        "vmfix_comparison": COMPARISON_FORMAT,
        "plan": name,
        "covered": covers(differences),
        "differences": to_json(tuple(differences)),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
