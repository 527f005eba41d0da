"""The step `acl`, on access lists as Microsoft documents them and on made-up ones."""

from __future__ import annotations

import json

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Effect
from runner.model.plan import Outcome
from runner.shells.windows import launch
from runner.steps.acl import Acl, AclArgs
from runner.steps.acl_state import FolderSeen
from runner.steps.base import Judged
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result
from tests.unit.steps.powershell import sound

STEP = Acl()
RSA = "C:\\ProgramData\\Microsoft\\Crypto\\RSA"
KEYS = f"{RSA}\\MachineKeys"
EVERYONE, ADMINISTRATORS, SYSTEM, USERS = "S-1-1-0", "S-1-5-32-544", "S-1-5-18", "S-1-5-32-545"
SOMEBODY = "S-1-5-21-1004336348-1177238915-682003330-1104"

FULL, READ_WRITE, READ_EXECUTE = 0x1F01FF, 0x12019F, 0x1200A9
Ace = tuple[str, int, int, int]  # SID, mask, flags, type
DEFAULT: list[Ace] = [(EVERYONE, READ_WRITE, 0, 0), (ADMINISTRATORS, FULL, 0, 0)]


def arguments(**more: object) -> AclArgs:
    """The default of MachineKeys, as the article has it."""
    raw: dict[str, object] = {
        "path": KEYS,
        "entries": {EVERYONE: "read-write", ADMINISTRATORS: "full"},
        "others": "remove",
        "tolerated": {SYSTEM: "full"},
    }
    return render_args(STEP, raw | more, {})


def shown(*aces: Ace, sddl: str = "D:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)") -> str:
    """What the script prints of a folder; PowerShell's JSON has signed masks."""
    entries = [{"type": kind, "flags": flags, "mask": mask, "sid": sid} for sid, mask, flags, kind in aces]
    return json.dumps({"entries": entries, "kind": "folder", "sddl": sddl}) + "\r\n"


def seen(*aces: Ace, sddl: str = "D:") -> FolderSeen:
    """What the step sees of it."""
    return Target([result(shown(*aces, sddl=sddl))]).observe(STEP.observe(arguments()))


def words(state: FolderSeen, args: AclArgs | None = None) -> list[tuple[str, ...]]:
    """The commands behind the folder's name, without the save; all must be sendable and left at their deadline."""
    args = args or arguments()
    decision = STEP.decide(args, state)
    assert decision.commands == STEP.bound(args, state)
    for command in (*decision.commands, *decision.undo):
        assert command.effect is Effect.CHANGE
        assert command.at_deadline is AtDeadline.LEAVE
        assert command.argv[0] == "icacls"
        assert not {"/t", "/reset", "/c"} & {word.lower() for word in command.argv}
        assert launch(command).line
    return [command.argv[2:] for command in decision.commands[1:]]


def test_the_look_is_one_script_with_the_path_as_data() -> None:
    """It reads by .NET, so nothing is translated."""
    target = Target([result(shown(*DEFAULT))])
    target.observe(STEP.observe(arguments()))

    assert sound(target.asked[0])
    assert target.asked[0].argv == (KEYS,)
    assert "MachineKeys" not in target.asked[0].script


@pytest.mark.parametrize(
    "more",
    [[], [(SYSTEM, FULL, 0, 0)], [(SYSTEM, FULL, 0x03, 0)], [(SYSTEM, FULL, 0x13, 0)]],
    ids=["default", "with SYSTEM", "SYSTEM below too", "SYSTEM from above"],
)
def test_the_default_is_left_alone(more: list[Ace]) -> None:
    """SYSTEM with full control is harmless, however it came there."""
    decision = STEP.decide(arguments(), seen(*DEFAULT, *more))

    assert decision.outcome is Outcome.NO_CHANGE
    assert "Everyone (S-1-1-0): read-write" in decision.evidence
    assert words(seen(*DEFAULT, *more)) == []


GRANTS = (f"*{EVERYONE}:(R,W)", f"*{ADMINISTRATORS}:(F)")


@pytest.mark.parametrize(
    ("aces", "commands"),
    [
        ([DEFAULT[1]], [("/grant:r", *GRANTS)]),
        ([(EVERYONE, READ_EXECUTE, 0, 0), DEFAULT[1]], [("/grant:r", *GRANTS)]),
        ([(EVERYONE, READ_WRITE, 0x03, 0), DEFAULT[1]], [("/grant:r", *GRANTS)]),
        ([*DEFAULT, (SOMEBODY, FULL, 0, 0)], [("/remove", f"*{SOMEBODY}")]),
        ([*DEFAULT, (USERS, 1, 0, 0), (SOMEBODY, FULL, 0, 1)], [("/remove", f"*{SOMEBODY}", f"*{USERS}")]),
        ([*DEFAULT, (USERS, READ_EXECUTE, 0x13, 0)], [("/inheritance:r", "/grant:r", *GRANTS)]),
        (
            [*DEFAULT, (USERS, READ_EXECUTE, 0x13, 0), (SYSTEM, FULL, 0x13, 0)],
            [("/inheritance:r", "/grant:r", *GRANTS, f"*{SYSTEM}:(F)")],
        ),
        (
            [*DEFAULT, (EVERYONE, FULL, 0, 1)],
            [("/grant:r", *GRANTS), ("/remove:d", f"*{EVERYONE}")],
        ),
        ([*DEFAULT, (SYSTEM, READ_EXECUTE, 0, 0)], [("/remove", f"*{SYSTEM}")]),
        ([(EVERYONE, READ_WRITE, 0x10, 0), DEFAULT[1]], [("/inheritance:r", "/grant:r", *GRANTS)]),
        ([(EVERYONE, -0x80000000, 0, 0), DEFAULT[1]], [("/grant:r", *GRANTS)]),
    ],
    ids=[
        "missing",
        "too little",
        "also below",
        "somebody more",
        "one denied, one allowed",
        "users from above",
        "SYSTEM from above stays",
        "denied to everyone",
        "SYSTEM with less",
        "wanted, but from above",
        "generic rights",
    ],
)
def test_what_differs_is_put_right_by_sid(aces: list[Ace], commands: list[tuple[str, ...]]) -> None:
    """Grants first, so that nobody who is to have access is without it in between."""
    state = seen(*aces)

    assert words(state) == commands
    assert STEP.verify(arguments(), state, state).judged is Judged.FAILED
    assert STEP.verify(arguments(), state, seen(*DEFAULT)).judged is Judged.OK


