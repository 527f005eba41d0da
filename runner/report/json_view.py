"""A report for programs."""

from __future__ import annotations

import json

from runner.codec import to_json
from runner.model.plan import Plan
from runner.report.values import Report

REPORT_FORMAT = 1
PLAN_VIEW_FORMAT = 1


def report_json(report: Report) -> str:
    """The report, with ``vmfix_report`` as its version. ASCII: texts are exact and yet safe to print."""
    return _dump({"vmfix_report": REPORT_FORMAT, **to_json(report)})


def plan_json(plan: Plan, digest: str) -> str:
    """The plan and its digest, with ``vmfix_plan_view`` as the version of this frame."""
    return _dump({"vmfix_plan_view": PLAN_VIEW_FORMAT, "digest": digest, "plan": to_json(plan)})


def _dump(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"
