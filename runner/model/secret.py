"""Secrets: references that may be written down, and values that may not."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NoReturn


class SecretKind(enum.Enum):
    """Where a secret is fetched from, at connection time and not before."""

    ENV = "env"
    FILE = "file"
    KEYRING = "keyring"
    COMMAND = "command"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A pointer to a secret. It may stand in plans and journals.

    ``where`` is: a variable name (ENV), a path (FILE), ``service/user`` (KEYRING), the argv of a program that prints
    it (COMMAND), or the question to ask (PROMPT).
    """

    kind: SecretKind
    where: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind.value}: {' '.join(self.where)}"


class Secret:
    """A secret value. It shows itself nowhere: only ``reveal()`` gives it, and it cannot be pickled or copied."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value itself: call this only where it is handed to a library that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        message = "a secret is not to be pickled or copied"
        raise TypeError(message)
