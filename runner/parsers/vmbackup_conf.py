"""``/etc/azure/vmbackup.conf`` of the Azure backup extension for Linux, as the extension itself reads it.

Keys and defaults read in Azure/azure-linux-extensions, VMBackup/main (fsfreezer.py, freezesnapshotter.py,
guestsnapshotter.py, handle.py). The template in the extension's own folder (main/tempPlugin) is read by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many, table
from runner.parsers.base import Gives, Parser, integer, shown
from runner.parsers.ini import Unreadable, interpolation_problems, read

SECTION = "SnapshotThread"
_DEAD = MappingProxyType(
    {
        "isanysnapshotfailed": "isanysnapshotfailed is a dead key: nothing has read it since 2019.",
        "fsfreeze": "fsfreeze is a dead key: nothing has read it since 2017; freezing cannot be turned off by it.",
    }
)
_NUMBERS = ("safefreezewaitinseconds", "timeout", "seqsnapshot")
_LEAST_WAIT = 2  # seconds: the extension waits int(n / 2) times for 2 seconds


def parse_vmbackup_conf(result: CommandResult) -> dict[str, object]:
    """The file, or its absence: ``cat`` exits 1 and prints nothing."""
    if result.exit_code != 0 and not result.stdout:
        if result.exit_code == 1:
            return _facts(exists=False)
        message = f"the file could not be read (exit {result.exit_code}): {shown(result.err)}"
        raise ParseError(message)
    try:
        text = result.stdout.decode("utf-8")
        sections = read(text)
    except UnicodeDecodeError as error:
        return _facts(exists=True, problem=f"byte {error.start + 1} is not UTF-8, so the whole file is ignored")
    except Unreadable as error:
        return _facts(exists=True, problem=f"{error}, so the whole file is ignored")
    unreadable = [key for section, key in interpolation_problems(text) if section == SECTION]
    values = {key: value for key, value in sections.get(SECTION, {}).items() if key not in unreadable}
    traps = (*_section_traps(sections), *_value_traps(values), *_mount_traps(values), *_text_traps(text, unreadable))
    return _facts(exists=True, sections=list(sections), settings=values, traps=list(traps))


def _facts(
    *,
    exists: bool,
    problem: str = "",
    sections: list[str] | None = None,
    settings: Mapping[str, str] | None = None,
    traps: list[str] | None = None,
) -> dict[str, object]:
    known = dict(settings or {})
    skip = known.get("mountstoskip", "")
    return {
        "exists": exists,
        "readable_by_extension": exists and not problem,
        "problem": problem,
        "sections": sections or [],
        "settings": known,
        "mounts_to_skip": skip.split(",") if skip else [],
        "traps": traps or [],
    }


def _section_traps(sections: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in sections:
        if name != SECTION and name.lower() == SECTION.lower():
            yield f"The section is written [{name}]; the extension looks for [{SECTION}], letter by letter."
    if SECTION not in sections:
        yield f"There is no section [{SECTION}], so no setting has any effect."


def _value_traps(values: Mapping[str, str]) -> Iterator[str]:
    for key, text in _DEAD.items():
        if key in values:
            yield text
    for key in _NUMBERS:
        if values.get(key) and not re.fullmatch(r"\s*[+-]?\d+\s*", values[key]):
            yield f"{key} is {values[key]!r}, which is no number, so the default is used."
    wait = values.get("safefreezewaitinseconds", "")
    seconds = integer(wait)
    if seconds is not None and seconds < _LEAST_WAIT:
        yield f"safefreezewaitinseconds is {wait}: the extension does not wait at all, and every freeze times out."
    for key, value in values.items():
        if re.search(r"\s[;#]", value):
            yield f"The comment after the value of {key} is part of the value."


def _mount_traps(values: Mapping[str, str]) -> Iterator[str]:
    """Items are compared with the mount points letter by letter."""
    for item in values.get("mountstoskip", "").split(","):
        if item != item.strip():
            yield f"mountstoskip: the item {item!r} has a blank, so it matches no mount point."
        path = item.strip()
        if path == "/":
            yield "mountstoskip: / is always frozen and cannot be skipped."
        elif path.endswith("/"):
            yield f"mountstoskip: the item {path!r} ends with a slash, so it matches no mount point."
        elif path and not path.startswith("/"):
            yield f"mountstoskip: the item {path!r} is no mount point."


def _text_traps(text: str, unreadable: list[str]) -> Iterator[str]:
    for key in unreadable:
        yield f"The value of {key} holds a %, so the extension cannot read that key; write %% for a percent sign."
    if not text.isascii():
        yield "The file has letters beyond ASCII; an extension that runs in the C locale on an old Python ignores it."


VMBACKUP_CONF = Parser(
    name="vmbackup_conf",
    summary="/etc/azure/vmbackup.conf, as printed by cat, read as the backup extension reads it.",
    fields=MappingProxyType(
        {
            "exists": "whether there is such a file; there is none by default",
            "readable_by_extension": "false: the extension ignores the whole file, without a word",
            "problem": "why it cannot be read; empty if it can",
            "sections": "names of its sections",
            "settings": "options of [SnapshotThread], their names in small letters",
            "mounts_to_skip": "items of MountsToSkip, exactly as the extension splits them, blanks included",
            "traps": "sentences on what is written and has another effect than it seems, or none",
        }
    ),
    parse=parse_vmbackup_conf,
    gives=Gives.RECORD,
    known=MappingProxyType(
        {"sections": many(SCALAR), "settings": table(SCALAR), "mounts_to_skip": many(SCALAR), "traps": many(SCALAR)}
    ),
)
