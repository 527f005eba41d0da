"""PowerShell scripts as arguments of powershell.exe. Values are data: no text of theirs becomes part of the program.

There is no machine with PowerShell in our tests: these texts are checked for syntax, and what they rest on is
documented behaviour of Windows PowerShell 5.1.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

_START = ("powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand")

# Values, as JSON in base64: letters, digits, + / = only, so nothing in it can end the quotes.
_VALUES = (
    "$vmfixValues = @((ConvertFrom-Json ([Text.Encoding]::UTF8.GetString("
    "[Convert]::FromBase64String('{data}')))).values)\n"
)
_READ_FROM_STDIN = (
    "$vmfixReader = New-Object System.IO.StreamReader([Console]::OpenStandardInput(), [Text.Encoding]::UTF8)\n"
    "& ([ScriptBlock]::Create($vmfixReader.ReadToEnd()))"
)


def with_values(script: str, values: Sequence[str]) -> str:
    """A script that sees ``values`` as ``$args``, all texts. Without values it is the script itself."""
    if not values:
        return script
    data = base64.b64encode(json.dumps({"values": list(values)}).encode()).decode()
    return _VALUES.format(data=data) + "& {\n" + script + "\n} @vmfixValues"


def encoded(script: str) -> tuple[str, ...]:
    """The program and arguments that run a script. No profile is loaded and nobody is asked anything.

    The execution policy is left alone: it is about script files, and this is none.
    """
    return (*_START, base64.b64encode(script.encode("utf-16-le")).decode())


def read_from_stdin(script: str) -> tuple[tuple[str, ...], bytes]:
    """The same for a script that is too long for a line: a short program, and what it must be given to read."""
    return encoded(_READ_FROM_STDIN), script.encode()
