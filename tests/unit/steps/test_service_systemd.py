"""The step `service` on systemd."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.rendering import render_args
from runner.steps.service_args import ServiceArgs
from runner.steps.service_systemd import SETTLE, SystemdService
from runner.steps.unit_state import Dependent, UnitState
from tests.unit.steps.driving import Target, result

SERVICE = SystemdService()
RUNNING = UnitState(
    name="waagent",
    active_state="active",
    sub_state="running",
    unit_file_state="enabled",
    type="notify",
    invocation_id="a1",
    traces=(5, 4, 812),
)
STOPPED = replace(RUNNING, active_state="inactive", sub_state="dead")
FAILED = replace(
    STOPPED, active_state="failed", sub_state="failed", result="exit-code", exec_main_status=203, status_text="no disk"
)
RESTARTED = replace(RUNNING, invocation_id="b2", traces=(9, 8, 900))
MASKED = replace(STOPPED, load_state="masked", unit_file_state="masked")
BACK = Dependent(name="back.service", active=True)
IDLE = Dependent(name="idle.service", active=False)
GROUP = Dependent(name="some.target", active=True)
WITH_OTHERS = replace(RUNNING, dependents=(BACK, IDLE, GROUP))


def arguments(state: str = "started", **more: object) -> ServiceArgs:
    """Arguments of the step."""
    return render_args(SERVICE, {"name": "waagent", "state": state, **more}, {})


def shown(**properties: str) -> str:
    """The output of `systemctl show` for one unit."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def sent(commands: tuple[Command, ...]) -> list[str]:
    """What systemctl is asked for."""
    assert all(c.effect is Effect.CHANGE and c.at_deadline is AtDeadline.LEAVE for c in commands)
    assert all(c.argv[0] == "systemctl" for c in commands)
    return [" ".join(c.argv[1:]) for c in commands]


# --- observe ---------------------------------------------------------------------------------------------------------


def test_the_first_name_that_exists_counts() -> None:
    """All candidates are asked for at once; the name stays as it is written, so that the commands are known before."""
    target = Target(
        [
            result(
                shown(Id="walinuxagent.service", LoadState="not-found")
                + "\n"
                + shown(
                    Id="waagent.service",
                    LoadState="loaded",
                    ActiveState="active",
                    SubState="running",
                    MainPID="812",
                    NRestarts="2",
                    InvocationID="a1",
                    TriggeredBy="waagent.timer",
                )
            )
        ]
    )
    state = target.observe(SERVICE.observe(arguments(name=["walinuxagent", "waagent"])))

    assert len(target.asked) == 1
    assert target.asked[0].argv[:3] == ("systemctl", "show", "-p")
    assert target.asked[0].argv[-2:] == ("walinuxagent", "waagent")
    assert (state.name, state.problem, state.active, state.n_restarts) == ("waagent", "", True, 2)
    assert (state.invocation_id, state.traces, state.triggers) == ("a1", (0, 0, 812), ("waagent.timer",))


def test_a_masked_candidate_gives_way_to_one_that_can_start() -> None:
    """Only if there is no other, the masked one is reported."""
    masked, good = shown(Id="a.service", LoadState="masked"), shown(Id="b.service", LoadState="loaded")
    both = Target([result(f"{masked}\n{good}")])
    alone = Target([result(masked)])

    assert both.observe(SERVICE.observe(arguments(name=["a", "b"]))).name == "b"
    assert alone.observe(SERVICE.observe(arguments(name="a"))).load_state == "masked"


