"""The steps `command` and `shell`, and their checks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.check import Checked
from runner.steps.command import CommandArgs, RunCommand, RunShell
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result

COMMAND = RunCommand()
SHELL = RunShell()
CHECK = {"command": ["test", "-e", "/x"]}


def command(**more: object) -> CommandArgs:
    """Arguments of a `command` step."""
    return render_args(COMMAND, {"argv": ["touch", "/x"], **more}, {})


def refusal(step_type: RunCommand, **raw: object) -> str:
    """What is said about arguments that do not fit."""
    with pytest.raises(ExpressionError) as caught:
        render_args(step_type, raw, {})
    return caught.value.message


def test_without_a_check_the_plan_cannot_know() -> None:
    """The command would run each time, and its effect is not verified."""
    args = command(undo=["rm", "/x"], stdin="abc", elevated=False)
    change = Command(
        argv=("touch", "/x"),
        stdin="abc",
        elevated=False,
        effect=Effect.CHANGE,
        at_most=600,
        at_deadline=AtDeadline.LEAVE,
    )
    state = Target([]).observe(COMMAND.observe(args))
    decision = COMMAND.decide(args, state)

    assert decision.outcome is Outcome.CANNOT_KNOW
    assert decision.evidence == "the step has no check"
    assert decision.commands == COMMAND.bound(args, None) == (change,)
    assert [undo.argv for undo in decision.undo] == [("rm", "/x")]
    assert COMMAND.verify(args, None, None).judged is Judged.UNSEEN
    assert COMMAND.verify(args, None, None).text == "not verified: the step has no check"


def test_a_script_gets_its_values_as_arguments() -> None:
    """Text is never spliced into the script, nor into the one that takes it back."""
    args = render_args(
        SHELL,
        {
            "script": 'echo "{{ x }}" "$1"',
            "args": ["{{ x }}"],
            "undo": {"script": 'rm "$1"', "args": ["{{ x }}"]},
        },
        {"x": "$(reboot)"},
    )
    decision = SHELL.decide(args, None)

    assert [(c.dialect, c.script, c.argv) for c in (*decision.commands, *decision.undo)] == [
        (Dialect.SH, 'echo "{{ x }}" "$1"', ("$(reboot)",)),
        (Dialect.SH, 'rm "$1"', ("$(reboot)",)),
    ]
    assert all(c.effect is Effect.CHANGE and c.at_deadline is AtDeadline.LEAVE for c in decision.commands)
    assert SHELL.platforms == {Platform.LINUX}


def test_a_check_that_passes_means_no_change() -> None:
    """The evidence is the check, its exit code and its last line; the check is a plain observation."""
    args = command(check={"command": ["grep", "-c", "x", "/x"], "at_most": "5s", "elevated": False})
    target = Target([result("1\n")])
    decision = COMMAND.decide(args, target.observe(COMMAND.observe(args)))

    assert decision.outcome is Outcome.NO_CHANGE
    assert decision.evidence == "the check passed: `grep -c x /x` gave exit 0: 1"
    assert decision.commands == ()
    assert target.asked == [Command(argv=("grep", "-c", "x", "/x"), at_most=5.0, elevated=False)]


def test_a_check_that_fails_means_change_and_proves_it_later() -> None:
    """The same check verifies the step."""
    args = command(check=CHECK)
    before = Target([result(code=1)]).observe(COMMAND.observe(args))
    after = Target([result()]).observe(COMMAND.observe(args))

    assert COMMAND.decide(args, before).outcome is Outcome.WOULD_CHANGE
    assert COMMAND.decide(args, before).commands == COMMAND.bound(args, before) == COMMAND.bound(args, after)
    assert COMMAND.verify(args, before, before).judged is Judged.FAILED
    assert COMMAND.verify(args, before, after).judged is Judged.OK


@pytest.mark.parametrize("code", [126, 127])
def test_a_check_whose_program_is_missing_tells_nothing(code: int) -> None:
    """Exit 126 and 127 are the shell's own: the plan cannot know, and verification does not pass."""
    args = command(check={**CHECK, "parse": "json", "that": "value.x"})
    state = Target([result(code=code, err="sh: test: not found")]).observe(COMMAND.observe(args))

    assert COMMAND.decide(args, state).outcome is Outcome.CANNOT_KNOW
    assert COMMAND.decide(args, state).commands
    assert f"exit {code}: sh: test: not found" in COMMAND.decide(args, state).evidence
    assert COMMAND.verify(args, state, state).judged is Judged.FAILED


@pytest.mark.parametrize(
    ("check", "out", "code", "passed"),
    [
        ({"that": "exit_code == 1"}, "", 1, True),
        ({"that": "'ready' in out"}, "ready\n", 3, True),
        ({"that": "err == ''"}, "", 0, True),
        ({"parse": "json", "that": "value.n > 2"}, '{"n": 3}', 0, True),
        ({"parse": "json", "that": "value.n > 2"}, '{"n": 1}', 0, False),
        ({"parse": "lines", "that": "value"}, "\n", 0, False),
        ({"that": "exit_code == 127"}, "", 127, True),
        ({"that": "exit_code != 0"}, "", 127, False),
    ],
)
def test_what_an_expectation_sees(check: dict[str, object], out: str, code: int, *, passed: bool) -> None:
    """exit_code, out, err, and value: the output as its parser reads it."""
    args = command(check={**CHECK, **check})

    state = Target([result(out, code)]).observe(COMMAND.observe(args))

    assert state
    assert state.passed is passed


