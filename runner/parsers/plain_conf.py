"""Files of ``Name=value`` lines without sections, as the Azure Linux agent reads ``/etc/waagent.conf``.

Read in Azure/WALinuxAgent, azurelinuxagent/common/conf.py (``ConfigurationProvider.load``): a line that begins with
``#``, or has no ``=``, says nothing; a ``#`` ends the value; quotes and blanks around it go; letters of names count; of
two lines with one name the last one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.errors import ParseError
from runner.parsers.ini import Unreadable

_BOM = "\ufeff"
_LONGEST = 2**18  # characters
_ASSIGNMENT = re.compile(r"(?P<before>(?P<name>[^#=][^=]*|)=)(?P<value>[^#]*)(?P<after>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A line that sets something; ``number`` counts from 1. ``before`` + ``value`` + ``after`` is the line as it is."""

    number: int
    name: str
    before: str
    value: str
    after: str

    @property
    def meaning(self) -> str:
        """The value as its reader has it."""
        return self.value.strip('" ').strip()


def assignments(text: str) -> Iterator[Assignment]:
    """All lines that set something, in their order. ``Unreadable`` if the first line is not what it seems to be."""
    if text.startswith(_BOM):
        raise Unreadable("the file begins with a byte order mark, which its reader takes for a part of the first name")
    if len(text) > _LONGEST:
        message = f"a file of {len(text)} characters is longer than is read here"
        raise ParseError(message)
    for number, line in enumerate(text.split("\n"), start=1):
        found = _ASSIGNMENT.fullmatch(line)
        if found:
            yield Assignment(number, found["name"].strip(), found["before"], found["value"], found["after"])


def read_plain(text: str) -> dict[str, str]:
    """Names, in their exact letters, and values."""
    return {each.name: each.meaning for each in assignments(text)}
