"""Events as ``wevtutil qe LOG /f:xml`` prints them: one ``Event`` element after the other, without a common root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from xml.etree import ElementTree as ET

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import NUMBER, SCALAR, many
from runner.parsers.base import Gives, Parser, integer, shown, unreadable, whole_text

_OPENING = re.compile(r"<Event[\s>]")
_CLOSING = "</Event>"
_NAMESPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"
# XML 1.0 has no place for these; providers write them all the same.
_NO_XML = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));",
    re.IGNORECASE,
)


def _parted(text: str) -> tuple[list[str], list[str]]:
    """The events as they are written, and what stands around them. Each letter is read once, whatever was printed."""
    inside: list[str] = []
    around: list[str] = []
    at = 0
    while opening := _OPENING.search(text, at):
        end = text.find(_CLOSING, opening.end())
        if end < 0:
            break
        around.append(text[at : opening.start()])
        at = end + len(_CLOSING)
        inside.append(text[opening.start() : at])
    return inside, [*around, text[at:]]


def _elements(text: str, result: CommandResult) -> Iterator[tuple[str, ET.Element]]:
    """The text of each event, and the same parsed. No document type is ever read, so no entity is expanded."""
    what = "events in XML, as `wevtutil qe LOG /f:xml` prints them"
    inside, around = _parted(text)
    if "".join(around).strip():
        raise unreadable(what, result)
    for raw in inside:
        if "<!DOCTYPE" in raw or "<!ENTITY" in raw:
            raise unreadable(what, result)
        try:
            yield raw, ET.fromstring(_NO_XML.sub("\ufffd", raw))  # noqa: S314 - without a document type it is harmless
        except ET.ParseError as problem:
            message = f"an event is not XML: {problem}"
            raise ParseError(message) from problem


def _need(parent: ET.Element, name: str) -> ET.Element:
    found = parent.find(f"{_NAMESPACE}{name}")
    if found is None:
        message = f"an event has no element {name}"
        raise ParseError(message)
    return found


def _number(text: str | None, name: str) -> int:
    number = integer(text or "")
    if number is None:
        message = f"an event has {shown(text or '')} as {name}, which is no number of Windows"
        raise ParseError(message)
    return number


def _event(raw: str, event: ET.Element) -> dict[str, object]:
    system = _need(event, "System")
    level = system.find(f"{_NAMESPACE}Level")
    data = event.find(f"{_NAMESPACE}EventData")
    return {
        "id": _number(_need(system, "EventID").text, "EventID"),
        "provider": _need(system, "Provider").get("Name", "").lower(),
        "level": _number(level.text, "Level") if level is not None else 0,
        "time": _need(system, "TimeCreated").get("SystemTime", ""),
        "record_id": _number(_need(system, "EventRecordID").text, "EventRecordID"),
        "log": (_need(system, "Channel").text or "").strip(),
        "computer": (_need(system, "Computer").text or "").strip(),
        "data": [] if data is None else [(item.text or "").strip() for item in data.iter(f"{_NAMESPACE}Data")],
        "text": raw,
    }


def _events(result: CommandResult) -> object:
    """No event is no error: wevtutil then prints nothing and exits with 0."""
    text = whole_text(result).removeprefix("\ufeff")
    if result.exit_code != 0:
        what = "events in XML, as `wevtutil qe LOG /f:xml` prints them"
        raise unreadable(what, result)
    return [_event(raw, element) for raw, element in _elements(text, result)]


WEVTUTIL_EVENTS = Parser(
    "wevtutil_events",
    "`wevtutil qe LOG /f:xml`: a list of events, in the order of the call; empty if there is none.",
    MappingProxyType(
        {
            "id": "number",
            "provider": "name of who wrote it, in small letters, for its spelling varies",
            "level": "number: 1 critical, 2 error, 3 warning, 4 information; 0: none",
            "time": "when, in UTC, as printed",
            "record_id": "number: its place in the log",
            "log": "Application, System ...",
            "computer": "the machine's name",
            "data": "list: the texts of EventData, in their order",
            "text": "the event's whole XML as printed: look for a number such as 80042314 in here, never for words",
        }
    ),
    _events,
    gives=Gives.LIST,
    known=MappingProxyType({"data": many(SCALAR), **dict.fromkeys(("id", "level", "record_id"), NUMBER)}),
)
