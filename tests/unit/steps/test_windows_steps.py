"""The steps `reboot`, `file`, `command` and `powershell` on Windows."""

from __future__ import annotations

import base64
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.shells.windows import launch
from runner.steps import STEP_TYPES
from runner.steps._atomic_write import ABSENT, FileSeen, digest_of
from runner.steps.base import Args, Judged, Settle, StepType
from runner.steps.command import CommandArgs, PowerShellArgs
from runner.steps.file_args import FileArgs
from runner.steps.reboot import RebootArgs
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result
from tests.unit.steps.powershell import sound

PATH = "C:\\ProgramData\\vmfix\\x.conf"


def on_windows(name: str) -> StepType[Any, Any]:
    """What carries out steps of this name there."""
    return STEP_TYPES[name].on(Platform.WINDOWS)


def refusal(name: str, raw: dict[str, object]) -> str:
    """What is said about arguments that do not fit."""
    with pytest.raises(ExpressionError) as caught:
        render_args(on_windows(name), raw, {})
    return caught.value.message


# --- reboot ----------------------------------------------------------------------------------------------------------

REBOOT = on_windows("reboot")
BOOT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Kernel-General'/><EventID>12</EventID>"
    "<TimeCreated SystemTime='2026-01-02T03:04:05.1Z'/><EventRecordID>{}</EventRecordID><Channel>System</Channel>"
    "<Computer>sql-01</Computer></System></Event>\r\n"
)


def reboot(**raw: object) -> RebootArgs:
    """Arguments of the step."""
    return cast("RebootArgs", render_args(REBOOT, raw, {}))


def test_windows_is_known_to_have_restarted_by_its_newest_start_event() -> None:
    """The same command is approved and sent; only another event proves it."""
    target = Target([result(BOOT.format(41)), result(BOOT.format(57))])
    before, after = (target.observe(REBOOT.observe(reboot())) for _ in range(2))
    decision = REBOOT.decide(reboot(), before)

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert decision.prior == {"last_start": "2026-01-02T03:04:05.1Z (event record 41)"}
    assert decision.commands == REBOOT.bound(reboot(), None)
    assert decision.commands[0].argv == ("shutdown", "/r", "/t", "5", "/d", "p:4:1")
    assert decision.commands[0].at_deadline is AtDeadline.LEAVE
    assert target.asked[0].argv[:6] == ("wevtutil", "qe", "System", "/c:1", "/rd:true", "/f:xml")
    assert all(launch(command).line for command in (*target.asked, *decision.commands))
    assert REBOOT.verify(reboot(), before, before).judged is Judged.FAILED
    assert REBOOT.verify(reboot(), before, after).judged is Judged.OK
    assert "its last start was 2026" in REBOOT.verify(reboot(), before, after).text


def test_waiting_and_message_are_the_authors() -> None:
    """As on Linux; the message is an argument of its own."""
    args = reboot(within="20m", every="2s", message="backup repair & more")

    assert REBOOT.settle(args) == Settle(1200.0, 2.0)
    assert REBOOT.bound(args, None)[0].argv[-2:] == ("/c", "backup repair & more")


@pytest.mark.parametrize("message", ["/a", "x" * 513, "two\nlines"])
def test_a_message_that_shutdown_would_not_take(message: str) -> None:
    """An option, or too long."""
    assert "the message" in refusal("reboot", {"message": message})


def test_without_a_start_event_nothing_is_restarted() -> None:
    """Nobody could tell later whether it has restarted."""
    with pytest.raises(ParseError, match="tells of no start of Windows"):
        Target([result("")]).observe(REBOOT.observe(reboot()))
    with pytest.raises(ParseError, match="exit 5"):
        Target([result("", 5, "Access is denied.")]).observe(REBOOT.observe(reboot()))


@pytest.mark.parametrize(
    ("code", "judged", "text"),
    [
        (0, Judged.OK, "exit 0"),
        (5, Judged.FAILED, "access is denied"),
        (1190, Judged.FAILED, "has planned a shutdown"),
        (7, Judged.FAILED, "exit 7: no output"),
    ],
)
def test_what_shutdown_says(code: int, judged: Judged, text: str) -> None:
    """A number of Win32."""
    judgement = REBOOT.judge(reboot(), REBOOT.bound(reboot(), None)[0], result("", code))

    assert judgement.judged is judged
    assert text in judgement.text


# --- file ------------------------------------------------------------------------------------------------------------

FILE = on_windows("file")


