"""A report as JUnit XML, for CI servers: one test case per entry, one suite per playbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from runner.model.event import Status
from runner.model.plan import LeftOut
from runner.report.escape import block, one_line
from runner.report.owed import owed_lines
from runner.report.sent import sent_block
from runner.report.values import EntryReport, Report
from runner.report.words import MEANING, advice, status_word

_Result = Failure | Error | Skipped
_KINDS: dict[Status, Callable[[str, str], _Result]] = {
    Status.NOT_FIXED: Failure,
    Status.FAILED: Failure,
    Status.STALE: Failure,
    Status.REFUSED: Failure,
    Status.NEEDS_PERSON: Failure,
    Status.UNREACHABLE: Error,
    Status.INDETERMINATE: Error,
    Status.CANCELLED: Skipped,
}


def render(report: Report) -> str:
    """Well-formed XML, whatever came from the targets."""
    document = JUnitXml(name=one_line(f"vmfix {report.run}"))
    for playbook in dict.fromkeys(entry.playbook for entry in report.entries):
        suite = TestSuite(name=one_line(playbook))
        if report.started_at:
            suite.timestamp = one_line(report.started_at)
        for name in ("run", "digest", "head", "note", "policy", "emergency"):
            if value := getattr(report, name):
                suite.add_property(name, one_line(value))
        for entry in report.entries:
            if entry.playbook == playbook:
                suite.add_testcase(_case(entry))
        document.add_testsuite(suite)
    if report.left_out:
        document.add_testsuite(_left_out(report.left_out))
    return _as_text(document)


def _left_out(found: Sequence[LeftOut]) -> TestSuite:
    """Selected targets for which no playbook was, each as a skipped test case."""
    suite = TestSuite(name="left out")
    for one in found:
        case = TestCase(name=one_line(one.target), classname="left out")
        case.result = [Skipped(one_line(one.reason), "left out")]
        suite.add_testcase(case)
    return suite


def tests_xml(suites: Mapping[str, Sequence[tuple[str, float, str]]]) -> str:
    """Tests of playbooks: per playbook each case's name, seconds, and what went wrong (empty: it passed)."""
    document = JUnitXml(name="vmfix test")
    for name, cases in suites.items():
        suite = TestSuite(name=one_line(name))
        for title, seconds, wrong in cases:
            case = TestCase(name=one_line(title), classname=one_line(name), time=seconds)
            if wrong:
                result = Failure("not as expected", "failed")
                result.text = block(wrong)
                case.result = [result]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    return _as_text(document)


def _as_text(document: JUnitXml) -> str:
    made: object = document.tostring()  # type: ignore[no-untyped-call]  # the only method there without types
    body = made.decode("utf-8") if isinstance(made, bytes) else str(made)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _case(entry: EntryReport) -> TestCase:
    case = TestCase(name=one_line(entry.target), classname=one_line(entry.playbook), time=entry.duration or 0.0)
    make = _KINDS.get(entry.status)
    reason = entry.reason or MEANING[entry.status]
    if make is not None:
        result = make(one_line(f"{status_word(entry.status)}: {reason}"), entry.status.value)
        result.text = block("\n".join([reason, *map(str, owed_lines(entry)), f"next: {advice(entry)}"]))
        case.result = [result]
    said = one_line(f"{status_word(entry.status)}: {reason if make else MEANING[entry.status]}")
    case.system_out = "\n".join([said, *_sent(entry)])
    return case


def _sent(entry: EntryReport) -> list[str]:
    return [
        line
        for remedy in entry.remedies
        for action in remedy.actions
        for command in action.commands
        for line in sent_block(action, command)
    ]
