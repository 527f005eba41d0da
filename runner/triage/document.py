"""The documents that engineers have: what `az` prints, what the REST API answers, what the portal exports."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runner.diagnostics import Diagnostics, Span
from runner.triage.table import read_table
from runner.triage.values import Raw

_OF_A_JOB = frozenset({"jobtype", "operation", "errordetails", "entityfriendlyname"})
_OF_AN_ITEM = frozenset({"lastbackupstatus", "protecteditemtype", "kpishealths"})
_WANTED = "Give it what `az backup job list -o json` prints, or `job show`, or `item list`, or a table of the portal."
_KINDS: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "a text", bool: "a truth value"}


def read_document(text: str, source: str, diagnostics: Diagnostics) -> list[Raw]:
    """The entries of a document, in whichever of the known shapes. What is wrong stands in ``diagnostics``."""
    start = text.lstrip()[:1]
    if not start:
        diagnostics.error(Span(source), "there is nothing in it", _WANTED)
        return []
    if start not in "[{":
        return read_table(text, source, diagnostics)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as problem:
        at = Span(source, problem.lineno, problem.colno)
        diagnostics.error(at, f"this is not JSON: {problem.msg}", "Was it cut off? Save it again.")
    except (ValueError, RecursionError) as problem:
        diagnostics.error(Span(source), f"this JSON cannot be read: {type(problem).__name__}", _WANTED)
    else:
        return _entries(data, source, diagnostics)
    return []


def is_entry(data: Mapping[str, object]) -> bool:
    """Whether this can be a backup job or a protected item at all."""
    return not _OF_A_JOB.isdisjoint(data) or is_item(data)


def is_item(data: Mapping[str, object]) -> bool:
    """Whether this is a protected item, not a job."""
    return not _OF_AN_ITEM.isdisjoint(data)


def _entries(data: object, source: str, diagnostics: Diagnostics) -> list[Raw]:
    found = _list_in(data, source, diagnostics)
    raws: list[Raw] = []
    for number, entry in enumerate(found, 1):
        if not isinstance(entry, dict):
            kind = _KINDS.get(type(entry), "a number" if entry is not None else "null")
            diagnostics.error(Span(source), f"entry {number} is {kind}, not a backup job", _WANTED)
            return []
        raws.append(Raw(f"{source}: entry {number}", _flat(entry)))
    if raws and not any(is_entry(raw.data) for raw in raws):
        diagnostics.error(Span(source), "entry 1 is neither a backup job nor a protected item", _WANTED)
        return []
    return raws


def _list_in(data: object, source: str, diagnostics: Diagnostics) -> list[object]:
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):  # cannot be: the text begins with a bracket
        raise TypeError
    if isinstance(data.get("error"), dict) and "properties" not in data:
        said = f"{data['error'].get('code', '')}: {data['error'].get('message', '')}"
        diagnostics.error(Span(source), f"this is an error that Azure answered: {said}", "Ask Azure again.")
        return []
    if "value" not in data or "properties" in data:
        return [data]
    if data.get("nextLink"):
        message = "this is not all: it names a next page (`nextLink`)"
        diagnostics.warning(Span(source), message, "Save every page: a later success may stand on the next one.")
    if isinstance(data["value"], list):
        return data["value"]
    diagnostics.error(Span(source), "`value` is not a list", _WANTED)
    return []


def _flat(entry: Mapping[str, object]) -> dict[str, object]:
    """The keys of an entry and of its ``properties``, in small letters. Both may have a name: the entry's counts."""
    inner = next((value for key, value in entry.items() if key.lower() == "properties"), None)
    properties = inner if isinstance(inner, dict) else {}
    return {key.lower(): value for source in (properties, entry) for key, value in source.items() if value is not None}