def file(**raw: object) -> FileArgs:
    """Arguments of the step."""
    return cast("FileArgs", render_args(FILE, {"path": PATH, **raw}, {}))


def seen(content: bytes | None) -> FileSeen:
    """What the step sees of this content, by way of what its script prints."""
    printed = "absent\n" if content is None else f"file\n{base64.b64encode(content).decode()}\n"
    state: FileSeen = Target([result(printed)]).observe(FILE.observe(file(content="x")))
    return state


def test_what_is_as_wanted_is_left_alone() -> None:
    """Byte for byte; and what is absent."""
    assert FILE.decide(file(content="a\nü"), seen("a\nü".encode())).outcome is Outcome.NO_CHANGE
    assert FILE.decide(file(content=""), seen(b"")).outcome is Outcome.NO_CHANGE
    assert FILE.decide(file(absent=True), seen(None)).outcome is Outcome.NO_CHANGE


@pytest.mark.parametrize(
    ("raw", "old"),
    [({"content": "new\n"}, b"old\n"), ({"content": "new\n"}, None), ({"absent": True}, b"\xffold")],
)
def test_a_change_names_what_it_replaces(raw: dict[str, object], old: bytes | None) -> None:
    """By its digest, so that what somebody else has written meanwhile is kept; and the undo names what was written."""
    args, state = file(**raw), seen(old)
    decision = FILE.decide(args, state)
    (command,), (undo,) = decision.commands, decision.undo
    new = ABSENT if raw.get("absent") else digest_of("new\n")

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert command.effect is Effect.CHANGE
    assert command.argv[:4] == (PATH, state.digest, new, state.backup)
    assert undo.argv[:3] == (PATH, new, state.digest)
    assert FILE.bound(args, state) == decision.commands
    assert FILE.bound(args, None) == ()
    assert sound(command)
    assert sound(undo)
    assert decision.diff


def test_content_travels_as_data() -> None:
    """Whatever stands in it."""
    spiteful = "'@; Stop-Computer\n$(x)`\0"
    (command,) = FILE.decide(file(content=spiteful), seen(None)).commands

    assert base64.b64decode(command.argv[4]).decode() == spiteful
    assert "Stop-Computer" not in command.script


def test_a_look_changes_nothing_and_is_sound() -> None:
    """One script, with the path as data."""
    target = Target([result("absent\r\n")])
    target.observe(FILE.observe(file(content="x")))

    assert sound(target.asked[0])
    assert target.asked[0].argv[0] == PATH
    assert PATH not in target.asked[0].script


@pytest.mark.parametrize("kind", ["directory", "link", "large"])
def test_what_is_no_plain_file_is_refused(kind: str) -> None:
    """Nothing is replaced by another kind."""
    state = Target([result(f"{kind}\n")]).observe(FILE.observe(file(content="x")))
    decision = FILE.decide(file(content="x"), state)

    assert decision.outcome is Outcome.REFUSED
    assert FILE.bound(file(content="x"), state) == ()


@pytest.mark.parametrize(("out", "code"), [("", 0), ("what\n", 0), ("file\n", 1), ("file\n%%%%\n", 0), ("absent\n", 1)])
def test_a_look_that_failed_is_an_error(out: str, code: int) -> None:
    """Not an absent file."""
    with pytest.raises(ParseError):
        Target([result(out, code, "Access to the path is denied.")]).observe(FILE.observe(file(content="x")))


def test_exits_of_the_scripts() -> None:
    """In words."""
    (command,) = FILE.decide(file(content="x"), seen(None)).commands

    assert FILE.judge(file(content="x"), command, result()).judged is Judged.OK
    assert "changed by somebody else" in FILE.judge(file(content="x"), command, result("", 9)).text
    assert "did not arrive whole" in FILE.judge(file(content="x"), command, result("", 8)).text
    assert "denied" in FILE.judge(file(content="x"), command, result("", 1, "Access denied.")).text


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"path": "/etc/x", "content": "x"}, "no path of a file on Windows"),
        ({"path": "C:\\a:b", "content": "x"}, "no path of a file on Windows"),
        ({"path": "C:\\a. \\b.", "content": "x"}, "no path of a file on Windows"),
        ({"path": "x.txt", "content": "x"}, "path"),
        ({"content": "x", "mode": "0644"}, "`mode` cannot be wanted"),
        ({"directory": True}, "`directory` cannot be wanted"),
        ({"content": "x" * 300_000}, "larger than 262144 bytes"),
    ],
)
def test_arguments_that_do_not_fit(raw: dict[str, object], why: str) -> None:
    """What only Linux has, and what is no path."""
    assert why in refusal("file", {"path": PATH, **raw})


