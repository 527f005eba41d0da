"""What has to hold on a target when it is mended, or when it was rightly left alone. Checked from outside."""

from dataclasses import dataclass
from typing import Protocol

from examples.lab.windows.wine.seen import Seen
from examples.lab.windows.wine.services import Start
from examples.lab.windows.wine.writers import NO_ERROR, STABLE

RUNNING = 4


class Want(Protocol):
    """One condition; its `str` says what it asks for."""

    def problem(self, seen: Seen) -> str | None:
        """What is not so, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Stable:
    """Every writer that the target was made with is registered, stable and without an error."""

    def __str__(self) -> str:
        return "all writers are stable"

    def problem(self, seen: Seen) -> str | None:
        bad = [w for w in seen.writers if w.gone or w.state != STABLE or w.error != NO_ERROR]
        return "; ".join(f"{w.name}: {'gone' if w.gone else f'[{w.state}]'}" for w in bad) or None


@dataclass(frozen=True, slots=True)
class Running:
    """A service runs."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} runs"

    def problem(self, seen: Seen) -> str | None:
        service = seen.service(self.name)
        if service is None:
            return f"there is no service {self.name}"
        return None if service.state == RUNNING else f"{self.name} is in state {service.state}"


@dataclass(frozen=True, slots=True)
class Account:
    """A service logs on as that account."""

    name: str
    account: str

    def __str__(self) -> str:
        return f"{self.name} logs on as {self.account}"

    def problem(self, seen: Seen) -> str | None:
        service = seen.service(self.name)
        found = service.account if service else "nobody"
        return None if found.casefold() == self.account.casefold() else f"{self.name} logs on as {found}"


@dataclass(frozen=True, slots=True)
class Starts:
    """A service has that start type."""

    name: str
    start: Start

    def __str__(self) -> str:
        return f"{self.name} has the start type {self.start.name.lower()}"

    def problem(self, seen: Seen) -> str | None:
        service = seen.service(self.name)
        found = service.start if service else 0
        return None if found == self.start else f"{self.name} has the start type {found}"


@dataclass(frozen=True, slots=True)
class RegistryNumber:
    """A REG_DWORD has that value."""

    key: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} below {self.key} is {self.number}"

    def problem(self, seen: Seen) -> str | None:
        found = seen.value(self.key, self.name)
        return None if found == ("REG_DWORD", f"{self.number:#x}") else f"{self.name}: {found or 'not there'}"


@dataclass(frozen=True, slots=True)
class RegistryText:
    """A REG_SZ has exactly that text."""

    key: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name} is {self.text!r}"

    def problem(self, seen: Seen) -> str | None:
        found = seen.value(self.key, self.name)
        return None if found == ("REG_SZ", self.text) else f"{self.name}: {found or 'not there'}"


@dataclass(frozen=True, slots=True)
class Restarted:
    """A service was started again since the target was made."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} was restarted"

    def problem(self, seen: Seen) -> str | None:
        service = seen.service(self.name)
        return None if service and service.starts > 1 else f"{self.name} was not restarted"


@dataclass(frozen=True, slots=True)
class Untouched:
    """These services run, and are the processes that they were after the first boot."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"untouched: {', '.join(self.names)}"

    def problem(self, seen: Seen) -> str | None:
        found = {name: seen.service(name) for name in self.names}
        touched = [n for n, s in found.items() if s is None or s.starts != 1 or s.state != RUNNING]
        if seen.boots > 1:
            touched.append("the machine was rebooted")
        return ", ".join(touched) or None
