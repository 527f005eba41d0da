"""How the simulated machine is at the end, against how a case wants it: only what the case names is looked at."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.model.case import Given, GivenMount, GivenService, GivenUnit, RegistryData
from runner.parsers.sc_lines import STATES
from runner.trial.machine import Machine


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` is not as expected; the lines say how."""

    what: str
    lines: tuple[str, ...]


def unified(expected: Sequence[str], got: Sequence[str]) -> tuple[str, ...]:
    """``-`` was expected and did not come, ``+`` came and was not expected; what is common stands between."""
    lines = difflib.ndiff(list(expected), list(got))
    return ("- expected  + got", *(line.rstrip() for line in lines if not line.startswith("?")))


def ends(machine: Machine, end: Given) -> Iterator[Difference]:
    """All that differs."""
    yield from _services(machine, end)
    yield from _registry(machine, end)
    for name, unit in (end.units or {}).items():
        yield from _told(f"unit {name}", _unit(unit, unit), _unit(_unit_now(machine, name), unit))
    yield from _files(machine, end)
    for target, mount in (end.mounts or {}).items():
        yield from _told(f"mount {target}", _mount(mount), _mount((machine.mounts.mounts or {}).get(target)))


def _told(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        yield Difference(what, (f"expected {expected}", f"got {got}"))


def _files(machine: Machine, end: Given) -> Iterator[Difference]:
    for path, wanted in (end.files or {}).items():
        now = (machine.files.files or {}).get(path)
        content = (None if wanted is None else wanted.content, None if now is None else now.content)
        if content[0] != content[1]:
            yield Difference(path, unified(*map(_lines, content)))
        if wanted is not None and now is not None:
            for part in ("mode", "owner", "group"):
                if getattr(wanted, part):
                    yield from _told(f"{part} of {path}", getattr(wanted, part), getattr(now, part))


def _lines(content: bytes | None) -> list[str]:
    return ["(no such file)"] if content is None else content.decode("utf-8", "backslashreplace").splitlines()


def _services(machine: Machine, end: Given) -> Iterator[Difference]:
    for name, wanted in (end.services or {}).items():
        found = machine.services.find(name)
        now = None
        if found is not None:
            now = GivenService(state=STATES[found.state], start=found.start, account=found.account)
        yield from _told(f"service {name}", _service(wanted, wanted), _service(now, wanted))


def _service(service: GivenService | None, wanted: GivenService | None) -> str:
    """A service, as far as something is wanted of it."""
    if service is None:
        return "no such service"
    words = {"state": "", "start": "start type ", "account": "account "}
    parts = [part for part in words if wanted is None or getattr(wanted, part) is not None]
    return ", ".join(f"{words[part]}{getattr(service, part)}" for part in parts)


def _unit_now(machine: Machine, name: str) -> GivenUnit | None:
    found = machine.units.find(name)
    return None if found is None else GivenUnit(state=found.state, enabled=found.enabled, result=found.result)


def _unit(unit: GivenUnit | None, wanted: GivenUnit | None) -> str:
    """The same of a unit."""
    if unit is None:
        return "no such unit"
    parts = [part for part in ("state", "enabled", "result") if wanted is None or getattr(wanted, part) is not None]
    return ", ".join(str(getattr(unit, part)) for part in parts)


def _registry(machine: Machine, end: Given) -> Iterator[Difference]:
    for key, values in (end.registry or {}).items():
        if values is None:
            yield from _told(key, "no such key", "a key" if machine.registry.has(key) else "no such key")
        for value, data in (values or {}).items():
            yield from _told(f"{key}\\{value}", _data(data), _data(machine.registry.value(key, value)))


def _data(data: RegistryData | None) -> str:
    if data is None:
        return "absent"
    kind, value = data
    number = kind in ("REG_DWORD", "REG_QWORD") and isinstance(value, str)
    return f"{kind} {int(value, 0) if number and isinstance(value, str) else value}"


def _mount(mount: GivenMount | None) -> str:
    return "nothing mounted" if mount is None else f"{mount.source} as {mount.fstype} ({mount.options})"
