"""Looking at one value or one key of the registry, so that "not there" is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from runner.errors import ParseError
from runner.model.command import Command
from runner.parsers import PARSERS
from runner.steps.base import Observing

_LOOK_AT_MOST = 30.0
_HIVE = "HKLM"
_LONG_HIVE = "HKEY_LOCAL_MACHINE"
_ANY_HIVE = re.compile(r"\A(HKEY_LOCAL_MACHINE|HKLM)(?=\\|\Z)", re.IGNORECASE)
_KEY = re.compile(r"HKLM(\\[^\\\x00-\x1f]{1,255})+")


def short_key(key: str) -> str:
    """The key with its hive's short name, as ``reg`` takes it."""
    return _ANY_HIVE.sub(_HIVE, key)


def long_key(key: str) -> str:
    """The same with the hive's long name, as ``reg`` prints it."""
    return _LONG_HIVE + short_key(key).removeprefix(_HIVE)


def key_problem(key: str) -> str:
    """Why this is no key that a step may name, with advice in a second line; empty if it is one."""
    if not _ANY_HIVE.match(key) or "\\" not in key:
        return (
            f"`{key}` does not begin with HKLM\\\nOnly HKLM is the machine's own: what HKCU and HKU hold depends on "
            "who is logged in, and HKCR and HKCC are views of other keys."
        )
    if not _KEY.fullmatch(short_key(key)):
        return f"`{key}` is no key below HKLM\nWrite it without a backslash at the end and without empty parts."
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """``holds`` are the names of its values and of the keys right below it, sorted."""

    exists: bool
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """``value`` is type and data as the parser ``reg_query`` gives them, or None if there is no such value."""

    key_exists: bool
    value: tuple[str, object] | None = None


def observe_value(key: str, name: str) -> Observing[RegistryState]:
    """One ``reg query`` if the value is there.

    If not, the key is read as a whole, and where that fails the one above it, up to one that can be read: ``reg``
    itself does not tell "not there" from "may not be read". Raises ``ParseError`` for the latter.
    """
    found = yield from _query(key, "/v", name)
    if found["exists"]:
        return RegistryState(key_exists=True, value=_value(found, key, name))
    whole = yield from _query(key)
    if not whole["exists"]:
        yield from _prove_absence(key)
        return RegistryState(key_exists=False)
    if _named(whole, name) is not None:
        message = f"the value {key}\\{name} is there, and cannot be read by its name"
        raise ParseError(message)
    return RegistryState(key_exists=True)


def observe_key(key: str) -> Observing[KeyState]:
    """One ``reg query`` if the key is there, else as for a value. Raises ``ParseError`` if it may not be read."""
    found = yield from _query(key)
    if not found["exists"]:
        yield from _prove_absence(key)
        return KeyState(exists=False)
    below = cast("list[str]", found["subkeys"])
    names = [each.rpartition("\\")[2] for each in below if each.lower() != long_key(key).lower()]
    return KeyState(exists=True, holds=tuple(sorted([*names, *cast("Mapping[str, object]", found["entries"])])))


def _query(key: str, *more: str) -> Observing[Mapping[str, object]]:
    result = yield Command(argv=("reg", "query", key, *more, "/reg:64"), at_most=_LOOK_AT_MOST)
    return cast("Mapping[str, object]", PARSERS["reg_query"].parse(result))


def _named(found: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    """The value of this name, for which case does not count."""
    values = cast("Mapping[str, Mapping[str, object]]", found["entries"])
    return next((value for each, value in values.items() if each.lower() == name.lower()), None)


def _value(found: Mapping[str, object], key: str, name: str) -> tuple[str, object]:
    value = _named(found, name)
    if value is None:
        message = f"reg query did not print the value {key}\\{name} that it was asked for"
        raise ParseError(message)
    return str(value["type"]), value["data"]


def _prove_absence(key: str) -> Observing[None]:
    """The nearest key above that can be read does not list the one below it on the way to ``key``."""
    below = key
    while "\\" in below:
        above = below.rpartition("\\")[0]
        listing = yield from _query(above)
        if listing["exists"]:
            listed = {each.lower() for each in cast("list[str]", listing["subkeys"])}
            if long_key(below).lower() in listed:
                break
            return
        below = above
    message = f"{below} cannot be read"
    raise ParseError(message, remedy="See its permissions in regedit: the login may not read it.")
