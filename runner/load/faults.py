"""pydantic's errors, put to their places in a document, with one story told about each union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from runner.load.document import Document
from runner.load.tree import Path, child

EXPECTED: Mapping[str, str] = MappingProxyType(
    {
        "string_type": "text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "list_type": "a list",
        "tuple_type": "a list",
        "set_type": "a list",
        "frozen_set_type": "a list",
        "iterable_type": "a list",
        "dict_type": "a mapping",
        "mapping_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
        "dataclass_type": "a mapping",
        "none_required": "nothing",
    }
)
"""Complaints that say: a value of another kind belongs here."""

# How much a complaint speaks against the branch of a union that it comes from.
_WEIGHT = MappingProxyType({"literal_error": 10, "enum": 2, "missing": 3, "extra_forbidden": 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One complaint. ``path`` leads to the nearest node; ``absent`` is the key that is not there, or empty.

    ``labels`` are the branches of unions on the way: how many steps of the path come before it, and its name.
    """

    kind: str
    message: str
    path: Path
    loc: Path
    absent: str = ""
    at_key: bool = False
    labels: tuple[tuple[int, str], ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    expected: tuple[str, ...] = ()


def place(error: Mapping[str, Any], document: Document, base: Path) -> Fault:
    """Follow pydantic's ``loc`` through the document. What is no key there is the name of a union's branch."""
    node, path, labels, absent = document.node(base), list(base), [], ""
    loc: Path = error["loc"]
    for number, step in enumerate(loc, start=1):
        below = child(node, step) if node is not None else None
        if below is not None:
            path.append(step)
            node = below
        elif number == len(loc) and error["type"] == "missing":
            absent = str(step)
        elif step != "[key]":
            labels.append((len(path), str(step)))
    return Fault(
        kind=error["type"],
        message=error["msg"],
        path=tuple(path),
        loc=loc,
        absent=absent,
        at_key=error["type"] == "extra_forbidden" or loc[-1:] == ("[key]",),
        labels=tuple(labels),
        context=error.get("ctx", {}),
        expected=(EXPECTED[error["type"]],) if error["type"] in EXPECTED else (),
    )


def settle(faults: Sequence[Fault], passed: int = 0) -> list[Fault]:
    """Drop what stems from the branches of a union that were not meant. ``passed`` labels are settled already."""
    settled = [fault for fault in faults if len(fault.labels) <= passed]
    unions: dict[Path, dict[str, list[Fault]]] = {}
    for fault in faults:
        if len(fault.labels) > passed:
            depth, label = fault.labels[passed]
            unions.setdefault(fault.path[:depth], {}).setdefault(label, []).append(fault)
    for where, branches in unions.items():
        settled += _choose(where, [settle(branch, passed + 1) for branch in branches.values()])
    return settled


def _choose(where: Path, branches: list[list[Fault]]) -> list[Fault]:
    """The complaints of the branch that fits best; one complaint if the value is of no branch's kind."""
    if len(branches) == 1:
        return branches[0]
    fitting = [branch for branch in branches if not any(_other_kind(fault, where) for fault in branch)]
    if fitting:
        return min(fitting, key=lambda branch: sum(_WEIGHT.get(fault.kind, 1) for fault in branch))
    mismatches = [fault for branch in branches for fault in branch if _other_kind(fault, where)]
    words = tuple(dict.fromkeys(word for fault in mismatches for word in fault.expected))
    return [replace(mismatches[0], kind="one_of", expected=words)]


def _other_kind(fault: Fault, where: Path) -> bool:
    return bool(fault.expected) and fault.path == where and not fault.absent and not fault.at_key
