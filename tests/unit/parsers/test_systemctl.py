"""Output of systemctl."""

from __future__ import annotations

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers import PARSERS

# `systemctl show -p ...` of systemd 252, shortened.
SHOWN = b"""Type=notify
MainPID=812
NRestarts=0
ExecMainStartTimestampMonotonic=4213377
ExecMainStatus=0
Result=success
Id=walinuxagent.service
Names=walinuxagent.service waagent.service
RequiredBy=
ConsistsOf=a.service b.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
InvocationID=0d6f1c7ac3d94b0d8c5a1e7f3d2b1a00
ActiveEnterTimestampMonotonic=4220000
RefuseManualStop=no
ExecStart={ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 -u /usr/sbin/waagent -daemon }
EnvironmentFiles=/etc/default/a (ignore_errors=yes)
EnvironmentFiles=/etc/default/b (ignore_errors=yes)
MemoryCurrent=[not set]
"""


def parsed(name: str, out: bytes, code: int = 0, err: bytes = b"") -> object:
    """What the parser makes of an output."""
    return PARSERS[name].parse(CommandResult(exit_code=code, stdout=out, stderr=err))


def test_properties_have_types() -> None:
    """Numbers are numbers, lists are lists, what was not printed is not there, and the rest is kept as it is."""
    assert parsed("systemctl_show", SHOWN) == {
        "type": "notify",
        "main_pid": 812,
        "n_restarts": 0,
        "exec_main_start": 4213377,
        "exec_main_status": 0,
        "result": "success",
        "id": "walinuxagent.service",
        "names": ["walinuxagent.service", "waagent.service"],
        "required_by": [],
        "consists_of": ["a.service", "b.service"],
        "load_state": "loaded",
        "active_state": "active",
        "sub_state": "running",
        "unit_file_state": "enabled",
        "invocation_id": "0d6f1c7ac3d94b0d8c5a1e7f3d2b1a00",
        "active_enter": 4220000,
        "refuse_manual_stop": False,
        "other": {
            "ExecStart": ["{ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 -u /usr/sbin/waagent -daemon }"],
            "EnvironmentFiles": ["/etc/default/a (ignore_errors=yes)", "/etc/default/b (ignore_errors=yes)"],
            "MemoryCurrent": ["[not set]"],
        },
    }


@pytest.mark.parametrize("text", ["", "[not set]", "infinity", "18446744073709551615"])
def test_unknown_numbers_are_none(text: str) -> None:
    """systemd has several ways to say that it does not know."""
    assert parsed("systemctl_show", f"MainPID={text}\n".encode()) == {"main_pid": None, "other": {}}


def test_several_units_are_a_list() -> None:
    """Blank lines stand between units; the parser for one unit refuses to choose."""
    out = b"Id=a.service\nLoadState=not-found\n\nId=b.service\nLoadState=loaded\n"

    assert parsed("systemctl_show_units", out) == [
        {"id": "a.service", "load_state": "not-found", "other": {}},
        {"id": "b.service", "load_state": "loaded", "other": {}},
    ]
    with pytest.raises(ParseError, match="2 units where one is expected"):
        parsed("systemctl_show", out)


NO_BUS = b"System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus"


@pytest.mark.parametrize(
    ("out", "code", "err", "sentence"),
    [
        (b"", 1, NO_BUS, "System has not been booted with systemd"),
        (b"", 0, b"", "the program said nothing"),
        (b"MainPID=x\n", 0, b"", "`x` where a number is expected"),
        (b"RefuseManualStop=ja\n", 0, b"", "`ja` where yes or no is expected"),
        (b"Id=a\nId=b\n", 0, b"", "the property Id twice"),
        (b"Unit x could not be found.\n", 0, b"", "expected Property=value lines"),
        (b"Id=a\n", 1, b"", "expected the properties of a unit"),
    ],
)
def test_show_that_cannot_be_read(out: bytes, code: int, err: bytes, sentence: str) -> None:
    """What systemctl said instead is in the error."""
    with pytest.raises(ParseError) as caught:
        parsed("systemctl_show", out, code, err)

    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("out", "code", "value"),
    [
        (b"active\n", 0, {"active": True, "states": ["active"]}),
        (b"inactive\nactive\n", 0, {"active": True, "states": ["inactive", "active"]}),
        (b"reloading\n", 3, {"active": True, "states": ["reloading"]}),
        (b"failed\nunknown\n", 3, {"active": False, "states": ["failed", "unknown"]}),
        (b"activating\n", 3, {"active": False, "states": ["activating"]}),
    ],
)
def test_is_active_keeps_each_state(out: bytes, code: int, value: object) -> None:
    """Exit 0 means that any of the units is active; the states tell which."""
    assert parsed("systemctl_is_active", out, code) == value


def test_is_active_without_systemd_is_an_error() -> None:
    """To say inactive would be a lie where nobody could be asked."""
    with pytest.raises(ParseError, match="Can't operate"):
        parsed("systemctl_is_active", b"", 1, NO_BUS)
