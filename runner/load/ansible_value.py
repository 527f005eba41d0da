"""Values of Ansible variables: YAML 1.1 readings, and the few templates that can be evaluated here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runner.diagnostics import Span
from runner.load.scalars import yaml11_bool, yaml11_int
from runner.load.tree import Node, Scalar, Sequence, Table, Tagged
from runner.model.secret import SecretKind, SecretRef

_LOOKUP_ENV = re.compile(
    r"""\s*\{\{\s*(?:lookup|query|q)\(\s*(['"])(?:ansible\.builtin\.)?env\1\s*,\s*(['"])(\w+)\2\s*\)\s*\}\}\s*"""
)
_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_DEEPEST = 8  # templates within templates; more is a circle
_TRUTHS = {"yes": True, "true": True, "on": True, "1": True, "y": True, "t": True}
_TRUTHS |= {"no": False, "false": False, "off": False, "0": False, "n": False, "f": False}


@dataclass(frozen=True, slots=True)
class Var:
    """The value of a variable and where it was given."""

    value: object
    span: Span


class NotEvaluable(Exception):
    """The template needs more than this inventory's own variables."""


def plain(node: Node) -> object:
    """Data as Ansible reads it, that is by YAML 1.1: an unquoted ``yes`` is true, and ``0644`` is octal."""
    match node:
        case Table() if len(node.items) == 1 and (told := _told_by_json(node)) is not None:
            return told
        case Table():
            return {key: plain(item) for key, item in node.items.items()}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar(data=Tagged(tag="!unsafe")):
            return node.text
        case Scalar(data=str(), plain=True):
            old = yaml11_bool(node.text)
            number = yaml11_int(node.text) if old is None else None
            return old if old is not None else number if number is not None else node.text
        case Scalar():
            return node.data


def _told_by_json(node: Table) -> object:
    """What ``ansible-inventory --list`` prints in the place of its tags; None for any other mapping."""
    ((key, item),) = node.items.items()
    if not isinstance(item, Scalar) or key not in {"__ansible_vault", "__ansible_unsafe"}:
        return None
    return Tagged("!vault", item.text) if key == "__ansible_vault" else item.text


def is_template(value: object) -> bool:
    """Whether Jinja2 would evaluate something in it."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(map(is_template, value.values()))
    return isinstance(value, list) and any(map(is_template, value))


def is_encrypted(value: object) -> bool:
    """Whether Ansible Vault made it, wholly or in part."""
    if isinstance(value, Mapping):
        return any(map(is_encrypted, value.values()))
    if isinstance(value, list):
        return any(map(is_encrypted, value))
    return isinstance(value, Tagged)


def evaluate(value: object, name: str, known: Mapping[str, Var], depth: int = 0) -> object:
    """``value`` with each ``{{ variable }}`` replaced. Raises ``NotEvaluable`` for any other template."""
    if not is_template(value):
        return value
    if not isinstance(value, str) or depth > _DEEPEST:
        raise NotEvaluable

    def replaced(found: re.Match[str]) -> str:
        variable = found[1]
        if variable == "inventory_hostname":
            return name
        if variable == "inventory_hostname_short":
            return name.partition(".")[0]
        if variable not in known or not isinstance(known[variable].value, str | int):
            raise NotEvaluable
        return str(evaluate(known[variable].value, name, known, depth + 1))

    text = _REFERENCE.sub(replaced, value)
    if is_template(text):
        raise NotEvaluable
    return text


def env_lookup(value: object) -> SecretRef | None:
    """``{{ lookup('env', 'NAME') }}`` as a reference, or None."""
    found = _LOOKUP_ENV.fullmatch(value) if isinstance(value, str) else None
    return SecretRef(SecretKind.ENV, (found[3],)) if found else None


def truth(value: object) -> bool | None:
    """What Ansible takes for true and false; None for the rest."""
    return _TRUTHS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
