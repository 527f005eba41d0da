"""The step `installer`. What `where` and `certutil` print is documented or was recorded by others; none is ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Span
from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.model.playbook import Doubt, Step
from runner.plan.actions import timed
from runner.steps.base import Judged, Settle
from runner.steps.installer import Installer, InstallerSeen
from runner.steps.installer_args import InstallerArgs
from runner.steps.installer_exits import judgement, plain_code
from runner.steps.installer_file import InstallerFile, chosen
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result

INSTALLER = Installer()
FOLDER = "C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot"
PATTERN = f"{FOLDER}\\*\\vcredist2013_x64.exe"
NEWEST = f"{FOLDER}\\1.0.36.0\\vcredist2013_x64.exe"
SHA256 = "e554425243e3e8ca1cd5fe550db41e6fa58a007c74fad400274b128452f38fb8"
MODERN = f"SHA256 hash of {NEWEST}:\r\n{SHA256}\r\nCertUtil: -hashfile command completed successfully.\r\n"
SPACED = (
    f"SHA256-Hash der Datei {NEWEST}:\r\n{' '.join(SHA256[n : n + 2] for n in range(0, 64, 2))}\r\nCertUtil: Ende\r\n"
)
NOTHING = result("", 1, "INFO: Could not find files for the given pattern(s).\r\n")
RAW: dict[str, Any] = {
    "path": PATTERN,
    "args": ["/install", "/quiet", "/norestart"],
    "checks": [{"command": ["reg", "query", "HKLM\\A"]}, {"command": ["reg", "query", "HKLM\\B"]}],
}


def arguments(**more: object) -> InstallerArgs:
    """Arguments of the step."""
    return render_args(INSTALLER, {**RAW, **more}, {})


def machine(
    *,
    there: str = "",
    found: CommandResult | None = None,
    digest: CommandResult | None = None,
) -> Target:
    """A target on which the key ``there`` exists, and one that ``where`` and ``certutil`` answer so."""

    def answer(command: Command) -> CommandResult:
        program = command.argv[0]
        if program == "reg":
            return result(code=0 if command.argv[2] == there else 1)
        if program == "where":
            return found or result(f"{FOLDER}\\1.0.9.0\\vcredist2013_x64.exe\r\n{NEWEST}\r\n")
        assert program == "certutil"
        return digest or result(MODERN)

    return Target(answer)


def seen(target: Target, **more: object) -> tuple[InstallerArgs, InstallerSeen]:
    """What is seen there."""
    args = arguments(**more)
    return args, target.observe(INSTALLER.observe(args))


# --- observe ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["HKLM\\A", "HKLM\\B"])
def test_what_is_there_is_left_alone(key: str) -> None:
    """One check is enough, and no file is looked for."""
    target = machine(there=key)
    args, state = seen(target)
    decision = INSTALLER.decide(args, state)

    assert decision.outcome is Outcome.NO_CHANGE
    assert key in decision.evidence
    assert {command.argv[0] for command in target.asked} == {"reg"}
    assert INSTALLER.bound(args, state) == ()


@pytest.mark.parametrize("digest", [MODERN, SPACED])
def test_the_newest_file_is_found_with_its_digest(digest: str) -> None:
    """Whatever language certutil speaks, and however old it is."""
    target = machine(digest=result(digest))
    args, state = seen(target)
    decision = INSTALLER.decide(args, state)

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert f"{NEWEST}, the newest of 1.0.36.0, 1.0.9.0, would be run" in decision.evidence
    assert decision.undo == ()
    assert decision.commands == INSTALLER.bound(args, state)
    assert decision.commands == (
        Command(
            argv=(NEWEST, "/install", "/quiet", "/norestart"),
            effect=Effect.CHANGE,
            at_most=1800.0,
            at_deadline=AtDeadline.LEAVE,
            file_sha256=SHA256,
            goes_on=True,
        ),
    )
    assert ("where", "/r", FOLDER, "vcredist2013_x64.exe") in [command.argv for command in target.asked]


def test_a_path_without_a_choice_is_looked_for_in_its_folder() -> None:
    """A file of that name elsewhere below it is another one."""
    path = "C:\\setup.msi"
    target = machine(found=result("C:\\old\\setup.msi\r\nC:\\Setup.MSI\r\n"))
    args, state = seen(target, path=path)

    assert state.file.path == "C:\\Setup.MSI"
    assert INSTALLER.bound(args, state)[0].argv[:3] == ("msiexec", "/i", "C:\\Setup.MSI")
    assert ("where", "/r", "C:\\", "setup.msi") in [command.argv for command in target.asked]


@pytest.mark.parametrize(
    ("digest", "code"),
    [("", 0), (MODERN, 1), (MODERN + MODERN, 0), (MODERN.replace(SHA256, SHA256[:-2]), 0), ("CertUtil: failed\r\n", 0)],
)
def test_a_digest_that_cannot_be_read_is_an_error(digest: str, code: int) -> None:
    """Nothing is run of which nobody knows what it is."""
    with pytest.raises(ParseError, match="did not tell the SHA-256"):
        seen(machine(digest=result(digest, code)))


def test_words_among_the_paths_are_an_error() -> None:
    """With exit code 0 there are paths only."""
    with pytest.raises(ParseError, match="where did not print paths only"):
        seen(machine(found=result("something else\r\n")))


def test_any_number_of_versions_and_any_length_of_a_line_are_said_in_a_few_words() -> None:
    """The plan keeps them, and a person reads it."""
    found = "".join(f"{FOLDER}\\1.0.{number}.{'1.' * 100}0\\vcredist2013_x64.exe\r\n" for number in range(2000))
    args, state = seen(machine(found=result(found)))
    assert len(INSTALLER.decide(args, state).evidence) < 5000
    assert "and 1990 more, would be run" in INSTALLER.decide(args, state).evidence

    with pytest.raises(ParseError) as raised:
        seen(machine(found=result("x" * 100_000)))
    assert len(raised.value.message) < 500


# --- which file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "path", "problem"),
    [
        (["1.0.9.0", "1.0.36.0"], "1.0.36.0", ""),
        (["1.0.36.0", "1.0.9.0", "new", "2.0 beta"], "1.0.36.0", ""),
        (["1.0", "1.0.0.1"], "1.0.0.1", ""),
        (["9" * 9, "10"], "9" * 9, ""),
        (["1.0", "1.0.0"], "", "one version"),
        (["current"], "", "no folder is named by a version: current"),
        (["\u0661.0"], "", "no folder is named by a version"),
        ([f"v{n}" for n in range(12)], "", "by a version: v0, v1, v2, v3, v4, v5, v6, v7, v8, v9 and 2 more"),
        (["1.0\\more"], "", "there is no file"),
        ([], "", "there is no file"),
    ],
)
def test_versions_are_compared_by_their_numbers(folders: list[str], path: str, problem: str) -> None:
    """And two that are the same leave no choice."""
    found = chosen("C:\\x\\*\\a.exe", [f"c:\\X\\{folder}\\A.exe" for folder in folders])

    assert found.path == (f"c:\\X\\{path}\\A.exe" if path else "")
    assert problem in found.problem[0]
    assert bool(found.path) != bool(found.problem[1])


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99)), min_size=1, unique=True))
def test_the_order_of_what_is_found_does_not_count(versions: list[tuple[int, int, int]]) -> None:
    """The greatest is taken."""
    paths = ["C:\\x\\{}.{}.{}\\a.exe".format(*version) for version in versions]
    assert chosen("C:\\x\\*\\a.exe", paths).path == "C:\\x\\{}.{}.{}\\a.exe".format(*max(versions))


# --- decide ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1, 2])
def test_without_a_file_nothing_is_run(code: int) -> None:
    """What `where` said stands in the plan; its words are not read."""
    args, state = seen(machine(found=result("", code, "INFO: Could not find files.\r\n")))
    decision = INSTALLER.decide(args, state)

    assert decision.outcome is Outcome.REFUSED
    assert f"there is no file {PATTERN} (where, exit {code}: INFO: Could not find files.)" in decision.evidence
    assert decision.remedy
    assert INSTALLER.bound(args, state) == ()


def test_a_check_that_tells_nothing_is_no_reason_to_install() -> None:
    """Its program is missing."""
    checks = [{"command": ["reg", "query", "HKLM\\A"]}]
    target = Target(lambda command: result(code=9009) if command.argv[0] == "reg" else NOTHING)
    args, state = seen(target, checks=checks)

    assert INSTALLER.decide(args, state).outcome is Outcome.REFUSED
    assert "cannot be seen whether it is installed" in INSTALLER.decide(args, state).evidence


def test_a_digest_that_the_author_named_must_be_that_of_the_file() -> None:
    """In letters of either case."""
    args, state = seen(machine(), sha256=SHA256.upper())
    assert INSTALLER.decide(args, state).outcome is Outcome.WOULD_CHANGE

    args, state = seen(machine(), sha256="0" * 64)
    decision = INSTALLER.decide(args, state)
    assert decision.outcome is Outcome.REFUSED
    assert SHA256 in decision.evidence
    assert decision.commands == ()


def test_offline_only_a_path_without_a_choice_is_known() -> None:
    """And of no file its digest, but the one that it must have."""
    assert INSTALLER.bound(arguments(), None) == ()
    (command,) = INSTALLER.bound(arguments(path="C:\\x\\a.exe", sha256=SHA256), None)
    assert (command.argv[0], command.file_sha256) == ("C:\\x\\a.exe", SHA256)


def test_it_is_not_killed_whatever_its_author_says() -> None:
    """`vmfix check` finds that; a run does not ask it."""
    step = Step(
        id="x",
        title="",
        type="installer",
        args={},
        when=None,
        for_each=None,
        always=False,
        at_most=60.0,
        at_deadline=AtDeadline.KILL,
        doubt=Doubt.PROBE,
        span=Span("x.yml"),
    )
    (command,) = timed(step, INSTALLER.bound(*seen(machine())))

    assert (command.at_most, command.at_deadline) == (60.0, AtDeadline.LEAVE)


# --- what it said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        (0, 0),
        (1603, 1603),
        (2147944018, 1618),
        (-2147023278, 1618),
        (-2147023258, 1638),
        (0x8007_0BC2, 3010),
        (0x8009_2004, 0x8009_2004),
        (0x8007_0000, 0x8007_0000),
        (-0x7FF9_0000, -0x7FF9_0000),
        (-1, -1),
    ],
)
def test_an_hresult_carries_the_installers_code(code: int, plain: int) -> None:
    """Signed or not; others stay as they are."""
    assert plain_code(code) == plain


@pytest.mark.parametrize(
    ("code", "judged", "text"),
    [
        (0, Judged.STARTED, "exit 0"),
        (3010, Judged.STARTED, "a restart of the machine is due"),
        (1641, Judged.RESTARTING, "has begun to restart the machine"),
        (1618, Judged.BUSY, "another installation runs, so nothing was installed"),
        (-2147023278, Judged.BUSY, "exit -2147023278, which is 1618"),
        (1638, Judged.OK, "there already"),
        (1603, Judged.FAILED, "exit 1603: the installation failed; its log is C:\\l.log"),
        (1601, Judged.FAILED, "could not be reached"),
        (1639, Judged.FAILED, "does not understand its arguments"),
        (5, Judged.FAILED, "exit 5: Denied; its log is C:\\l.log"),
    ],
)
def test_exit_codes(code: int, judged: Judged, text: str) -> None:
    """None of them is proof."""
    found = judgement(result(code=code, err="Denied\r\n"), "C:\\l.log")

    assert found.judged is judged
    assert text in found.text
    assert found.facts == ({"reboot_wanted": True} if code == 3010 else {})
    assert bool(found.advice) == (code not in (0, 1638))


def test_only_the_checks_prove_it() -> None:
    """The installer may have removed itself; and a file is no product."""
    args = arguments()
    before = machine().observe(INSTALLER.observe(args))
    after = machine(there="HKLM\\B", found=NOTHING).observe(INSTALLER.observe(args))

    assert INSTALLER.verify(args, before, after).judged is Judged.OK
    assert INSTALLER.verify(args, before, before).judged is Judged.FAILED


def test_how_long_it_waits() -> None:
    """For its own effect, and for others; a long wait has few tries."""
    args = arguments(within="2m", every="5s", wait_for_others="15m")
    assert INSTALLER.settle(args) == Settle(120.0, 5.0)
    assert INSTALLER.patience(args) == Settle(900.0, 30.0)
    assert INSTALLER.patience(arguments(wait_for_others="10s")) == Settle(10.0, 5.0)


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"path": "\\\\server\\share\\setup.exe"}, "own disk"),
        ({"path": "https://example.com/setup.exe"}, "own disk"),
        ({"path": "setup.exe"}, "own disk"),
        ({"path": "C:\\x\\..\\setup.exe"}, "own disk"),
        ({"path": "C:\\x\\setup.cmd"}, "neither an .exe nor an .msi"),
        ({"path": "C:\\*\\*\\setup.exe"}, "one whole folder"),
        ({"path": "C:\\x\\v*\\setup.exe"}, "one whole folder"),
        ({"path": "C:\\x\\*.exe"}, "one whole folder"),
        ({"path": "C:\\Program Files\\x\\setup.exe"}, "8.3"),
        ({"sha256": "abc"}, "no SHA-256"),
        ({"args": ["/install", "/quiet"]}, "nothing keeps the installer from restarting"),
        ({"args": ["/quiet", "/norestart", "/ForceRestart"]}, "`/ForceRestart` makes the installer restart"),
        ({"args": ["/norestart", "REBOOT=Force"]}, "`REBOOT=Force` makes the installer restart"),
        ({"args": []}, "at least 1 item"),
        ({"checks": []}, "at least 1 item"),
        ({"path": "C:\\x.msi", "args": ["/norestart", "/x"]}, "`/x` is an action of msiexec"),
        ({"path": "C:\\x.msi", "args": ["/norestart", "-Uninstall"]}, "`-Uninstall` is an action of msiexec"),
        ({"log": "C:\\l.log"}, "no argument does"),
        ({"log": "l.log", "args": ["/norestart", "l.log"]}, "no path of a file"),
        ({"args": ["/norestart", "a\nb"]}, "U+000A"),
    ],
)
def test_arguments_that_do_not_fit(more: dict[str, object], says: str) -> None:
    """Each is said with what to do."""
    with pytest.raises(ExpressionError) as raised:
        arguments(**more)
    assert says in raised.value.message


@pytest.mark.parametrize(
    "more",
    [
        {
            "path": "C:\\My setup\\x.msi",
            "args": ["/qn", "REBOOT=ReallySuppress", "/l*v", "C:\\l.log"],
            "log": "C:\\l.log",
        },
        {"args": ["/S", "-NoRestart", "/log=C:\\l.log"], "log": "C:\\l.log"},
    ],
)
def test_arguments_that_fit(more: dict[str, object]) -> None:
    """A path with a blank is no matter where it is no program."""
    assert arguments(**more).args


def test_templates_are_left_until_they_are_rendered() -> None:
    """Nothing is said of what is not known yet."""
    raw = {**RAW, "path": "{{ x }}", "args": ["{{ y }}"], "sha256": "{{ z }}"}
    assert InstallerArgs.misfit(raw) == ""
    assert INSTALLER.refuses(raw) == ""


def test_what_is_seen_has_no_file_until_it_is_looked_for() -> None:
    """An empty path is never run."""
    assert InstallerSeen(checked=()).file == InstallerFile()
    assert INSTALLER.bound(arguments(), InstallerSeen(checked=())) == ()
