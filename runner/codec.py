"""Values to JSON and back: canonical bytes, and the digest over them.

Frozen dataclasses, enums, tuples and mappings become plain JSON by one general rule, and come back by their type hints.
A field whose metadata says ``evidence`` is kept in the file but left out of the digest.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object, *, evidence: bool = True) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Plain JSON data (dict, list, str, int, float, bool, None). Raises TypeError for what has no JSON form."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: to_json(getattr(value, f.name), evidence=evidence)
            for f in dataclasses.fields(value)
            if evidence or not f.metadata.get("evidence")
        }
    if isinstance(value, Mapping):
        return {str(k): to_json(v, evidence=evidence) for k, v in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted((to_json(v, evidence=evidence) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, (list, tuple)):
        return [to_json(v, evidence=evidence) for v in value]
    message = f"no JSON form for {type(value).__name__}"
    raise TypeError(message)


def canonical(value: object, *, evidence: bool = True) -> bytes:
    """The one JSON text of a value: keys sorted, no blanks, UTF-8."""
    data = to_json(value, evidence=evidence)
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def digest(value: object, *, evidence: bool = True) -> str:
    """SHA-256 of the canonical JSON, in hex. A big plan is never in memory as one JSON text."""
    hashed = hashlib.sha256()
    for piece in pieces(value, evidence=evidence):
        hashed.update(piece)
    return hashed.hexdigest()


def pieces(value: object, *, evidence: bool = True) -> Iterator[bytes]:
    """The bytes of ``canonical``, one item at a time for each sequence of a dataclass."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        yield canonical(value, evidence=evidence)
        return
    fields = sorted((f for f in dataclasses.fields(value) if evidence or not f.metadata.get("evidence")), key=_name)
    for number, field in enumerate(fields):
        yield b"%s%s:" % (b"," if number else b"{", canonical(field.name))
        content = getattr(value, field.name)
        if not isinstance(content, (list, tuple)):
            yield canonical(content, evidence=evidence)
            continue
        for place, item in enumerate(content):
            yield (b"," if place else b"[") + canonical(item, evidence=evidence)
        yield b"]" if content else b"[]"
    yield b"}" if fields else b"{}"


def _name(field: dataclasses.Field[Any]) -> str:
    return field.name


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def from_json(cls: type[T], data: object) -> T:
    """The dataclass ``cls`` from what ``to_json`` gave. Raises ValueError naming the field if the data does not fit."""
    if not isinstance(data, dict):
        message = f"{cls.__name__}: expected an object"
        raise ValueError(message)  # noqa: TRY004 - bad input, not a bug
    known = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - set(known))
    if unknown:
        message = f"{cls.__name__}: unknown field {unknown[0]!r}"
        raise ValueError(message)
    hints = _hints(cls)  # type: ignore[arg-type]  # a type is hashable; mypy does not see it for TypeVars
    try:
        return cls(**{name: _value(hints[name], item, f"{cls.__name__}.{name}") for name, item in data.items()})
    except TypeError as problem:
        message = f"{cls.__name__}: {problem}"
        raise ValueError(message) from problem


def _value(hint: Any, data: object, where: str) -> object:  # noqa: ANN401 - type hints have no common type
    """``data`` as the type hint says."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in (object, Any):
        return data
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in args if a is not type(None)]
        return None if data is None else _value(inner[0], data, where)
    if origin is tuple:
        return tuple(_value(args[0], item, where) for item in _expect(list, data, where))
    if origin is frozenset:
        return frozenset(_value(args[0], item, where) for item in _expect(list, data, where))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        items = _expect(dict, data, where).items()
        return types.MappingProxyType({k: _value(args[1], v, where) for k, v in items})
    return _plain(hint, data, where)


def _plain(hint: Any, data: object, where: str) -> object:  # noqa: ANN401 - as above
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(data)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, data)
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return _expect(hint, data, where)


def _expect(kind: Any, data: Any, where: str) -> Any:  # noqa: ANN401 - as above
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        message = f"{where}: expected {kind.__name__}, found {type(data).__name__}"
        raise ValueError(message)
    return data