def test_what_depends_on_it_is_found_level_by_level() -> None:
    """Units that go down with the service, also indirectly, each asked for once, circles included."""
    units = {
        "waagent": shown(
            Id="waagent.service", LoadState="loaded", RequiredBy="b.service a.service", ConsistsOf="a.service"
        ),
        "a.service": shown(Id="a.service", ActiveState="active", BoundBy="c.service waagent.service"),
        "b.service": shown(Id="b.service", ActiveState="inactive", BoundBy="c.service a.service"),
        "c.service": shown(Id="c.service", ActiveState="reloading", RequiredBy="b.service"),
    }
    target = Target(lambda command: result("\n".join(units[name] for name in command.argv[4:])))
    state = target.observe(SERVICE.observe(arguments()))

    assert [command.argv[4:] for command in target.asked] == [("waagent",), ("b.service", "a.service"), ("c.service",)]
    assert [(unit.name, unit.active) for unit in state.dependents] == [
        ("b.service", False),
        ("a.service", True),
        ("c.service", True),
    ]
    assert state.running == ("a.service", "c.service")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (result(shown(Id="waagent.service", LoadState="not-found")), "there is no service `waagent` on this target"),
        (result("", 1, "Failed to connect to bus: Host is down"), "systemd does not answer on this target: Failed to"),
        (result("", 1, "System has not been booted with systemd as init system"), "systemd does not answer on this"),
        (result("", 127, "systemctl: not found"), "this target has no systemctl, so it is not run by systemd"),
    ],
)
def test_without_the_service_or_systemd_the_step_is_refused(answer: CommandResult, problem: str) -> None:
    """Said in plain words, with what to look at; never taken for a stopped service."""
    for wanted in ("started", "stopped", "restarted"):
        state = Target([answer]).observe(SERVICE.observe(arguments(wanted)))
        decision = SERVICE.decide(arguments(wanted), state)

        assert decision.outcome is Outcome.REFUSED
        assert decision.evidence.startswith(problem)
        assert decision.remedy
        assert decision.commands == ()
        assert SERVICE.verify(arguments(wanted), RUNNING, state).judged is Judged.FAILED


def test_output_that_does_not_fit_the_question_is_an_error() -> None:
    """Two names and one unit: nobody can tell which it is."""
    with pytest.raises(ParseError, match="1 units where 2 were asked for"):
        Target([result(shown(Id="a.service"))]).observe(SERVICE.observe(arguments(name=["a", "b"])))


# --- decide ----------------------------------------------------------------------------------------------------------

DECISIONS = [
    ("started", None, RUNNING, [], []),
    ("started", None, STOPPED, ["start waagent"], ["stop waagent"]),
    ("started", None, FAILED, ["start waagent"], ["stop waagent"]),
    ("started", None, replace(RUNNING, active_state="reloading"), [], []),
    ("started", None, replace(RUNNING, active_state="activating"), ["start waagent"], ["stop waagent"]),
    ("started", True, RUNNING, [], []),
    ("started", True, replace(RUNNING, unit_file_state="disabled"), ["enable waagent"], ["disable waagent"]),
    ("started", True, replace(RUNNING, unit_file_state="enabled-runtime"), ["enable waagent"], ["disable waagent"]),
    ("started", False, replace(RUNNING, unit_file_state="static"), [], []),
    ("started", False, STOPPED, ["disable waagent", "start waagent"], ["stop waagent", "enable waagent"]),
    ("stopped", None, STOPPED, [], []),
    ("stopped", None, FAILED, [], []),
    ("stopped", None, MASKED, [], []),
    ("stopped", None, RUNNING, ["stop waagent"], ["start waagent"]),
    ("stopped", None, replace(RUNNING, active_state="deactivating"), ["stop waagent"], []),
    ("stopped", None, WITH_OTHERS, ["stop waagent"], ["start waagent", "start back.service"]),
    ("restarted", None, RUNNING, ["restart waagent"], []),
    ("restarted", None, STOPPED, ["restart waagent"], []),
    ("restarted", None, WITH_OTHERS, ["restart waagent", "start back.service"], []),
    (
        "restarted",
        True,
        replace(RUNNING, unit_file_state="linked"),
        ["enable waagent", "restart waagent"],
        ["disable waagent"],
    ),
]


@pytest.mark.parametrize(("wanted", "enabled", "state", "commands", "undo"), DECISIONS)
def test_what_is_done_in_which_state(
    wanted: str, enabled: bool | None, state: UnitState, commands: list[str], undo: list[str]
) -> None:
    """Already so: nothing. A restart always is a change. Only what ran is started again."""
    decision = SERVICE.decide(arguments(wanted, enabled=enabled), state)

    assert decision.outcome is (Outcome.WOULD_CHANGE if commands else Outcome.NO_CHANGE)
    assert sent(decision.commands) == commands
    assert sent(decision.undo) == undo


