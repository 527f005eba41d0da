"""What ``systemctl show`` tells about a service and the units that go down with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from runner.errors import ParseError
from runner.model.command import Command, CommandResult
from runner.parsers import PARSERS
from runner.steps.base import Observing, last_line

LOOK_AT_MOST = 30.0
NO_SUCH_PROGRAM = 127

# Dependencies by which systemd stops (or restarts) a unit together with this one: systemd.unit(5), Requires=, BindsTo=,
# PartOf=, Requisite= and PropagatesStopTo=, each seen from the other end. Older versions leave out what they lack.
_DOWN_WITH = ("required_by", "bound_by", "consists_of", "requisite_of", "propagates_stop_to")
_LINKS = "RequiredBy,BoundBy,ConsistsOf,RequisiteOf,PropagatesStopTo"
_PROPERTIES = (
    "Id,Type,LoadState,ActiveState,SubState,UnitFileState,Result,StatusText,MainPID,ExecMainStatus,"
    "ExecMainStartTimestampMonotonic,NRestarts,InvocationID,ActiveEnterTimestampMonotonic,RefuseManualStart,"
    f"RefuseManualStop,TriggeredBy,{_LINKS}"
)
# Starting one of these would start everything that belongs to it, also what was stopped on purpose.
_GROUPS = (".target", ".slice", ".scope", ".device")

ACTIVE = frozenset(("active", "reloading", "refreshing"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A unit that systemd stops together with the service. ``active``: it runs now."""

    name: str
    active: bool

    @property
    def startable(self) -> bool:
        return not self.name.endswith(_GROUPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """The service as it is. ``name`` is the first of the candidates that exists, as it is written in the playbook.

    With a ``problem`` (systemd does not run, no candidate exists) nothing else is known. What a version of systemd does
    not tell is empty or 0.
    """

    name: str = ""
    problem: str = ""
    load_state: str = "loaded"
    active_state: str = "inactive"
    sub_state: str = "dead"
    unit_file_state: str = ""
    type: str = ""
    result: str = "success"
    status_text: str = ""
    exec_main_status: int = 0
    n_restarts: int = 0
    refuse_start: bool = False
    refuse_stop: bool = False
    invocation_id: str = ""
    traces: tuple[int, int, int] = (0, 0, 0)  # when it became active, when its main process started, and its id
    triggers: tuple[str, ...] = ()
    dependents: tuple[Dependent, ...] = ()

    @property
    def active(self) -> bool:
        return self.active_state in ACTIVE

    @property
    def stopped(self) -> bool:
        """A failed service does not run either; one on its way down is not there yet."""
        return self.active_state in ("inactive", "failed")

    def started_since(self, before: UnitState) -> bool:
        """Whether there was a start between the two. Only before systemd 232 the invocation id does not tell."""
        if self.invocation_id and before.invocation_id:
            return self.invocation_id != before.invocation_id
        return self.traces != before.traces

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the dependents that run now."""
        return tuple(unit.name for unit in self.dependents if unit.active)


def observe_unit(candidates: Sequence[str]) -> Observing[UnitState]:
    """One ``systemctl show`` for all candidates; another for each level of units that depend on the one that exists.

    As root, for then systemctl reaches systemd even where no message bus runs.
    """
    result = yield _show(_PROPERTIES, candidates)
    problem = _systemd_missing(result)
    if problem:
        return UnitState(problem=problem)
    units = _read(result, len(candidates))
    chosen = _first_there(units)
    if chosen is None:
        shown = " or ".join(f"`{name}`" for name in candidates)
        return UnitState(problem=f"there is no service {shown} on this target")
    dependents = yield from _dependents(units[chosen])
    return _state(candidates[chosen], units[chosen], dependents)


def _show(properties: str, names: Iterable[str]) -> Command:
    return Command(argv=("systemctl", "show", "-p", properties, *names), at_most=LOOK_AT_MOST)


def _systemd_missing(result: CommandResult) -> str:
    """``show`` succeeds for any unit, even one that does not exist; it fails if nobody answers it."""
    if result.exit_code == 0:
        return ""
    if result.exit_code == NO_SUCH_PROGRAM:
        return "this target has no systemctl, so it is not run by systemd"
    return f"systemd does not answer on this target: {last_line(result)}"


def _read(result: CommandResult, count: int) -> list[Mapping[str, object]]:
    units = cast("list[Mapping[str, object]]", PARSERS["systemctl_show_units"].parse(result))
    if len(units) != count:
        message = f"systemctl show described {len(units)} units where {count} were asked for"
        raise ParseError(message)
    return units


def _first_there(units: Sequence[Mapping[str, object]]) -> int | None:
    """A unit that is masked or broken exists, but one that can be started goes before it."""
    for wanted in (("loaded",), ("masked", "error", "bad-setting", "merged")):
        for index, unit in enumerate(units):
            if unit.get("load_state") in wanted:
                return index
    return None


def _dependents(unit: Mapping[str, object]) -> Observing[tuple[Dependent, ...]]:
    """All units that go down with it, also indirectly, in the order of distance: each is asked once."""
    seen: dict[str, Dependent] = {}
    own = str(unit.get("id", ""))
    level = [name for name in _linked(unit) if name != own]
    while level:
        units = _read((yield _show(f"Id,ActiveState,{_LINKS}", level)), len(level))
        for name, below in zip(level, units, strict=True):
            seen[name] = Dependent(name=name, active=below.get("active_state") in ACTIVE)
        level = [name for name in _unique(n for below in units for n in _linked(below)) if name not in {*seen, own}]
    return tuple(seen.values())


def _linked(unit: Mapping[str, object]) -> list[str]:
    return _unique(name for field in _DOWN_WITH for name in cast("list[str]", unit.get(field, [])))


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _state(name: str, unit: Mapping[str, object], dependents: tuple[Dependent, ...]) -> UnitState:
    def text(field: str) -> str:
        return str(unit.get(field) or "")

    def number(field: str) -> int:
        return cast("int", unit.get(field) or 0)

    return UnitState(
        name=name,
        load_state=text("load_state"),
        active_state=text("active_state"),
        sub_state=text("sub_state"),
        unit_file_state=text("unit_file_state"),
        type=text("type"),
        result=text("result"),
        status_text=text("status_text"),
        exec_main_status=number("exec_main_status"),
        n_restarts=number("n_restarts"),
        refuse_start=unit.get("refuse_manual_start") is True,
        refuse_stop=unit.get("refuse_manual_stop") is True,
        invocation_id=text("invocation_id"),
        traces=(number("active_enter"), number("exec_main_start"), number("main_pid")),
        triggers=tuple(cast("list[str]", unit.get("triggered_by", []))),
        dependents=dependents,
    )
