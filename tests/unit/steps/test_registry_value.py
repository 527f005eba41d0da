"""The step `registry_value`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExpressionError, ParseError
from runner.expressions import is_template
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.registry_state import RegistryState
from runner.steps.registry_value import RegistryValue, RegistryValueArgs
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result

STEP = RegistryValue()
MICROSOFT = "HKLM\\SOFTWARE\\Microsoft"
KEY = f"{MICROSOFT}\\BcdrAgentPersistentKeys"


def arguments(**more: object) -> RegistryValueArgs:
    """Arguments of the step: `SnapshotMethod` as the article wants it."""
    raw = {"key": KEY, "name": "SnapshotMethod", "type": "REG_SZ", "data": "firstHostThenGuest", **more}
    return render_args(STEP, {name: value for name, value in raw.items() if value is not None}, {})


@dataclass
class Registry:
    """Keys with their values, in the hive's short name; ``locked`` ones may not be read."""

    keys: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    locked: tuple[str, ...] = ()

    def __call__(self, command: Command) -> CommandResult:
        """Reg query, add or delete; always with the 64-bit view, never without /f."""
        _, verb, key, *words = command.argv
        assert words[-1] == "/reg:64"
        if verb == "query":
            return self._query(key, words[:-1])
        assert words[-2] == "/f"
        options = dict(zip(words[:-2][::2], words[:-2][1::2], strict=True))
        if verb == "add":
            self.keys.setdefault(key, {})[options["/v"]] = (options["/t"], options["/d"])
            return result("The operation completed successfully.\n")
        return result() if self.keys.get(key, {}).pop(options["/v"], None) else self._missing()

    def _missing(self) -> CommandResult:
        return result("", 1, "FEHLER: nicht gefunden\n")

    def _query(self, key: str, words: list[str]) -> CommandResult:
        if key not in self.keys or key in self.locked:
            return self._missing()
        values = {name: value for name, value in self.keys[key].items() if not words or name == words[1]}
        if words and not values:
            return self._missing()
        below = [each for each in self.keys if each.rpartition("\\")[0] == key and not words]
        lines = [key, *(f"    {name}    {kind}    {_shown(kind, data)}" for name, (kind, data) in values.items())]
        printed = (lines if values else []) + below
        return result("\n" + "\n".join(printed).replace("HKLM", "HKEY_LOCAL_MACHINE") + "\n\n")


def _shown(kind: str, data: str) -> str:
    return f"0x{int(data, 0):x}" if kind in ("REG_DWORD", "REG_QWORD") else data


def registry(value: tuple[str, str] | None = None, *, key: bool = True) -> Registry:
    """The key, with the value or without."""
    keys: dict[str, dict[str, tuple[str, str]]] = {"HKLM\\SOFTWARE": {}, MICROSOFT: {"Version": ("REG_SZ", "1")}}
    if key:
        keys[KEY] = {"Other": ("REG_DWORD", "7"), **({"SnapshotMethod": value} if value else {})}
    return Registry(keys)


def look(there: Registry, args: RegistryValueArgs | None = None) -> RegistryState:
    """What the step sees."""
    return Target(there).observe(STEP.observe(args or arguments()))


def change(*argv: str) -> Command:
    """A changing command of the step."""
    return Command(argv=argv, effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE)


SET = change(
    *("reg", "add", KEY, "/v", "SnapshotMethod", "/t", "REG_SZ", "/d", "firstHostThenGuest", "/f", "/reg:64"),
)
REMOVE = change("reg", "delete", KEY, "/v", "SnapshotMethod", "/f", "/reg:64")

# --- observe ---------------------------------------------------------------------------------------------------------


def test_a_value_that_is_there_takes_one_look() -> None:
    """In the 64-bit view, by its name; a 32-bit process would be shown another part of the registry."""
    target = Target(registry(("REG_SZ", "onlyGuest")))
    state = target.observe(STEP.observe(arguments()))

    assert state == RegistryState(key_exists=True, value=("REG_SZ", "onlyGuest"))
    assert [command.argv for command in target.asked] == [
        ("reg", "query", KEY, "/v", "SnapshotMethod", "/reg:64"),
    ]


def test_absence_is_proved() -> None:
    """Reg exits with 1 also where it may not read, so the key and those above are looked at."""
    assert look(registry()) == RegistryState(key_exists=True)
    assert look(registry(key=False)) == RegistryState(key_exists=False)
    nothing = registry(key=False)
    del nothing.keys[MICROSOFT]
    assert look(nothing) == RegistryState(key_exists=False)


def test_what_may_not_be_read_is_an_error() -> None:
    """Not taken for absent: an undo would remove what was there."""
    locked = registry(("REG_SZ", "x"))
    locked.locked = (KEY,)
    with pytest.raises(ParseError, match="BcdrAgentPersistentKeys cannot be read"):
        look(locked)
    locked.locked = (KEY, MICROSOFT, "HKLM\\SOFTWARE")
    with pytest.raises(ParseError, match="cannot be read"):
        look(locked)


