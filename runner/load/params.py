"""Parameters of playbooks: what the user gave, as the types that their authors declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.diagnostics import Diagnostics, Span
from runner.load.wording import nearest
from runner.model.fields import parse_duration
from runner.model.playbook import Parameter, Playbook

SOURCE = "-e"
"""Where values from the command line are said to stand."""


def misfit(parameter: Parameter, value: object) -> str:
    """Why a value is not one of this parameter, as the end of a sentence; or an empty text."""
    kinds: Mapping[str, type | tuple[type, ...]] = {"int": int, "bool": bool, "list": (list, tuple)}
    wanted = kinds.get(parameter.type, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return f"is not of type {parameter.type}"
    if parameter.type == "duration":
        try:
            parse_duration(value)
        except ValueError as problem:
            return f"is not a duration: {str(problem).splitlines()[0]}"
    if parameter.choices and value not in parameter.choices:
        return f"is none of {', '.join(map(str, parameter.choices))}"
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
        value = int(text) if text.lstrip("-").isdecimal() else text
    elif parameter.type == "bool":
        value = {"true": True, "false": False}.get(text, text)
    elif parameter.type == "list":
        value = [part for part in text.split(",") if part]
    problem = misfit(parameter, value)
    if problem:
        span = Span(f"{SOURCE} {parameter.name}")
        diagnostics.error(span, f"`{text}` {problem}", parameter.help)
    return value
