"""What can be said of conditions without any facts: that one is always or never true, or that two cannot both hold."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import nodes

from runner.expressions.shapes import _parsed

MAX_ATOMS = 12
"""More questions than this are not tried out: 2 ** 12 answers are a moment, and no condition of a playbook has more."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """A question that is not looked into. ``of`` and ``values``: it asks whether that text is one of these."""

    text: str
    of: str = ""
    values: frozenset[str] = frozenset()


_Formula: TypeAlias = "_Atom | bool | tuple[str, tuple[_Formula, ...]]"


def constant(text: str) -> bool | None:
    """The truth of an expression that depends on nothing; None for any other."""
    try:
        return bool(_parsed(text).as_const())
    except nodes.Impossible:
        return None


def satisfiable(conditions: Sequence[tuple[str, bool]], definitions: Mapping[str, str]) -> bool:
    """Whether there may be facts under which each expression has the truth that is given with it.

    False is certain; True only means that nothing speaks against it. Names that ``definitions`` explain are replaced.
    """
    formula: _Formula = (
        "and",
        tuple(
            _formula(_parsed(text), definitions, ()) if truth else ("not", (_formula(_parsed(text), definitions, ()),))
            for text, truth in conditions
        ),
    )
    atoms = sorted(_atoms(formula), key=lambda atom: (atom.of, atom.text))
    if len(atoms) > MAX_ATOMS:
        return True
    answers = (dict(zip(atoms, chosen, strict=True)) for chosen in itertools.product((False, True), repeat=len(atoms)))
    return any(_possible(answer) and _holds(formula, answer) for answer in answers)


def _formula(node: nodes.Node, definitions: Mapping[str, str], inside: tuple[str, ...]) -> _Formula:
    match node:
        case nodes.And() | nodes.Or():
            kind = "and" if isinstance(node, nodes.And) else "or"
            return kind, tuple(_formula(part, definitions, inside) for part in (node.left, node.right))
        case nodes.Not():
            return "not", (_formula(node.node, definitions, inside),)
        case nodes.Name() if node.name in definitions and node.name not in inside:
            return _formula(_parsed(definitions[node.name]), definitions, (*inside, node.name))
        case nodes.Compare() if len(node.ops) == 1:
            return _comparison(node.expr, node.ops[0])
    try:
        return bool(node.as_const()) if isinstance(node, nodes.Expr) else _Atom(repr(node))
    except nodes.Impossible:
        return _Atom(repr(node))


def _comparison(left: nodes.Expr, operand: nodes.Operand) -> _Formula:
    """``x == c``, ``x != c``, ``x in [c, d]`` and ``x not in [...]`` with constants are related to each other."""
    other = operand.expr
    values = other.items if operand.op in ("in", "notin") and isinstance(other, nodes.List | nodes.Tuple) else [other]
    related = operand.op in ("eq", "ne") or (values is not None and values != [other])
    if not related or not all(isinstance(value, nodes.Const) for value in values):
        opposite = {"ne": "eq", "notin": "in"}.get(operand.op)
        atom = _Atom(repr((left, opposite or operand.op, other)))
        return ("not", (atom,)) if opposite else atom
    known = frozenset(repr(value) for value in values)
    question = _Atom(repr((left, sorted(known))), repr(left), known)
    return ("not", (question,)) if operand.op in ("ne", "notin") else question


def _atoms(formula: _Formula) -> set[_Atom]:
    if isinstance(formula, _Atom):
        return {formula}
    return set() if isinstance(formula, bool) else {atom for part in formula[1] for atom in _atoms(part)}


def _possible(answers: Mapping[_Atom, bool]) -> bool:
    """No value is two things at once, and none is one of several that it is not."""
    allowed: dict[str, frozenset[str]] = {}
    for atom, truth in answers.items():
        if truth and atom.of:
            allowed[atom.of] = allowed.get(atom.of, atom.values) & atom.values
    denied: dict[str, frozenset[str]] = {}
    for atom, truth in answers.items():
        if not truth and atom.of:
            denied[atom.of] = denied.get(atom.of, frozenset()) | atom.values
    return all(values - denied.get(of, frozenset()) for of, values in allowed.items())


def _holds(formula: _Formula, answers: Mapping[_Atom, bool]) -> bool:
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, _Atom):
        return answers[formula]
    kind, parts = formula
    if kind == "not":
        return not _holds(parts[0], answers)
    return (all if kind == "and" else any)(_holds(part, answers) for part in parts)
