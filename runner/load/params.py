"""Parameters of playbooks: what the user gave, as the types that their authors declared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.diagnostics import Diagnostics, Span
from runner.load.wording import nearest
from runner.model.fields import parse_duration
from runner.model.playbook import Parameter, Playbook

SOURCE = "-e"
"""Where values from the command line are said to stand."""

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "str": "is not a text",
        "int": "is not a whole number",
        "bool": "is neither true nor false",
        "duration": "is not a duration, such as 90s, 5m or 1h30m",
        "list": "is not a list",
    }
)


def misfit(parameter: Parameter, value: object) -> str:
    """Why a value is not one of this parameter, as the end of a sentence; or an empty text."""
    kinds: Mapping[str, type | tuple[type, ...]] = {"int": int, "bool": bool, "list": (list, tuple)}
    wanted = kinds.get(parameter.type, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return _KINDS[parameter.type]
    if parameter.type == "duration":
        try:
            parse_duration(value)
        except ValueError as problem:
            said, _, remedy = str(problem).removeprefix(f"`{value}` ").partition("\n")
            return f"{said} ({remedy[:1].lower()}{remedy[1:].rstrip('.')})"
    if parameter.choices and value not in parameter.choices:
        return f"is none of {', '.join(map(str, parameter.choices))}"
    return _out_of_bounds(parameter, value) or _unlike(parameter, value)


def _out_of_bounds(parameter: Parameter, value: object) -> str:
    least, most = parameter.at_least, parameter.at_most
    items = " items" if isinstance(value, (list, tuple)) else ""
    if least is not None and _size(value) < _size(least):
        return f"has fewer than {least}{items}" if items else f"is less than {least}"
    if most is not None and _size(value) > _size(most):
        return f"has more than {most}{items}" if items else f"is more than {most}"
    return ""


def _size(value: object) -> float:
    """What the bounds of a parameter compare: a number, the seconds of a duration, how many items a list has."""
    if isinstance(value, (list, tuple)):
        return len(value)
    return parse_duration(value) if isinstance(value, str) else float(str(value))


def _unlike(parameter: Parameter, value: object) -> str:
    if parameter.matches is None:
        return ""
    if not isinstance(value, (list, tuple)):
        return "" if re.fullmatch(parameter.matches, str(value)) else "has not the form that is expected"
    wrong = [str(item) for item in value if not re.fullmatch(parameter.matches, str(item))]
    return f"has items that have not the form that is expected: {', '.join(wrong)}" if wrong else ""


def wrong_limits(parameter: Parameter) -> str:
    """What is wrong with the limits that an author gave a parameter, or an empty text."""
    limits = [limit for limit in (parameter.at_least, parameter.at_most) if limit is not None]
    if limits and parameter.type not in {"int", "duration", "list"}:
        return "only int, duration and list can have `at_least` and `at_most`"
    if any(isinstance(limit, str) is not (parameter.type == "duration") for limit in limits):
        return "`at_least` and `at_most` of a duration are durations; otherwise they are numbers"
    try:
        if [*map(_size, limits)] != sorted(map(_size, limits)):
            return "`at_least` is more than `at_most`"
    except ValueError as problem:
        return f"`at_least` or `at_most` is not a duration: {str(problem).splitlines()[0]}"
    if parameter.matches is not None and parameter.type not in {"str", "list"}:
        return "only str and list can have `matches`"
    try:
        re.compile(parameter.matches or "")
    except re.error as problem:
        return f"`matches` is no regular expression: {problem}"
    return ""


def resolve_params(
    playbooks: Sequence[Playbook], given: Mapping[str, str], diagnostics: Diagnostics
) -> dict[str, dict[str, object]]:
    """The parameters of each playbook by its id: what was given, else the default.

    Every given name must be a parameter of at least one of the playbooks; every required parameter must be given.
    """
    known = {parameter.name for playbook in playbooks for parameter in playbook.params}
    for name in given:
        if name not in known:
            hint = nearest(name, known)
            remedy = f"Did you mean `{hint}`?" if hint else f"Parameters: {', '.join(sorted(known)) or 'none'}."
            diagnostics.error(Span(f"{SOURCE} {name}"), f"no playbook here has a parameter `{name}`", remedy)
    return {playbook.id: _params(playbook, given, diagnostics) for playbook in playbooks}


def _params(playbook: Playbook, given: Mapping[str, str], diagnostics: Diagnostics) -> dict[str, object]:
    values: dict[str, object] = {}
    for parameter in playbook.params:
        if parameter.name in given:
            values[parameter.name] = _given(parameter, given[parameter.name], diagnostics)
        elif parameter.required:
            remedy = f"{parameter.help} Give it with -e {parameter.name}=VALUE."
            diagnostics.error(parameter.span, f"parameter `{parameter.name}` of `{playbook.id}` is not set", remedy)
        else:
            default = parameter.default
            values[parameter.name] = list(default) if isinstance(default, tuple) else default
    return values


def _given(parameter: Parameter, text: str, diagnostics: Diagnostics) -> object:
    """The value that a text on the command line stands for."""
    value: object = text
    if parameter.type == "int":
        value = int(text) if re.fullmatch("-?[0-9]{1,18}", text) else text
    elif parameter.type == "bool":
        value = {"true": True, "false": False}.get(text, text)
    elif parameter.type == "list":
        value = [part for part in text.split(",") if part]
    problem = misfit(parameter, value)
    if problem:
        span = Span(f"{SOURCE} {parameter.name}")
        diagnostics.error(span, f"`{text}` {problem}", parameter.help)
    return value
