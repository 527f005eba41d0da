"""How the simulated machine is at the end, against how a case wants it: only what the case names is looked at."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from runner.model.case import End, GivenFile, RegistryData, Wanted
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


def ends(machine: Machine, end: End) -> Iterator[Difference]:
    """All that differs."""
    for name, wanted in end.services.items():
        service = machine.services.find(name)
        now = None if service is None else SimpleNamespace(**vars(service) | {"state": STATES[service.state]})
        yield from _things(f"service {name}", wanted, now)
    yield from _registry(machine, end)
    for name, wanted in end.units.items():
        yield from _things(f"unit {name}", wanted, machine.units.find(name))
    for path, wanted in end.files.items():
        yield from _file(path, wanted, (machine.files.files or {}).get(path))
    for target, wanted in end.mounts.items():
        yield from _things(f"mount {target}", wanted, (machine.mounts.mounts or {}).get(target))


def _things(what: str, wanted: Wanted, now: object) -> Iterator[Difference]:
    """Part by part, as far as the case names them; or whether it is there."""
    if wanted is None or now is None:
        yield from _told(what, *("not there" if one is None else "there" for one in (wanted, now)))
        return
    for part, value in wanted.items():
        yield from _told(f"{part} of {what}", _word(value), _word(getattr(now, part)))


def _told(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        yield Difference(what, (f"expected {expected}", f"got {got}"))


def _word(value: object) -> str:
    """As a case writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(value)}]"
        case Mapping():
            return f"{{{', '.join(f'{pid}: {user} {program}' for pid, (user, program) in value.items())}}}"
        case _:
            return str(value)


def _file(path: str, wanted: Wanted, now: GivenFile | None) -> Iterator[Difference]:
    """As ``_things``; its content line by line."""
    if wanted is None or now is None:
        yield from _things(path, wanted, now)
        return
    if wanted["content"] != now.content:
        yield Difference(path, unified(*map(_lines, (wanted["content"], now.content))))
    yield from _things(path, {part: value for part, value in wanted.items() if part != "content"}, now)


def _lines(content: object) -> list[str]:
    """So that line ends show where only they differ."""
    text = content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else ""
    return text.replace("\r", "\\r").split("\n")


def _registry(machine: Machine, end: End) -> Iterator[Difference]:
    for key, values in end.registry.items():
        if not values:
            there = machine.registry.has(key) or None
            yield from _things(key, {} if values is not None else None, there)
        for value, data in (values or {}).items():
            yield from _told(f"{key}\\{value}", _data(data), _data(machine.registry.value(key, value)))


def _data(data: RegistryData | None) -> str:
    if data is None:
        return "absent"
    kind, value = data
    number = kind in ("REG_DWORD", "REG_QWORD") and isinstance(value, str)
    return f"{kind} {int(value, 0) if number and isinstance(value, str) else value}"
