"""Plans on disk: saved whole, read back only if they are exactly what was saved by this version of vmfix."""

from __future__ import annotations

import dataclasses
import json
import textwrap

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
    try:
        document = json.loads(text)
        kind = document["vmfix_plan"]
        version = document["plan"]["tool_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        message = f"{source} is not a vmfix plan"
        raise PlanFileError(message, remedy="A plan file is written by `vmfix plan ... -o FILE`.") from problem
    if kind != FILE_FORMAT or version != tool_version:
        message = f"{source} was made by vmfix {version}, this is {tool_version}"
        raise PlanFileError(message, remedy="Make the plan again with this version: its commands may differ.")
    try:
        plan = codec.from_json(Plan, document["plan"])
    except (ValueError, KeyError) as problem:
        message = f"{source} was altered: {problem}"
        raise PlanFileError(message, remedy="Make the plan again.") from problem
    if plan.format != PLAN_FORMAT or codec.digest(plan, evidence=False) != document.get("digest"):
        message = f"{source} was altered: its content does not match its digest"
        raise PlanFileError(message, remedy="Make the plan again; nothing was executed.")
    if _checksum(plan) != document.get("checksum"):
        message = f"{source} was altered: its evidence is not what was observed"
        raise PlanFileError(message, remedy="Make the plan again; nothing was executed.")
    return plan
