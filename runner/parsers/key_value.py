"""Output of ``key=value`` or ``Key: value`` lines, such as /etc/os-release, ``tune2fs -l`` or ``localectl``."""

from __future__ import annotations

import re
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.base import Parser, shown, unreadable, whole_text

_SEPARATOR = re.compile("[=:]")
_QUOTED = re.compile(r"""(["'])(.*)\1""")


def _pair(line: str) -> tuple[str, str] | None:
    """The first separator counts: ``URL="https://x"`` is a pair at ``=``, ``Options: a=b`` one at the colon."""
    separator = _SEPARATOR.search(line)
    key = line[: separator.start()].strip() if separator else ""
    if not separator or not key:
        return None
    value = line[separator.end() :].strip()
    quoted = _QUOTED.fullmatch(value) if separator[0] == "=" else None
    return key, quoted[2] if quoted else value


def _key_value(result: CommandResult) -> object:
    pairs: dict[str, str] = {}
    for line in whole_text(result).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pair = _pair(line)
        if pair is None and not pairs:
            continue  # a banner: `tune2fs -l` of e2fsprogs 1.47 begins with its name and version
        if pair is None:
            message = f"the line {shown(line)} is neither `key=value` nor `key: value`"
            raise ParseError(message)
        key, value = pair
        if key in pairs:
            message = f"the key {shown(key)} stands there twice, so its value is not known"
            raise ParseError(message)
        pairs[key] = value
    if not pairs:
        what = "lines `key=value` or `key: value`"
        raise unreadable(what, result)
    return pairs


KEY_VALUE = Parser(
    "key_value",
    "Lines `key=value` or `key: value` as a mapping of texts. Quotes around a value after `=` are dropped; blank "
    "lines, lines that begin with # and a banner before the first pair are skipped; any other line and a repeated key "
    "are errors.",
    MappingProxyType({"KEY": "the value, as text, under the key as it is written: value['Filesystem state']"}),
    _key_value,
)