REFUSALS = [
    ("started", None, MASKED, "`waagent` is masked"),
    ("restarted", None, MASKED, "`waagent` is masked"),
    ("stopped", True, MASKED, "`waagent` is masked"),
    ("started", None, replace(STOPPED, load_state="bad-setting"), "has a broken unit file (bad-setting)"),
    ("started", True, replace(RUNNING, unit_file_state="static"), "cannot be enabled or disabled: it is static"),
    ("started", False, replace(RUNNING, unit_file_state="generated"), "cannot be enabled or disabled: it is generated"),
    ("started", True, replace(RUNNING, unit_file_state=""), "it is without a unit file"),
    ("restarted", None, replace(RUNNING, refuse_stop=True), "may not be started or stopped by hand"),
    ("stopped", None, replace(RUNNING, refuse_stop=True), "may not be started or stopped by hand"),
    ("started", None, replace(STOPPED, refuse_start=True), "may not be started or stopped by hand"),
]


@pytest.mark.parametrize(("wanted", "enabled", "state", "evidence"), REFUSALS)
def test_what_systemd_would_refuse_is_refused_before(
    wanted: str, enabled: bool | None, state: UnitState, evidence: str
) -> None:
    """With a reason and what a person can do, and without any command."""
    decision = SERVICE.decide(arguments(wanted, enabled=enabled), state)

    assert decision.outcome is Outcome.REFUSED
    assert evidence in decision.evidence
    assert decision.remedy
    assert decision.commands == ()


@pytest.mark.parametrize(
    ("wanted", "state", "evidence"),
    [
        ("started", RUNNING, "`waagent` is active (running)"),
        ("started", FAILED, "`waagent` is failed (failed): exit-code, exit status 203, its last words: no disk"),
        ("restarted", WITH_OTHERS, "goes down with it and is started again: back.service, some.target"),
        ("stopped", WITH_OTHERS, "goes down with it and stays down: back.service, some.target"),
        ("stopped", replace(RUNNING, triggers=("x.socket",)), "can be started again by x.socket"),
        ("started", replace(RUNNING, n_restarts=3), "restarted by systemd 3 times since it was last started by hand"),
    ],
)
def test_the_evidence_says_what_a_person_wants_to_know(wanted: str, state: UnitState, evidence: str) -> None:
    """Why it failed, what goes down with it, what may start it again."""
    assert evidence in SERVICE.decide(arguments(wanted), state).evidence


def test_what_was_before_is_kept() -> None:
    """Enough to put it back, as plain data."""
    prior = SERVICE.decide(arguments("restarted"), WITH_OTHERS).prior

    assert prior == {
        "active_state": "active",
        "unit_file_state": "enabled",
        "running_dependents": ["back.service", "some.target"],
    }


# --- bound -----------------------------------------------------------------------------------------------------------


def test_offline_every_candidate_is_shown() -> None:
    """Which of them exists is known only on the target."""
    args = arguments("restarted", name=["walinuxagent", "waagent"], enabled=True)

    assert sent(SERVICE.bound(args, None)) == [
        "enable walinuxagent",
        "restart walinuxagent",
        "enable waagent",
        "restart waagent",
    ]
    assert SERVICE.bound(args, UnitState(problem="there is none")) == SERVICE.bound(args, None)
    assert SERVICE.touches(args) == {"service:walinuxagent", "service:waagent"}


ARGUMENTS = st.builds(
    arguments, st.sampled_from(["started", "stopped", "restarted"]), enabled=st.sampled_from([None, True, False])
)
PASSING = st.fixed_dictionaries(
    {
        "active_state": st.sampled_from(
            ["active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance"]
        ),
        "unit_file_state": st.sampled_from(
            ["enabled", "enabled-runtime", "disabled", "static", "masked", "generated", "linked", "indirect", ""]
        ),
        "load_state": st.sampled_from(["loaded", "masked", "bad-setting"]),
        "refuse_start": st.booleans(),
        "refuse_stop": st.booleans(),
    }
)
NAMES = st.lists(st.sampled_from(["a.service", "b.socket", "c.target", "d.service"]), unique=True)


@given(ARGUMENTS, PASSING, PASSING, NAMES, st.data())
def test_nothing_is_ever_asked_for_that_was_not_approved(
    args: ServiceArgs, then: dict[str, str], now: dict[str, str], names: list[str], data: st.DataObject
) -> None:
    """Whatever runs or not at planning and later: the commands stay within the bound, in its order."""

    def others() -> tuple[Dependent, ...]:
        return tuple(Dependent(name=name, active=data.draw(st.booleans())) for name in names)

    planned = SERVICE.bound(args, replace(RUNNING, **then, dependents=others()))  # type: ignore[arg-type]
    decision = SERVICE.decide(args, replace(RUNNING, **now, dependents=others()))  # type: ignore[arg-type]

    assert [command for command in planned if command in decision.commands] == list(decision.commands)
    assert len(set(planned)) == len(planned)


