"""The arguments of the ``service`` step, for systemd and for Windows alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from runner.steps.base import Args
from runner.steps.rendering import is_open

StartType: TypeAlias = Literal["auto", "delayed-auto", "demand", "disabled"]
Account: TypeAlias = Literal["LocalSystem", "NT AUTHORITY\\NetworkService", "NT AUTHORITY\\LocalService"]

# The beginning would be an option of systemctl, net or sc; the rest cannot stand in any service's name.
_NO_NAME = re.compile(r"[-/\\]|.*[\x00-\x1f\"%/*?|<>]|\s*\Z", re.DOTALL)


def _service_name(text: str) -> str:
    if _NO_NAME.match(text):
        message = f"`{text}` cannot be the name of one service"
        raise ValueError(message)
    return text


def _listed(given: object) -> object:
    return (given,) if isinstance(given, str) else given


def _names_schema() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


class ServiceArgs(Args):
    """``name`` may be a list of names that the service has on different targets: the first that exists counts.

    ``enabled`` is for systemd; ``start_type`` and ``account`` are for Windows. Left out means: as it is.
    """

    name: Annotated[
        tuple[Annotated[str, AfterValidator(_service_name)], ...],
        Strict(strict=False),
        Field(min_length=1),
        BeforeValidator(_listed),
        WithJsonSchema(_names_schema()),
    ]
    state: Literal["started", "stopped", "restarted"]
    enabled: bool | None = None
    start_type: StartType | None = Field(default=None, description="On Windows: when it starts.")
    account: Account | None = Field(
        default=None,
        description="On Windows: the account that it logs on with, one of those without a password. It counts from the "
        "service's next start.",
    )

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """What is disabled does not start."""
        if given.get("start_type") == "disabled" and given.get("state") in ("started", "restarted"):
            return "a disabled service cannot be started\nWrite state: stopped, or another start_type."
        return ""


def names_in(given: Mapping[str, object]) -> Iterator[str]:
    """The names in arguments as written, without those that still have to be rendered."""
    name = given.get("name")
    for text in name if isinstance(name, (list, tuple)) else (name,):
        if isinstance(text, str) and not is_open(text):
            yield text
