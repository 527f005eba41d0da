"""The results of playbook tests: for people, as data, and as JUnit XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner.report.junit import tests_xml
from runner.report.words import plural, status_word
from runner.trial.suite import BookResult, Outcome


def lines(tested: Sequence[BookResult], *, whole: bool) -> Iterator[str]:
    """One line for each case, what differs below it, and at the end what no case reaches; ``whole``: all played."""
    for one in tested:
        if one.outcomes:
            yield one.playbook.id
            for outcome in one.outcomes:
                yield f"  {'ok  ' if outcome.passed else 'FAIL'}  {outcome.case.name}"
                yield from (f"        {line}".rstrip() for line in _differences(outcome))
    yield ""
    unreached = [one for one in tested if one.unreached] if whole else []
    if unreached:
        yield "Not reached by any case:"
        for one in unreached:
            yield f"  {one.playbook.id}: {', '.join(one.unreached)}"
    failed = [outcome for one in tested for outcome in one.outcomes if not outcome.passed]
    count = sum(len(one.outcomes) for one in tested)
    yield f"{plural(count, 'case')}: {count - len(failed)} passed, {len(failed)} failed"


def _differences(outcome: Outcome) -> Iterator[str]:
    if not outcome.passed:
        yield f"at {outcome.case.span}"
    for difference in outcome.differences:
        yield f"{difference.what}:"
        yield from (f"  {line}" for line in difference.lines)


def data(tested: BookResult) -> Mapping[str, object]:
    """A playbook's results as JSON."""
    return {
        "playbook": tested.playbook.id,
        "origin": tested.playbook.origin,
        "cases": [_case(outcome) for outcome in tested.outcomes],
        "unreached": tested.unreached,
    }


def _case(outcome: Outcome) -> Mapping[str, object]:
    return {
        "name": outcome.case.name,
        "place": str(outcome.case.span),
        "passed": outcome.passed,
        "status": status_word(outcome.played.verdict.status),
        "sent": outcome.played.machine.sent,
        "differences": [{"what": one.what, "lines": one.lines} for one in outcome.differences],
    }


def junit(tested: Sequence[BookResult]) -> str:
    """A suite for each playbook, a test case for each case."""
    return tests_xml(
        {
            one.playbook.id: [
                (outcome.case.name, outcome.seconds, "\n".join(_differences(outcome))) for outcome in one.outcomes
            ]
            for one in tested
        }
    )
