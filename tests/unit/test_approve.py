"""From a plan to an approved plan, by consent alone and by a policy's judgement."""

from __future__ import annotations

import dataclasses

import pytest

from runner.approve import approve
from runner.errors import NotApproved, PlanFileError
from runner.govern.quorum import judge
from tests.unit.govern.voices import BOOT, DIGEST, HOUR, MEND, NOW, PLAN, consent, judged, policy_of, says

POLICY = policy_of()


def test_without_a_policy_consent_decides() -> None:
    """As it stands, and for as long as the plan does."""
    approved = approve(PLAN, [dataclasses.replace(consent("ann"), remedies=frozenset((MEND,)))], NOW)
    assert approved.remedies == {MEND}
    assert not approved.holds_until
    assert not approved.emergency


def test_under_a_policy_its_judgement_decides() -> None:
    """What is not approved is not in it, and each remedy has its end."""
    approved = approve(PLAN, [], NOW, judged(POLICY, [says("ann@x", MEND, acknowledged=("book/mend/s",))]))
    assert approved.remedies == {MEND}
    assert dict(approved.holds_until) == {MEND: NOW + 7 * HOUR}
    assert approved.acknowledged == {"book/mend/s"}
    assert [approval.identity for approval in approved.approvals] == ["ann@x"]


def test_consent_cannot_replace_what_a_policy_asks_for() -> None:
    """It is listed why it does not count, and what is missing."""
    said = consent("zoe@host")
    judgement = judge(PLAN, DIGEST, POLICY, [says("kim@x")], NOW, consent=said)
    with pytest.raises(NotApproved) as caught:
        approve(PLAN, [said], NOW, judgement)
    assert caught.value.exit_code == 4
    assert "book/mend needs 1 approval; counted: nobody; 1 missing" in caught.value.message
    assert "kim@x.json of kim@x does not count: four eyes" in caught.value.message
    assert "--approve of zoe@host does not count: it is not signed" in caught.value.message
    assert BOOT in caught.value.message


def test_a_judgement_of_another_plan_is_refused() -> None:
    """Whatever it says."""
    other = dataclasses.replace(judged(POLICY, [says("ann@x")]), digest="f" * 64)
    with pytest.raises(NotApproved, match="of another plan"):
        approve(PLAN, [], NOW, other)


def test_an_expired_or_offline_plan_is_refused_whatever_was_signed() -> None:
    """As without a policy."""
    judgement = judged(POLICY, [says("ann@x")])
    with pytest.raises(PlanFileError, match="expired"):
        approve(PLAN, [], NOW + 24 * HOUR, judgement)
    with pytest.raises(PlanFileError, match="offline"):
        approve(dataclasses.replace(PLAN, offline=True), [], NOW, judgement)


def test_a_plan_with_nothing_to_run_needs_no_approval() -> None:
    """Also under a policy."""
    empty = dataclasses.replace(PLAN, entries=())
    assert approve(empty, [], NOW, judged(POLICY, [], empty)).remedies == frozenset()


def test_an_emergency_is_passed_on() -> None:
    """To who opens the windows."""
    judgement = dataclasses.replace(judged(POLICY, [says("ann@x", emergency=True)]), emergency=True)
    assert approve(PLAN, [], NOW, judgement).emergency
