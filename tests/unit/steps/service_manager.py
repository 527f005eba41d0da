"""A service manager of Windows for tests: answers `sc` and obeys `net` as Windows does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.model.command import Command, CommandResult
from runner.parsers.sc_lines import STATES
from tests.unit.steps.driving import result

STARTS = {"auto": "2   AUTO_START", "delayed-auto": "2   AUTO_START  (DELAYED)"} | {
    "demand": "3   DEMAND_START",
    "disabled": "4   DISABLED",
}


@dataclass
class Service:
    """``needs`` are the services that it depends on."""

    name: str
    state: int = 4
    start: str = "auto"
    account: str = "LocalSystem"
    needs: tuple[str, ...] = ()
    stoppable: bool = True
    pid: int = 100
    exit_code: int = 0
    shared: bool = False


@dataclass
class Manager:
    """``broken`` are the commands that fail, and the number of NET HELPMSG that is said then (0: none)."""

    services: list[Service]
    broken: dict[tuple[str, ...], int] = field(default_factory=dict)
    sent: list[tuple[str, ...]] = field(default_factory=list)

    def find(self, name: str) -> Service | None:
        return next((service for service in self.services if service.name.lower() == name.lower()), None)

    def running(self) -> set[str]:
        return {service.name for service in self.services if service.state == 4}

    def dependents(self, name: str) -> Iterator[Service]:
        """Those of the first degree: the step must find the others itself."""
        return (service for service in self.services if name.lower() in [need.lower() for need in service.needs])

    def __call__(self, command: Command) -> CommandResult:
        """Any command of the step."""
        self.sent.append(command.argv)
        if command.argv in self.broken:
            number = self.broken[command.argv]
            return result("", 2, f"Failed.\n\nNET HELPMSG {number}.\n" if number else "It could not be done.\n")
        program, verb, name, *more = command.argv
        service = self.find(name)
        if service is None:
            return result("", 2, "NET HELPMSG 2185.\n") if program == "net" else result("", 1060)
        if program == "net":
            return self._start(service) if verb == "start" else self._stop(service)
        match verb:
            case "queryex":
                return result(
                    f"\nSERVICE_NAME: {name}\n{_status(service)}\n        PID : {service.pid}\n        FLAGS :\n"
                )
            case "qc":
                return result(_config(service))
            case "enumdepend":
                found = list(self.dependents(name))
                blocks = [f"\nSERVICE_NAME: {s.name}\nDISPLAY_NAME: {s.name}\n{_status(s)}\n" for s in found]
                return result(f"[SC] EnumDependentServices: entriesread = {len(found)}\n" + "".join(blocks))
            case "config":
                return self._configure(service, more)
            case _:
                raise AssertionError(command.argv)

    def _start(self, service: Service) -> CommandResult:
        if service.state == 4:
            return result("", 2, "NET HELPMSG 2182.\n")
        if service.start == "disabled":
            return result("", 2, "System error 1058 has occurred.\n\nThe service is disabled.\n")
        for need in service.needs:
            needed = self.find(need)
            assert needed is not None
            if self._start(needed).exit_code and needed.state != 4:
                return result("", 2, "System error 1068 has occurred.\n\nThe dependency service failed.\n")
        service.state, service.pid = 4, service.pid if service.shared else service.pid + 1
        return result("started\n")

    def _stop(self, service: Service) -> CommandResult:
        if service.state == 1:
            return result("", 2, "NET HELPMSG 3521.\n")
        if any(dependent.state != 1 for dependent in self.dependents(service.name)):
            return result("Do you want to continue? (Y/N) [N]: ", 2, "No valid response was provided.\n")
        service.state = 1
        return result("stopped\n")

    def _configure(self, service: Service, words: list[str]) -> CommandResult:
        given = dict(zip(words[::2], words[1::2], strict=True))
        service.start = given.get("start=", service.start)
        service.account = given.get("obj=", service.account)
        return result("[SC] ChangeServiceConfig SUCCESS\n")


def _status(service: Service) -> str:
    controls = f"\n   ({'' if service.stoppable else 'NOT_'}STOPPABLE, NOT_PAUSABLE)" if service.state != 1 else ""
    return (
        f"        TYPE : {'20' if service.shared else '10'}  X\n"
        f"        STATE : {service.state}  {STATES[service.state].upper()}{controls}\n"
        f"        WIN32_EXIT_CODE : {service.exit_code}  (0x0)\n        SERVICE_EXIT_CODE : 0  (0x0)\n"
        "        CHECKPOINT : 0x0\n        WAIT_HINT : 0x0"
    )


def _config(service: Service) -> str:
    needs = "\n                : ".join(service.needs)
    return (
        f"[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: {service.name}\n"
        f"        TYPE : 10  X\n        START_TYPE : {STARTS[service.start]}\n        ERROR_CONTROL : 1   NORMAL\n"
        f"        BINARY_PATH_NAME : C:\\x.exe\n        LOAD_ORDER_GROUP :\n        TAG : 0\n"
        f"        DISPLAY_NAME : {service.name}\n        DEPENDENCIES : {needs}\n"
        f"        SERVICE_START_NAME : {service.account}\n"
    )