def test_paths_of_windows_are_refused_on_linux() -> None:
    """One authored step type has two kinds of paths; a template is judged once it is rendered."""
    linux = STEP_TYPES["file"].on(Platform.LINUX)

    assert "no path on Linux" in linux.refuses({"path": PATH})
    assert linux.refuses({"path": "{{ x }}"}) == FILE.refuses({"path": "{{ x }}"}) == ""
    assert FILE.touches(file(content="x")) == FILE.touches(file(content="x", path=PATH.upper()))


# --- command and powershell ------------------------------------------------------------------------------------------

COMMAND = on_windows("command")
POWERSHELL = STEP_TYPES["powershell"]


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["dir", "C:\\"], "is a command inside cmd.exe"),
        (["C:\\Program Files\\x.exe"], "cannot be a program's name"),
        (["reg", "add", "a\nb"], "U+000A"),
        (["x", "y" * 9000], "takes no more than 8000"),
    ],
)
def test_what_no_line_can_say_is_refused(argv: list[str], why: str) -> None:
    """When the playbook is checked; also in the undo and the check."""
    assert why in refusal("command", {"argv": argv})
    assert why in refusal("command", {"argv": ["x"], "undo": argv})
    assert why in refusal("command", {"argv": ["x"], "check": {"command": argv, "why_read_only": "so"}})


def test_templates_are_left_until_they_are_rendered() -> None:
    """Then they are judged."""
    raw = {"argv": ["net", "stop", "{{ x }}"]}

    assert COMMAND.refuses(raw) == ""
    assert render_args(COMMAND, raw, {"x": "VSS"}).argv == ("net", "stop", "VSS")
    with pytest.raises(ExpressionError, match=r"U\+000A"):
        render_args(COMMAND, raw, {"x": "a\nb"})


def test_a_script_gets_its_values_as_data() -> None:
    """For PowerShell, with its check and its undo in PowerShell too; and so on Windows for a command's check."""
    check = {"script": "Test-Path $args[0]", "args": ["{{ x }}"], "why_read_only": "It only looks."}
    raw = {
        "script": "Remove-Item $args[0] # {{ x }}",
        "args": ["{{ x }}"],
        "check": check,
        "undo": {"script": "New-Item $args[0]", "args": ["{{ x }}"]},
    }
    args = cast("PowerShellArgs", render_args(POWERSHELL, raw, {"x": "'; Stop-Computer"}))
    target = Target([result("", 1)])
    decision = POWERSHELL.decide(args, target.observe(POWERSHELL.observe(args)))

    for command in (*target.asked, *decision.commands, *decision.undo):
        assert command.argv == ("'; Stop-Computer",)
        assert sound(command)
    assert decision.commands[0].script == "Remove-Item $args[0] # {{ x }}"
    assert decision.outcome is Outcome.WOULD_CHANGE
    asked = Target([result()])
    asked.observe(
        COMMAND.observe(cast("CommandArgs", render_args(COMMAND, {"argv": ["x"], "check": check}, {"x": "y"})))
    )
    assert asked.asked[0].dialect is Dialect.POWERSHELL


def test_powershell_is_for_windows_and_shell_is_not() -> None:
    """Each has its place in the table."""
    assert POWERSHELL.platforms == {Platform.WINDOWS}
    assert STEP_TYPES["shell"].platforms == {Platform.LINUX}
    assert POWERSHELL.on(Platform.WINDOWS) is POWERSHELL


def test_a_long_script_has_no_input_of_its_own() -> None:
    """It travels on standard input itself."""
    assert "cannot have an input of its own" in refusal("powershell", {"script": "x" * 9000, "stdin": "y"})
    assert render_args(POWERSHELL, {"script": "x" * 9000}, {}).script


@given(st.sampled_from([Platform.LINUX, Platform.WINDOWS]), st.sampled_from(sorted(STEP_TYPES)), st.data())
def test_odd_arguments_never_break_the_question(platform: Platform, name: str, data: st.DataObject) -> None:
    """A document as written may hold anything; then the shape is complained about, and nothing is raised here."""
    step_type: StepType[Args, object] = STEP_TYPES[name].on(platform)
    values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)
    raw = data.draw(st.dictionaries(st.sampled_from(sorted(step_type.args.model_fields)), values))

    assert isinstance(step_type.refuses(raw), str)
