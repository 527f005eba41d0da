"""Hold a document against a pydantic model: every complaint at its place, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from runner.diagnostics import Diagnostics
from runner.load.annotations import fields_at
from runner.load.document import Document
from runner.load.faults import Fault, place, settle
from runner.load.scalars import yaml11_bool
from runner.load.tree import Node, Path, Scalar, Sequence, Table, Tagged, Unreadable, data_of
from runner.load.wording import listed, name_of, nearest, word

__all__ = ["listed", "name_of", "nearest", "validate"]

Model = TypeVar("Model", bound=BaseModel)


def validate(
    document: Document,
    model: type[Model],
    diagnostics: Diagnostics,
    *,
    path: Path = (),
    context: object = None,
) -> Model | None:
    """The part of ``document`` below ``path`` as a ``model``; None if it does not fit, with every reason said.

    Types are exact, as in pydantic's strict mode for JSON: enums and literals come from text, tuples and sets from
    lists, nothing else is converted. A validator of the model may raise ValueError; after a line break in its text
    follows what to do. Values that ``read`` complained about are not complained about again, but give None.
    """
    node = document.node(path)
    result = _held(document, model, path, context)
    if isinstance(result, ValidationError):
        for fault in _faults(result, document, path):
            if not _is_spoiled(document, fault):
                _complain(fault, document, model, diagnostics)
        return None
    _warn_of_old_booleans(document, node, path, diagnostics)
    return None if _spoiled(node) else result


def misfits(document: Document, model: type[BaseModel]) -> list[Path]:
    """Where the document does not fit the model, or could not be read; a key that is missing, where it would stand."""
    result = _held(document, model, (), None)
    faults = _faults(result, document, ()) if isinstance(result, ValidationError) else []
    unreadable = [path for path, leaf in _leaves(document.root, ()) if isinstance(leaf.data, (Unreadable, Tagged))]
    return [*((*fault.path, fault.absent) if fault.absent else fault.path for fault in faults), *unreadable]


def _held(document: Document, model: type[Model], path: Path, context: object) -> Model | ValidationError:
    node = document.node(path)
    text = json.dumps(data_of(node) if node is not None else None, default=lambda _: None)
    # Said by the call, strictness would override fields that relax it: models that say it themselves keep theirs.
    strict = None if model.model_config.get("strict") else True
    try:
        return model.model_validate_json(text, strict=strict, context=context)
    except ValidationError as error:
        return error


def _faults(error: ValidationError, document: Document, path: Path) -> list[Fault]:
    details = error.errors(include_url=False, include_input=False)
    settled = settle([place(dict(detail), document, path) for detail in details])
    within = {fault.path[:depth] for fault in settled for depth in range(len(fault.path))}
    # Entries that do not fit are not counted, so that a list of them is said to be too short as well.
    return [fault for fault in settled if fault.kind != "too_short" or fault.path not in within]


def _complain(fault: Fault, document: Document, model: type[BaseModel], diagnostics: Diagnostics) -> None:
    fields = fields_at(model, _around(fault))
    message, remedy = word(fault, document, fields)
    diagnostics.error(document.span(fault.path, key=fault.at_key), message, remedy)


def _around(fault: Fault) -> Path:
    """Where the mapping is whose keys the complaint is about; unions may put their names behind it."""
    if fault.kind == "string_pattern_mismatch" and not fault.at_key:
        loc = fault.loc
        while loc and loc[-1] != fault.path[-1]:
            loc = loc[:-1]
        return loc[:-1]
    return fault.loc[:-1] if fault.absent or fault.kind == "extra_forbidden" else fault.loc


def _is_spoiled(document: Document, fault: Fault) -> bool:
    leaf = document.scalar(fault.path)
    return leaf is not None and isinstance(leaf.data, (Unreadable, Tagged)) and fault.kind != "extra_forbidden"


def _spoiled(node: Node | None) -> bool:
    return any(isinstance(leaf.data, (Unreadable, Tagged)) for _, leaf in _leaves(node, ()))


def _leaves(node: Node | None, path: Path) -> Iterator[tuple[Path, Scalar]]:
    match node:
        case Table():
            for key, item in node.items.items():
                yield from _leaves(item, (*path, key))
        case Sequence():
            for number, item in enumerate(node.items):
                yield from _leaves(item, (*path, number))
        case Scalar():
            yield path, node
        case None:
            pass


def _warn_of_old_booleans(document: Document, node: Node | None, path: Path, diagnostics: Diagnostics) -> None:
    """Text is what the schema wanted, yet half of the tools that read this file would see a boolean."""
    for where, leaf in _leaves(node, path):
        if leaf.plain and yaml11_bool(leaf.text) is not None:
            message = f"{name_of(where)} is the text `{leaf.text}`, which YAML 1.1 tools read as a boolean"
            diagnostics.warning(document.span(where), message, f'Write "{leaf.text}" in quotes.')
