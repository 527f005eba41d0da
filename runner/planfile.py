"""Plans on disk: saved whole, read back only if they are exactly what was saved by this version of vmfix."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import textwrap
from typing import Any, NoReturn

from runner import codec
from runner.errors import PlanFileError
from runner.model.plan import PLAN_FORMAT, Plan

FILE_FORMAT = 1


def dump(plan: Plan) -> str:
    """The text of a plan file. ``digest`` is the plan's identity; ``checksum`` covers its evidence too.

    Entry by entry, since the JSON of a big plan takes several times the memory of its text.
    """
    frame = codec.to_json(dataclasses.replace(plan, entries=()))
    document = {
        "vmfix_plan": FILE_FORMAT,
        "digest": codec.digest(plan, evidence=False),
        "checksum": _checksum(plan),
        "plan": frame,
    }
    before, _, after = _dumps(document).partition(_NO_ENTRIES)
    parts = [before, _NO_ENTRIES[:-1]]
    for number, entry in enumerate(plan.entries):
        parts += [",\n" if number else "\n", _indented(_dumps(codec.to_json(entry)), 3)]
    parts += ["\n  ]" if plan.entries else "]", after, "\n"]
    return "".join(parts)


_NO_ENTRIES = '\n  "entries": []'
"""A line of its own at this depth: within a text, line ends are escaped."""


def _dumps(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)


def _indented(text: str, by: int) -> str:
    """Each line further to the right."""
    return textwrap.indent(text, " " * by, lambda _: True)


def _checksum(plan: Plan) -> str:
    return codec.digest(plan)


def parse(text: str, source: str, tool_version: str) -> Plan:
    """The plan in a file. Raises ``PlanFileError`` if it is not one, was altered, or comes from another version."""
    document = _document(text, source, tool_version)
    try:
        plan = codec.from_json(Plan, document["plan"])
        whole = codec.digest(plan, evidence=False) == document["digest"]
        evidence = _checksum(plan) == document["checksum"]
        _check_time(plan.expires_at)
    except _MISFITS as problem:
        message = f"{source} was altered: {_said(problem)}"
        raise PlanFileError(message, remedy=_AGAIN) from problem
    if plan.format != PLAN_FORMAT or not whole:
        message = f"{source} was altered: its content does not match its digest"
        raise PlanFileError(message, remedy=_AGAIN)
    if not evidence:
        message = f"{source} was altered: its evidence is not what was observed"
        raise PlanFileError(message, remedy=_AGAIN)
    return plan


_AGAIN = "Make the plan again; nothing was executed."
_KEYS = frozenset({"vmfix_plan", "digest", "checksum", "plan"})
_MISFITS = (ValueError, KeyError, TypeError, ArithmeticError, RecursionError)
"""What values raise that no plan of ours has."""


def _document(text: str, source: str, tool_version: str) -> dict[str, Any]:
    """The frame of a plan file of this version."""
    try:
        document: dict[str, Any] = json.loads(text, parse_constant=_no_number, parse_float=_number, parse_int=_whole)
        kind, version = document["vmfix_plan"], document["plan"]["tool_version"]
    except _Beyond as problem:
        message = f"{source} was altered: {problem}"
        raise PlanFileError(message, remedy=_AGAIN) from problem
    except _MISFITS as problem:
        message = f"{source} is not a vmfix plan"
        raise PlanFileError(message, remedy="A plan file is written by `vmfix plan ... -o FILE`.") from problem
    if kind != FILE_FORMAT or version != tool_version:
        message = f"{source} was made by vmfix {version}, this is {tool_version}"
        raise PlanFileError(message, remedy="Make the plan again with this version: its commands may differ.")
    odd = sorted(set(document) ^ _KEYS)
    if odd:
        message = (
            f"{source} was altered: the key `{odd[0]}` {'is missing' if odd[0] in _KEYS else 'is no part of a plan'}"
        )
        raise PlanFileError(message, remedy=_AGAIN)
    return document


class _Beyond(ValueError):
    """A number that no plan has."""


def _no_number(text: str) -> NoReturn:
    message = f"`{text}` is not a number"
    raise _Beyond(message)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"the number {_short(text)} is too big"
        raise _Beyond(message)
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        message = f"the number {_short(text)} is too big"
        raise _Beyond(message)
    return int(text)


def _check_time(text: str) -> None:
    try:
        zone = dt.datetime.fromisoformat(text).tzinfo
    except ValueError as problem:
        message = f"`{_short(text)}` is not a time"
        raise ValueError(message) from problem
    if zone is None:
        message = f"the time {text} has no zone"
        raise ValueError(message)


def _said(problem: Exception) -> str:
    """The misfit in plain words; Python's own do where they name the field."""
    if isinstance(problem, KeyError):
        return f"{problem} is missing"
    if isinstance(problem, OverflowError):
        return "a number in it is too big"
    if isinstance(problem, RecursionError):
        return "it is nested too deeply"
    return _short(str(problem))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]}..."


_LONGEST_SAID = 200  # characters
_MOST_DIGITS = 18
