"""A simulated service manager of Windows: answers ``sc`` and obeys ``net`` and ``sc config``.

What it prints has the shapes that the parsers' sources show; the words of ``net`` are English. That ``net`` exits with
2 for any failure and ``sc`` with the number of the error is from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from runner.model.case import GivenService
from runner.model.command import Command, CommandResult
from runner.parsers.sc_lines import STATES

_STOPPED, _RUNNING = 1, 4
_PID_STEP = 4
_NUMBERS = {word: number for number, word in STATES.items()}
_STARTS = MappingProxyType(
    {
        "auto": "2   AUTO_START",
        "delayed-auto": "2   AUTO_START  (DELAYED)",
        "demand": "3   DEMAND_START",
        "disabled": "4   DISABLED",
    }
)
_NO_SUCH = "[SC] {}:OpenService FAILED 1060:\n\nThe specified service does not exist as an installed service.\n\n"
_HELP = "\nMore help is available by typing NET HELPMSG {}.\n\n"


@dataclass
class Service:
    """``needs`` are the services that it depends on. ``state`` is dwCurrentState."""

    name: str
    state: int = _RUNNING
    start: str = "auto"
    account: str = "LocalSystem"
    needs: tuple[str, ...] = ()
    stoppable: bool = True
    pid: int = 1000
    exit_code: int = 0
    shared: bool = False


@dataclass
class Services:
    """All services by their names in small letters; None: nobody said which there are, so nothing is answered."""

    services: dict[str, Service] | None = None

    def become(self, given: Mapping[str, GivenService | None] | None) -> None:
        """Take over what a case says."""
        if given is None:
            return
        self.services = {} if self.services is None else self.services
        for name, wanted in given.items():
            if wanted is None:
                self.services.pop(name.lower(), None)
                continue
            service = self.services.setdefault(name.lower(), Service(name, state=_STOPPED, pid=0))
            before = service.state
            for part in ("start", "account", "needs", "exit_code", "stoppable", "shared"):
                if getattr(wanted, part) is not None:
                    setattr(service, part, getattr(wanted, part))
            service.state = _NUMBERS[wanted.state] if wanted.state else service.state
            if before == _STOPPED and service.state != _STOPPED:
                service.pid = self._next_pid()

    def find(self, name: str) -> Service | None:
        return (self.services or {}).get(name.lower())

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is no command of ``sc`` or ``net``, or no services were given."""
        if self.services is None or not command.argv or command.script:
            return None
        match command.argv:
            case ("net", "start", name):
                return self._start(name)
            case ("net", "stop", name):
                return self._stop(name)
            case ("sc", "config", name, *words):
                return self._configure(name, words)
            case ("sc", "query" | "queryex" | "qc" | "enumdepend" as verb, name, *_):
                return self._told(verb, name)
            case _:
                return None

    def _told(self, verb: str, name: str) -> CommandResult:
        tell: Mapping[str, tuple[str, Callable[[Service], str]]] = {
            "query": ("EnumQueryServicesStatus", lambda service: f"\n{_block(service)}"),
            "queryex": ("EnumQueryServicesStatus", lambda service: f"\n{_block(service, extended=True)}"),
            "qc": ("OpenService", _config),
            "enumdepend": ("EnumDependentServices", self._dependents),
        }
        service = self.find(name)
        if service is None:
            return _result(_NO_SUCH.format(tell[verb][0]), 1060)
        return _result(tell[verb][1](service))

    def _dependents(self, service: Service) -> str:
        """Those of the first degree: who asks must find the others itself."""
        found = list(self.needing(service.name))
        blocks = "".join(f"\n{_block(one, display=True)}" for one in found)
        return f"Enum: entriesRead = {len(found)}\n{blocks}"

    def needing(self, name: str) -> Iterator[Service]:
        """The services that cannot run without this one."""
        every = (self.services or {}).values()
        return (one for one in every if name.lower() in [need.lower() for need in one.needs])

    def _start(self, name: str) -> CommandResult:
        service = self.find(name)
        if service is None:
            return _failed("The service name is invalid.", 2185)
        if service.state == _RUNNING:
            return _failed("The requested service has already been started.", 2182)
        if service.state != _STOPPED:
            return _failed("The service is starting or stopping.  Please try again later.")
        if service.start == "disabled":
            return _system_error(1058, "The service cannot be started, either because it is disabled ...")
        for need in service.needs:
            if self._start(need).exit_code and (found := self.find(need)) and found.state != _RUNNING:
                return _system_error(1068, "The dependency service or group failed to start.")
        service.state, service.exit_code = _RUNNING, 0
        service.pid = service.pid if service.shared and service.pid else self._next_pid()
        return _result(f"The {name} service is starting.\nThe {name} service was started successfully.\n\n")

    def _stop(self, name: str) -> CommandResult:
        service = self.find(name)
        if service is None:
            return _failed("The service name is invalid.", 2185)
        if service.state == _STOPPED:
            return _failed(f"The {name} service is not started.", 3521)
        if service.state != _RUNNING:
            return _failed("The service is starting or stopping.  Please try again later.")
        if not service.stoppable:
            return _failed("The requested pause, continue, or stop is not valid for this service.", 2191)
        if any(one.state != _STOPPED for one in self.needing(name)):
            asked = f"The following services are dependent on the {name} service."
            return CommandResult(exit_code=2, stdout=asked.encode(), stderr=b"No valid response was provided.\r\n")
        service.state, service.exit_code = _STOPPED, 0
        return _result(f"The {name} service is stopping.\nThe {name} service was stopped successfully.\n\n")

    def _configure(self, name: str, words: list[str]) -> CommandResult:
        service = self.find(name)
        if service is None:
            return _result(_NO_SUCH.format("OpenService"), 1060)
        wanted = dict(zip(words[::2], words[1::2], strict=False))
        service.start = wanted.get("start=", service.start)
        service.account = wanted.get("obj=", service.account)
        return _result("[SC] ChangeServiceConfig SUCCESS\n")

    def _next_pid(self) -> int:
        """One that nothing has had."""
        return max((one.pid for one in (self.services or {}).values()), default=0) + _PID_STEP


