"""The step `service` on Windows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.steps import STEP_TYPES
from runner.steps.base import Decision, Judged, Judgement
from runner.steps.rendering import render_args
from runner.steps.service_args import ServiceArgs
from runner.steps.service_windows import SETTLE, WindowsService
from runner.steps.service_windows_state import ServiceState
from tests.unit.steps.driving import Target, result
from tests.unit.steps.service_manager import Manager, Service

SERVICE = WindowsService()
NETWORK = "NT AUTHORITY\\NetworkService"


def arguments(state: str = "restarted", **more: object) -> ServiceArgs:
    """Arguments of the step."""
    return render_args(SERVICE, {"name": "X", "state": state, **more}, {})


def look(manager: Manager, args: ServiceArgs) -> ServiceState:
    """What the step sees."""
    return Target(manager).observe(SERVICE.observe(args))


def decide(manager: Manager, args: ServiceArgs) -> Decision:
    """What follows from it."""
    return SERVICE.decide(args, look(manager, args))


def sent(commands: tuple[Command, ...]) -> list[str]:
    """Command lines for people."""
    assert all(c.effect is Effect.CHANGE and c.at_deadline is AtDeadline.LEAVE and c.elevated for c in commands)
    return [" ".join(word or '""' for word in c.argv) for c in commands]


def carry_out(manager: Manager, args: ServiceArgs) -> tuple[bool, Judgement]:
    """As the engine does: in order up to a failure, then only what is to be restored; then look again."""
    before = look(manager, args)
    decision = SERVICE.decide(args, before)
    failed = False
    for command in decision.commands:
        if not failed or command in decision.restore:
            failed |= SERVICE.judge(args, command, manager(command)).judged is not Judged.OK
    return failed, SERVICE.verify(args, before, look(manager, args))


def with_friends() -> Manager:
    """X is needed by A and B, and A by C; B does not run."""
    return Manager(
        [
            Service("X"),
            Service("A", needs=("X",)),
            Service("B", needs=("X",), state=1, start="demand"),
            Service("C", needs=("A", "X")),
        ]
    )


# --- observe ---------------------------------------------------------------------------------------------------------


def test_authors_write_one_step_for_both_platforms() -> None:
    """The table gives what carries it out."""
    assert isinstance(STEP_TYPES["service"].on(Platform.WINDOWS), WindowsService)
    assert not isinstance(STEP_TYPES["service"].on(Platform.LINUX), WindowsService)


def test_what_depends_on_it_is_found_level_by_level() -> None:
    """Also where the service manager names only those of the first degree; what must be stopped first comes first."""
    manager = with_friends()
    state = look(manager, arguments())

    assert [(d.name, d.up) for d in state.dependents] == [("C", True), ("A", True), ("B", False)]
    assert ("sc", "enumdepend", "A", "65536") in manager.sent
    assert ("sc", "qc", "C", "8192") in manager.sent


def test_a_start_looks_at_no_dependents() -> None:
    """They are not touched."""
    manager = with_friends()

    assert look(manager, arguments("started")).dependents == ()
    assert manager.sent == [("sc", "queryex", "X"), ("sc", "qc", "X", "8192")]


def test_the_first_name_that_exists_counts() -> None:
    """A name is kept as it is written, so that the commands are known before."""
    manager = Manager([Service("MSExchangeRepl")])

    assert look(manager, arguments(name=["Other", "msexchangerepl"])).name == "msexchangerepl"


def test_without_the_service_the_step_is_refused() -> None:
    """1060 is no stopped service."""
    for wanted in ("started", "stopped", "restarted"):
        decision = decide(Manager([]), arguments(wanted, name=["X", "Y"]))

        assert decision.outcome is Outcome.REFUSED
        assert decision.evidence == "there is no service `X` or `Y` on this target"
        assert SERVICE.verify(arguments(wanted), ServiceState(name="X"), ServiceState(problem="gone")).text == "gone"


def test_a_service_on_which_too_much_depends() -> None:
    """No list of more than a hundred services is shown for approval."""
    manager = Manager([Service("X"), *(Service(f"D{n}", needs=("X",)) for n in range(101))])

    with pytest.raises(ParseError, match="more than 100 services depend on X"):
        look(manager, arguments())


# --- decide ----------------------------------------------------------------------------------------------------------

DECISIONS = [
    ("started", 4, "auto", [], []),
    ("started", 1, "demand", ["net start X"], ["net stop X"]),
    ("stopped", 1, "auto", [], []),
    ("stopped", 4, "auto", ["net stop X"], ["net start X"]),
    ("restarted", 4, "auto", ["net stop X", "net start X"], []),
    ("restarted", 4, "demand", ["net stop X", "net start X"], []),
    ("restarted", 7, "auto", ["net stop X", "net start X"], []),
    ("restarted", 1, "auto", ["net start X"], ["net stop X"]),
    ("restarted", 1, "delayed-auto", ["net start X"], ["net stop X"]),
    ("restarted", 1, "demand", [], []),
    ("restarted", 1, "disabled", [], []),
]


@pytest.mark.parametrize(("wanted", "state", "start", "commands", "undo"), DECISIONS)
def test_what_is_done_in_which_state(wanted: str, state: int, start: str, commands: list[str], undo: list[str]) -> None:
    """A service that starts on demand and is stopped stays so; one that starts with the machine is started."""
    decision = decide(Manager([Service("X", state=state, start=start)]), arguments(wanted))

    assert decision.outcome is (Outcome.WOULD_CHANGE if commands else Outcome.NO_CHANGE)
    assert (sent(decision.commands), sent(decision.undo)) == (commands, undo)


def test_stopped_on_demand_is_in_order() -> None:
    """VSS, swprv and COMSysApp end by themselves when idle."""
    decision = decide(Manager([Service("VSS", state=1, start="demand")]), arguments(name="VSS"))

    assert decision.outcome is Outcome.NO_CHANGE
    assert "starts on demand, so that is in order and it is left stopped" in decision.evidence


def test_dependents_are_stopped_and_started_by_their_own_commands() -> None:
    """Never by /y; only those that run; the starts are restored if something between fails."""
    decision = decide(with_friends(), arguments())

    assert sent(decision.commands) == [
        *("net stop C", "net stop A", "net stop X"),
        *("net start X", "net start A", "net start C"),
    ]
    assert decision.restore == frozenset(decision.commands[3:])
    assert "stopped before it and started again after it: C, A" in decision.evidence
    assert decision.prior["running_dependents"] == ["C", "A"]


def test_stopped_means_that_dependents_stay_down() -> None:
    """They cannot run without it; the undo starts all again."""
    decision = decide(with_friends(), arguments("stopped"))

    assert sent(decision.commands) == ["net stop C", "net stop A", "net stop X"]
    assert sent(decision.undo) == ["net start X", "net start A", "net start C"]
    assert decision.restore == frozenset()
    assert "stopped before it, and left stopped: C, A" in decision.evidence


REFUSALS: list[tuple[str, list[Service], str]] = [
    ("restarted", [Service("NTDS")], "`NTDS` is never changed automatically"),
    ("stopped", [Service("clussvc")], "`clussvc` is never changed automatically"),
    ("restarted", [Service("ADAM_one")], "`ADAM_one` is never changed automatically"),
    ("restarted", [Service("WinRM")], "vmfix's own connection needs it"),
    ("restarted", [Service("X"), Service("NTDS", needs=("X",))], "`NTDS` must not be stopped automatically"),
    ("stopped", [Service("X"), Service("MSExchangeIS", needs=("X",))], "and it depends on `X`"),
    ("restarted", [Service("X"), Service("WinRM", needs=("X",))], "vmfix's own connection needs it"),
    ("restarted", [Service("X"), Service("A", needs=("X",), start="disabled")], "`A` is disabled, so it could not be"),
    ("restarted", [Service("X"), Service("A", needs=("X",), stoppable=False)], "`A` does not accept to be stopped"),
    ("restarted", [Service("X"), Service("A", needs=("X",), state=3)], "`A` is between two states"),
    ("restarted", [Service("Schedule", stoppable=False)], "`Schedule` does not accept to be stopped"),
    ("restarted", [Service("X", start="disabled")], "`X` is disabled"),
    ("started", [Service("X", start="disabled", state=1)], "`X` is disabled"),
    ("started", [Service("X", state=7)], "`X` is paused"),
    ("started", [Service("X", state=3)], "`X` is stop-pending"),
    ("stopped", [Service("X", state=2)], "`X` is start-pending"),
    ("restarted", [Service("X", state=2)], "`X` is start-pending"),
    ("restarted", [Service("X", state=3, stoppable=False)], "`X` is stop-pending"),
]


@pytest.mark.parametrize(("wanted", "services", "why"), REFUSALS)
def test_what_must_not_be_touched_is_refused_by_name(wanted: str, services: list[Service], why: str) -> None:
    """Before anything is sent, with what a person can do."""
    decision = decide(Manager(services), arguments(wanted, name=services[0].name))

    assert decision.outcome is Outcome.REFUSED
    assert why in decision.evidence
    assert decision.remedy
    assert decision.commands == ()


def test_a_deny_listed_service_that_is_as_wanted_is_no_trouble() -> None:
    """Nothing would be changed; and a stopped deny-listed dependent is not touched."""
    assert decide(Manager([Service("NTDS")]), arguments("started", name="NTDS")).outcome is Outcome.NO_CHANGE
    decision = decide(Manager([Service("X"), Service("NTDS", needs=("X",), state=1)]), arguments())
    assert sent(decision.commands) == ["net stop X", "net start X"]


@pytest.mark.parametrize(("wanted", "state"), [("started", 2), ("stopped", 3)])
def test_what_is_on_its_way_is_waited_for(wanted: str, state: int) -> None:
    """It is neither done nor in need of a command: the verification waits until it has settled."""
    manager = Manager([Service("X", state=state)])
    seen = look(manager, arguments(wanted))
    decision = SERVICE.decide(arguments(wanted), seen)

    assert (decision.outcome, decision.commands) == (Outcome.WOULD_CHANGE, ())
    assert "waits until it has settled" in decision.evidence
    assert SERVICE.verify(arguments(wanted), seen, seen).judged is Judged.FAILED
    assert SERVICE.settle(arguments(wanted)) is SETTLE


def test_settings_come_first() -> None:
    """One sc command, each word an argument of its own; an account without a password has an empty one."""
    manager = Manager([Service("MSDTC", start="demand", account="CONTOSO\\svc")])
    args = arguments(name="MSDTC", start_type="delayed-auto", account=NETWORK)
    decision = decide(manager, args)

    assert decision.commands[0].argv == (
        *("sc", "config", "MSDTC", "start=", "delayed-auto"),
        *("obj=", NETWORK, "password=", ""),
    )
    assert sent(decision.commands[1:]) == ["net stop MSDTC", "net start MSDTC"]
    assert decision.undo == ()  # the old account's password is not known
    assert "cannot be set again without its password" in decision.evidence
    assert carry_out(manager, args)[1].judged is Judged.OK
    assert (manager.services[0].start, manager.services[0].account) == ("delayed-auto", NETWORK)


def test_settings_that_are_right_are_left_alone() -> None:
    """An account may be spelled in several ways."""
    manager = Manager([Service("X", account="NT AUTHORITY\\NETWORK SERVICE", start="demand")])
    args = arguments("started", account=NETWORK, start_type="demand")

    assert decide(manager, args).outcome is Outcome.NO_CHANGE


def test_settings_have_an_undo() -> None:
    """Only what was asked for is put back."""
    manager = Manager([Service("X", start="demand")])
    decision = decide(manager, arguments("started", account="NT AUTHORITY\\LocalService"))

    assert sent(decision.undo) == ['sc config X obj= LocalSystem password= ""']
    assert sent(decide(manager, arguments("stopped", start_type="disabled")).undo) == [
        *("sc config X start= demand", "net start X"),
    ]


def test_a_start_type_counts_before_the_restart() -> None:
    """Set to start with the machine, a stopped service is started; an enabled one can be."""
    manager = Manager([Service("X", state=1, start="disabled")])

    assert sent(decide(manager, arguments("restarted", start_type="auto")).commands) == [
        *("sc config X start= auto", "net start X"),
    ]
    assert sent(decide(manager, arguments("started", start_type="demand")).commands)[0] == "sc config X start= demand"


# --- bound -----------------------------------------------------------------------------------------------------------


def test_offline_every_candidate_is_shown() -> None:
    """Which one exists, and what depends on it, is known only on the target."""
    args = arguments(name=["A", "B"], start_type="auto")

    assert sent(SERVICE.bound(args, None)) == [
        *("sc config A start= auto", "net stop A", "net start A"),
        *("sc config B start= auto", "net stop B", "net start B"),
    ]
    assert SERVICE.touches(args) == {"service:a", "service:b"}


def test_the_bound_holds_dependents_that_do_not_run_yet() -> None:
    """They may run by then; those that must not be touched are left out, and so is what cannot be started again."""
    manager = with_friends()
    manager.services += [Service("NTDS", needs=("X",), state=1), Service("D", needs=("X",), state=1, start="disabled")]

    assert sent(SERVICE.bound(arguments(), look(manager, arguments()))) == [
        *("net stop C", "net stop A", "net stop B", "net stop X"),
        *("net start X", "net start B", "net start A", "net start C"),
    ]


NAMES = ("X", "A", "B", "C", "D")
STARTS = st.sampled_from(["auto", "delayed-auto", "demand"])


@st.composite
def managers(draw: st.DrawFn) -> Manager:
    """X and services that depend on it and on each other, without circles; nothing runs without what it needs."""
    services: list[Service] = []
    for name in NAMES:
        above = [service.name for service in services]
        needs = draw(st.lists(st.sampled_from(above), unique=True)) if above else []
        able = all(service.state == 4 for service in services if service.name in needs)
        state = 4 if able and draw(st.booleans()) else 1
        services.append(Service(name, state, draw(STARTS), needs=tuple(needs)))
    return Manager(services)


ARGUMENTS = st.builds(
    arguments,
    st.sampled_from(["started", "stopped", "restarted"]),
    start_type=st.sampled_from([None, "auto", "demand"]),
    account=st.sampled_from([None, NETWORK]),
)


@given(ARGUMENTS, managers(), st.data())
def test_nothing_is_ever_asked_for_that_was_not_approved(args: ServiceArgs, then: Manager, data: st.DataObject) -> None:
    """Whatever runs at planning and later: the commands stay within the bound, in its order, none of them twice."""
    planned = SERVICE.bound(args, look(then, args))
    for service in then.services:
        service.state = data.draw(st.sampled_from([1, 2, 3, 4, 7]))
    decision = decide(then, args)

    assert [command for command in planned if command in decision.commands] == list(decision.commands)
    assert len(set(planned)) == len(planned)


@given(managers())
def test_after_a_restart_all_that_ran_runs(manager: Manager) -> None:
    """And nothing else that did not; no stop is refused because of a dependent that was overlooked."""
    before = manager.running()
    x = manager.services[0]
    failed, verdict = carry_out(manager, arguments())

    assert not failed
    assert verdict.judged is Judged.OK
    assert manager.running() == before | ({"X"} if x.start != "demand" else set())


@given(managers(), st.integers(0, 20), st.sampled_from([0, 2186, 2189, 2191]))
def test_a_failure_between_leaves_nothing_down(manager: Manager, broken: int, number: int) -> None:
    """Whichever stop fails: what was stopped before is started again."""
    before = manager.running()
    stops = [command for command in decide(manager, arguments()).commands if command.argv[1] == "stop"]
    if stops:
        manager.broken = {stops[broken % len(stops)].argv: number}
        failed, _ = carry_out(manager, arguments())

        assert failed
        assert manager.running() >= before


# --- judge -----------------------------------------------------------------------------------------------------------

HELP = "Some text.\n\nMore help is available by typing NET HELPMSG {}.\n"
SYSTEM = "System error {} has occurred.\n\nSome text.\n"
JUDGEMENTS: list[tuple[str, str, Judged, str, str]] = [
    ("start", HELP.format(2182), Judged.OK, "`X` runs already", ""),
    ("stop", HELP.format(3521), Judged.OK, "`X` is stopped already", ""),
    ("start", HELP.format(2189), Judged.OK, "watched until it has settled", ""),
    ("start", HELP.format(2185), Judged.FAILED, "number 2185: there is no such service", ""),
    ("start", SYSTEM.format(1069), Judged.FAILED, "its log-on failed", "see `sc qc X`"),
    ("start", SYSTEM.format(1058), Judged.FAILED, "the service is disabled", "who disabled it"),
    ("start", SYSTEM.format(5), Judged.FAILED, "access is denied", "administrator"),
    ("start", SYSTEM.format(1067), Judged.FAILED, "ended unexpectedly", ""),
    ("stop", HELP.format(2191), Judged.NEEDS_PERSON, "does not accept to be stopped", "restart of the machine"),
    ("stop", HELP.format(1052), Judged.NEEDS_PERSON, "does not accept to be stopped", "restart of the machine"),
    ("stop", HELP.format(2189), Judged.FAILED, "cannot be controlled in its present state", "sc queryex X"),
    ("stop", SYSTEM.format(1051), Judged.FAILED, "depend on it are running", "Make a new plan"),
    ("stop", "The X service could not be stopped.\n", Judged.FAILED, "exit 2: The X service could", "stop-pending"),
    ("stop", HELP.format(9999), Judged.FAILED, "number 9999: More help is", ""),
    ("stop", HELP.format(2182), Judged.FAILED, "was not stopped", ""),
    ("start", HELP.format(3521), Judged.FAILED, "was not started", ""),
]


@pytest.mark.parametrize(("verb", "err", "judged", "text", "advice"), JUDGEMENTS)
def test_numbers_decide_what_an_exit_means(verb: str, err: str, judged: Judged, text: str, advice: str) -> None:
    """Net exits with 2 for everything."""
    judgement = SERVICE.judge(arguments(), Command(argv=("net", verb, "X"), effect=Effect.CHANGE), result("", 2, err))

    assert judgement.judged is judged
    assert text in judgement.text
    assert advice in judgement.advice


def test_success_needs_no_words() -> None:
    """Exit 0, as far as an exit tells: the observation decides."""
    command = Command(argv=("net", "stop", "X"), effect=Effect.CHANGE)

    assert SERVICE.judge(arguments(), command, result("X was stopped.\n")).judged is Judged.OK


@pytest.mark.parametrize(
    ("out", "code", "judged", "text"),
    [
        ("[SC] ChangeServiceConfig SUCCESS\n", 0, Judged.OK, "exit 0"),
        ("[SC] ChangeServiceConfig FAILED 1057:\n\nx\n", 1057, Judged.FAILED, "error 1057: its log-on account"),
        ("[SC] OpenService FAILED 5:\n\nx\n", 0, Judged.FAILED, "error 5: access is denied"),
        ("", 1072, Judged.FAILED, "error 1072: the service is marked for deletion"),
        ("usage\n", 1639, Judged.FAILED, "error 1639: usage"),
    ],
)
def test_sc_says_its_error_as_exit_code_and_number(out: str, code: int, judged: Judged, text: str) -> None:
    """Either of them is enough."""
    command = Command(argv=("sc", "config", "X", "start=", "auto"), effect=Effect.CHANGE)
    judgement = SERVICE.judge(arguments(), command, result(out, code))

    assert judgement.judged is judged
    assert text in judgement.text


# --- verify ----------------------------------------------------------------------------------------------------------


def state(**fields: Any) -> ServiceState:  # noqa: ANN401 - any field
    """The service X as it runs."""
    return replace(ServiceState(name="X", state=4, pid=100, start_type="auto"), **fields)


VERDICTS: list[tuple[str, ServiceState, ServiceState, Judged, str]] = [
    ("restarted", state(), state(pid=101), Judged.OK, "`X` is running"),
    ("restarted", state(), state(), Judged.FAILED, "still runs since before the restart (process 100)"),
    ("restarted", state(type=0x20), state(type=0x20), Judged.UNSEEN, "it shares its process with others"),
    ("restarted", state(type=0x20), state(type=0x20, pid=7), Judged.OK, "`X` is running"),
    ("restarted", state(), state(state=2, pid=101), Judged.FAILED, "`X` is start-pending"),
    ("restarted", state(), state(state=1, exit_code=1067), Judged.FAILED, "stopped (exit code 1067), not running"),
    ("restarted", state(state=1), state(state=1), Judged.FAILED, "not running"),
    ("started", state(state=1), state(), Judged.OK, "`X` is running"),
    ("started", state(state=1), state(state=1), Judged.FAILED, "not running"),
    ("stopped", state(), state(state=1, pid=0), Judged.OK, "`X` is stopped"),
    ("stopped", state(), state(state=3), Judged.FAILED, "`X` is stop-pending, not stopped"),
    ("restarted", state(name="VSS"), state(name="VSS", state=1, pid=0), Judged.OK, "`VSS` is stopped"),
    ("restarted", state(name="VSS"), state(name="VSS", state=1, exit_code=5), Judged.FAILED, "not running"),
    ("started", state(name="VSS", state=1), state(name="VSS", state=1), Judged.FAILED, "not running"),
]


@pytest.mark.parametrize(("wanted", "before", "after", "judged", "text"), VERDICTS)
def test_the_state_afterwards_decides(
    wanted: str, before: ServiceState, after: ServiceState, judged: Judged, text: str
) -> None:
    """Not the exit code: a restart shows in another process, unless it is shared. Pending is not done."""
    verdict = SERVICE.verify(arguments(wanted, name=before.name), before, after)

    assert verdict.judged is judged
    assert text in verdict.text


def test_what_ran_before_must_run_afterwards() -> None:
    """The verdict names what does not."""
    manager = with_friends()
    before = look(manager, arguments())
    for name in ("A", "C"):
        service = manager.find(name)
        assert service
        service.state = 1
    manager.services[0].pid = 101
    verdict = SERVICE.verify(arguments(), before, look(manager, arguments()))

    assert (verdict.judged, verdict.text) == (Judged.FAILED, "ran before and does not run now: C, A")


def test_settings_are_verified() -> None:
    """Started, but with another account, is not what was asked for."""
    args = arguments("started", account=NETWORK)

    assert "the account LocalSystem" in SERVICE.verify(args, state(), state()).text


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "why"),
    [
        *(
            ({"name": name}, "name")
            for name in ("", " ", "/y", "-x", "a/b", "\\\\server", 'a"b', "100%", "a*b", "a\nb")
        ),
        ({"name": "end "}, "cannot be the name of one Windows service"),
        ({"name": []}, "name"),
        ({"enabled": True}, "Windows has no `enabled`"),
        ({"start_type": "manual"}, "start_type"),
        ({"start_type": "disabled"}, "a disabled service cannot be started"),
        ({"account": "CONTOSO\\svc"}, "account"),
    ],
)
def test_arguments_that_do_not_fit(more: dict[str, Any], why: str) -> None:
    """Said when the playbook is checked. An account with a password is no argument: there is no place for one."""
    with pytest.raises(ExpressionError, match=why.replace("\\", ".")):
        arguments(**more)


@pytest.mark.parametrize("name", ["MSSQL$ONE", "Net Driver HPZ12", "clr_optimization_v4.0.30319_64", "aspnet_état"])
def test_names_of_services(name: str) -> None:
    """Blanks, dollar signs and letters of all languages."""
    assert arguments(name=name).name == (name,)


def test_what_windows_has_is_refused_for_systemd() -> None:
    """And templates are left until they are rendered."""
    systemd = STEP_TYPES["service"].on(Platform.LINUX)

    assert "systemd has no `start_type`" in systemd.refuses({"name": "x", "start_type": "auto"})
    assert "systemd has no `account`" in systemd.refuses({"name": "x", "account": NETWORK})
    assert "cannot be the name of one systemd unit" in systemd.refuses({"name": ["x", "a b"]})
    assert systemd.refuses({"name": "{{ item }}"}) == SERVICE.refuses({"name": ["{{ item }}", 5]}) == ""


def test_every_pair_of_wishes_and_states_has_an_answer() -> None:
    """No combination falls through: something is done, waited for, refused, or as wanted."""
    wishes, states, starts = ("started", "stopped", "restarted"), range(1, 8), ("auto", "demand", "disabled")
    for wanted, number, start in itertools.product(wishes, states, starts):
        decision = decide(Manager([Service("X", state=number, start=start)]), arguments(wanted))

        assert decision.evidence
        assert bool(decision.remedy) is (decision.outcome is Outcome.REFUSED)


@given(managers(), st.integers(0, 10))
def test_what_a_restart_leaves_down_is_what_it_owes(manager: Manager, broken: int) -> None:
    """Wherever it breaks off, even if nothing is put back: all that ran and does not, but for who ends when idle."""
    before = manager.running()
    decision = decide(manager, arguments("restarted"))
    owed = {name for args in decision.owes for name in args.name}  # type: ignore[attr-defined]
    for command in decision.commands[:broken]:
        manager(command)

    assert {name for name in before - manager.running() if name.lower() not in ("vss", "swprv", "comsysapp")} <= owed
    assert owed <= before


def test_who_ends_when_idle_is_not_owed() -> None:
    """Stopped is in order for VSS; what depends on it has to run again."""
    manager = Manager([Service("VSS"), Service("Dependent", needs=("VSS",))])
    decision = SERVICE.decide(args := arguments("restarted", name="VSS"), look(manager, args))

    assert [each.name for each in decision.owes] == [("Dependent",)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", ["started", "stopped"])
def test_only_a_restart_owes_anything_by_itself(state: str) -> None:
    """A service that its author stops stays down, unless another step of the remedy brings it back."""
    assert decide(with_friends(), arguments(state)).owes == ()
