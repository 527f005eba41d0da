"""The ``service`` step on Windows, by ``net`` and ``sc``: what depends on the service is part of the commands.

``net stop NAME /y`` would stop dependents that nobody saw, and ``net start`` does not start them again. So each running
dependent is stopped by its own command, those that nothing depends on first, and started again in the reverse order.
Documented are the numbers of ``net`` (win32 NetMgmt/network-management-error-codes.md) and of ``sc`` (system error
codes); from memory, that ``net`` exits with 2 for any failure and ``sc`` with the number itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Decision, Judged, Judgement, Observing, Settle, StepType
from runner.steps.service_args import ServiceArgs, names_in
from runner.steps.service_windows_judge import judge
from runner.steps.service_windows_refusal import evidence, refusal, why_untouchable
from runner.steps.service_windows_state import (
    AUTOMATIC,
    CONTINUE_PENDING,
    RUNNING,
    START_PENDING,
    STOP_PENDING,
    STOPPED,
    ServiceState,
    observe_service,
)

AT_MOST = 300.0
"""Seconds: ``net`` waits as long as the service reports progress."""

SETTLE = Settle(within=60.0, every=2.0)

_NAME = re.compile(r"[\w{][\w .$#&@(){}+~-]{0,255}(?<! )")
_STOP_WHEN_IDLE = frozenset(("vss", "swprv", "comsysapp"))  # they start on demand; not running is in order
_UNDOABLE = {
    "LocalSystem": "LocalSystem",
    "NetworkService": "NT AUTHORITY\\NetworkService",
    "LocalService": "NT AUTHORITY\\LocalService",
}


@functools.cache
def _net(verb: str, name: str) -> Command:
    return _change("net", verb, name)


def _change(*argv: str) -> Command:
    return Command(argv=argv, effect=Effect.CHANGE, at_most=AT_MOST, at_deadline=AtDeadline.LEAVE)


def _configure(name: str, start_type: str | None, account: str | None) -> Command | None:
    """sc wants the blank behind each ``=``, so they are arguments of their own."""
    words: list[str] = []
    if start_type:
        words += ["start=", start_type]
    if account:
        words += ["obj=", account, "password=", ""]
    return _change("sc", "config", name, *words) if words else None


class WindowsService(StepType[ServiceArgs, ServiceState]):
    """A restart stops the running dependents, stops and starts the service, and starts the dependents again.

    What starts on demand and is stopped stays so: VSS, swprv and COMSysApp end by themselves when idle.
    """

    name = "service"
    args = ServiceArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = "A Windows service is started, stopped or restarted; start type and built-in account can be set."
    least_risk = Risk.SERVICE_RESTART

    def refuses(self, given: Mapping[str, object]) -> str:
        """What only systemd has, and names that Windows, net or sc would not take for one service."""
        if given.get("enabled") is not None:
            return "Windows has no `enabled` for a service\nWrite `start_type`: auto, delayed-auto, demand or disabled."
        wrong = next((name for name in names_in(given) if not _NAME.fullmatch(name)), None)
        return f"`{wrong}` cannot be the name of one Windows service" if wrong is not None else ""

    def touches(self, args: ServiceArgs) -> frozenset[str]:
        """Windows compares the names of services without regard to case."""
        return frozenset(f"service:{name.lower()}" for name in args.name)

    def observe(self, args: ServiceArgs) -> Observing[ServiceState]:
        return (yield from observe_service(args.name, dependents=args.state != "started"))

    def decide(self, args: ServiceArgs, state: ServiceState) -> Decision:
        commands = tuple(_commands(args, state))
        waits = not commands and _on_its_way(args, state)
        refused = refusal(args, state) if state.problem or commands or waits else None
        if refused:
            return refused
        text = "; ".join(evidence(args, state))
        if not commands and not waits:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=text)
        starts = (state.name, *(service.name for service in state.running)) if state.up else ()
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{text}; waits until it has settled" if waits else text,
            commands=commands,
            restore=frozenset(_net("start", name) for name in starts) & frozenset(commands),
            owes=tuple(_owes(starts)) if args.state == "restarted" else (),
            prior={
                "state": state.word,
                "start_type": state.start_type,
                "account": state.account,
                "running_dependents": [service.name for service in state.running],
            },
            undo=tuple(_undo(args, state)),
        )

    def bound(self, args: ServiceArgs, state: ServiceState | None) -> tuple[Command, ...]:
        """All that it may take, whatever runs until then. What depends on it is known only from observation."""
        known = state is not None and not state.problem
        names = (state.name,) if state is not None and known else args.name
        dependents = state.dependents if state is not None else ()
        others = [service.name for service in dependents if not why_untouchable(args, service)]
        commands: list[Command] = []
        for name in names:
            configure = _configure(name, args.start_type, args.account)
            commands += [configure] if configure else []
            commands += _stops(args, name, others)
            commands += _starts(args, name, others)
        return tuple(commands)

    def judge(self, args: ServiceArgs, command: Command, result: CommandResult) -> Judgement:
        return judge(command, result)

    def verify(self, args: ServiceArgs, before: ServiceState, after: ServiceState) -> Judgement:
        """By the state of the service and of what ran with it; a restart shows in another process id."""
        problem = next(_unmet(args, before, after), "")
        if problem:
            return Judgement(Judged.FAILED, problem)
        text = "; ".join(evidence(args, after))
        if args.state == "restarted" and before.up and before.pid == after.pid:
            text += "; that it was restarted cannot be seen, for it shares its process with others"
            return Judgement(Judged.UNSEEN, text)
        return Judgement(Judged.OK, text)

    def settle(self, args: ServiceArgs) -> Settle:
        return SETTLE


def _owes(names: Iterable[str]) -> Iterator[ServiceArgs]:
    """What ran and is stopped for a moment. What ends by itself when idle may be stopped later, and is in order."""
    for name in names:
        if name.lower() not in _STOP_WHEN_IDLE:
            yield ServiceArgs(name=(name,), state="started")


def _start_type(args: ServiceArgs, state: ServiceState) -> str:
    """The start type that it has once it is configured."""
    return args.start_type or state.start_type


def _differs(args: ServiceArgs, state: ServiceState) -> bool:
    """Whether its settings are not as wanted. An account in another spelling is set again, which harms nothing."""
    account = _UNDOABLE.get(state.built_in_account, state.account)
    return _start_type(args, state) != state.start_type or (args.account or account) != account


def _wants_up(args: ServiceArgs, state: ServiceState) -> bool:
    """A restart starts what ran, and what should run since the machine booted."""
    if args.state == "restarted":
        return state.up or _start_type(args, state) in AUTOMATIC
    return args.state == "started"


def _on_its_way(args: ServiceArgs, state: ServiceState) -> bool:
    """Whether it is about to become what is wanted, so that there is nothing to do but to wait."""
    if args.state == "started":
        return state.state in (START_PENDING, CONTINUE_PENDING)
    return args.state == "stopped" and state.state == STOP_PENDING


def _commands(args: ServiceArgs, state: ServiceState) -> Iterator[Command]:
    if state.problem:
        return
    configure = _configure(state.name, args.start_type, args.account)
    if configure and _differs(args, state):
        yield configure
    if _on_its_way(args, state):
        return
    running = [service.name for service in state.running]
    if state.up:
        yield from _stops(args, state.name, running)
    if _wants_up(args, state) and (args.state == "restarted" or state.state != RUNNING):
        yield from _starts(args, state.name, running if state.up else [])


def _stops(args: ServiceArgs, name: str, dependents: list[str]) -> list[Command]:
    if args.state == "started":
        return []
    return [_net("stop", each) for each in (*dependents, name)]


def _starts(args: ServiceArgs, name: str, dependents: list[str]) -> list[Command]:
    if args.state == "stopped":
        return []
    again = reversed(dependents) if args.state == "restarted" else ()
    return [_net("start", each) for each in (name, *again)]


def _undo(args: ServiceArgs, state: ServiceState) -> Iterator[Command]:
    """The opposite. A restart has none; nor has a change of an account whose password would be needed."""
    if args.account and _differs(args, state) and not state.built_in_account:
        return
    running = [service.name for service in state.running]
    if not state.up and _wants_up(args, state):
        yield _net("stop", state.name)
    if _differs(args, state):
        back = _configure(
            state.name,
            state.start_type if args.start_type else None,
            _UNDOABLE.get(state.built_in_account) if args.account else None,
        )
        yield from (back,) if back else ()
    if args.state == "stopped" and state.up:
        yield from (_net("start", each) for each in (state.name, *reversed(running)))


def _unmet(args: ServiceArgs, before: ServiceState, after: ServiceState) -> Iterator[str]:
    """What is not yet as it should be."""
    if after.problem:
        yield after.problem
        return
    if _differs(args, after):
        yield f"`{after.name}` has the start type {after.start_type} and the account {after.account}"
    if args.state == "stopped" and after.state != STOPPED:
        yield f"`{after.name}` is {after.word}, not stopped"
    if _wants_up(args, before) and after.state != RUNNING and not _idle_again(args, before, after):
        yield f"`{after.name}` is {after.word} (exit code {after.exit_code}), not running"
    if args.state == "restarted" and before.up:
        yield from _not_again(before, after)


def _idle_again(args: ServiceArgs, before: ServiceState, after: ServiceState) -> bool:
    """Whether it was restarted and has ended by itself since, as some do when idle."""
    ended = after.state == STOPPED and not after.exit_code
    return ended and args.state == "restarted" and before.up and after.name.lower() in _STOP_WHEN_IDLE


def _not_again(before: ServiceState, after: ServiceState) -> Iterator[str]:
    if before.pid == after.pid and not after.shares_process:
        yield f"`{after.name}` still runs since before the restart (process {after.pid})"
    running = {service.name.lower() for service in after.dependents if service.state == RUNNING}
    down = [service.name for service in before.running if service.name.lower() not in running]
    if down:
        yield f"ran before and does not run now: {', '.join(down)}"
