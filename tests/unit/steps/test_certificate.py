"""The step `certificate`, on made-up output."""

from __future__ import annotations

import json

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.certificate import CertificateArgs, Certificates, CertificatesSeen
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result
from tests.unit.steps.powershell import sound

STEP = Certificates()
SUBJECT = "DC=Windows Azure CRP Certificate Generator"
FIRST, SECOND, THIRD = "A" * 40, "0123456789" * 4, "F0" * 20


def arguments(subject: str = SUBJECT) -> CertificateArgs:
    """Arguments of the step."""
    return render_args(STEP, {"subject": subject}, {})


def shown(*thumbprints: str) -> str:
    """What the script prints; PowerShell makes one line of it."""
    found = [{"thumbprint": one, "private_key": one != SECOND, "until": "2027-03-01"} for one in thumbprints]
    return json.dumps({"certificates": found}) + "\r\n"


def seen(*thumbprints: str) -> CertificatesSeen:
    """What the step sees of these."""
    return Target([result(shown(*thumbprints))]).observe(STEP.observe(arguments()))


def test_the_look_takes_the_subject_as_data() -> None:
    """Whatever stands in it."""
    target = Target([result(shown())])
    target.observe(STEP.observe(arguments("CN='; Stop-Computer #")))

    assert target.asked[0].argv == ("CN='; Stop-Computer #",)
    assert "Stop-Computer" not in target.asked[0].script
    assert sound(target.asked[0])


def test_no_certificate_is_no_change() -> None:
    """It says so."""
    decision = STEP.decide(arguments(), seen())

    assert decision.outcome is Outcome.NO_CHANGE
    assert STEP.bound(arguments(), seen()) == STEP.bound(arguments(), None) == ()


def test_exactly_what_was_seen_is_removed() -> None:
    """Each by a command of its own: fewer later is fine, a new one is another command. There is no undo."""
    decision = STEP.decide(arguments(), seen(FIRST, SECOND))

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert [command.argv for command in decision.commands] == [(SECOND, SUBJECT), (FIRST, SUBJECT)]
    assert all(command.effect is Effect.CHANGE for command in decision.commands)
    assert all(command.at_deadline is AtDeadline.LEAVE for command in decision.commands)
    assert all(sound(command) for command in decision.commands)
    assert decision.undo == ()
    assert decision.prior == {"subject": SUBJECT, "thumbprints": [SECOND, FIRST]}
    assert f"{FIRST} (with private key, until 2027-03-01)" in decision.evidence
    assert f"{SECOND} (without private key, until 2027-03-01)" in decision.evidence
    assert "cannot be put back" in decision.evidence
    assert set(STEP.bound(arguments(), seen(SECOND))) < set(decision.commands)
    assert not set(STEP.bound(arguments(), seen(THIRD))) & set(decision.commands)


def test_a_new_certificate_is_no_failure() -> None:
    """The agent makes one; only those that were there must be gone."""
    before = seen(FIRST, SECOND)

    assert STEP.verify(arguments(), before, seen()).judged is Judged.OK
    verdict = STEP.verify(arguments(), before, seen(THIRD))
    assert (verdict.judged, verdict.text) == (Judged.OK, f"gone: {SECOND}, {FIRST}; new is {THIRD}")
    left = STEP.verify(arguments(), before, seen(SECOND, THIRD))
    assert (left.judged, left.text) == (Judged.FAILED, f"still there: {SECOND}")


@pytest.mark.parametrize(
    ("printed", "code", "err"),
    [
        ("", 1, "Keyset does not exist\r\n"),
        ("", 0, ""),
        (json.dumps({"certificates": {"thumbprint": FIRST, "private_key": True, "until": "2027-03-01"}}), 0, ""),
        (json.dumps({"certificates": None}), 0, ""),
        (shown("a" * 40), 0, ""),
        (shown(FIRST).replace("2027-03-01", "/Date(1803859200000)/"), 0, ""),
        (shown(FIRST)[:-4], 0, ""),
    ],
    ids=["failed", "silent", "one without a list", "null", "small letters", "a date of its own", "cut off"],
)
def test_what_cannot_be_read_is_an_error(printed: str, code: int, err: str) -> None:
    """Never "no certificate"."""
    with pytest.raises(ParseError):
        Target([result(printed, code, err)]).observe(STEP.observe(arguments()))


@pytest.mark.parametrize("subject", ["CRP Certificate", "CN=a\nb", "=="[:1]])
def test_only_whole_subjects(subject: str) -> None:
    """A part of one could mean others."""
    with pytest.raises(ExpressionError):
        arguments(subject)