# --- verify ----------------------------------------------------------------------------------------------------------

VERDICTS = [
    ("started", STOPPED, RUNNING, ""),
    ("started", STOPPED, FAILED, "`waagent` is failed (failed): exit-code, exit status 203"),
    ("started", STOPPED, replace(RUNNING, active_state="activating", sub_state="auto-restart"), "not running"),
    ("stopped", RUNNING, STOPPED, ""),
    ("stopped", RUNNING, FAILED, ""),
    ("stopped", RUNNING, replace(RUNNING, active_state="deactivating"), "not stopped"),
    ("restarted", RUNNING, RESTARTED, ""),
    ("restarted", RUNNING, RUNNING, "`waagent` still runs since before the restart"),
    ("restarted", RUNNING, replace(RUNNING, traces=(9, 8, 900)), "still runs since before"),
    ("restarted", RUNNING, replace(RESTARTED, active_state="failed"), "not running"),
    # Before systemd 232 there is no invocation id.
    ("restarted", replace(RUNNING, invocation_id=""), replace(RESTARTED, invocation_id=""), ""),
    ("restarted", replace(RUNNING, invocation_id=""), replace(RUNNING, invocation_id=""), "still runs"),
    # A oneshot service has done its work when it has ended.
    ("restarted", STOPPED, replace(RESTARTED, type="oneshot", active_state="inactive"), ""),
    ("started", STOPPED, replace(RESTARTED, type="oneshot", active_state="inactive"), ""),
    ("started", STOPPED, replace(STOPPED, type="oneshot"), "not running"),
    ("started", STOPPED, replace(RESTARTED, type="oneshot", active_state="inactive", result="timeout"), "not running"),
    ("restarted", WITH_OTHERS, replace(RESTARTED, dependents=(BACK, GROUP)), ""),
    (
        "restarted",
        WITH_OTHERS,
        replace(RESTARTED, dependents=(replace(BACK, active=False), GROUP)),
        "ran before and does not run now: back.service",
    ),
]


@pytest.mark.parametrize(("wanted", "before", "after", "problem"), VERDICTS)
def test_the_state_afterwards_decides(wanted: str, before: UnitState, after: UnitState, problem: str) -> None:
    """Not the exit code: a restart must show in another invocation, and what ran before must run."""
    verdict = SERVICE.verify(arguments(wanted), before, after)

    assert verdict.judged is (Judged.FAILED if problem else Judged.OK)
    assert problem in verdict.text
    assert SERVICE.settle(arguments(wanted)) is SETTLE


def test_start_at_boot_is_verified_too() -> None:
    """Started but not enabled is not what was asked for."""
    disabled = replace(RUNNING, unit_file_state="disabled")

    assert SERVICE.verify(arguments(enabled=True), STOPPED, RUNNING).judged is Judged.OK
    verdict = SERVICE.verify(arguments(enabled=True), STOPPED, disabled)
    assert (verdict.judged, verdict.text) == (Judged.FAILED, "at boot `waagent` is disabled")


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-H", "a*", "a?", "a[b]", "a b", "", "a;b", "a/b", ["waagent", "--now"], []])
def test_names_that_are_none(name: object) -> None:
    """An option, or a pattern that systemctl would apply to many units, is no name."""
    with pytest.raises(ExpressionError, match="name"):
        arguments(name=name)


@pytest.mark.parametrize("name", ["waagent", "waagent.service", "getty@tty1.service", "a\\x2db.service", "x.socket"])
def test_names_of_units(name: str) -> None:
    """With or without suffix, instances and escapes."""
    assert arguments(name=name).name == (name,)


@pytest.mark.parametrize(
    ("state", "before", "owed"),
    [
        ("restarted", WITH_OTHERS, [("waagent",), ("back.service",)]),
        ("restarted", STOPPED, []),
        ("restarted", FAILED, []),
        ("stopped", WITH_OTHERS, []),
        ("started", STOPPED, []),
    ],
)
def test_a_restart_owes_what_ran(state: str, before: UnitState, owed: list[tuple[str, ...]]) -> None:
    """The service, and what goes down with it and can be started."""
    decision = SERVICE.decide(arguments(state), before)

    assert [(args.name, args.state) for args in decision.owes] == [(name, "started") for name in owed]  # type: ignore[attr-defined]
