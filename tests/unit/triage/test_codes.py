"""Errors and their playbooks. What is unknown has none."""

from __future__ import annotations

import pytest

from tests.unit.triage.shapes import FREEZE, azure_id, inventory, job, library, sorted_out

TEXT = "Failed to freeze one or more mount-points"


@pytest.mark.parametrize(
    ("error", "by"),
    [
        ({"errorTitle": "UserErrorFsFreezeFailed"}, "code"),
        ({"errorTitle": " usererrorfsfreezefailed ", "errorCode": 999}, "code"),
        ({"errorTitle": "Failed to freeze one or more mount-points"}, "code"),
        ({"errorCode": 4711}, "number"),
        ({"errorCode": "4711"}, "number"),
        ({"errorCode": 4711.0}, "number"),
        ({"errorTitle": "4711"}, "number"),
        ({"errorCode": 4711, "errorString": "Something else."}, "number"),
        ({"errorString": f"  {TEXT.upper()} ".replace(" ", "\n ")}, "text"),
        ({"errorCode": 0, "errorString": TEXT}, "text"),
        ({"errorString": f"\u201c{TEXT.replace('-', ' ')}\u201d."}, "text"),
    ],
)
def test_an_error_is_known_by_title_number_or_text(error: dict[str, object], by: str) -> None:
    """Blanks and case count for nothing, nor do the marks in a text."""
    found = sorted_out(job(errorDetails=[error]))
    assert [(one.playbook and one.playbook.id, one.by) for one in found.act] == [("freeze", by)]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ({"errorTitle": "UserErrorFsFreezeFailedV2"}, "`UserErrorFsFreezeFailed` is spelled nearly so"),
        ({"errorTitle": "SomethingNew", "errorCode": 4711}, "`freeze` goes by its number"),
        ({"errorTitle": "SomethingNew", "errorString": TEXT}, "`freeze` goes by its text"),
        ({"errorCode": 12345, "errorString": TEXT}, "`freeze` goes by its text"),
        ({"errorTitle": "999", "errorCode": 4711}, "`freeze` goes by its number"),
        ({"errorTitle": "04711"}, ""),
        ({"errorString": f"{TEXT}, and more."}, "`freeze` goes by words that stand in its text"),
        ({"errorString": "Failed: UserErrorFsFreezeFailed (1)"}, "`freeze` goes by words that stand in its text"),
        ({"errorString": "Not UserErrorFsFreezeFailedV2, nor 4711"}, ""),
        ({"errorTitle": "-4711"}, "`4711` is spelled nearly so"),
        ({"errorCode": 471}, ""),
        ({"errorTitle": "freeze"}, ""),  # a playbook's id is no error code
        ({"errorTitle": "*"}, ""),
        ({"errorCode": True}, ""),
    ],
)
def test_an_unknown_error_is_shown_and_never_acted_on(error: dict[str, object], hint: str) -> None:
    """Hints are for people; what decides is not overruled by what else the error says."""
    found = sorted_out(job(errorDetails=[error]))
    assert (found.act, found.person, found.retry) == ((), (), ())
    assert not found.complete
    assert list(found.unmatched[0].perhaps)[:1] == ([hint] if hint else [])


def test_two_playbooks_for_one_code_are_told_apart_by_the_platform() -> None:
    """Where that does not help, nothing is done."""
    twice = job(errorDetails=[{"errorTitle": "SolvedTwice"}])
    assert [one.playbook and one.playbook.id for one in sorted_out(twice).act] == ["twice-linux"]

    found = sorted_out(twice, machines=inventory("other: {address: 192.0.2.9}"))
    assert "the platform decides between `twice-linux`, `twice-windows`" in found.unmatched[0].why
    assert found.unmatched[0].playbook is None


def test_a_playbook_of_another_platform_is_not_used() -> None:
    """The reason names both."""
    found = sorted_out(job(errorDetails=[{"errorTitle": "ExtensionFailedVssWriterInBadState"}]))
    why = "`vss` is not for linux, which `web-01` is; if that is wrong, set its `platform`"
    assert found.unmatched[0].why == (why,)


def test_without_any_playbook_nothing_is_known() -> None:
    """Not even the famous ones."""
    empty = library().__class__(())
    assert len(sorted_out(job(errorDetails=[FREEZE]), books=empty).unmatched) == 1


def test_a_playbook_without_steps_is_for_a_person() -> None:
    """Its VM has to be a target too: the guide is about it."""
    gone = job(errorDetails=[{"errorTitle": "UserErrorVmNotFoundV2"}])
    assert [one.playbook and one.playbook.id for one in sorted_out(gone).person] == ["gone"]
    there = inventory(f"x: {{address: 192.0.2.9, azure_id: {azure_id('x', 'prod')}}}")
    assert sorted_out(gone, machines=there).unmatched[0].why == ("it is in no inventory that was named",)
