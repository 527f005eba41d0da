"""Why a Windows service, or one that depends on it, must be left alone; and what a person wants to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from runner.parsers.net import MEANINGS
from runner.parsers.vss_writer_table import why_denied
from runner.steps.base import Decision, refused
from runner.steps.service_args import ServiceArgs
from runner.steps.service_windows_judge import REBOOT_INSTEAD
from runner.steps.service_windows_state import (
    PAUSED,
    PENDING,
    START_PENDING,
    STOP_PENDING,
    STOPPED,
    Dependent,
    ServiceState,
)

_ASK = "Ask whoever runs it; if it has to be, plan it for a downtime and do it by hand."
_WAIT = f"Wait until it has settled, and plan again. If it stays so, it hangs. {REBOOT_INSTEAD}"
_NO_REASON = frozenset((0, 1077))  # no error; never started since the machine booted

_CARRIES_US: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ("winrm", "http", "rpcss", "rpceptmapper", "dcomlaunch", "samss", "lanmanworkstation"),
        "vmfix's own connection needs it, so it could not be started again",
    )
)


def refusal(args: ServiceArgs, state: ServiceState) -> Decision | None:
    """Why nothing may be done, known before anything is sent."""
    why, remedy = next(_reasons(args, state), ("", ""))
    return refused(why, remedy) if why else None


def why_untouchable(args: ServiceArgs, dependent: Dependent) -> str:
    """Why this dependent must not be stopped, apart from its passing state; empty if it may be."""
    why = why_denied(dependent.name) or _CARRIES_US.get(dependent.name.lower(), "")
    if why:
        return f"`{dependent.name}` must not be stopped automatically: {why}"
    if args.state == "restarted" and dependent.start_type == "disabled":
        return f"`{dependent.name}` is disabled, so it could not be started again"
    return ""


def _reasons(args: ServiceArgs, state: ServiceState) -> Iterator[tuple[str, str]]:
    """Each with its remedy."""
    if state.problem:
        yield state.problem, "Check the name, and whether the playbook is meant for this target."
        return
    denied = why_denied(state.name)
    if denied:
        yield f"`{state.name}` is never changed automatically: {denied}", _ASK
    stops = args.state != "started" and state.up
    starts = args.state == "started" or (args.state == "restarted" and state.up)
    if starts and (args.start_type or state.start_type) == "disabled":
        yield f"`{state.name}` is disabled", "Somebody forbade it: ask; `start_type` can allow it again."
    if args.state == "started" and state.state == PAUSED:
        yield f"`{state.name}` is paused", f"Ask who paused it, then `net continue {state.name}`."
    if state.state in PENDING and not _settles(args, state):
        yield f"`{state.name}` is {state.word}", _WAIT
    if stops:
        yield from _unstoppable(args, state)


def _settles(args: ServiceArgs, state: ServiceState) -> bool:
    """Whether it is on its way to what is wanted."""
    return (args.state, state.state) in (("started", START_PENDING), ("stopped", STOP_PENDING))


def _unstoppable(args: ServiceArgs, state: ServiceState) -> Iterator[tuple[str, str]]:
    carries = _CARRIES_US.get(state.name.lower())
    if carries:
        yield f"`{state.name}` must not be stopped: {carries}", _ASK
    if state.accepts_stop is False and state.state not in PENDING:
        yield f"`{state.name}` does not accept to be stopped", REBOOT_INSTEAD
    for service in state.running:
        depends = f", and it depends on `{state.name}`"
        why = why_untouchable(args, service)
        if why:
            yield why + depends, _ASK
        if service.state in PENDING:
            yield f"`{service.name}` is between two states{depends}", _WAIT
        elif service.accepts_stop is False:
            yield f"`{service.name}` does not accept to be stopped{depends}", REBOOT_INSTEAD


def described(state: ServiceState) -> str:
    """Its state; of a stopped one also why, where Windows knows a reason."""
    text = f"`{state.name}` is {state.word}"
    if state.state == STOPPED and state.exit_code not in _NO_REASON:
        meaning = MEANINGS.get(state.exit_code)
        text += f" with exit code {state.exit_code}{f' ({meaning})' if meaning else ''}"
    return text


def evidence(args: ServiceArgs, state: ServiceState) -> Iterator[str]:
    """What a person wants to know before and after."""
    yield described(state)
    if args.state == "restarted" and state.state == STOPPED and state.start_type == "demand":
        yield "it starts on demand, so that is in order and it is left stopped"
    if args.start_type:
        yield f"start type {state.start_type}"
    if args.account:
        yield f"account {state.account}"
        if not state.built_in_account:
            yield "which cannot be set again without its password"
    running = ", ".join(service.name for service in state.running)
    if running and args.state == "restarted":
        yield f"stopped before it and started again after it: {running}"
    if running and args.state == "stopped":
        yield f"stopped before it, and left stopped: {running}"