def _result(text: str, code: int = 0) -> CommandResult:
    return CommandResult(exit_code=code, stdout=text.replace("\n", "\r\n").encode())


def _failed(text: str, number: int = 0) -> CommandResult:
    """The words of ``net`` go to standard error."""
    said = f"{text}\n{_HELP.format(number) if number else ''}"
    return CommandResult(exit_code=2, stderr=said.replace("\n", "\r\n").encode())


def _system_error(number: int, text: str) -> CommandResult:
    said = f"System error {number} has occurred.\n\n{text}\n\n"
    return CommandResult(exit_code=2, stderr=said.replace("\n", "\r\n").encode())


def _block(service: Service, *, extended: bool = False, display: bool = False) -> str:
    """One service as ``sc query`` prints it; ``queryex`` adds its process, ``enumdepend`` its other name."""
    stoppable = "STOPPABLE" if service.stoppable else "NOT_STOPPABLE"
    accepts = f"\n                                ({stoppable}, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)"
    kind = "20  WIN32_SHARE_PROCESS" if service.shared else "10  WIN32_OWN_PROCESS"
    pid = service.pid if service.state != _STOPPED else 0
    return (
        f"SERVICE_NAME: {service.name}\n"
        + (f"DISPLAY_NAME: {service.name}\n" if display else "")
        + f"        TYPE               : {kind}\n"
        f"        STATE              : {service.state}  {STATES[service.state].upper().replace('-', '_')}"
        f"{accepts if service.state != _STOPPED else ''}\n"
        f"        WIN32_EXIT_CODE    : {service.exit_code}  ({service.exit_code:#x})\n"
        "        SERVICE_EXIT_CODE  : 0  (0x0)\n        CHECKPOINT         : 0x0\n        WAIT_HINT          : 0x0\n"
        + (f"        PID                : {pid}\n        FLAGS              :\n" if extended else "")
    )


def _config(service: Service) -> str:
    needs = "\n                           : ".join(service.needs)
    kind = "20  WIN32_SHARE_PROCESS" if service.shared else "10  WIN32_OWN_PROCESS"
    return (
        f"[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: {service.name}\n"
        f"        TYPE               : {kind}\n        START_TYPE         : {_STARTS[service.start]}\n"
        "        ERROR_CONTROL      : 1   NORMAL\n        BINARY_PATH_NAME   : C:\\Windows\\System32\\svchost.exe\n"
        f"        LOAD_ORDER_GROUP   :\n        TAG                : 0\n        DISPLAY_NAME       : {service.name}\n"
        f"        DEPENDENCIES       : {needs}\n        SERVICE_START_NAME : {service.account}\n"
    )