def test_a_value_that_shows_only_in_the_whole_key_is_an_error() -> None:
    """Reg has contradicted itself."""
    whole = f"HKEY_LOCAL_MACHINE{KEY[4:]}\n    snapshotMETHOD    REG_SZ    x\n"
    with pytest.raises(ParseError, match="cannot be read by its name"):
        Target([result("", 1), result(whole)]).observe(STEP.observe(arguments()))
    with pytest.raises(ParseError, match="did not print the value"):
        Target([result(whole.replace("METHOD", "X"))]).observe(STEP.observe(arguments()))


# --- decide ----------------------------------------------------------------------------------------------------------


def test_as_wanted_is_no_change() -> None:
    """Type and data."""
    decision = STEP.decide(arguments(), look(registry(("REG_SZ", "firstHostThenGuest"))))

    assert (decision.outcome, decision.commands) == (Outcome.NO_CHANGE, ())


@pytest.mark.parametrize("old", [("REG_SZ", "firsthostthenguest"), ("REG_EXPAND_SZ", "firstHostThenGuest")])
def test_case_and_type_count(old: tuple[str, str]) -> None:
    """Whoever reads it may compare letter by letter; undo puts back exactly what was there."""
    decision = STEP.decide(arguments(), look(registry(old)))

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert decision.commands == STEP.bound(arguments(), None) == (SET,)
    assert decision.undo == (change("reg", "add", KEY, "/v", "SnapshotMethod", *_typed(*old), "/f", "/reg:64"),)
    assert decision.prior == {"key_existed": True, "value_existed": True, "type": old[0], "data": old[1]}
    assert f"-{old[0]} {old[1]}\n+REG_SZ firstHostThenGuest\n" in decision.diff


def _typed(kind: str, data: str) -> tuple[str, ...]:
    return ("/t", kind, "/d", data)


@pytest.mark.parametrize("key", [True, False])
def test_what_was_absent_is_taken_away_again(*, key: bool) -> None:
    """Only the value: the key may hold other things by then."""
    decision = STEP.decide(arguments(), look(registry(key=key)))

    assert (decision.commands, decision.undo) == ((SET,), (REMOVE,))
    assert decision.prior["key_existed"] is key
    assert ("its key does not exist" in decision.evidence) is not key


def test_a_value_can_be_removed() -> None:
    """The key never is."""
    args = arguments(state="absent", type=None, data=None)
    decision = STEP.decide(args, look(registry(("REG_DWORD", "0x10")), args))

    assert decision.commands == STEP.bound(args, None) == (REMOVE,)
    assert decision.undo == (
        change("reg", "add", KEY, "/v", "SnapshotMethod", *_typed("REG_DWORD", "16"), "/f", "/reg:64"),
    )
    assert STEP.decide(args, look(registry(), args)).outcome is Outcome.NO_CHANGE


def test_an_old_value_that_cannot_be_given_back_exactly_has_no_undo() -> None:
    """What is printed of a list does not tell a separator from the same text within an item."""
    decision = STEP.decide(arguments(), look(registry(("REG_MULTI_SZ", "a\\0b"))))

    assert decision.undo == ()
    assert decision.prior["data"] == ["a", "b"]


NUMBERS = [
    ("REG_DWORD", "1", "0x1", "1"),
    ("REG_DWORD", "0xFF", "0xff", "255"),
    ("REG_QWORD", "18446744073709551615", "0xffffffffffffffff", "18446744073709551615"),
    ("REG_BINARY", "00FFab", "00FFAB", "00ffab"),
    ("REG_SZ", "1", "1", "1"),
]


@pytest.mark.parametrize(("kind", "data", "printed", "given_as"), NUMBERS)
def test_data_is_compared_as_what_it_means(kind: str, data: str, printed: str, given_as: str) -> None:
    """Numbers by value, bytes by value."""
    args = arguments(type=kind, data=data)

    assert STEP.decide(args, look(registry((kind, printed)), args)).outcome is Outcome.NO_CHANGE
    assert STEP.bound(args, None)[0].argv[8] == given_as


TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)
HOSTILE = TEXTS.filter(lambda text: not is_template(text)) | st.sampled_from(
    [
        '"quoted"',
        "%PATH%",
        "a & b | c > d",
        "C:\\dir\\",
        "\\\\server\\x",
        "ä漢\u00a0",
        "",
        "  ",
        "/f",
        "^!",
        "a    REG_SZ    b",
    ]
)


