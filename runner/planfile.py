"""Plans on disk: saved whole, read back only if they are exactly what was saved by this version of vmfix."""

from __future__ import annotations

import hashlib
import json

from runner import codec
from runner.errors import PlanFileError
from runner.model.plan import PLAN_FORMAT, Plan

FILE_FORMAT = 1


def dump(plan: Plan) -> str:
    """The text of a plan file. ``digest`` is the plan's identity; ``checksum`` covers its evidence too."""
    document = {
        "vmfix_plan": FILE_FORMAT,
        "digest": codec.digest(plan, evidence=False),
        "checksum": _checksum(plan),
        "plan": codec.to_json(plan),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _checksum(plan: Plan) -> str:
    return hashlib.sha256(codec.canonical(plan)).hexdigest()


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
