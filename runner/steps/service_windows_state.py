"""What ``sc`` tells about a Windows service and the services that depend on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from runner.errors import ParseError
from runner.model.command import Command
from runner.parsers import PARSERS
from runner.parsers.sc_lines import STATES
from runner.parsers.vss_writer_table import why_denied
from runner.steps.base import Observing

LOOK_AT_MOST = 30.0
STOPPED, START_PENDING, STOP_PENDING, RUNNING, CONTINUE_PENDING, PAUSE_PENDING, PAUSED = range(1, 8)
PENDING = frozenset((START_PENDING, STOP_PENDING, CONTINUE_PENDING, PAUSE_PENDING))
AUTOMATIC = frozenset(("auto", "delayed-auto"))

_SHARED = 0x20  # SERVICE_WIN32_SHARE_PROCESS (winnt.h)
_MOST_DEPENDENTS = 100  # each is asked twice
# The greatest buffers that QueryServiceConfig and EnumDependentServices take (their reference pages). With its own
# default of 1,024 bytes sc leaves services out.
_CONFIG_BYTES, _DEPENDENTS_BYTES = "8192", "65536"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A service that cannot run without the other one."""

    name: str
    state: int
    start_type: str = "demand"
    accepts_stop: bool | None = None

    @property
    def up(self) -> bool:
        """Whether it must be stopped before the other one can be."""
        return self.state != STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The service as it is. ``name`` is the first of the candidates that exists, as it is written in the playbook.

    With a ``problem`` nothing else is known. ``dependents`` stand in the order in which they must be stopped, those
    that nothing depends on first; they are looked at only where the service may have to be stopped.
    """

    name: str = ""
    problem: str = ""
    state: int = STOPPED
    accepts_stop: bool | None = None
    exit_code: int = 0
    pid: int = 0
    type: int = 0x10
    start_type: str = "demand"
    account: str = "LocalSystem"
    built_in_account: str = "LocalSystem"
    dependents: tuple[Dependent, ...] = ()

    @property
    def up(self) -> bool:
        return self.state != STOPPED

    @property
    def shares_process(self) -> bool:
        """Its process id then stays the same over a restart, as long as another service keeps the process alive."""
        return bool(self.type & _SHARED)

    @property
    def word(self) -> str:
        return STATES[self.state]

    @property
    def running(self) -> tuple[Dependent, ...]:
        """The dependents that are not stopped."""
        return tuple(service for service in self.dependents if service.up)


def observe_service(candidates: Sequence[str], *, dependents: bool) -> Observing[ServiceState]:
    """One look at each candidate until one exists, one at its settings, and two at each service that depends on it."""
    for name in candidates:
        status = yield from _ask("sc_query", "queryex", name)
        if status["exists"]:
            break
    else:
        shown = " or ".join(f"`{name}`" for name in candidates)
        return ServiceState(problem=f"there is no service {shown} on this target")
    config = yield from _config(name)
    wanted = dependents and not why_denied(name)
    found = (yield from _dependents(name)) if wanted else ()
    return ServiceState(
        name=name,
        state=cast("int", status["state"]),
        accepts_stop=cast("bool | None", status["accepts_stop"]),
        exit_code=cast("int", status["win32_exit_code"]),
        pid=cast("int", status["pid"] or 0),
        type=cast("int", status["type"]),
        start_type=str(config["start_type"]),
        account=str(config["account"]),
        built_in_account=str(config["built_in_account"]),
        dependents=found,
    )


def _ask(parser: str, verb: str, name: str, *more: str) -> Observing[Mapping[str, object]]:
    result = yield Command(argv=("sc", verb, name, *more), at_most=LOOK_AT_MOST)
    return cast("Mapping[str, object]", PARSERS[parser].parse(result))


def _config(name: str) -> Observing[Mapping[str, object]]:
    config = yield from _ask("sc_qc", "qc", name, _CONFIG_BYTES)
    if not config["exists"]:
        message = f"the service {name} disappeared while it was looked at"
        raise ParseError(message)
    return config


def _dependents(name: str) -> Observing[tuple[Dependent, ...]]:
    """Asked of each one again, whether or not Windows already names those of the second degree."""
    above: dict[str, list[str]] = {}
    found: dict[str, Mapping[str, object]] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop(0)
        answer = yield from _ask("sc_enumdepend", "enumdepend", current, _DEPENDENTS_BYTES)
        services = cast("list[Mapping[str, object]]", answer.get("services", []))
        names = [str(service["name"]) for service in services]
        above[current.lower()] = [each.lower() for each in names]
        for each, service in zip(names, services, strict=True):
            if each.lower() not in {*found, name.lower()}:
                found[each.lower()] = service
                waiting.append(each)
        if len(found) > _MOST_DEPENDENTS:
            message = f"more than {_MOST_DEPENDENTS} services depend on {name}"
            raise ParseError(message, remedy="Nothing here restarts a service that so much depends on: ask a person.")
    order = _deepest_first(name.lower(), above)
    dependents = []
    for key in order:
        config = yield from _config(str(found[key]["name"]))
        dependents.append(_dependent(found[key], config))
    return tuple(dependents)


def _deepest_first(root: str, above: Mapping[str, Sequence[str]]) -> list[str]:
    """Each after all that depend on it. Windows allows no circles; one would not hang this either."""
    seen = {root}
    order: list[str] = []

    def visit(name: str) -> None:
        for dependent in above.get(name, ()):
            if dependent not in seen:
                seen.add(dependent)
                visit(dependent)
                order.append(dependent)

    visit(root)
    return order


def _dependent(status: Mapping[str, object], config: Mapping[str, object]) -> Dependent:
    return Dependent(
        name=str(status["name"]),
        state=cast("int", status["state"]),
        start_type=str(config["start_type"]),
        accepts_stop=cast("bool | None", status["accepts_stop"]),
    )
