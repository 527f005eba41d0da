"""The document's side of an Args model: the same shape, where any leaf may also be a template.

A document is checked before anything can be rendered. So ``port: "{{ port }}"`` must pass where a number is wanted,
and everything else must be as exact as in the rest of a document: ``port: "8080"`` does not pass.
"""

from __future__ import annotations

import enum
import functools
import operator
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    Strict,
    StringConstraints,
    Tag,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from runner import expressions
from runner.steps.base import Args
from runner.steps.rendering import complaints, is_union, marker_in, texts_in, unwrapped

VALUE, TEMPLATE = "value", "template"
"""The tags of the two branches. They stand in the ``loc`` of pydantic's errors, right after a leaf's own path."""

_Annotation: TypeAlias = Any
"""A type that is handled as a value; the type system has no type for those yet."""


class _Loose(BaseModel):
    """Base of the variants. ``exact`` is the model that a document without templates must satisfy as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: object, handler: ModelWrapValidatorHandler[_Loose]) -> _Loose:
        exact = _EXACT[cls]
        made = handler(given)  # first: an unknown key explains a missing one
        problem = exact.misfit(given) if issubclass(exact, Args) and isinstance(given, Mapping) else ""
        if problem:
            raise ValueError(problem)
        if any(marker is None and expressions.is_template(text) for _, text, marker in texts_in(exact, given)):
            return made
        try:
            exact.model_validate(given)
        except ValidationError as wrong:
            message = "; ".join(complaints(wrong))
            raise ValueError(message) from wrong
        return made


_EXACT: dict[type[_Loose], type[BaseModel]] = {}


class _AnyOf:
    """Makes ``anyOf`` of the ``oneOf`` that a discriminator gives: a template may well satisfy the other branch too."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        if "oneOf" in made:
            made["anyOf"] = made.pop("oneOf")
        return made


_TemplateText = Annotated[str, StringConstraints(pattern=r"\{\{|\{%|\{#")]


def _branch(given: object) -> str:
    return TEMPLATE if isinstance(given, str) and expressions.is_template(given) else VALUE


def loosened(model: type[BaseModel]) -> type[BaseModel]:
    """The variant of an Args model, or of a model in one, that a document is held against, and its JSON Schema.

    Only its verdict counts: its values are not to be used. What cannot be judged while templates are open (validators
    over the whole model) is judged once they are rendered; ``Args.misfit`` is judged at once. The same model always
    gives the same variant.
    """
    return _loosened(model)


@functools.cache
def _loosened(model: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        annotation = _loose(info.annotation, list(info.metadata))
        fields[name] = (annotation, _without_metadata(info))
    made = create_model(model.__name__, __base__=_Loose, __doc__=model.__doc__, __module__=model.__module__, **fields)
    _EXACT[made] = model
    return made


def _without_metadata(info: FieldInfo) -> FieldInfo:
    """A field's default, alias, title and description: its constraints belong to the value branch alone."""
    copy = info._copy()  # noqa: SLF001 - pydantic offers no public copy of a FieldInfo
    copy.metadata = []
    copy.validate_default = False
    return copy


def _loose(annotation: object, metadata: Sequence[object] = ()) -> _Annotation:
    inner, marker = unwrapped(annotation)
    own = list(get_args(annotation)[1:]) if get_origin(annotation) is Annotated else []
    metadata = [*own, *metadata]
    if marker or marker_in(metadata):
        return _annotated(inner, metadata)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return _annotated(loosened(inner), metadata)
    if is_union(inner):
        # What is said of the union is meant of its values: None has no pattern, and a template need not follow it.
        members = [_loose(member, () if member is type(None) else metadata) for member in get_args(inner)]
        return functools.reduce(operator.or_, members)
    if _is_leaf(inner):
        return _leaf(inner, metadata)
    return _annotated(_container(inner), metadata)


def _container(annotation: _Annotation) -> _Annotation:
    """Lists, tuples and mappings of loosened items. A document has only lists, so a tuple must take one."""
    origin: _Annotation = get_origin(annotation)
    inner = get_args(annotation)
    if origin is tuple:
        items = tuple(item if item is Ellipsis else _loose(item) for item in inner)
        return Annotated[tuple.__class_getitem__(items), Strict(strict=False)]
    if origin is list:
        return list.__class_getitem__(_loose(inner[0]))
    if origin is not None and issubclass(origin, Mapping):
        return dict.__class_getitem__((inner[0], _loose(inner[1])))
    return annotation


def _is_leaf(annotation: object) -> bool:
    if get_origin(annotation) is Literal:
        return True
    return isinstance(annotation, type) and issubclass(annotation, (str, int, float, bool, enum.Enum))


def _leaf(annotation: _Annotation, metadata: Sequence[object]) -> _Annotation:
    """A plain text takes templates as it is; anything narrower gets a second branch."""
    if annotation is str and not metadata:
        return str
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        metadata = [Strict(strict=False), *metadata]
    value: Any = Annotated[_annotated(annotation, metadata), Tag(VALUE)]
    return Annotated[value | Annotated[_TemplateText, Tag(TEMPLATE)], Discriminator(_branch), _AnyOf()]


def _annotated(annotation: _Annotation, metadata: Sequence[object]) -> _Annotation:
    return Annotated[(annotation, *metadata)] if metadata else annotation
