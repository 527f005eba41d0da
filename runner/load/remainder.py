"""What is left of a playbook whose form is wrong in places: enough to complain of the rest of it in the same go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from runner.diagnostics import Diagnostics
from runner.load.document import Document
from runner.load.playbook_form import PlaybookForm, playbook_form
from runner.load.shape import misfits, validate
from runner.load.tree import Node, Path, Scalar, Sequence, Table

_NAMED = frozenset({"params", "observe", "define"})
_LISTED = frozenset({"accepts", "requires", "remarks", "remedies"})
_ALONE = frozenset({"aliases", "source", "notes", "last_failure", "last_success", "healthy", "keeps"})


@dataclass(frozen=True, slots=True)
class Lost:
    """What was left out, and is not to be missed: names of facts, ids of steps, and single keys."""

    names: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


NOTHING_LOST = Lost()


def remainder(document: Document) -> tuple[Document, PlaybookForm, Lost] | None:
    """The document without the parameters, observations, remedies ... that do not fit, and what those were.

    None if what does not fit cannot be left out. For the remedies, if none is left, stands one for a person.
    """
    units = {_unit(document, path) for path in misfits(document, playbook_form())}
    if None in units:
        return None
    gone = {unit for unit in units if unit is not None}
    root = _without(document.root, (), gone)
    if not isinstance(root, Table):
        return None
    rest = replace(document, root=_with_a_remedy(root))
    form = validate(rest, playbook_form(), Diagnostics())
    return None if form is None else (rest, form, _lost(document, gone))


def _unit(document: Document, path: Path) -> Path | None:
    """The smallest part around a fault that can be left out; None for what all depends on."""
    match path:
        case ("remedies", int(), "steps", int(), *_):
            return path[:4]
        case (str() as section, _, *_) if section in _NAMED | _LISTED:
            return path[:2]
        case (str() as key,) if key in _ALONE and document.node(path) is not None:
            return path
    return None


def _without(node: Node, at: Path, gone: set[Path]) -> Node | None:
    """A copy of a node; None if nothing of its steps or remedies is left."""
    if isinstance(node, Scalar):
        return node
    steps: Iterable[tuple[str | int, Node]] = node.items.items() if isinstance(node, Table) else enumerate(node.items)
    kept = {
        step: copy
        for step, item in steps
        if (*at, step) not in gone and (copy := _without(item, (*at, step), gone)) is not None
    }
    if isinstance(node, Sequence):
        return replace(node, items=tuple(kept.values())) if kept or not node.items else None
    lost_all = at[:1] == ("remedies",) and len(at) == _REMEDY and "steps" in node.items and "steps" not in kept
    return None if lost_all else replace(node, items={str(step): item for step, item in kept.items()})


_REMEDY = 2  # steps from the root to a remedy


def _with_a_remedy(root: Table) -> Table:
    if "remedies" in root.items:
        return root
    at = root.at
    words = {key: Scalar(at, text, text, plain=True) for key, text in (("id", "none-left"), ("manual", "None."))}
    remedy = Table(at, MappingProxyType(dict.fromkeys(words, at)), MappingProxyType(words))
    return replace(root, items={**root.items, "remedies": Sequence(at, (remedy,))})


def _lost(document: Document, gone: Iterable[Path]) -> Lost:
    names, steps, keys = set[str](), set[str](), set[str]()
    for unit in gone:
        if unit[0] in _NAMED:
            names.add(str(unit[1]))
        elif len(unit) == 1:
            keys.add(str(unit[0]))
        given = document.scalar((*unit, "id"))
        steps |= {given.text} if given is not None else set()
    return Lost(frozenset(names), frozenset(steps), frozenset(keys))
