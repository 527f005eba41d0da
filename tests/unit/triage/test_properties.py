"""What holds of every list of jobs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.load.library import spelled
from runner.triage.calls import Shown, calls
from runner.triage.decide import triage
from runner.triage.values import Triage
from runner.triage.view import as_data
from tests.unit.triage.shapes import BUSY, FREEZE, NOT_FOUND, azure_id, inventory, item, job, library, read

MACHINES = inventory(
    f"a: {{address: 192.0.2.1, azure_id: {azure_id('web-01', 'prod')}}}\n"
    f"b: {{address: 192.0.2.2, azure_id: {azure_id('web-01', 'test')}}}\n"
    "web-02: {address: 192.0.2.3}"
)
BOOKS = library()
KNOWN = {
    spelled(name) for book in BOOKS.playbooks for name in (*book.solves, *book.aliases)
} | {"usererrorbackupoperationinprogress"}  # fmt: skip

errors = st.lists(
    st.sampled_from([FREEZE, NOT_FOUND, BUSY, {"errorTitle": "Unheard"}, {"errorCode": 4711}]), max_size=2
)
times = st.sampled_from(
    [None, "2026-11-01T09:45:35.9127172Z", "2026-11-01T10:45:35+01:00", "2026-11-02T01:00:00Z", "2026-11-03", "soon"]
)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """A job or an item, with few values so that many meet."""
    if draw(st.integers(0, 4)) == 0:
        status = draw(st.sampled_from(["Failed", "Completed", "IRPending"]))
        return item(lastBackupStatus=status, lastBackupTime=draw(times), errorDetails=draw(errors))
    return job(
        draw(st.integers(1, 9)),
        containerName=draw(st.sampled_from([None, "iaasvmcontainerv2;prod;WEB-01", "iaasvmcontainerv2;test;web-01"])),
        entityFriendlyName=draw(st.sampled_from([None, "web-01", "web-02"])),
        operation=draw(st.sampled_from([None, "Backup", "Backup", "Restore"])),
        status=draw(st.sampled_from([None, "Failed", "Failed", "Completed", "InProgress", "CompletedWithWarnings"])),
        errorDetails=draw(errors),
        startTime=draw(times),
        endTime=draw(times),
    )


def without_places(found: Triage) -> dict[str, object]:
    """Everything that is told, but for where in the document it stood."""
    blank = tuple(sorted((dataclasses.replace(one, place="") for one in found.unclear), key=str))
    plans, hidden = calls(found.act, MACHINES)
    return as_data(dataclasses.replace(found, unclear=blank), Shown(plans, hidden, []))


@given(st.lists(entries(), max_size=8).flatmap(lambda jobs: st.tuples(st.just(jobs), st.permutations(jobs))))
def test_the_order_of_jobs_does_not_matter(both: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    """Two exports of the same jobs tell the same."""
    one, other = (without_places(triage(read(json.dumps(jobs)), BOOKS, MACHINES)) for jobs in both)
    assert one == other


@given(st.lists(entries(), max_size=8))
def test_every_failure_ends_in_one_list_or_another(jobs: list[dict[str, Any]]) -> None:
    """None is lost."""
    found = triage(read(json.dumps(jobs)), BOOKS, MACHINES)
    told = {one.failure.backup for one in (*found.act, *found.person, *found.retry, *found.unmatched)}
    assert len(told) == found.failed
    assert found.failed + len(found.unclear) + sum(found.ignored.values()) == found.entries


def is_unknown(code: object) -> bool:
    """Whether no playbook goes by it."""
    word = spelled(str(code))
    return bool(str(code).split()) and word not in KNOWN and word != "400249"


@given(
    code=st.one_of(st.text(min_size=1), st.integers(1, 999_999)).filter(is_unknown),
    number=st.one_of(st.none(), st.integers(), st.text(), st.sampled_from([4711, 400136])),
    text=st.one_of(
        st.none(), st.text(), st.sampled_from(["Failed to freeze one or more mount-points", "UserErrorFsFreezeFailed"])
    ),
)
def test_an_unknown_code_never_yields_an_action(code: object, number: object, text: object) -> None:
    """Whatever else the error says of itself; it is always shown as unmatched."""
    error = {"errorTitle": code, "errorCode": number, "errorString": text}
    found = triage(read(json.dumps([job(errorDetails=[error])])), BOOKS, MACHINES)
    assert (found.act, found.person, found.retry) == ((), (), ())
    assert len(found.unmatched) == 1
    assert calls(found.unmatched, MACHINES)[0] == ()


@given(
    number=st.integers(1, 999_999).filter(is_unknown),
    text=st.sampled_from(["Failed to freeze one or more mount-points", "UserErrorFsFreezeFailed", ""]),
)
def test_an_unknown_number_without_a_title_yields_none_either(number: int, text: str) -> None:
    """A known text beside it is a hint, and no more."""
    found = triage(read(json.dumps([job(errorDetails=[{"errorCode": number, "errorString": text}])])), BOOKS, MACHINES)
    assert (found.act, found.person, found.retry) == ((), (), ())
    assert bool(found.unmatched[0].perhaps) is bool(text)
