"""PowerShell's CLIXML: what powershell.exe writes to standard error in place of text. Pure functions.

Facts: MS-PSRP 2.2.5 (serialization), and as Ansible and pywinrm read it: the marker ``#< CLIXML``, then an ``Objs``
document whose ``S`` elements of stream Error are the lines of the message, control characters as ``_xHHHH_``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.shells.windows_xml import NotXml, parse

MARKER = b"#< CLIXML"

_TAG = "{http://schemas.microsoft.com/powershell/2004/04}S"
_SHOWN = frozenset({"Error", "Warning", "Verbose", "Debug"})  # progress is for a screen
_OPENING = re.compile(rb"(?:#< CLIXML\s*)?(<Objs\b)")
_CLOSING = b"</Objs>"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def plain_text(output: bytes) -> bytes:
    """A stream with each CLIXML document in it replaced by its text. What else stands there is kept.

    Without the marker nothing is touched: a program may print such a document on purpose.
    """
    if not output.startswith(MARKER):
        return output
    return b"".join(_parts(output)).removeprefix(MARKER).lstrip(b"\r\n")


def _parts(output: bytes) -> Iterator[bytes]:
    """What stands around the documents, and their texts. Each byte is read once, whatever a target sends."""
    at = 0
    while opening := _OPENING.search(output, at):
        end = output.find(_CLOSING, opening.end())
        if end < 0:
            break
        yield output[at : opening.start()]
        at = end + len(_CLOSING)
        text = _text(output[opening.start(1) : at])
        yield output[opening.start() : at] if text is None else text
    yield output[at:]


def _text(document: bytes) -> bytes | None:
    try:
        root = parse(document)
    except NotXml:
        return None
    parts = [element.text or "" for element in root.iter(_TAG) if element.get("S") in _SHOWN]
    return _unescape("".join(parts)).encode("utf-8", "replace")


def _unescape(text: str) -> str:
    """UTF-16 code units were escaped one by one; two halves of one character are put together again."""
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
