"""What ``net start`` and ``net stop`` say: by number, since the sentences are translated.

net.exe exits with 0 or 2 and nothing between, so the cause is in its text: the number behind ``HELPMSG``, which is the
same in all languages, or the Win32 error of ``System error 1058 has occurred.``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from runner.model.command import CommandResult
from runner.model.shape import NUMBER
from runner.parsers.base import Gives, Parser, integer, whole_text

ALREADY_STARTED, NOT_STARTED = 2182, 3521
UNKNOWN_NAME, NOT_RESPONDING, NOT_NOW, NOT_ALLOWED = 2185, 2186, 2189, 2191

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        2: "the program of the service cannot be found",
        3: "the path of the service's program cannot be found",
        5: "access is denied: the login has no administrator's rights here",
        1051: "services that depend on it are running",
        1052: "the service does not accept to be stopped",
        1053: "the service did not answer in time",
        1055: "the service database is locked",
        1056: "the service runs already",
        1057: "its log-on account does not exist or the password is wrong",
        1058: "the service is disabled",
        1060: "there is no such service",
        1061: "the service cannot be controlled just now",
        1062: "the service is not started",
        1066: "the service ended with an error of its own",
        1067: "the process of the service ended unexpectedly",
        1068: "a service that it depends on does not start",
        1069: "its log-on failed: the account or its password is not accepted",
        1070: "the service hung while starting",
        1072: "the service is marked for deletion",
        1075: "a service that it depends on does not exist",
        1079: "its account differs from that of other services in the same process",
        1115: "the machine is shutting down",
        ALREADY_STARTED: "the service runs already",
        UNKNOWN_NAME: "there is no such service",
        NOT_RESPONDING: "the service does not answer",
        NOT_NOW: "the service cannot be controlled in its present state",
        NOT_ALLOWED: "the service does not accept to be stopped",
        NOT_STARTED: "the service is not started",
        3523: "the service could not be started",
        3534: "the service could not be started, and named no error",
        3547: "the service named an error of its own",
    }
)
"""Plain words for numbers of Win32 (winerror.h) and of NET HELPMSG (lmerr.h); those below 2100 are of Win32."""

_HELPMSG = re.compile(r"HELPMSG\s+(\d+)")
_HELPMSG_FROM = 2100  # NERR_BASE of lmerr.h
_ALONE = re.compile(r"(?<![\w.,-])\d+(?![\w,-]|\.\d)")


def net_number(result: CommandResult) -> int | None:
    """The number of what went wrong, or None where none was printed ("could not be stopped")."""
    found = _HELPMSG.search(result.err) or _HELPMSG.search(result.out)
    if found:
        return integer(found[1])
    return _system_error(result.err)


def _system_error(said: str) -> int | None:
    """``System error 1067 has occurred.``, which a line with the error's text follows.

    A service may be called "Backup 5": only a number of Win32 that is known, alone in its line, counts.
    """
    lines = [line for line in said.splitlines() if line.strip()]
    for line in reversed(lines[:-1]):
        found = _ALONE.findall(line)
        number = integer(found[0]) if len(found) == 1 else None
        if number is not None and number in MEANINGS and number < _HELPMSG_FROM:
            return number
    return None


def _net(result: CommandResult) -> object:
    text = "\n".join(part for part in (whole_text(result).strip(), result.err.strip()) if part)
    number = net_number(result) if result.exit_code != 0 else None
    return {
        "exit_code": result.exit_code,
        "number": number,
        "meaning": MEANINGS.get(number, "") if number is not None else "",
        "text": text,
    }


NET = Parser(
    "net",
    "`net start` and `net stop`: the number of what went wrong, whatever the language.",
    MappingProxyType(
        {
            "exit_code": "0 or 2",
            "number": "from NET HELPMSG (2182: runs already, 3521: not started) or of Win32 (1069: log-on failed); "
            "null: none was printed",
            "meaning": "the same in plain words; empty if it is not known",
            "text": "all that was printed",
        }
    ),
    _net,
    gives=Gives.RECORD,
    known=MappingProxyType({"exit_code": NUMBER, "number": NUMBER}),
)
