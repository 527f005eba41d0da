"""Looks at a Windows target from outside: past the endpoint, by the same registry and service manager."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.windows.wine import machine, services, writers

REG, SC = r"C:\windows\system32\reg.exe", r"C:\windows\system32\sc.exe"
VALUE = re.compile(r"^    (?P<name>.*?)    (?P<type>REG_\w+)    (?P<data>.*)$")
NOT_THERE = 1  # reg query's exit code
# A block of sc query: name, display name, type and state, in that order; the labels may be translated.
BLOCK = re.compile(r"^\S.*?: (?P<name>.+?)\r?\n\S.*\n +.*\n +\S+ +: (?P<state>\d)", re.MULTILINE)

Values = Mapping[str, tuple[str, str]]  # name, in small letters -> type and data


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenService:
    """A service now; `starts` counts how often it was started since the target was made."""

    state: int
    start: int
    account: str
    starts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWriter:
    """A writer now; `gone` if it has not registered again after a restart."""

    name: str
    service: str
    state: int
    error: int
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A target now. Names of services, and paths of `registry` (key, backslash, value), are in small letters."""

    services: Mapping[str, SeenService]
    writers: tuple[SeenWriter, ...]
    registry: Values
    boots: int

    def service(self, name: str) -> SeenService | None:
        """The service, if there is one of that name."""
        return self.services.get(name.casefold())

    def value(self, key: str, name: str) -> tuple[str, str] | None:
        r"""Type and data of a value below SOFTWARE\Microsoft, or that of 32-bit programs, as reg.exe prints them."""
        return self.registry.get(rf"{key}\{name}".casefold())


def look(folder: Path) -> Seen:
    """Look at a running target; nothing is started or changed by that."""
    keys = dict(_keys(folder, rf"HKLM\{services.ROOT}"))
    states = {found["name"].casefold(): int(found["state"]) for found in BLOCK.finditer(_run(folder, SC, _ALL))}
    return Seen(
        services={name: _service(keys, name, state) for name, state in states.items()},
        writers=tuple(_writers(folder)),
        registry={
            rf"{key}\{name}": value
            for root in (r"HKLM\SOFTWARE\Microsoft", r"HKLM\SOFTWARE\Wow6432Node\Microsoft")
            for key, values in _keys(folder, root)
            for name, value in values.items()
        },
        boots=machine.boots(folder),
    )


_ALL = ("query", "state=", "all")


def _run(folder: Path, program: str, arguments: tuple[str, ...]) -> str:
    code, text = machine.run(folder, program, arguments)
    if code not in {0, NOT_THERE}:
        raise LabError(f"{program} {' '.join(arguments)} on the target ended with {code}: {text.strip()}")
    return text if code == 0 else ""


def _keys(folder: Path, key: str) -> Iterator[tuple[str, Values]]:
    """Each key below `key` that has values: its path without the root, in small letters."""
    path, values = "", dict[str, tuple[str, str]]()
    for line in _run(folder, REG, ("query", key, "/s", "/reg:64")).splitlines():
        if line.startswith("HKEY_"):
            path, values = line.partition("\\")[2].casefold(), {}
        elif found := VALUE.match(line):
            values[found["name"].casefold()] = (found["type"], found["data"])
        elif values:
            yield path, values
            values = {}


def _service(keys: Mapping[str, Values], name: str, state: int) -> SeenService:
    own = keys[rf"{services.ROOT}\{name}".casefold()]
    lab = keys.get(rf"{services.ROOT}\{name}\Lab".casefold(), {})
    return SeenService(
        state=state,
        start=int(own["start"][1], 16),
        account=own.get("objectname", ("", "LocalSystem"))[1],
        starts=int(lab.get("starts", ("", "0x0"))[1], 16),
    )


def _writers(folder: Path) -> Iterator[SeenWriter]:
    for _, values in _keys(folder, rf"HKLM\{writers.ROOT}"):
        yield SeenWriter(
            name=values["name"][1],
            service=values["service"][1],
            state=int(values["state"][1], 16),
            error=int(values["error"][1], 16),
            gone="gone" in values and values["gone"][1] != "0x0",
        )
