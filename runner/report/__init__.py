"""Pure folds: from a plan and the events of its run to what people and programs read.

``summarise`` makes the Report; ``text``, ``markdown``, ``junit`` and ``json_view`` render it. ``plan_text`` and
``json_view.plan_json`` render a plan before it is run.
"""

from runner.report.json_view import plan_json, report_json
from runner.report.junit import render as report_junit
from runner.report.markdown import render as report_markdown
from runner.report.plan_text import render as plan_text_of
from runner.report.summary import summarise
from runner.report.text import render as report_text
from runner.report.values import Report

__all__ = [
    "Report",
    "plan_json",
    "plan_text_of",
    "report_json",
    "report_junit",
    "report_markdown",
    "report_text",
    "summarise",
]