@given(HOSTILE)
def test_any_text_is_set_as_it_is_and_put_back(data: str) -> None:
    """Applying, looking again, and undoing: exactly as before."""
    there = registry(("REG_SZ", "old %x% "))
    args = arguments(data=data)
    before = look(there, args)
    decision = STEP.decide(args, before)
    for command in decision.commands:
        assert STEP.judge(args, command, there(command)).judged is Judged.OK
    assert STEP.verify(args, before, look(there, args)).judged is Judged.OK
    for command in decision.undo:
        there(command)
    assert look(there, args) == before


def test_a_change_that_did_not_take_fails() -> None:
    """Exit 0 is no proof."""
    before = look(registry())

    assert STEP.verify(arguments(), before, before).judged is Judged.FAILED
    assert STEP.judge(arguments(), SET, result("", 1, "ERROR: Access is denied.\n")).text == (
        "exit 1: ERROR: Access is denied."
    )


@pytest.mark.parametrize(
    ("printed", "judged"),
    [("a ? ü", Judged.UNSEEN), ("a € ü", Judged.OK), ("? € ü", Judged.FAILED), ("a ?", Judged.FAILED)],
)
def test_letters_that_the_console_cannot_print_are_not_seen(printed: str, judged: Judged) -> None:
    """A question mark for a letter beyond ASCII: that is no proof, and no failure either."""
    args = arguments(data="a € ü")
    verdict = STEP.verify(args, look(registry()), look(registry(("REG_SZ", printed))))

    assert verdict.judged is judged
    assert ("cannot print" in verdict.text) is (judged is Judged.UNSEEN)
    number = arguments(type="REG_DWORD", data="1")
    assert STEP.verify(number, look(registry()), look(registry(("REG_SZ", "1")))).judged is Judged.FAILED


def test_names_and_keys_have_no_case() -> None:
    """Windows keeps case and does not count it; so one value is one resource."""
    assert STEP.touches(arguments()) == STEP.touches(arguments(key=KEY.upper(), name="SNAPSHOTMETHOD"))
    assert arguments(key=KEY.replace("HKLM", "HKEY_LOCAL_MACHINE")).full_key == KEY


# --- arguments -------------------------------------------------------------------------------------------------------

UNFIT: list[tuple[dict[str, object], str]] = [
    ({"key": "HKCU\\Software\\X"}, "does not begin with HKLM"),
    ({"key": "HKEY_CURRENT_USER\\Software"}, "does not begin with HKLM"),
    ({"key": "HKU\\S-1-5-18"}, "does not begin with HKLM"),
    ({"key": "\\\\server\\HKLM\\X"}, "does not begin with HKLM"),
    ({"key": "HKLM"}, "does not begin with HKLM"),
    ({"key": "HKLM:\\SOFTWARE\\X"}, "does not begin with HKLM"),
    ({"key": "HKLM\\"}, "is no key below HKLM"),
    ({"key": "HKLM\\X\\"}, "is no key below HKLM"),
    ({"key": "HKLM\\X\\\\Y"}, "is no key below HKLM"),
    ({"key": "HKLM\\X\nY"}, "is no key below HKLM"),
    ({"name": ""}, "name"),
    ({"name": "a\nb"}, "control character"),
    ({"type": None}, "has a type and data"),
    ({"data": None}, "has a type and data"),
    ({"state": "absent"}, "what is absent has no type"),
    ({"type": "REG_MULTI_SZ"}, "type"),
    ({"data": "a\r\nb"}, "line break"),
    ({"data": "a\x00b"}, "line break"),
    ({"data": "x" * 4001}, "longer than 4000"),
    ({"data": '"' * 3999}, "cmd.exe takes no more than 8000"),
    ({"data": "a\ufffeb"}, "U\\+FFFE"),
    ({"type": "REG_DWORD", "data": "one"}, "no number that a REG_DWORD can hold"),
    ({"type": "REG_DWORD", "data": "4294967296"}, "no number that a REG_DWORD"),
    ({"type": "REG_DWORD", "data": "-1"}, "no number that a REG_DWORD"),
    ({"type": "REG_BINARY", "data": "abc"}, "not made of whole bytes"),
]


@pytest.mark.parametrize(("more", "why"), UNFIT)
def test_arguments_that_do_not_fit(more: dict[str, object], why: str) -> None:
    """Said when the playbook is checked; nothing is sent."""
    with pytest.raises(ExpressionError, match=why):
        arguments(**more)


def test_templates_are_left_until_they_are_rendered() -> None:
    """Then they are judged."""
    raw = {"key": "HKLM\\{{ x }}", "name": "{{ x }}", "type": "REG_DWORD", "data": "{{ n }}"}

    assert RegistryValueArgs.misfit(raw) == STEP.refuses(raw) == ""
    assert render_args(STEP, raw, {"x": "A", "n": "0x2"}).wanted == ("REG_DWORD", 2)
    with pytest.raises(ExpressionError, match="no number"):
        render_args(STEP, raw, {"x": "A", "n": "two"})
