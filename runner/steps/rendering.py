"""Raw arguments of a step -> rendered, validated ones; and what the loader must know of them before that.

Every text in the arguments is a template, except where the annotation of its field says ``NotTemplate``. So the raw
data and the annotations of the Args model are walked side by side.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from runner import expressions
from runner.errors import ExpressionError
from runner.steps.base import Args, IsExpression, NotTemplate, StepType

Path: TypeAlias = tuple[str | int, ...]
A = TypeVar("A", bound=Args)
_Marker: TypeAlias = NotTemplate | None
_Visit: TypeAlias = Callable[[Path, str, _Marker], str]


def render_args(step_type: StepType[A, Any], raw: Mapping[str, object], names: Mapping[str, object]) -> A:
    """The arguments with all templates rendered. Raises ``ExpressionError``, also for a value that does not fit."""
    return validated(step_type, rendered(step_type, raw, names))


def rendered(
    step_type: StepType[A, Any], raw: Mapping[str, object], names: Mapping[str, object]
) -> Mapping[str, object]:
    """The same plain data with all templates rendered: what a plan keeps, and ``validated`` reads."""

    def visit(path: Path, text: str, marker: _Marker) -> str:
        if marker is not None or not expressions.is_template(text):
            return text
        try:
            return expressions.render(text, names)
        except ExpressionError as problem:
            message = f"{dotted(path)}: {problem.message}"
            raise ExpressionError(message) from problem

    return cast("Mapping[str, object]", walk(step_type.args, raw, visit))


def validated(step_type: StepType[A, Any], plain: Mapping[str, object]) -> A:
    """Rendered arguments as values. A number or a truth value may be given as text, since templates give only text."""
    try:
        args = step_type.args.model_validate(plain)
    except ValidationError as problem:
        raise _unfit(step_type, "; ".join(complaints(problem))) from problem
    refusal = step_type.refuses(plain)
    if refusal:
        raise _unfit(step_type, refusal.replace("\n", ". "))
    return args


def _unfit(step_type: StepType[Any, Any], what: str) -> ExpressionError:
    return ExpressionError(f"the arguments of the step `{step_type.name}` do not fit: {what}")


def complaints(problem: ValidationError) -> list[str]:
    """What pydantic found, each as one line ``path: reason``, without its prefix for our own sentences."""
    found = []
    for error in problem.errors(include_url=False, include_input=False, include_context=False):
        reason = error["msg"].removeprefix("Value error, ").replace("\n", ". ")
        where = dotted(error["loc"])
        found.append(f"{where}: {reason}" if where else reason)
    return found


def dotted(path: Path) -> str:
    """``("check", "command", 0)`` -> ``check.command[0]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def templates_in(step_type: StepType[Any, Any], raw: Mapping[str, object]) -> list[tuple[Path, str]]:
    """Every text that would be rendered, and where it stands."""
    return [(path, text) for path, text, marker in texts_in(step_type.args, raw) if marker is None and is_open(text)]


def expressions_in(step_type: StepType[Any, Any], raw: Mapping[str, object]) -> list[tuple[Path, str, IsExpression]]:
    """Every expression, where it stands, and what it can see: its marker's ``own`` names, and the outer ones or not."""
    found = texts_in(step_type.args, raw)
    return [(path, text, marker) for path, text, marker in found if isinstance(marker, IsExpression)]


def is_open(text: str) -> bool:
    """Whether the text still has to be rendered."""
    return expressions.is_template(text)


def texts_in(annotation: object, raw: object) -> list[tuple[Path, str, _Marker]]:
    """Every text in the raw data, with its path and the marker of its field (None: it is a template)."""
    found: list[tuple[Path, str, _Marker]] = []

    def visit(path: Path, text: str, marker: _Marker) -> str:
        found.append((path, text, marker))
        return text

    walk(annotation, raw, visit)
    return found


def walk(annotation: object, raw: object, visit: _Visit, path: Path = (), marker: _Marker = None) -> object:
    """A copy of the raw data in which every text is what ``visit`` made of it. Data that does not fit is walked too."""
    annotation, own = unwrapped(annotation)
    marker = own or marker
    if isinstance(raw, str):
        return visit(path, raw, marker or _marker_of_text(annotation))
    if isinstance(raw, Mapping):
        below = dict(_fields(annotation, raw))
        return {key: walk(below[key], value, visit, (*path, key), marker) for key, value in raw.items()}
    if isinstance(raw, Sequence) and not isinstance(raw, (bytes, bytearray)):
        item = _item(annotation)
        return [walk(item, value, visit, (*path, index), marker) for index, value in enumerate(raw)]
    return raw


def unwrapped(annotation: object) -> tuple[object, _Marker]:
    """An annotation without ``Annotated``, and the marker found in its metadata (written as a class or an instance)."""
    marker: _Marker = None
    while get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        marker = marker or marker_in(metadata)
    return annotation, marker


def marker_in(metadata: Sequence[object]) -> _Marker:
    """The first ``NotTemplate`` among an annotation's metadata."""
    for entry in metadata:
        if isinstance(entry, NotTemplate):
            return entry
        if isinstance(entry, type) and issubclass(entry, NotTemplate):
            return entry()
    return None


def is_union(annotation: object) -> bool:
    """Whether it is ``A | B`` or ``Union[A, B]``, which differ up to Python 3.13."""
    return get_origin(annotation) in (Union, types.UnionType)


def _members(annotation: object) -> Iterator[object]:
    """The alternatives of a union, each unwrapped; an annotation that is none is its own only alternative."""
    if not is_union(annotation):
        yield annotation
        return
    for member in get_args(annotation):
        yield from _members(unwrapped(member)[0])


def _marker_of_text(annotation: object) -> _Marker:
    """In a union such as ``Annotated[str, NotTemplate] | None`` the marker stands on a member."""
    if not is_union(annotation):
        return None
    return next((marker for member in get_args(annotation) if (marker := unwrapped(member)[1])), None)


@functools.cache
def _fields_of(model: type[BaseModel]) -> Mapping[str, object]:
    """The annotations of a model's fields, by their names in documents."""
    found: dict[str, object] = {}
    for name, info in model.model_fields.items():
        found[info.alias or name] = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    return types.MappingProxyType(found)


def _fields(annotation: object, raw: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Each key with the annotation of its value; ``Any`` for keys that no alternative knows."""
    known: dict[str, object] = {}
    other: object = Any
    for member in _members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            known = {**_fields_of(member), **known}
        elif get_origin(member) is not None and issubclass(cast("type", get_origin(member)), Mapping):
            other = get_args(member)[1]
    for key in raw:
        yield key, known.get(key, other)


def _item(annotation: object) -> object:
    """The annotation of a list's items: that of the first alternative that is a list or a tuple."""
    for member in _members(annotation):
        if get_origin(member) in (list, tuple, Sequence):
            return get_args(member)[0]
    return Any