def test_a_check_can_be_a_script_with_an_explanation() -> None:
    """It is sent as a script with its values, and called one in the evidence."""
    args = command(check={"script": 'test -e "$1"', "args": ["/x"], "why_read_only": "It only tests for a file."})
    target = Target([result()])
    state = target.observe(COMMAND.observe(args))

    assert state == Checked(passed=True, ran=True, evidence="the check passed: the script gave exit 0: no output")
    assert [(c.dialect, c.script, c.argv) for c in target.asked] == [(Dialect.SH, 'test -e "$1"', ("/x",))]


def test_output_that_cannot_be_judged_is_an_error() -> None:
    """Neither "would change" nor "no change" would be true."""
    broken = command(check={**CHECK, "parse": "json"})
    missing = command(check={**CHECK, "parse": "json", "that": "value.n == 1"})

    with pytest.raises(ParseError, match="expected one JSON document"):
        Target([result("no")]).observe(COMMAND.observe(broken))
    with pytest.raises(ParseError, match=r"the check's result cannot be judged: .*has no attribute 'n'"):
        Target([result("{}")]).observe(COMMAND.observe(missing))


@pytest.mark.parametrize(
    ("code", "judged", "text"),
    [(0, Judged.OK, "exit 0"), (3, Judged.OK, "exit 3"), (1, Judged.FAILED, "exit 1: it is broken")],
)
def test_ok_exit_decides_about_failure(code: int, judged: Judged, text: str) -> None:
    """Later steps can read the exit code and the output as facts."""
    args = command(ok_exit=[0, "3"])
    judgement = COMMAND.judge(args, COMMAND.bound(args, None)[0], result("said\n", code, "it is broken\n"))

    assert (judgement.judged, judgement.text) == (judged, text)
    assert judgement.facts == {"exit_code": code, "out": "said"}


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["cd", "/x"], "`cd` is a word of the shell, not a program"),
        (["export", "A=1"], "`export` is a word of the shell"),
        (["source", "x"], "Use a `shell` step"),
        (["ulimit", "-n", "1"], "Use a `shell` step"),
        (["."], "Use a `shell` step"),
        (["C:\\x\\run.BAT"], "is a batch file"),
        (["systemctl restart x"], "Write each word as an item of its own"),
        (["A=1", "df"], "Put the program `env` before it"),
        (["df", "|", "grep", "x"], "`|` means something only to a shell"),
        (["df", "2>&1"], "`2>&1` means something only to a shell"),
        ([""], "there is no program"),
        ([], "at least 1 item"),
        (["a", "b\0c"], "holds a NUL byte"),
    ],
)
def test_an_argv_is_no_command_line(argv: list[str], sentence: str) -> None:
    """Slips are explained, with what to do instead."""
    assert sentence in refusal(COMMAND, argv=argv)
    assert sentence in refusal(COMMAND, argv=["true"], undo=argv)


@pytest.mark.parametrize(
    "argv",
    [["C:\\Program Files\\x.exe"], ["/opt/a b/run"], ["/x=y/run"], ["find", "/", "-exec", "ls", ";"], ["echo", "a b"]],
)
def test_unusual_programs_are_fine(argv: list[str]) -> None:
    """Blanks in a path, signs of equality behind a slash, a semicolon for find."""
    assert render_args(COMMAND, {"argv": argv}, {}).argv == tuple(argv)


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ({}, "a check has either `command` or `script`"),
        ({"command": ["true"], "script": "true"}, "a check has either `command` or `script`"),
        ({"command": ["true"], "args": ["x"]}, "only a script has `args`"),
        ({"command": ["rm", "/x"]}, "the check may change something: `rm`: it is not known to only read"),
        ({"command": ["find", "/", "-delete"]}, "Say in `why_read_only` why it does not"),
        ({"script": "true"}, "a script is never provably read-only"),
        ({"command": ["cd", "/"], "why_read_only": "so"}, "is a word of the shell"),
        ({"command": ["true"], "parse": "xml"}, "there is no parser `xml`"),
        ({"command": ["true"], "that": ""}, "at least 1 character"),
        ({"command": None}, "a check has either `command` or `script`"),
    ],
)
def test_a_check_must_be_harmless_and_complete(check: dict[str, object], sentence: str) -> None:
    """What is not known to only read needs its author's explanation."""
    assert sentence in refusal(COMMAND, argv=["touch", "/x"], check=check)


def test_a_rendered_option_cannot_make_a_check_dangerous() -> None:
    """A template can become any option, so the rendered argv is judged again."""
    raw = {"argv": ["touch", "/x"], "check": {"command": ["find", "{{ where }}"]}}

    assert render_args(COMMAND, raw, {"where": "/x"}).check is not None
    with pytest.raises(ExpressionError, match="`-delete` runs programs"):
        render_args(COMMAND, raw, {"where": "-delete"})


@given(st.integers(0, 255), st.integers(0, 255), st.booleans())
def test_nothing_is_ever_asked_for_that_was_not_approved(then: int, now: int, checked: bool) -> None:
    """Whatever the check says at planning and later."""
    args = command(check=CHECK) if checked else command()
    before = Target([result(code=then)]).observe(COMMAND.observe(args))
    after = Target([result(code=now)]).observe(COMMAND.observe(args))

    assert set(COMMAND.decide(args, after).commands) <= set(COMMAND.bound(args, before))
    assert COMMAND.bound(args, before) == COMMAND.bound(args, None)
