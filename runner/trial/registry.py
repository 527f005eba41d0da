"""A simulated registry of Windows below HKLM: answers ``reg query`` and obeys ``reg add`` and ``reg delete``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.model.case import RegistryData
from runner.model.command import Command, CommandResult
from runner.steps.registry_state import long_key, short_key

_ALWAYS = ("HKLM", "HKLM\\SOFTWARE", "HKLM\\SOFTWARE\\Microsoft", "HKLM\\SYSTEM\\CurrentControlSet\\Services")
_NUMBERS = ("REG_DWORD", "REG_QWORD")
_MISSING = "ERROR: The system was unable to find the specified registry key or value.\r\n"


@dataclass
class Registry:
    """Keys with their values; None: nobody said what there is, so nothing is answered. Case does not count in names."""

    keys: dict[str, dict[str, RegistryData]] | None = None

    def become(self, given: Mapping[str, Mapping[str, RegistryData | None] | None] | None) -> None:
        """Take over what a case says."""
        if given is None:
            return
        if self.keys is None:
            self.keys = {key: {} for key in _ALWAYS}
        for name, values in given.items():
            key = self._named(short_key(name))
            if values is None:
                self._drop(key)
                continue
            for value, data in values.items():
                self._put(key, value, data)
            self.keys.setdefault(key, {})

    def value(self, key: str, name: str) -> RegistryData | None:
        """Type and data; None if it is not there."""
        values = (self.keys or {}).get(self._named(short_key(key)), {})
        return next((data for each, data in values.items() if each.lower() == name.lower()), None)

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        wanted = short_key(key).lower()
        return any(f"{each.lower()}\\".startswith(f"{wanted}\\") for each in self.keys or {})

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is no command of ``reg``, or no registry was given."""
        if self.keys is None or command.script or command.argv[:1] != ("reg",):
            return None
        match [word for word in command.argv[1:] if word not in ("/reg:64", "/f")]:
            case ["query", key]:
                return self._query(key, "")
            case ["query", key, "/v", name]:
                return self._query(key, name)
            case [verb, key] if verb in ("add", "delete"):
                return self._whole_key(verb, short_key(key))
            case ["add", key, "/v", name, "/t", kind, "/d", data]:
                self._put(self._named(short_key(key)), name, (kind, data))
                return _done()
            case ["delete", key, "/v", name]:
                if self.value(key, name) is None:
                    return _missing()
                self._put(self._named(short_key(key)), name, None)
                return _done()
            case _:
                return None

    def _whole_key(self, verb: str, key: str) -> CommandResult:
        """Made, or taken away with all that is below it."""
        keys = self.keys or {}
        if verb == "add":
            keys.setdefault(self._named(key), {})
            return _done()
        return _done() if self._drop(key) else _missing()

    def _drop(self, key: str) -> bool:
        """Take the key away with all that is below it; whether there was any of that."""
        keys = self.keys or {}
        gone = [each for each in keys if f"{each}\\".lower().startswith(f"{key}\\".lower())]
        for each in gone:
            del keys[each]
        return bool(gone)

    def _named(self, key: str) -> str:
        return next((each for each in self.keys or {} if each.lower() == key.lower()), key)

    def _put(self, key: str, name: str, data: RegistryData | None) -> None:
        values = (self.keys or {}).setdefault(key, {})
        found = next((each for each in values if each.lower() == name.lower()), name)
        values.pop(found, None)
        if data is not None:
            values[found] = data

    def _query(self, key: str, name: str) -> CommandResult:
        if not self.has(key) or (name and self.value(key, name) is None):
            return _missing()
        values = (self.keys or {}).get(self._named(short_key(key)), {})
        shown = [(each, data) for each, data in values.items() if not name or each.lower() == name.lower()]
        lines = [f"    {each}    {kind}    {_printed(kind, data)}" for each, (kind, data) in shown]
        head = [long_key(key), *lines, ""] if lines else []
        below = [] if name else [long_key(each) for each in self._below(short_key(key))]
        return CommandResult(exit_code=0, stdout="\r\n".join(["", *head, *below, ""]).encode())

    def _below(self, key: str) -> list[str]:
        """The keys one level down."""
        start = f"{key.lower()}\\"
        found: dict[str, str] = {}
        for each in self.keys or {}:
            if each.lower().startswith(start):
                step = each[len(start) :].partition("\\")[0]
                found.setdefault(step.lower(), f"{key}\\{step}")
        return list(found.values())


def _printed(kind: str, data: str | int) -> str:
    if kind in _NUMBERS:
        return f"{data if isinstance(data, int) else int(data, 0):#x}"
    return str(data)


def _done() -> CommandResult:
    return CommandResult(exit_code=0, stdout=b"The operation completed successfully.\r\n")


def _missing() -> CommandResult:
    return CommandResult(exit_code=1, stderr=_MISSING.encode())
