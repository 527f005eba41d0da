"""``/etc/fstab``, and the escapes and option lists that it shares with the kernel's own tables."""

from __future__ import annotations

import re
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many
from runner.parsers.base import Gives, Parser, shown

_OCTAL = re.compile(r"((?:\\[0-3][0-7]{2})+)")
_OPTION = re.compile(r'(?:[^,"]++|"[^"]*+")++')


def unescape(text: str) -> str:
    r"""Blanks are written as \040, tabs as \011, backslashes as \134 (fstab(5)); bytes, so UTF-8 may be split."""

    def decode(match: re.Match[str]) -> str:
        numbers = [int(octal, 8) for octal in match.group(1).split("\\")[1:]]
        return bytes(numbers).decode("utf-8", "replace")

    return _OCTAL.sub(decode, text)


def split_options(text: str) -> list[str]:
    """Options between commas; a comma inside quotes (``context="...:c1,c2"``) does not separate."""
    return _OPTION.findall(text)


def parse_fstab(result: CommandResult) -> list[dict[str, object]]:
    """The entries in file order. Absent (``cat`` exits 1 with no output) counts as empty."""
    entries: list[dict[str, object]] = []
    for number, line in enumerate(result.stdout.decode("utf-8", "replace").splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) < 3:  # noqa: PLR2004 - what, where and type are the three that have no default
            message = f"line {number} of fstab has {len(fields)} fields and needs at least 3: {shown(line)}"
            raise ParseError(message, remedy="Correct that line; mount(8) ignores it.")
        dump, passno = (*fields[4:6], "0", "0")[:2]
        entries.append(
            {
                "source": unescape(fields[0]),
                "target": unescape(fields[1]),
                "fstype": fields[2],
                "options": split_options(unescape(fields[3]) if len(fields) > 3 else "defaults"),  # noqa: PLR2004
                "dump": dump,
                "pass": passno,
                "line": number,
            }
        )
    return entries


FSTAB = Parser(
    name="fstab",
    summary="The entries of /etc/fstab, as printed by cat; a list.",
    fields=MappingProxyType(
        {
            "source": "device, UUID=..., LABEL=..., network path; unescaped",
            "target": "mount point, unescaped; none or swap for swap areas",
            "fstype": "type, or auto",
            "options": "list of options; ['defaults'] where the field is missing",
            "dump": "fifth field, 0 where it is missing",
            "pass": "order of the check at boot, 0 for none",
            "line": "line number in the file",
        }
    ),
    parse=parse_fstab,
    gives=Gives.LIST,
    known=MappingProxyType({"options": many(SCALAR)}),
)
