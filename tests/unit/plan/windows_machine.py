"""A Windows machine for planning tests: services, registry, events, and what PowerShell scripts would print.

Nothing here was recorded from Windows. What `sc`, `reg` and `wevtutil` print has the form that their parsers are tested
on; what a script prints has the form that the script is written to show.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.diagnostics import Diagnostics
from runner.load.library import Library
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.plan import Entry
from runner.model.playbook import Playbook
from runner.plan.entries import Subject, plan_entry
from runner.shelf import load_library
from tests.unit.steps import driving
from tests.unit.steps.driving import result
from tests.unit.steps.powershell import sound
from tests.unit.steps.service_manager import Manager, Service

_HIVE = "HKEY_LOCAL_MACHINE"


@dataclass
class Machine:
    """``scripts``: a word of a script -> what it prints, or how it ends. ``keys``: key -> name -> (type, shown)."""

    services: tuple[Service, ...] = ()
    scripts: Mapping[str, object] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    events: str = ""

    def __call__(self, command: Command) -> CommandResult:
        """The answer to any observation."""
        if command.dialect is Dialect.POWERSHELL:
            assert sound(command)
            answer = next(given for word, given in self.scripts.items() if word in command.script)
            return answer if isinstance(answer, CommandResult) else result(json.dumps(answer) + "\r\n")
        match command.argv:
            case ("sc", *_):
                return Manager(list(self.services))(command)
            case ("reg", "query", key, "/v", name, "/reg:64"):
                return self._registry(key, name)
            case ("reg", "query", key, "/reg:64"):
                return self._registry(key)
            case ("wevtutil", *_):
                return result(self.events)
            case _:
                raise AssertionError(command)

    def _registry(self, key: str, name: str = "") -> CommandResult:
        key = key.replace(_HIVE, "HKLM", 1)
        below = [each for each in self.keys if each.rpartition("\\")[0] == key and not name]
        values = {one: value for one, value in self.keys.get(key, {}).items() if name.lower() in ("", one.lower())}
        if (key not in self.keys and not below) or (name and not values):
            return result("", 1, "FEHLER: Der angegebene Registrierungsschluessel wurde nicht gefunden.\r\n")
        lines = [key] * bool(values) + [f"    {one}    {kind}    {shown}" for one, (kind, shown) in values.items()]
        return result("\r\n" + "\r\n".join([*lines, *below]).replace("HKLM", _HIVE) + "\r\n\r\n")

    def plan(self, playbook: str, **params: object) -> Entry:
        """What a plan of a shipped playbook has to say of this machine."""
        subject = Subject(playbook=shipped(playbook), target=TARGET, params=_params(playbook, params))
        return driving.Target(self).observe(plan_entry(subject))


TARGET = Target(name="sql-01", address="a", transport=TransportKind.FAKE, platform=Platform.WINDOWS)


@functools.cache
def shipped(playbook: str) -> Playbook:
    """A playbook that vmfix comes with, by its id."""
    return next(one for one in _library().playbooks if one.id == playbook)


@functools.cache
def _library() -> Library:
    return load_library((), Diagnostics())


def _params(playbook: str, given: Mapping[str, object]) -> Mapping[str, object]:
    return {**{one.name: one.default for one in shipped(playbook).params}, **given}


def chosen(entry: Entry) -> str:
    """The first rung that applies now."""
    return next(remedy.id for remedy in entry.remedies if remedy.applies is not False)


def words(entry: Entry, rung: str) -> str:
    """What a rung tells a person."""
    return next(remedy.manual for remedy in entry.remedies if remedy.id == rung)


def crash(program: str, record: int = 7) -> str:
    """Event 1000 of Application Error, as wevtutil prints it: the program's name is its first field."""
    fields = "".join(f"<Data>{text}</Data>" for text in (program, "1.0.0.0", "5a1b2c3d", "ntdll.dll"))
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Application Error'/><EventID Qualifiers='0'>1000</EventID><Level>2</Level>"
        f"<TimeCreated SystemTime='2026-01-02T03:04:05.0000000Z'/><EventRecordID>{record}</EventRecordID>"
        "<Channel>Application</Channel><Computer>sql-01</Computer><Security/></System>"
        f"<EventData>{fields}</EventData></Event>\r\n"
    )
