"""The ``service`` step on systemd: started, stopped or restarted, and whether it starts at boot."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from runner.model.command import AtDeadline, Command, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Decision, Judged, Judgement, Observing, Settle, StepType, refused
from runner.steps.service_args import ServiceArgs, names_in
from runner.steps.unit_state import UnitState, observe_unit

AT_MOST = 300.0
"""Seconds: systemd itself gives a service 90 to stop and 90 to start by default (systemd-system.conf(5))."""

SETTLE = Settle(within=30.0, every=1.0)

# systemd.unit(5) allows these characters; a leading hyphen would be an option, and * ? [ ] would match many units.
_NAME = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")
_ENABLED = frozenset(("enabled", "alias"))
_NOT_FOR_ENABLING = frozenset(("static", "indirect", "generated", "transient", "bad", ""))


_STATE_VERBS = {"started": "start", "stopped": "stop", "restarted": "restart"}
_BOOT_VERBS = {None: (), True: ("enable",), False: ("disable",)}


@functools.cache
def _systemctl(verb: str, name: str) -> Command:
    return Command(
        argv=("systemctl", verb, name),
        effect=Effect.CHANGE,
        at_most=AT_MOST,
        at_deadline=AtDeadline.LEAVE,
    )


class SystemdService(StepType[ServiceArgs, UnitState]):
    """A restart is one ``systemctl restart``: systemd itself carries it through, even if the connection breaks.

    Units that go down with the service are named. After a restart those that ran are started again, which does nothing
    to those that came back by themselves; after a stop they stay down, for starting them would start the service.
    """

    name = "service"
    args = ServiceArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.LINUX,))
    summary = "A systemd service is started, stopped or restarted, and enabled or not at boot."
    least_risk = Risk.SERVICE_RESTART

    def refuses(self, given: Mapping[str, object]) -> str:
        """What only Windows has, and names that systemctl would read as a pattern or not at all."""
        windows = next((key for key in ("start_type", "account") if given.get(key) is not None), "")
        if windows:
            remedy = "Write `enabled`." if windows == "start_type" else "Set User= in a drop-in of the unit."
            return f"systemd has no `{windows}` for a service\n{remedy}"
        wrong = next((name for name in names_in(given) if not _NAME.fullmatch(name)), None)
        return f"`{wrong}` cannot be the name of one systemd unit" if wrong is not None else ""

    def touches(self, args: ServiceArgs) -> frozenset[str]:
        return frozenset(f"service:{name}" for name in args.name)

    def observe(self, args: ServiceArgs) -> Observing[UnitState]:
        return (yield from observe_unit(args.name))

    def decide(self, args: ServiceArgs, state: UnitState) -> Decision:
        refusal = _refusal(args, state)
        if refusal:
            return refusal
        verbs = tuple(_verbs(args, state))
        evidence = "; ".join(_evidence(args, state))
        if not verbs:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=evidence)
        again = state.running if args.state == "restarted" else ()
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=evidence,
            commands=(
                *(_systemctl(verb, state.name) for verb in verbs),
                *(_systemctl("start", unit.name) for unit in state.dependents if unit.name in again and unit.startable),
            ),
            owes=tuple(_owes(args, state)),
            prior={
                "active_state": state.active_state,
                "unit_file_state": state.unit_file_state,
                "running_dependents": list(state.running),
            },
            undo=tuple(_undo(verbs, state)),
        )

    def bound(self, args: ServiceArgs, state: UnitState | None) -> tuple[Command, ...]:
        """Everything but what the unit files rule out: whether it or its dependents run may change until then.

        Which candidate exists may be known; which units depend on it is known only from observation.
        """
        known = state is not None and not state.problem
        names = (state.name,) if state is not None and known else args.name
        verbs = (*_BOOT_VERBS[args.enabled], _STATE_VERBS[args.state])
        commands = [_systemctl(verb, name) for name in names for verb in verbs]
        if state is not None and args.state == "restarted":
            commands += [_systemctl("start", unit.name) for unit in state.dependents if unit.startable]
        return tuple(commands)

    def verify(self, args: ServiceArgs, before: UnitState, after: UnitState) -> Judgement:
        """A restart shows in another invocation id (or, before systemd 232, another time or process)."""
        problem = next(_unmet(args, before, after), "")
        if problem:
            return Judgement(Judged.FAILED, problem)
        return Judgement(Judged.OK, _described(after))

    def settle(self, args: ServiceArgs) -> Settle:
        return SETTLE


def _boot_verb(args: ServiceArgs, state: UnitState) -> str:
    """What makes it start at boot, or not, as wanted. An enabled-runtime unit is enabled only until the next boot."""
    if args.enabled is True and state.unit_file_state not in _ENABLED:
        return "enable"
    if args.enabled is False and state.unit_file_state in (*_ENABLED, "enabled-runtime", "generated"):
        return "disable"
    return ""


def _verbs(args: ServiceArgs, state: UnitState) -> Iterator[str]:
    """What systemctl must be asked for, in the order of ``bound``."""
    boot_verb = _boot_verb(args, state)
    if boot_verb:
        yield boot_verb
    if args.state == "restarted":
        yield "restart"
    elif args.state == "started" and not state.active:
        yield "start"
    elif args.state == "stopped" and not state.stopped:
        yield "stop"


def _owes(args: ServiceArgs, state: UnitState) -> Iterator[ServiceArgs]:
    """What runs before a restart and has to run after it."""
    if args.state == "restarted" and state.active:
        startable = [unit.name for unit in state.dependents if unit.name in state.running and unit.startable]
        yield from (ServiceArgs(name=(name,), state="started") for name in (state.name, *startable))


def _refusal(args: ServiceArgs, state: UnitState) -> Decision | None:
    """The reasons for which systemd would refuse as well, known before anything is sent."""
    if state.problem:
        return refused(state.problem, "Check the name, and whether the playbook is meant for this target.")
    verbs = frozenset(_verbs(args, state))
    starts, stops = verbs & {"start", "restart"}, verbs & {"stop", "restart"}
    if state.load_state == "masked" and verbs & {"start", "restart", "enable"}:
        return refused(f"`{state.name}` is masked", f"Somebody forbade it: ask, then `systemctl unmask {state.name}`.")
    if state.load_state not in ("loaded", "masked") and starts:
        return refused(f"`{state.name}` has a broken unit file ({state.load_state})", "Repair the unit file first.")
    if verbs & {"enable", "disable"} and state.unit_file_state in _NOT_FOR_ENABLING:
        kind = state.unit_file_state or "without a unit file"
        return refused(f"`{state.name}` cannot be enabled or disabled: it is {kind}", "Leave out `enabled`.")
    if (stops and state.refuse_stop and state.active) or (starts and state.refuse_start):
        return refused(f"`{state.name}` may not be started or stopped by hand, says its unit file", "Reboot instead.")
    return None


def _described(state: UnitState) -> str:
    """The state in systemd's own words; of a failed service also why, and what it said last."""
    text = f"`{state.name}` is {state.active_state} ({state.sub_state})"
    if state.active_state == "failed" or state.sub_state == "auto-restart":
        text += f": {state.result}, exit status {state.exec_main_status}"
    if state.n_restarts:
        text += f", restarted by systemd {state.n_restarts} times since it was last started by hand"
    if state.status_text and not state.active:
        text += f", its last words: {state.status_text}"
    return text


