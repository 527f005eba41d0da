"""INI files, as Python's own strict ``configparser`` reads them.

The Azure backup extension reads ``/etc/azure/vmbackup.conf`` with it, key by key, swallowing every error: a file that
it rejects is ignored as a whole (``get_value_from_configfile`` in VMBackup/main/Utils/HandlerUtil.py).
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping

_BOM = "\ufeff"


class Unreadable(Exception):
    """The strict parser rejects the text, or reads something else than it seems to say. The message says where."""


def read(text: str) -> Mapping[str, Mapping[str, str]]:
    """Sections, options (in small letters) and values (not interpolated). The values of [DEFAULT] are in every one."""
    if text.startswith(_BOM):
        raise Unreadable("the file begins with a byte order mark, which the strict parser takes for a wrong header")
    parser = configparser.ConfigParser()
    try:
        parser.read_string(_lines(text))
    except configparser.Error as error:
        raise Unreadable(_sentence(error)) from error
    return {name: dict(parser.items(name, raw=True)) for name in parser.sections()}


def _lines(text: str) -> str:
    """As ``open`` gives it to the extension's parser: a carriage return alone ends a line, too."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sentence(error: configparser.Error) -> str:
    match error:  # the missing header is a kind of parsing error, and comes first
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: the option {error.option} stands twice in [{error.section}]"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: the section [{error.section}] stands twice"
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno}: a line stands before the first [section]: {error.line.strip()!r}"
        case configparser.ParsingError():
            where = "; ".join(f"line {number}: {line}" for number, line in error.errors)
            return f"not an option and not a section: {where}"
        case _:
            return str(error).replace("\n", " ")


def interpolation_problems(text: str) -> Iterator[tuple[str, str]]:
    """Section and option of every value that cannot be read because of a ``%``. Others can be, in the same file."""
    parser = configparser.ConfigParser()
    parser.read_string(_lines(text))
    for section in parser.sections():
        for key in parser[section]:
            try:
                parser.get(section, key)
            except configparser.InterpolationError:
                yield section, key
