"""Output of ``reg query``: names, types and data of values; the types are constants of winnt.h in all languages.

``reg`` exits with 1 for a key or value that is not there, and also for one that may not be read; only its translated
text tells them apart. So "not there" from this parser is no proof: the step ``registry_value`` looks at the keys above.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many, record, table
from runner.parsers.base import Gives, Parser, integer, shown, unreadable
from runner.parsers.windows_lines import lines_of

_KEY = re.compile(r"HKEY_[A-Z_]+(\\.*)?")
_VALUE = re.compile(r" {4}(.*?) {4}(REG_[A-Z0-9_]+)(?: {4}(.*))?", re.DOTALL)
_SEPARATOR = "\\0"

_NUMBERS = frozenset(("REG_DWORD", "REG_QWORD", "REG_DWORD_BIG_ENDIAN"))


def _data(kind: str, text: str) -> object:
    """A number, a list of texts, hexadecimal digits in small letters, or the text as it is."""
    if kind in _NUMBERS:
        number = integer(text, 16)
        if number is None:
            message = f"reg printed {shown(text)} as the data of a {shown(kind)}, which is no number of 64 bits"
            raise ParseError(message)
        return number
    if kind == "REG_MULTI_SZ":
        return text.split(_SEPARATOR) if text else []
    return text.lower() if kind in ("REG_BINARY", "REG_NONE") else text


def _reg_query(result: CommandResult) -> object:
    what = "the values of one key, as `reg query KEY` prints them"
    lines = [line for line in lines_of(result) if line.strip()]
    if result.exit_code == 1 and not lines:
        return {"exists": False, "key": "", "entries": {}, "subkeys": []}
    if result.exit_code != 0:
        raise unreadable(what, result)
    keys: list[str] = []
    owner = ""
    values: dict[str, object] = {}
    for line in lines:
        value = _VALUE.fullmatch(line)
        if _KEY.fullmatch(line):
            keys.append(line)
        elif value and keys:
            if owner and owner != keys[-1]:
                message = "reg printed the values of more than one key"
                raise ParseError(message, remedy="Ask for one key, without /s.")
            owner = keys[-1]
            values[value[1]] = {"type": value[2], "data": _data(value[2], value[3] or "")}
        else:
            raise unreadable(what, result)
    return {"exists": True, "key": owner, "entries": values, "subkeys": [key for key in keys if key != owner]}


REG_QUERY = Parser(
    "reg_query",
    "`reg query KEY [/v NAME] /reg:64`: the values of one key. Exit 1 must be allowed by `ok_exit` for one that may "
    "not be there. Data with line breaks is an error.",
    MappingProxyType(
        {
            "exists": "false: it is not there, or may not be read; reg does not tell which",
            "key": "the key's full name, where it has values; else empty",
            "entries": "name -> {type, data}. data is a number for REG_DWORD and REG_QWORD, a list for REG_MULTI_SZ "
            "(parted at \\0, as printed), hexadecimal digits for REG_BINARY, else the text. The default value has a "
            "translated name",
            "subkeys": "list: full names of the keys printed without values, mostly those below it",
        }
    ),
    _reg_query,
    gives=Gives.RECORD,
    known=MappingProxyType({"entries": table(record(("type", "data"))), "subkeys": many(SCALAR)}),
)
