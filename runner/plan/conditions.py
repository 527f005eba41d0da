"""Conditions of a playbook for people: what they ask, and what the names in them stand for on this target now."""

from __future__ import annotations

from collections.abc import Mapping

from runner.errors import ExpressionError
from runner.expressions import paths_used
from runner.model.playbook import Expression
from runner.model.text import beginning, in_one_line
from runner.plan.facts import View

_LABELS = ("name", "target", "id", "path", "device", "item")
_LONGEST = 60  # characters of one value
_MOST = 3  # items of a list
_PRIVATE = "target.vars"  # variables of the inventory may hold secrets


def not_needed(expression: Expression, view: View, **more: object) -> str:
    """The sentence on a condition that does not hold."""
    known = values_in(expression, view, **more)
    return f"not needed, since `{in_one_line(expression.text)}` does not hold{f' ({known})' if known else ''}"


def values_in(expression: Expression, view: View, **more: object) -> str:
    """``to_skip is empty, conf.state is "disabled"``: all that can be said in a word or two; may be empty."""
    said = []
    for path in paths_used(expression.text):
        if path == _PRIVATE or path.startswith(f"{_PRIVATE}."):
            continue
        try:
            words = _words(view.evaluate(Expression(text=path, span=expression.span), **more))
        except ExpressionError:  # such as a field of something that is not there: the condition does not ask for it
            continue
        if words:
            said.append(f"{path} is {words}")
    return ", ".join(said)


def _words(value: object) -> str:
    """The value in a word or two; empty if that cannot be."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        text = in_one_line(value)
        return f'"{beginning(text, _LONGEST)}"' if text else "empty"
    if isinstance(value, list):
        return _listed(value)
    return ""


def _listed(items: list[object]) -> str:
    names = [beginning(name, _LONGEST) for item in items if (name := natural_name(item))]
    if not items:
        return "empty"
    if len(items) > _MOST or len(names) < len(items):
        return f"a list of {len(items)}"
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def natural_name(item: object) -> str | None:
    """What an item of a list is called; None if it has no name of its own."""
    if isinstance(item, (str, int)):
        return str(item)
    if isinstance(item, Mapping):
        return next((str(item[key]) for key in _LABELS if isinstance(item.get(key), (str, int))), None)
    return None
