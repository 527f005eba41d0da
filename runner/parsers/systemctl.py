"""Output of ``systemctl show`` and ``systemctl is-active``. systemd does not translate either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import NUMBER, SCALAR, Shape, many, one_of, table
from runner.parsers.base import Gives, Parser, integer, shown, unreadable, whole_text


def _count(text: str) -> int | None:
    """A number; None for the ``[not set]`` and the all-ones value that systemd prints for "unknown"."""
    if text in ("", "[not set]", "infinity", str(2**64 - 1)):
        return None
    number = integer(text)
    if number is None:
        message = f"systemctl show printed {shown(text)} where a number is expected"
        raise ParseError(message)
    return number


def _flag(text: str) -> bool:
    if text not in ("yes", "no"):
        message = f"systemctl show printed {shown(text)} where yes or no is expected"
        raise ParseError(message)
    return text == "yes"


def _words(text: str) -> list[str]:
    return text.split()


# systemd's property -> (our field, reader, meaning). org.freedesktop.systemd1(5) describes the properties.
_PROPERTIES: Mapping[str, tuple[str, Callable[[str], object], str]] = MappingProxyType(
    {
        "Id": ("id", str, "the unit's full name, aliases resolved"),
        "Names": ("names", _words, "list: all names of the unit"),
        "Type": ("type", str, "simple, exec, forking, oneshot, notify, dbus, idle"),
        "LoadState": ("load_state", str, "loaded, not-found, masked, error, bad-setting"),
        "ActiveState": ("active_state", str, "active, reloading, inactive, failed, activating, deactivating"),
        "SubState": ("sub_state", str, "the state in the words of its type: running, exited, dead, auto-restart"),
        "UnitFileState": ("unit_file_state", str, "enabled, disabled, static, masked, generated ...; may be empty"),
        "Result": ("result", str, "success, or why the service failed last: exit-code, signal, timeout, oom-kill ..."),
        "StatusText": ("status_text", str, "what the service said of itself last; may be empty"),
        "FragmentPath": ("fragment_path", str, "the unit file; may be empty"),
        "MainPID": ("main_pid", _count, "number; 0: no main process"),
        "ExecMainStatus": ("exec_main_status", _count, "number: exit code (or signal) of the last main process"),
        "ExecMainStartTimestampMonotonic": ("exec_main_start", _count, "number: last start of it, us since boot"),
        "NRestarts": ("n_restarts", _count, "number: automatic restarts since the last start by hand"),
        "InvocationID": ("invocation_id", str, "changes with every start; empty before the first"),
        "ActiveEnterTimestampMonotonic": ("active_enter", _count, "number: became active, us since boot; 0: never"),
        "NeedDaemonReload": ("need_daemon_reload", _flag, "true or false: a unit file changed on disk"),
        "RefuseManualStart": ("refuse_manual_start", _flag, "true or false"),
        "RefuseManualStop": ("refuse_manual_stop", _flag, "true or false"),
        "RequiredBy": ("required_by", _words, "list of units that have Requires= on it"),
        "BoundBy": ("bound_by", _words, "list of units that have BindsTo= on it"),
        "ConsistsOf": ("consists_of", _words, "list of units that are PartOf= it"),
        "RequisiteOf": ("requisite_of", _words, "list of units that have Requisite= on it"),
        "PropagatesStopTo": ("propagates_stop_to", _words, "list of units that are stopped with it"),
        "TriggeredBy": ("triggered_by", _words, "list of sockets, timers and paths that start it"),
    }
)
_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        **{field: f"{meaning} ({name})" for name, (field, _, meaning) in _PROPERTIES.items()},
        "other": "all other properties under their own names, each a list of texts, for some are repeated",
    }
)

_STATES = frozenset(
    ("active", "reloading", "refreshing", "inactive", "failed", "activating", "deactivating", "maintenance", "unknown")
)
_SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "other": table(many(SCALAR)),
        "load_state": one_of("stub", "loaded", "not-found", "bad-setting", "error", "merged", "masked"),
        "active_state": one_of(*_STATES),
        **{field: NUMBER for field, read, _ in _PROPERTIES.values() if read is _count},
        **{field: many(SCALAR) for field, read, _ in _PROPERTIES.values() if read is _words},
    }
)


def _unit(block: str, result: CommandResult) -> dict[str, object]:
    unit: dict[str, object] = {}
    other: dict[str, list[str]] = {}
    for line in block.splitlines():
        name, separator, text = line.partition("=")
        if not separator or not name.isidentifier():
            raise unreadable("Property=value lines of `systemctl show`", result)
        if name not in _PROPERTIES:
            other.setdefault(name, []).append(text)
            continue
        field, read, _ = _PROPERTIES[name]
        if field in unit:
            message = f"systemctl show printed the property {name} twice for one unit"
            raise ParseError(message)
        unit[field] = read(text)
    return {**unit, "other": other}


def _show_units(result: CommandResult) -> list[dict[str, object]]:
    text = whole_text(result)
    blocks = [block for block in text.split("\n\n") if block.strip()]
    if result.exit_code != 0 or not blocks:
        what = "the properties of a unit"
        raise unreadable(what, result)
    return [_unit(block.strip("\n"), result) for block in blocks]


def _show(result: CommandResult) -> object:
    units = _show_units(result)
    if len(units) > 1:
        message = f"systemctl show described {len(units)} units where one is expected"
        raise ParseError(message, remedy="Use the parser systemctl_show_units, which gives a list.")
    return units[0]


def _is_active(result: CommandResult) -> object:
    """The exit code alone does not tell which unit it is about: 0 means that *any* of those asked for is active."""
    states = whole_text(result).split()
    if not states or not _STATES.issuperset(states):
        what = "the states of units"
        raise unreadable(what, result)
    return {"active": any(state in ("active", "reloading", "refreshing") for state in states), "states": states}


SYSTEMCTL_SHOW = Parser(
    "systemctl_show",
    "`systemctl show [-p NAMES] UNIT`: properties of one unit. Only those that were asked for are there; a unit that "
    "does not exist has load_state not-found.",
    _FIELDS,
    _show,
    gives=Gives.RECORD,
    known=_SHAPES,
)
SYSTEMCTL_SHOW_UNITS = Parser(
    "systemctl_show_units",
    "`systemctl show [-p NAMES] UNIT...`: a list of units, in the order of the call, each as of systemctl_show.",
    _FIELDS,
    _show_units,
    gives=Gives.LIST,
    known=_SHAPES,
)
SYSTEMCTL_IS_ACTIVE = Parser(
    "systemctl_is_active",
    "`systemctl is-active UNIT...`: the states, in the order of the call.",
    MappingProxyType({"active": "true if any of the units is active", "states": "list: active, inactive, failed ..."}),
    _is_active,
    gives=Gives.RECORD,
    known=MappingProxyType({"states": many(SCALAR)}),
)
