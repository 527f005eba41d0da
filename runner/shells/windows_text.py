"""What Windows programs print, as UTF-8. Pure functions.

WinRS is asked for code page 65001, and programs may print in the OEM code page or in UTF-16 all the same.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from runner.model.command import Command
from runner.shells.windows_clixml import plain_text

OEM_CODE_PAGE = Command(
    argv=("reg", "query", r"HKLM\SYSTEM\CurrentControlSet\Control\Nls\CodePage", "/v", "OEMCP"), elevated=False
)
"""Prints the number of the code page in which console programs of the machine print."""

_NUMBER = re.compile(rb"OEMCP\s+REG_SZ\s+(\d+)")
_LONGEST_TAIL = 3  # bytes that an unfinished character of UTF-8 can have


def oem_codec(printed: bytes) -> str | None:
    """The codec that the output of ``OEM_CODE_PAGE`` names, or None if it names none that we have."""
    found = _NUMBER.search(printed)
    if not found:
        return None
    name = f"cp{found[1].decode()}"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def to_utf8(output: bytes, oem: Callable[[], str | None], *, truncated: bool = False) -> bytes:
    """One whole stream of a command as UTF-8. ``oem`` is called only for bytes that are not UTF-8 already.

    Each line is judged by itself, for programs of both kinds may have written. Where the code page is not known, bytes
    stay as they are. ``truncated``: the last character may be incomplete, and is then dropped.
    """
    if output.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return output.decode("utf-16", "replace").encode()
    output = output.removeprefix(codecs.BOM_UTF8)
    if truncated:
        output = _without_unfinished(output)
    if not _is_utf8(output):
        output = b"".join(line if _is_utf8(line) else _from(line, oem()) for line in output.splitlines(keepends=True))
    return plain_text(output)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from(line: bytes, codec: str | None) -> bytes:
    return line if codec is None else line.decode(codec, "replace").encode()


def _without_unfinished(output: bytes) -> bytes:
    for size in range(1, _LONGEST_TAIL + 1):
        tail = output[-size:]
        if tail and tail[0] >= 0xC0:  # noqa: PLR2004  the first byte of a character that has several
            return output if _is_utf8(tail) else output[:-size]
    return output
