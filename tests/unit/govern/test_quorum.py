"""Counting approvals: who counts, once, for what, until when; and each reason why somebody does not."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import NotApproved
from runner.govern.people import People
from runner.govern.voices import SKEW, moment, withdraws
from runner.model.approval import Kind, Offered, Statement
from runner.model.playbook import Risk
from runner.model.policy import Emergency, Quorum
from tests.unit.govern.voices import (
    BOOT,
    DIGEST,
    HOUR,
    MEND,
    NOW,
    consent,
    judged,
    of,
    plan_of,
    policy_of,
    reasons,
    says,
)

ONE = policy_of()
TWO = policy_of(quorums=(Quorum(approvals=2),))


def test_one_approval_is_enough_for_what_it_names() -> None:
    """The other remedy stays as it is, and the approval is told as one that was signed."""
    found = judged(ONE, [says("ann@x", MEND, acknowledged=("book/mend/s", "book/boot/s"))])
    assert found.approved == {MEND}
    assert not of(found, BOOT).met
    assert of(found, BOOT).holds_until is None
    (approval,) = found.approvals
    assert (approval.identity, approval.signed, approval.remedies) == ("ann@x", True, frozenset((MEND,)))
    assert approval.acknowledged == {"book/mend/s"}
    assert approval.how == "signature with key SHA256:ann@x"
    assert not found.discounted


def test_nothing_offered_is_nothing_approved() -> None:
    """And what is missing is said per remedy."""
    found = judged(ONE, [])
    assert not found.approved
    assert found.lines() == [f"{name} needs 1 approval; counted: nobody; 1 missing" for name in (MEND, BOOT)]


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (says("ann@x", digest="f" * 64), "it is for another plan (ffffffffffff, not"),
        (says("ann@x", lasts=HOUR), "it expired on 2026-11-25T03:00:00"),
        (says("ann@x", at=-25 * HOUR, lasts=90 * HOUR), "longer ago than the policy allows (24 h)"),
        (says("ann@x", at=dt.timedelta(minutes=6)), "it is from the future"),
        (says("kim@x"), "four eyes: the plan was made by kim@host"),
        (says("ann@x", "book/other"), "does not count for book/other: this plan has no such remedy"),
        (dataclasses.replace(says("ann@x"), fault="its key is revoked", key=""), "its key is revoked"),
        *((says(f"a{sign}n@x"), "is a pattern, and no name") for sign in '*?!,"'),
        (dataclasses.replace(says("ann@x"), key=""), "nobody verified its signature"),
        (Offered(source="x.txt", statement=None, fault="this is no file of approvals"), "x.txt does not count: this"),
    ],
)
def test_what_does_not_count_says_why(offered: Offered, said: str) -> None:
    """Each with its own reason; nothing is approved by it."""
    found = judged(ONE, [offered])
    assert not found.approved
    assert not found.approvals
    assert said in reasons(found)


def test_a_clock_may_be_a_little_ahead() -> None:
    """Up to five minutes."""
    assert judged(ONE, [says("ann@x", at=dt.timedelta(minutes=5))]).approved == {MEND, BOOT}


def test_one_short_of_the_quorum_is_not_enough() -> None:
    """It says how many are missing, and the second makes it."""
    assert not judged(TWO, [says("ann@x")]).approved
    assert of(judged(TWO, [says("ann@x")]), MEND).needs[0].missing == 1
    assert judged(TWO, [says("ann@x"), says("bob@x", MEND)]).approved == {MEND}


@pytest.mark.parametrize("other", [says("ann@x", key="SHA256:2"), says("ANN@X"), says("ann.b@x"), says("zed@x")])
def test_one_person_counts_once(other: Offered) -> None:
    """With two keys, in capitals, under an alias, or with an alias of an alias."""
    policy = dataclasses.replace(TWO, people={"ann@x": ("Ann.B@x",), "zed@x": ("ann.b@x",)})
    found = judged(policy, [says("ann@x"), dataclasses.replace(other, source="other.json")])
    assert not found.approved
    assert "one person counts once" in reasons(found)


def test_one_key_counts_once() -> None:
    """Whatever names the file of keys lets it sign for; also if one of them made the plan."""
    found = judged(TWO, [says("ann@x", key="SHA256:k"), says("bob@x", key="SHA256:k")])
    assert not found.approved
    maker = judged(ONE, [says("kim@x", key="SHA256:k"), says("bob@x", key="SHA256:k")])
    assert reasons(maker).count("four eyes") == 2


@pytest.mark.parametrize(
    ("creator", "signer"),
    [
        ("kim@host", "kim@x"),
        ("Kim@host", "kim@x"),
        ("kim (GitHub Actions)", "kim@x"),
        ("kim@x (Azure Pipelines)", "kim@x"),
        ("kk-laptop@host", "kim@x"),
        ("octo (GitHub Actions)", "kim@x"),
        ("octo (GitHub Actions)", "kim-2@x"),
        ("kim@x", "kim@x"),
    ],
)
def test_four_eyes_know_the_creator_by_login_and_by_alias(creator: str, signer: str) -> None:
    """Unless the policy does without them."""
    people = {"kim@x": ("kk-laptop", "OCTO", "kim-2@x")}
    plan = plan_of(creator)
    offered = [says(signer, digest=judged(ONE, [], plan).digest)]
    assert not judged(policy_of(people=people), offered, plan).approved
    assert judged(policy_of(people=people, four_eyes=False), offered, plan).approved
    assert judged(policy_of(people=people), [says("ann@x", digest=judged(ONE, [], plan).digest)], plan).approved


def test_every_rule_that_matches_on_any_target_counts() -> None:
    """By risk, and by the groups of all targets that have the remedy; every target is in `all`.

    Of several that ask for the same signers the one with the largest number holds the others.
    """
    rules = (
        Quorum(approvals=1),
        Quorum(approvals=2, groups=("prod",)),
        Quorum(approvals=3, risks=frozenset((Risk.REBOOT,)), groups=("web", "other")),
        Quorum(approvals=9, groups=("other",)),
        Quorum(approvals=9, risks=frozenset((Risk.SERVICE_RESTART,))),
    )
    found = judged(policy_of(quorums=rules), [])
    assert [need.approvals for need in of(found, MEND).needs] == [2]
    assert [need.approvals for need in of(found, BOOT).needs] == [3]


def test_what_no_rule_covers_needs_one_approval() -> None:
    """A gap in the policy opens nothing."""
    policy = policy_of(quorums=(Quorum(approvals=2, groups=("elsewhere",)),))
    assert not judged(policy, []).approved
    assert judged(policy, [says("ann@x")]).approved == {MEND, BOOT}


def test_a_rule_with_a_smaller_number_must_be_met_too() -> None:
    """Two people are not enough where one has to be a DBA; who is one serves both rules."""
    rules = (Quorum(approvals=2), Quorum(approvals=1, risks=frozenset((Risk.CONFIG,)), signers=("dba-*",)))
    policy = policy_of(quorums=rules)
    found = judged(policy, [says("ann@x"), says("bob@x")])
    assert found.approved == {BOOT}
    assert [(n.signers, n.missing) for n in of(found, MEND).needs] == [((), 0), (("dba-*",), 1)]
    assert judged(policy, [says("dba-ann@x")]).approved == set()
    assert judged(policy, [says("dba-ann@x"), says("bob@x")]).approved == {MEND, BOOT}


def test_rules_with_other_signers_must_all_be_met() -> None:
    """One signer may count for both."""
    rules = (Quorum(approvals=1, signers=("dba-*",)), Quorum(approvals=1, signers=("net-*",), groups=("web",)))
    policy = policy_of(quorums=(*rules, rules[0]))
    found = judged(policy, [says("dba-ann@x"), says("zoe@x")])
    assert not found.approved
    assert [(n.signers, n.missing) for n in of(found, MEND).needs] == [(("dba-*",), 0), (("net-*",), 1)]
    assert "zoe@x does not count for book/mend: no rule for this remedy asks for this signer" in reasons(found)
    assert judged(policy, [says("DBA-ann@x"), says("net-bob@x")]).approved == {MEND, BOOT}


def test_an_approval_holds_until_the_first_that_is_needed_ends() -> None:
    """A third one that ends earlier does no harm; the policy's age and the plan's end are limits too."""
    offered = [says("ann@x", lasts=3 * HOUR), says("bob@x", lasts=5 * HOUR), says("zoe@x", lasts=9 * HOUR)]
    assert of(judged(TWO, offered), MEND).holds_until == NOW + 4 * HOUR
    aged = dataclasses.replace(TWO, max_age=2 * 3600.0)
    assert of(judged(aged, offered), MEND).holds_until == NOW + HOUR
    for_ever = policy_of(max_age=1e12)
    assert of(judged(for_ever, [says("ann@x", lasts=900 * HOUR)]), MEND).holds_until == NOW + 24 * HOUR


def test_a_withdrawal_ends_what_was_approved_until_then() -> None:
    """Of that remedy, by the same person under whatever name; what is approved later counts again."""
    policy = policy_of(people={"ann@x": ("ann.b@x",)})
    withdrawn = says("ann.b@x", MEND, kind=Kind.REVOKE, at=-HOUR / 2)
    found = judged(policy, [withdrawn, says("ann@x")])
    assert found.approved == {BOOT}
    assert "ann@x does not count for book/mend: ann.b@x withdrew it on 2026-11-25T02:30:00" in reasons(found)
    assert judged(policy, [withdrawn, says("bob@x")]).approved == {MEND, BOOT}
    assert judged(policy, [withdrawn, says("ann@x"), says("ann@x", at=-HOUR / 4, source="new")]).approved == {
        MEND,
        BOOT,
    }


@pytest.mark.parametrize(
    "withdrawal",
    [
        says("ann@x", kind=Kind.REVOKE, at=-HOUR / 2, digest="f" * 64),
        dataclasses.replace(says("ann@x", kind=Kind.REVOKE, at=-HOUR / 2), key="", fault="its text was altered"),
    ],
)
def test_a_withdrawal_that_does_not_hold_is_told(withdrawal: Offered) -> None:
    """It ends nothing, and it is not passed over in silence."""
    found = judged(ONE, [withdrawal, says("bob@x")])
    assert found.approved == {MEND, BOOT}
    assert "ann@x.json of ann@x does not count" in reasons(found)


@pytest.mark.parametrize("ahead", [-2 * HOUR, -SKEW, dt.timedelta(0), SKEW - dt.timedelta(seconds=1), SKEW])
def test_a_withdrawal_wins_against_a_clock_that_is_ahead(ahead: dt.timedelta) -> None:
    """Up to the skew that an approval may have; later ones are no longer withdrawn."""
    gone = says("ann@x", kind=Kind.REVOKE, at=-HOUR / 2, source="gone")
    assert not judged(ONE, [says("ann@x", at=ahead - HOUR / 2), gone]).approved
    later = says("ann@x", at=SKEW + dt.timedelta(microseconds=1) - HOUR / 2)
    assert judged(ONE, [later, gone]).approved == {MEND, BOOT}


SECONDS = st.integers(-900, 900).map(lambda seconds: dt.timedelta(seconds=seconds))


@given(st.lists(st.tuples(st.sampled_from(Kind), SECONDS), min_size=1, max_size=6))
def test_the_last_word_holds_whatever_the_clocks_say(spoken: list[tuple[Kind, dt.timedelta]]) -> None:
    """Each statement is made by another clock, and knows those before it."""
    said: list[Statement] = []
    for kind, skew in spoken:
        at = moment(kind, NOW + skew, said)
        assert at >= NOW + skew
        said.append(says("ann@x", kind=kind, at=at - NOW).statement)  # type: ignore[arg-type]
    *before, last = said
    if last.kind is Kind.REVOKE:
        assert all(withdraws(last, other) for other in before if other.kind is Kind.APPROVE)
    else:
        assert not any(withdraws(other, last) for other in before if other.kind is Kind.REVOKE)


def test_approved_again_right_after_a_withdrawal_counts_at_once() -> None:
    """By the same clock, a moment later."""
    first = says("ann@x", at=-dt.timedelta(seconds=2), source="first")
    gone = says("ann@x", kind=Kind.REVOKE, at=-dt.timedelta(seconds=1), source="gone")
    assert first.statement
    assert gone.statement
    at = moment(Kind.APPROVE, NOW, [first.statement, gone.statement])
    found = judged(ONE, [first, gone, says("ann@x", at=at - NOW, source="again")])
    assert found.approved == {MEND, BOOT}
    assert not found.discounted


def test_what_was_replaced_is_no_warning() -> None:
    """While a later one under the same name counts for all of it: shorter ones, expired ones, withdrawn ones."""
    old = says("ann@x", at=-3 * HOUR, source="old")
    over = says("ann@x", at=-2 * HOUR, lasts=HOUR, source="over")
    assert not judged(ONE, [old, over, says("ANN@x")]).discounted
    partly = judged(ONE, [over, says("ann@x", MEND)])
    assert [each.source for each in partly.discounted] == ["over"]
    assert "over of ann@x does not count: it expired" in reasons(judged(ONE, [over]))
    assert "over of ann@x" in reasons(judged(ONE, [over, says("bob@x")]))
    shorter = judged(ONE, [says("ann@x", at=-HOUR / 2, lasts=HOUR, source="shorter"), says("ann@x", lasts=8 * HOUR)])
    assert "shorter of ann@x does not count" in reasons(shorter)
    forged = dataclasses.replace(old, key="", fault="its text is not what was signed")
    assert "old of ann@x" in reasons(judged(ONE, [forged, says("ann@x")]))


def test_an_old_withdrawal_still_holds() -> None:
    """It does not expire."""
    withdrawn = says("ann@x", kind=Kind.REVOKE, at=-HOUR, lasts=HOUR / 2)
    assert not judged(ONE, [withdrawn, says("ann@x", at=-2 * HOUR)]).approved


def test_an_emergency_has_its_own_rule_besides_the_usual_ones() -> None:
    """Only what says that it is one counts for it; it counts as usual, too."""
    policy = policy_of(emergency=Emergency(approvals=1, signers=("boss-*",)), quorums=(Quorum(approvals=2),))
    ann, zoe, boss = says("ann@x"), says("zoe@x", emergency=True), says("boss-1@x", emergency=True)
    calm = says("boss-1@x")
    for short in ([ann, calm], [ann, zoe], [boss], [zoe, calm]):
        assert not judged(policy, short, emergency=True).approved
    found = judged(policy, [ann, boss], emergency=True)
    assert found.approved == {MEND, BOOT}
    assert found.emergency
    assert {a.how.partition(" with ")[0] for a in found.approvals} == {"signature", "emergency signature"}
    assert judged(policy, [ann, boss]).approved == {MEND, BOOT}
    assert not judged(policy, [ann, boss]).emergency


def test_without_an_emergency_rule_there_is_no_emergency() -> None:
    """Whatever was signed."""
    with pytest.raises(NotApproved, match="policy site has no emergency rule"):
        judged(ONE, [says("ann@x", emergency=True)], emergency=True)


def test_who_runs_it_counts_only_where_the_policy_says_so() -> None:
    """Unsigned, and under four eyes as everybody else."""
    assert "counts signed approvals only" in reasons(judged(ONE, [], consent=consent("zoe@host")))
    lenient = policy_of(unsigned=True)
    found = judged(lenient, [], consent=consent("zoe@host"))
    assert found.approved == {MEND, BOOT}
    assert not found.approvals[0].signed
    assert "four eyes" in reasons(judged(lenient, [], consent=consent("kim@host")))


def test_who_runs_it_does_not_count_beside_their_own_signature() -> None:
    """A login that looks like a signer is that signer."""
    lenient = policy_of(unsigned=True, quorums=(Quorum(approvals=2),))
    found = judged(lenient, [says("zoe@x")], consent=consent("zoe@host"))
    assert not found.approved
    assert "one person counts once, and zoe@x.json of zoe@x counts already" in reasons(found)
    assert judged(lenient, [says("ann@x")], consent=consent("zoe@host")).approved == {MEND, BOOT}


NAMES = ("ann@x", "Ann@x", "ann.b@x", "bob@x", "kim@y", "zoe@x")


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(("1", "2", "3")), st.integers(0, 3)), max_size=8),
    st.integers(1, 3),
)
def test_never_more_people_than_names_and_keys(spoken: list[tuple[str, str, int]], number: int) -> None:
    """Whoever signs how often with what: a met quorum has as many people, keys and valid statements."""
    policy = policy_of(quorums=(Quorum(approvals=number),), people={"ann@x": ("ann.b@x",)})
    offered = [
        says(who, MEND, key=key, source=str(place), lasts=(1 + hours) * HOUR)
        for place, (who, key, hours) in enumerate(spoken)
    ]
    valid = [(who, key) for who, key, hours in spoken if hours and not who.startswith("kim")]
    people = {"ann@x" if who.casefold().startswith("ann") else who for who, _ in valid}
    found = judged(policy, offered)
    counted = of(found, MEND).needs[0].counted
    assert len(counted) <= min(len(people), len({key for _, key in valid}))
    assert of(found, MEND).met == (len(counted) >= number)


def test_an_accent_makes_no_other_person() -> None:
    """However it is written, also in a rule's signers."""
    one, other = "ren\u00e9@x", "Rene\u0301@x"
    assert not judged(TWO, [says(one), says(other)]).approved
    assert judged(policy_of(quorums=(Quorum(approvals=1, signers=(one,)),)), [says(other)]).approved == {MEND, BOOT}
    assert People.of({one: ("r@x",)}).person(other) == {one, "r@x"}


def test_people_who_share_a_name_are_one() -> None:
    """Groups are joined, in whatever order they come."""
    people = People.of({"a": ("b",), "c": ("d",), "e": ("b", "d")})
    assert people.person("A") == people.person("d") == {"a", "b", "c", "d", "e"}
    assert people.person("f") == {"f"}


def test_the_digest_is_that_of_the_plan() -> None:
    """The judgement says of which plan it is."""
    assert judged(ONE, []).digest == DIGEST
