"""What came of a case against what had to come of it."""

from __future__ import annotations

from collections.abc import Iterator

from runner.model.plan import Standing
from runner.report.words import status_word
from runner.trial.ends import Difference, ends, unified
from runner.trial.keys import is_line
from runner.trial.play import Played, outcomes


def differences(played: Played) -> tuple[Difference, ...]:
    """All of them; empty if the case passes.

    What the case leaves open, and that there was no plan, stand alone: all else would follow from them.
    """
    cause = (*_open(played), *_unplanned(played))
    if cause:
        return cause
    found = [*_status(played), *_sent(played), *_remedies(played), *_planned(played)]
    found += [*_says(played), *_remarks(played), *ends(played.machine, played.case.expect.end)]
    if not found:
        found = [Difference("the case", (text,)) for text in played.machine.unused()]
    return tuple(found)


def _open(played: Played) -> Iterator[Difference]:
    for text in played.machine.problems:
        yield Difference("the case", tuple(text.split("\n")))


def _unplanned(played: Played) -> Iterator[Difference]:
    """The run of such a plan ends as stale, which says nothing of why."""
    expected, entry = played.case.expect.status, played.entry
    if expected is not played.verdict.status and entry.standing is Standing.FAILED:
        yield Difference(
            "the plan", (f"expected {status_word(expected)}", f"got no plan: {entry.reason}", *_advice(entry.advice))
        )


def _advice(text: str) -> Iterator[str]:
    yield from (f"  {line}" for line in text.splitlines() if line)


def _status(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.status, played.verdict.status
    if expected is not got:
        why = f"got {status_word(got)}: {played.verdict.reason}".splitlines()
        yield Difference("status", (f"expected {status_word(expected)}", *why, *_advice(played.verdict.advice)))


def _sent(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.sent, played.machine.sent
    if len(expected) == len(got) and all(map(is_line, expected, got)):
        return
    shown = [next((each for each in expected if is_line(each, line)), line) for line in got]
    yield Difference("sent", unified(expected, shown))


def _remedies(played: Played) -> Iterator[Difference]:
    expected = played.case.expect.remedies
    if expected is not None and expected != played.begun():
        yield Difference("remedies", unified(expected, played.begun()))


def _planned(played: Played) -> Iterator[Difference]:
    got = outcomes(played.entry)
    for action, outcome in played.case.expect.plan.items():
        said = got.get(action, "it is not in the plan")
        if said != outcome.value:
            known = () if action in got else (f"in the plan: {', '.join(got) or 'no step'}",)
            yield Difference(f"plan of {action}", (f"expected {outcome.value}", f"got {said}", *known))


def _says(played: Played) -> Iterator[Difference]:
    said = f"{played.verdict.reason}\n{played.verdict.advice}"
    for text in played.case.expect.says:
        if text not in said:
            yield Difference("says", (f"expected {text}", *(f"got {line}" for line in said.splitlines() if line)))


def _remarks(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.remarks, played.entry.remarks
    if expected is None:
        return
    if len(expected) != len(got) or not all(part in whole for part, whole in zip(expected, got, strict=True)):
        shown = [next((part for part in expected if part in whole), whole) for whole in got]
        yield Difference("remarks", unified(expected, shown))
