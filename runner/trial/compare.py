"""What came of a case against what had to come of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.model.case import Given, GivenMount, GivenService
from runner.parsers.sc_lines import STATES
from runner.report.words import status_word
from runner.trial.keys import is_line
from runner.trial.machine import Machine
from runner.trial.play import Played, outcomes


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` is not as expected; the lines say how."""

    what: str
    lines: tuple[str, ...]


def differences(played: Played) -> tuple[Difference, ...]:
    """All of them; empty if the case passes. What the case leaves open comes first, for the rest may follow from it."""
    opened = [Difference("the case", tuple(text.split("\n"))) for text in played.machine.problems]
    found = [*opened, *_status(played), *_sent(played), *_remedies(played), *_planned(played)]
    found += [*_says(played), *_remarks(played), *_end(played.machine, played.case.expect.end)]
    if not found:
        found = [Difference("the case", (text,)) for text in played.machine.unused()]
    return tuple(found)


def _status(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.status, played.verdict.status
    if expected is not got:
        why = f"got {status_word(got)}: {played.verdict.reason}".splitlines()
        advice = [line for line in played.verdict.advice.splitlines() if line]
        yield Difference("status", (f"expected {status_word(expected)}", *why, *(f"  {line}" for line in advice)))


def _sent(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.sent, played.machine.sent
    if len(expected) == len(got) and all(map(is_line, expected, got)):
        return
    shown = [next((each for each in expected if is_line(each, line)), line) for line in got]
    yield Difference("sent", tuple(_unified(expected, shown)))


def _remedies(played: Played) -> Iterator[Difference]:
    expected = played.case.expect.remedies
    if expected is not None and expected != played.begun():
        yield Difference("remedies", tuple(_unified(expected, played.begun())))


def _planned(played: Played) -> Iterator[Difference]:
    got = outcomes(played.entry)
    for action, outcome in played.case.expect.plan.items():
        said = got.get(action, "it is not in the plan")
        if said != outcome.value:
            known = () if action in got else (f"in the plan: {', '.join(got) or 'no step'}",)
            yield Difference(f"plan of {action}", (f"expected {outcome.value}", f"got {said}", *known))


def _says(played: Played) -> Iterator[Difference]:
    said = f"{played.verdict.reason}\n{played.verdict.advice}"
    for text in played.case.expect.says:
        if text not in said:
            yield Difference("says", (f"expected {text}", *(f"got {line}" for line in said.splitlines() if line)))


def _remarks(played: Played) -> Iterator[Difference]:
    expected, got = played.case.expect.remarks, played.entry.remarks
    if expected is None:
        return
    if len(expected) != len(got) or not all(part in whole for part, whole in zip(expected, got, strict=True)):
        shown = [next((part for part in expected if part in whole), whole) for whole in got]
        yield Difference("remarks", tuple(_unified(expected, shown)))


def _unified(expected: Sequence[str], got: Sequence[str]) -> Iterator[str]:
    """``-`` was expected and did not come, ``+`` came and was not expected; what is common stands between."""
    yield "- expected  + got"
    yield from (line.rstrip() for line in difflib.ndiff(list(expected), list(got)) if not line.startswith("?"))


def _end(machine: Machine, end: Given) -> Iterator[Difference]:
    """How the machine is at the end, as far as the case says it."""
    for name, service in (end.services or {}).items():
        yield from _told(f"service {name}", _service(service), _service_now(machine, name, service))
    for key, values in (end.registry or {}).items():
        if values is None:
            yield from _told(key, "no such key", "a key" if machine.registry.has(key) else "no such key")
        for value, data in (values or {}).items():
            yield from _told(f"{key}\\{value}", _data(data), _data(machine.registry.value(key, value)))
    for path, file in (end.files or {}).items():
        now = machine.files.content(path)
        if (None if file is None else file.content) != now:
            yield Difference(path, tuple(_unified(_lines(None if file is None else file.content), _lines(now))))
    for target, mount in (end.mounts or {}).items():
        found = (machine.mounts.mounts or {}).get(target)
        yield from _told(f"mount {target}", _mount(mount), _mount(found))


def _told(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        yield Difference(what, (f"expected {expected}", f"got {got}"))


def _lines(content: bytes | None) -> list[str]:
    return ["(no such file)"] if content is None else content.decode("utf-8", "backslashreplace").splitlines()


def _service(wanted: GivenService | None) -> str:
    if wanted is None:
        return "no such service"
    parts = [("", wanted.state), ("start type ", wanted.start), ("account ", wanted.account)]
    return ", ".join(f"{word}{value}" for word, value in parts if value)


def _service_now(machine: Machine, name: str, wanted: GivenService | None) -> str:
    """The same of the service as it is now, in what is wanted of it."""
    now = machine.services.find(name)
    if now is None:
        return "no such service"
    return _service(
        GivenService(
            state=STATES[now.state] if wanted is None or wanted.state else None,
            start=now.start if wanted is not None and wanted.start else None,
            account=now.account if wanted is not None and wanted.account else None,
        )
    )


def _data(data: tuple[str, str | int] | None) -> str:
    if data is None:
        return "absent"
    kind, value = data
    number = kind in ("REG_DWORD", "REG_QWORD") and isinstance(value, str)
    return f"{kind} {int(value, 0) if number and isinstance(value, str) else value}"


def _mount(mount: GivenMount | None) -> str:
    return "nothing mounted" if mount is None else f"{mount.source} as {mount.fstype} ({mount.options})"