def test_the_old_list_is_saved_and_restored_against_the_parent() -> None:
    """In a file named after what it holds, and as SDDL in the journal; a drift is another command, and so stale."""
    sddl = "D:AI(A;OICIID;FA;;;SY)"
    decision = STEP.decide(arguments(), seen(DEFAULT[1], sddl=sddl))
    saved = decision.commands[0].argv[-1]

    assert decision.commands[0].argv == ("icacls", KEYS, "/save", saved)
    assert saved.startswith(f"{KEYS}.vmfix-")
    assert decision.undo[0].argv == ("icacls", RSA, "/restore", saved)
    assert decision.prior == {"path": KEYS, "sddl": sddl, "saved_in": saved}
    assert "+Everyone (S-1-1-0): read-write" in decision.diff
    assert STEP.bound(arguments(), seen(DEFAULT[1], sddl="D:x")) != decision.commands
    assert [command.argv[2] for command in STEP.bound(arguments(), None)] == ["/inheritance:r"]


def test_others_may_stay() -> None:
    """Then nothing that comes from above is looked at, and nobody loses anything."""
    args = arguments(others="keep", tolerated={})
    others: list[Ace] = [(SOMEBODY, FULL, 0, 0), (USERS, READ_EXECUTE, 0x13, 0), (EVERYONE, READ_EXECUTE, 0x10, 0)]

    assert STEP.decide(args, seen(*DEFAULT, *others)).outcome is Outcome.NO_CHANGE
    assert words(seen(DEFAULT[0], *others), args) == [("/grant:r", *GRANTS)]
    assert [command.argv[2] for command in STEP.bound(args, None)] == ["/grant:r"]


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ('{"kind":"absent"}', "it does not exist"),
        ('{"kind":"file"}', "it is no folder"),
        ('{"kind":"link"}', "it is a link"),
        ('{"kind":"folder","sddl":"D:NO_ACCESS_CONTROL","entries":[]}', "empty or missing"),
        (shown(*DEFAULT, (EVERYONE, FULL, 0, 9)), "an entry of a kind that vmfix does not know (9)"),
        (shown(*DEFAULT, ("", 0, 0, 0)), "does not know"),
    ],
)
def test_what_cannot_be_judged_is_refused(printed: str, why: str) -> None:
    """Nothing is guessed."""
    state = Target([result(printed)]).observe(STEP.observe(arguments()))
    decision = STEP.decide(arguments(), state)

    assert decision.outcome is Outcome.REFUSED
    assert why in decision.evidence
    assert STEP.bound(arguments(), state) == ()


@pytest.mark.parametrize(
    ("printed", "code", "err", "why"),
    [
        ("", 1, "Zugriff verweigert.\r\n", r"\(exit 1\): Zugriff verweigert"),
        ("", 0, "", "one JSON document"),
        ('{"kind":"folder","entries":{"type":0},"sddl":""}', 0, "", "entries"),
        (
            '{"kind":"folder","entries":[{"type":"AccessAllowed","flags":0,"mask":1,"sid":"S-1-1-0"}],"sddl":""}',
            0,
            "",
            "type",
        ),
        ('{"kind":"other"}', 0, "", "kind"),
        ("[]", 0, "", "the whole"),
    ],
)
def test_a_look_that_failed_is_an_error(printed: str, code: int, err: str, why: str) -> None:
    """Not a folder without entries."""
    with pytest.raises(ParseError, match=why):
        Target([result(printed, code, err)]).observe(STEP.observe(arguments()))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"entries": {"Everyone": "full"}}, "`Everyone` is no SID"),
        ({"entries": {"S-1-1-0 /T": "full"}}, "is no SID"),
        ({"entries": {}}, "entries"),
        ({"entries": {EVERYONE: "special"}}, "entries"),
        ({"tolerated": {EVERYONE: "full"}}, "both wanted and tolerated"),
        ({"path": "MachineKeys"}, "no path of a folder"),
        ({"path": f"{KEYS}\\*"}, "no path of a folder"),
        ({"path": "C:\\Windows\\System32"}, "far more than one program's files"),
        ({"path": "c:\\programdata"}, "far more than one program's files"),
    ],
)
def test_arguments_that_do_not_fit(more: dict[str, object], why: str) -> None:
    """Names instead of SIDs, and folders that hold the whole system."""
    with pytest.raises(ExpressionError) as caught:
        arguments(**more)
    assert why in caught.value.message


def test_exits_of_icacls() -> None:
    """Only the look is proof; access that is denied is said in words."""
    (command,) = STEP.bound(arguments(), None)

    assert STEP.judge(arguments(), command, result("1 Dateien erfolgreich verarbeitet\r\n")).judged is Judged.OK
    assert "access is denied" in STEP.judge(arguments(), command, result("", 5)).text
    assert STEP.judge(arguments(), command, result("", 1332, "x\r\n")).text == "exit 1332: x"
    assert STEP.touches(arguments()) == STEP.touches(arguments(path=KEYS.upper()))
