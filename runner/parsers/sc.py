"""Output of ``sc query``, ``queryex``, ``qc`` and ``enumdepend``: read by the order of its lines and by numbers.

Labels are translated on some systems, so none is read. A service that does not exist is exit 1060; where sc prints
``[SC] ... FAILED 1060:`` that number counts, whatever the exit code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import NUMBER, SCALAR, Shape, many, one_of, record
from runner.parsers.base import Gives, Parser, integer, shown, unreadable
from runner.parsers.sc_lines import STATES, blocks, failure, in_brackets, number, service_type, settings, status, word
from runner.parsers.windows_lines import lines_of

NO_SUCH_SERVICE = 1060
START_TYPES: Mapping[int, str] = MappingProxyType({0: "boot", 1: "system", 2: "auto", 3: "demand", 4: "disabled"})

_ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {
        "localsystem": "LocalSystem",
        "ntauthority\\system": "LocalSystem",
        "ntauthority\\networkservice": "NetworkService",
        "ntauthority\\localservice": "LocalService",
    }
)
_NO_STATUS: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(("type", "state", "win32_exit_code", "service_exit_code"), 0),
        **dict.fromkeys(("name", "state_word", "flags"), ""),
        **dict.fromkeys(("accepts_stop", "pid")),
        "exists": False,
    }
)
_NO_CONFIG: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(("name", "start_type", "account", "built_in_account", "binary", "display_name"), ""),
        **dict.fromkeys(("exists", "delayed"), False),
        "type": 0,
        "start": None,
    }
)

_COUNT = re.compile(r"\S.*?=\s*(\d+)\s*")
_CONFIG_LINES = 9  # type, start type, error control, binary, group, tag, display name, dependencies, account


def _query(result: CommandResult) -> object:
    what = "the state of one service, as `sc query NAME` or `sc queryex NAME` print it"
    wrong = failure(result)
    if wrong == NO_SUCH_SERVICE:
        return dict(_NO_STATUS)
    return status(*_only_block(result, what, wrong))


def _only_block(result: CommandResult, what: str, wrong: int) -> tuple[str, list[str]]:
    found = [] if wrong else blocks(lines_of(result), what, result)
    if len(found) != 1:
        raise unreadable(what, result)
    return found[0]


def _qc(result: CommandResult) -> object:
    wrong = failure(result)
    if wrong == NO_SUCH_SERVICE:
        return {**_NO_CONFIG, "dependencies": []}
    name, lines = _only_block(result, "the configuration of one service, as `sc qc NAME` prints it", wrong)
    values, dependencies = settings(lines)
    if len(values) != _CONFIG_LINES:
        message = f"sc printed {len(values)} settings of the service {shown(name)} where {_CONFIG_LINES} are expected"
        raise ParseError(message)
    return _config(name, values, dependencies)


def _config(name: str, values: Sequence[str], dependencies: list[str]) -> dict[str, object]:
    start = number(values[1], "the start type of a service")
    start_type = word(start, START_TYPES, "the start type of a service")
    delayed = start_type == "auto" and in_brackets(values[1])
    return {
        "name": name,
        "exists": True,
        "type": service_type(values[0]),
        "start": start,
        "start_type": "delayed-auto" if delayed else start_type,
        "delayed": delayed,
        "account": values[8],
        "built_in_account": _ACCOUNTS.get(values[8].lower().replace(" ", ""), ""),
        "dependencies": dependencies,
        "binary": values[3],
        "display_name": values[6],
    }


def _enumdepend(result: CommandResult) -> object:
    """``entriesRead = N`` comes first; anything more that sc has to say ("more data") means that some are missing."""
    what = "the services that depend on one, as `sc enumdepend NAME SIZE` prints them"
    wrong = failure(result)
    if wrong == NO_SUCH_SERVICE:
        return {"exists": False, "services": []}
    lines = [line for line in lines_of(result) if line.strip()]
    count = _COUNT.fullmatch(lines[0]) if lines else None
    if wrong or count is None or any(line.startswith("[SC]") for line in lines[1:]):
        raise unreadable(what, result)
    services = [status(name, block) for name, block in blocks(lines[1:], what, result)]
    if integer(count[1]) != len(services):
        message = f"sc says {shown(lines[0])} and lists {len(services)} services: some are missing"
        raise ParseError(message, remedy="Give a buffer size: sc enumdepend NAME 65536.")
    return {"exists": True, "services": services}


_STATUS_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "name": "the service's own name, not the one for people; empty if it does not exist",
        "exists": "false: there is no such service (1060); the other fields then say nothing",
        "type": "number: 16 has a process of its own, 32 shares one, and further bits",
        "state": "number: 1 stopped, 2 start-pending, 3 stop-pending, 4 running, 5 continue-pending, 6 pause-pending, "
        "7 paused; 0: it does not exist",
        "state_word": "the same as a word, never translated",
        "accepts_stop": "whether it can be stopped just now; null where sc does not say, as for a stopped service",
        "win32_exit_code": "number: why it is not running (Win32); 1077: never started since boot",
        "service_exit_code": "number: its own, where win32_exit_code is 1066",
        "pid": "process id; 0: none; null from plain `sc query`",
        "flags": "as printed by queryex",
    }
)
_STATUS_SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        **dict.fromkeys(("type", "state", "win32_exit_code", "service_exit_code"), NUMBER),
        "state_word": one_of("", *STATES.values()),
    }
)
SC_QUERY = Parser(
    "sc_query",
    "`sc query NAME` and `sc queryex NAME`: the state of one service. The exit code 1060 must be allowed by `ok_exit` "
    "for one that may not exist.",
    _STATUS_FIELDS,
    _query,
    gives=Gives.RECORD,
    known=_STATUS_SHAPES,
)
SC_QC = Parser(
    "sc_qc",
    "`sc qc NAME 8192`: the settings of one service. The exit code 1060 must be allowed by `ok_exit` for one that may "
    "not exist.",
    MappingProxyType(
        {
            "name": "the service's own name; empty if it does not exist",
            "exists": "false: there is no such service (1060); the other fields then say nothing",
            "type": "number: 16 has a process of its own, 32 shares one, and further bits",
            "start": "number: 0 boot, 1 system, 2 auto, 3 demand, 4 disabled; null if it does not exist",
            "start_type": "boot, system, auto, delayed-auto, demand or disabled, never translated",
            "delayed": "true or false: starts a while after boot",
            "account": "the account it logs on with, as printed",
            "built_in_account": "LocalSystem, NetworkService or LocalService; empty for any other spelling",
            "dependencies": "list of services that it needs",
            "binary": "its command line",
            "display_name": "its name for people, maybe translated",
        }
    ),
    _qc,
    gives=Gives.RECORD,
    known=MappingProxyType(
        {
            "start_type": one_of("boot", "system", "auto", "delayed-auto", "demand", "disabled", ""),
            "dependencies": many(SCALAR),
            **dict.fromkeys(("type", "start"), NUMBER),
        }
    ),
)
SC_ENUMDEPEND = Parser(
    "sc_enumdepend",
    "`sc enumdepend NAME 65536`: the services that need this one. A list that may be incomplete is an error.",
    MappingProxyType(
        {
            "exists": "false: there is no such service (1060)",
            "services": "list, each as of sc_query",
        }
    ),
    _enumdepend,
    gives=Gives.RECORD,
    known=MappingProxyType({"services": many(record(_STATUS_FIELDS, **_STATUS_SHAPES))}),
)
