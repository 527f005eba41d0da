"""INI files, as Python's own strict ``configparser`` reads them.

The Azure backup extension reads ``/etc/azure/vmbackup.conf`` with it, key by key, swallowing every error: a file that
it rejects is ignored as a whole (``get_value_from_configfile`` in VMBackup/main/Utils/HandlerUtil.py).
"""

from __future__ import annotations

import configparser
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from runner.errors import ParseError
from runner.model.text import beginning

_BOM = "\ufeff"
_LONGEST = 2**18  # characters
_MOST_LINES = 5_000  # the strict parser's time grows with the square of the number of wrong lines
_MOST_SHOWN, _LONGEST_SHOWN = 5, 200  # wrong lines, and characters of each
_PERCENT = re.compile(r"%(?:%|\(([^)]+)\)s)?")


class Unreadable(Exception):
    """The strict parser rejects the text, or reads something else than it seems to say. The message says where."""


class _Parser(configparser.ConfigParser):
    """The same lines mean the same; but a row of blanks in a line does not take the square of its length in time."""

    OPTCRE = re.compile(r"(?P<option>[^=:]*)(?P<vi>[=:])\s*(?P<value>.*)$")


def _parsed(text: str) -> _Parser:
    lines = _lines(text)
    count = lines.count("\n")
    if len(lines) > _LONGEST or count > _MOST_LINES:
        message = f"an INI file of {len(lines)} characters in {count} lines is longer than is read here"
        raise ParseError(message)
    parser = _Parser()
    parser.read_string(lines)
    return parser


def read(text: str) -> Mapping[str, Mapping[str, str]]:
    """Sections, options (in small letters) and values (not interpolated). The values of [DEFAULT] are in every one."""
    if text.startswith(_BOM):
        raise Unreadable("the file begins with a byte order mark, which the strict parser takes for a wrong header")
    try:
        parser = _parsed(text)
    except configparser.Error as error:
        raise Unreadable(_sentence(error)) from error
    return _sections(parser)


def _sections(parser: _Parser) -> Mapping[str, ChainMap[str, str]]:
    """Each with those of [DEFAULT], which are not copied into every one: both may be many."""
    defaults = dict(parser.defaults())
    for key in defaults:
        parser.remove_option(parser.default_section, key)
    return {name: ChainMap(dict(parser.items(name, raw=True)), defaults) for name in parser.sections()}


def _lines(text: str) -> str:
    """As ``open`` gives it to the extension's parser: a carriage return alone ends a line, too."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sentence(error: configparser.Error) -> str:
    match error:  # the missing header is a kind of parsing error, and comes first
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: the option {_cut(error.option)} stands twice in [{_cut(error.section)}]"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: the section [{_cut(error.section)}] stands twice"
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno}: a line stands before the first [section]: {_cut(error.line.strip())!r}"
        case configparser.ParsingError():
            where = "; ".join(f"line {number}: {_cut(line)}" for number, line in error.errors[:_MOST_SHOWN])
            more = len(error.errors) - _MOST_SHOWN
            return f"not an option and not a section: {where}{f'; and {more} more lines' if more > 0 else ''}"
        case _:
            return _cut(str(error).replace("\n", " "))


def _cut(text: object) -> str:
    return beginning(str(text), _LONGEST_SHOWN)


def interpolation_problems(text: str) -> Iterator[tuple[str, str]]:
    """Section and option of every value that cannot be read because of a ``%``. Others can be, in the same file."""
    with_percent: list[str] | None = None
    for section, values in _sections(_parsed(text)).items():
        own, defaults = values.maps
        if with_percent is None:
            with_percent = [key for key, value in defaults.items() if "%" in value]
        wanted = dict.fromkeys([*(key for key, value in own.items() if "%" in value), *with_percent])
        yield from ((section, key) for key in _broken(wanted, values))


def _broken(wanted: Iterable[str], values: Mapping[str, str]) -> Iterator[str]:
    """Decided without putting the values together: a few short ones can refer to each other for gigabytes."""

    @cache
    def readable(key: str, depth: int) -> bool:
        names = _references(values[key])
        return (
            depth <= configparser.MAX_INTERPOLATION_DEPTH
            and names is not None
            and all(name in values and ("%" not in values[name] or readable(name, depth + 1)) for name in names)
        )

    return (key for key in wanted if not readable(key, 1))


def _references(value: str) -> list[str] | None:
    """The options that a value refers to by ``%(name)s``; None where a ``%`` stands otherwise."""
    names: list[str] = []
    for found in _PERCENT.finditer(value):
        if found[0] == "%":
            return None
        if found[1]:
            names.append(found[1].lower())
    return names
