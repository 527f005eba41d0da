"""A simulated systemd: answers ``systemctl show`` and ``is-active``, and obeys start, stop, restart, enable, disable.

Exit codes and properties are those of systemctl(1) and org.freedesktop.systemd1(5); every start succeeds, but that of
a masked unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.model.case import GivenUnit
from runner.model.command import Command, CommandResult

_SUB = {"active": "running", "failed": "failed", "activating": "start", "deactivating": "stop-sigterm"}
_NOT_LOADED, _NOT_ACTIVE = 5, 3
_STARTS, _STOPS = ("start", "restart"), ("stop", "restart")


@dataclass
class Unit:
    """``required_by`` are the units that go down with it. ``starts`` counts its starts."""

    name: str
    state: str = "inactive"
    enabled: str = "enabled"
    result: str = "success"
    required_by: tuple[str, ...] = ()
    starts: int = 0


@dataclass
class Units:
    """All units by their full names; None: nobody said which there are, so nothing is answered."""

    units: dict[str, Unit] | None = None

    def become(self, given: Mapping[str, GivenUnit | None] | None) -> None:
        """Take over what a case says."""
        if given is None:
            return
        self.units = {} if self.units is None else self.units
        for name, wanted in given.items():
            if wanted is None:
                self.units.pop(full(name), None)
                continue
            unit = self.units.setdefault(full(name), Unit(full(name)))
            for part in ("enabled", "result", "required_by"):
                if getattr(wanted, part) is not None:
                    setattr(unit, part, getattr(wanted, part))
            if wanted.state is not None:
                unit.starts += wanted.state == "active" != unit.state
                unit.state = wanted.state

    def find(self, name: str) -> Unit | None:
        return (self.units or {}).get(full(name))

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is no command of ``systemctl``, or no units were given."""
        if self.units is None or command.script:
            return None
        match command.argv:
            case ("systemctl", "show", "-p", properties, *names) if names:
                blocks = [self._shown(name, properties.split(",")) for name in names]
                return CommandResult(exit_code=0, stdout="\n".join(blocks).encode())
            case ("systemctl", "is-active", *names) if names:
                states = [unit.state if (unit := self.find(name)) else "inactive" for name in names]
                code = 0 if "active" in states else _NOT_ACTIVE
                return CommandResult(exit_code=code, stdout="".join(f"{state}\n" for state in states).encode())
            case ("systemctl", "start" | "stop" | "restart" | "enable" | "disable" as verb, name):
                return self._obey(verb, name)
            case _:
                return None

    def _shown(self, name: str, properties: Sequence[str]) -> str:
        unit = self.find(name)
        values = {"Id": full(name), "LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}
        if unit is not None:
            started = str(unit.starts * 1_000_000)
            values |= {
                "Names": unit.name,
                "Type": "simple",
                "LoadState": "masked" if unit.enabled == "masked" else "loaded",
                "ActiveState": unit.state,
                "SubState": _SUB.get(unit.state, "dead"),
                "UnitFileState": unit.enabled,
                "Result": unit.result,
                "MainPID": str(1000 + unit.starts) if unit.state == "active" else "0",
                "InvocationID": f"{unit.starts:032x}" if unit.starts else "",
                "ActiveEnterTimestampMonotonic": started,
                "ExecMainStartTimestampMonotonic": started,
                "RequiredBy": " ".join(map(full, unit.required_by)),
            }
        usual = {"RefuseManualStart": "no", "RefuseManualStop": "no", "ExecMainStatus": "0", "NRestarts": "0"}
        return "".join(f"{each}={values.get(each, usual.get(each, ''))}\n" for each in properties)

    def _obey(self, verb: str, name: str) -> CommandResult:
        unit = self.find(name)
        if unit is None:
            return CommandResult(exit_code=_NOT_LOADED, stderr=f"Unit {full(name)} not found.\n".encode())
        if verb in ("enable", "disable"):
            unit.enabled = f"{verb}d"
            return CommandResult(exit_code=0)
        if verb in _STARTS and unit.enabled == "masked":
            return CommandResult(exit_code=1, stderr=f"Failed to {verb} {unit.name}: Unit is masked.\n".encode())
        if verb in _STOPS:
            for each in (unit, *self._above(unit, {unit.name})):
                each.state = "inactive"
        if verb in _STARTS and unit.state != "active":
            unit.state, unit.result, unit.starts = "active", "success", unit.starts + 1
        return CommandResult(exit_code=0)

    def _above(self, unit: Unit, seen: set[str]) -> Iterator[Unit]:
        """What goes down with it, also indirectly."""
        for name in unit.required_by:
            found = self.find(name)
            if found is not None and found.name not in seen:
                seen.add(found.name)
                yield found
                yield from self._above(found, seen)


def full(name: str) -> str:
    """A unit's full name: without an ending it is a service."""
    return name if "." in name else f"{name}.service"