def _evidence(args: ServiceArgs, state: UnitState) -> Iterator[str]:
    yield _described(state)
    if args.enabled is not None:
        yield f"at boot: {state.unit_file_state or 'not known'}"
    if args.state == "restarted" and state.running:
        yield f"goes down with it and is started again: {', '.join(state.running)}"
    if args.state == "stopped" and state.running:
        yield f"goes down with it and stays down: {', '.join(state.running)}"
    if args.state == "stopped" and state.triggers:
        yield f"can be started again by {', '.join(state.triggers)}"


def _undo(verbs: tuple[str, ...], state: UnitState) -> Iterator[Command]:
    """The opposite, in the opposite order. A restart has none."""
    if "start" in verbs:
        yield _systemctl("stop", state.name)
    if "stop" in verbs and state.active:
        yield _systemctl("start", state.name)
        yield from (_systemctl("start", unit.name) for unit in state.dependents if unit.active and unit.startable)
    if "enable" in verbs:
        yield _systemctl("disable", state.name)
    if "disable" in verbs:
        yield _systemctl("enable", state.name)


def _unmet(args: ServiceArgs, before: UnitState, after: UnitState) -> Iterator[str]:
    """What is not yet as it should be."""
    if after.problem:
        yield after.problem
    elif args.state == "stopped":
        if not after.stopped:
            yield f"{_described(after)}, not stopped"
    else:
        yield from _not_up(args, before, after)
    if not after.problem and _boot_verb(args, after):
        yield f"at boot `{after.name}` is {after.unit_file_state or 'not known'}"


def _not_up(args: ServiceArgs, before: UnitState, after: UnitState) -> Iterator[str]:
    again = after.started_since(before)
    done = after.type == "oneshot" and after.active_state == "inactive" and after.result == "success" and again
    if not (after.active or done):
        yield f"{_described(after)}, not running"
    if args.state == "restarted" and not again:
        yield f"`{after.name}` still runs since before the restart"
    down = [name for name in before.running if name not in after.running and args.state == "restarted"]
    if down:
        yield f"ran before and does not run now: {', '.join(down)}"
