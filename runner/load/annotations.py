"""Which keys a model allows at a place inside it: what "unknown key" complaints propose from."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

Loc = tuple[str | int, ...]
_Option = tuple[Any, tuple[str, ...]]  # a type, and the union tags that lead to it


def fields_at(model: type[BaseModel], loc: Loc) -> dict[str, FieldInfo]:
    """The fields, by the key that documents use, of the models that can stand at pydantic's ``loc``."""
    options = list(_members(model))
    for step in loc:
        below = [found for option in options for found in _step(option, step)]
        options = below or options  # an unknown step is the label of a union's branch
    found: dict[str, FieldInfo] = {}
    for kind, _ in options:
        if _is_model(kind):
            found |= _keys(kind)
    return found


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _members(annotation: Any, tags: tuple[str, ...] = ()) -> Iterator[_Option]:  # noqa: ANN401 - any type at all
    """The alternatives of an annotation, without Annotated, aliases and Union around them."""
    origin = get_origin(annotation)
    if hasattr(annotation, "__value__"):  # a type alias, whose class Python 3.11 has not got
        yield from _members(annotation.__value__, tags)
    elif origin is Annotated:
        inner, *extras = get_args(annotation)
        yield from _members(inner, (*tags, *(extra.tag for extra in extras if isinstance(extra, Tag))))
    elif origin in {Union, types.UnionType}:
        for member in get_args(annotation):
            yield from _members(member, tags)
    else:
        yield annotation, tags


def _step(option: _Option, step: str | int) -> list[_Option]:
    """What stands one step below; the option itself if the step is its label; nothing if it leads elsewhere."""
    kind, tags = option
    if _is_model(kind):
        if step in _keys(kind):
            return list(_members(_annotation(_keys(kind)[str(step)])))
        return [option] if step in {kind.__name__, *tags, *_literals(kind)} else []
    arguments = get_args(kind)
    origin: Any = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments:
        return list(_members(arguments[-1]))
    if isinstance(step, int) and arguments:
        return list(_members(arguments[0]))
    return []


def _annotation(info: FieldInfo) -> Any:  # noqa: ANN401 - any type at all
    """The field's type with its tags, which pydantic moves into the metadata."""
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _literals(model: type[BaseModel]) -> set[str]:
    """Values of fields that can be a discriminator."""
    return {
        value
        for info in model.model_fields.values()
        if get_origin(info.annotation) is Literal
        for value in get_args(info.annotation)
        if isinstance(value, str)
    }
