"""A run's report on the screen and in files."""

from __future__ import annotations

from runner.cli.files import OutputFiles
from runner.cli.session import Session
from runner.report.values import Report


def show_report(session: Session, report: Report) -> None:
    """As text, or as JSON where that was asked for."""
    from runner.report import json_view, text  # noqa: PLC0415 - one of them is enough

    if session.screen.json:
        session.screen.data(json_view.report_json(report))
    else:
        session.screen.text(text.render(report, colour=session.screen.colour, width=session.screen.width))


def write_reports(files: OutputFiles, report: Report) -> None:
    """To the files that were asked for."""

    def markdown() -> str:
        from runner.report import markdown  # noqa: PLC0415 - rarely wanted

        return markdown.render(report)

    def junit() -> str:
        from runner.report import junit  # noqa: PLC0415 - rarely wanted, and it imports a library

        return junit.render(report)

    files.write("--markdown", markdown)
    files.write("--junit", junit)
