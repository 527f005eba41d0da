"""Output of `sc`: by the order of lines and by numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers import PARSERS
from tests.unit.parsers.windows_output import parsed

QUERY = """
SERVICE_NAME: vss
        TYPE               : 10  WIN32_OWN_PROCESS  
        STATE              : 4  RUNNING 
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
"""  # noqa: W291 - as sc prints it
QUERYEX = QUERY + "        PID                : 812\n        FLAGS              : \n"
STOPPED = """
SERVICE_NAME: SQLWriter
        TYPE               : 10  WIN32_OWN_PROCESS
        STATE              : 1  STOPPED
        WIN32_EXIT_CODE    : 1077  (0x435)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 0
        FLAGS              :
"""
SPANISH = """
NOMBRE_SERVICIO: vss
        TIPO               : 20  WIN32_SHARE_PROCESS
        ESTADO             : 3  STOP_PENDING
                                (NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)
        CÓD_SALIDA_WIN32   : 0  (0x0)
        CÓD_SALIDA_SERV    : 0  (0x0)
        PUNTO_COMPROB.     : 0x1
        INDICACIÓN_INICIO  : 0xbb8
        PID                : 4
        MARCAS             :
"""
NOT_THERE = """[SC] EnumQueryServicesStatus:OpenService FAILED 1060:

The specified service does not exist as an installed service.

"""
QC = """[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: MSDTC
        TYPE               : 10  WIN32_OWN_PROCESS
        START_TYPE         : 2   AUTO_START  (DELAYED)
        ERROR_CONTROL      : 1   NORMAL
        BINARY_PATH_NAME   : C:\\Windows\\System32\\msdtc.exe -k "a: b"
        LOAD_ORDER_GROUP   : MS Transactions
        TAG                : 0
        DISPLAY_NAME       : Distributed Transaction Coordinator
        DEPENDENCIES       : RPCSS
                           : SamSS
        SERVICE_START_NAME : NT AUTHORITY\\NetworkService
"""
DEPENDENTS = """[SC] EnumDependentServices: entriesread = 2

SERVICE_NAME: iphlpsvc
DISPLAY_NAME: IP Helper
        TYPE               : 30  WIN32
        STATE              : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0

SERVICE_NAME: wscsvc
DISPLAY_NAME: Security Center: a = 5
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 1  STOPPED
        WIN32_EXIT_CODE    : 1077  (0x435)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
"""
MORE_DATA = """[SC] EnumDependentServices: entriesread = 1
[SC] EnumDependentServices: more data, need 1234 bytes
""" + DEPENDENTS.partition("\n")[2].partition("\nSERVICE_NAME: wscsvc")[0]


def test_a_running_service() -> None:
    """All that queryex tells; plain query has no process id."""
    assert parsed("sc_query", QUERYEX) == {
        "name": "vss",
        "exists": True,
        "type": 16,
        "state": 4,
        "state_word": "running",
        "accepts_stop": True,
        "win32_exit_code": 0,
        "service_exit_code": 0,
        "pid": 812,
        "flags": "",
    }
    assert parsed("sc_query", QUERY)["pid"] is None


def test_a_stopped_service() -> None:
    """Why it is stopped is a number; a stopped service says nothing of stopping."""
    found = parsed("sc_query", STOPPED)

    assert (found["state_word"], found["win32_exit_code"], found["accepts_stop"], found["pid"]) == (
        "stopped",
        1077,
        None,
        0,
    )


def test_translated_labels_do_not_matter() -> None:
    """Their order does not change."""
    found = parsed("sc_query", SPANISH)

    assert (found["name"], found["type"], found["state_word"], found["accepts_stop"], found["pid"]) == (
        "vss",
        0x20,
        "stop-pending",
        False,
        4,
    )


@pytest.mark.parametrize(
    ("out", "code"),
    [
        (NOT_THERE, 1060),
        (NOT_THERE, 36),  # a code that went through 8 bits: the printed number counts
        (NOT_THERE.replace("FAILED 1060:", "FEHLER 1060:"), 1060),
        (NOT_THERE.replace("FAILED 1060:", "échec(s) 1060\u00a0:"), 1060),
        ("", 1060),
    ],
)
@pytest.mark.parametrize("name", ["sc_query", "sc_qc", "sc_enumdepend"])
def test_a_service_that_does_not_exist(name: str, out: str, code: int) -> None:
    """A fact, not an error."""
    assert parsed(name, out, code)["exists"] is False


@pytest.mark.parametrize("name", ["sc_query", "sc_qc", "sc_enumdepend"])
@pytest.mark.parametrize("code", [5, 0])
def test_access_denied_is_no_absence(name: str, code: int) -> None:
    """Nor success, even if the exit code were lost."""
    with pytest.raises(ParseError, match="Access is denied"):
        parsed(name, "[SC] OpenService FAILED 5:\n\nAccess is denied.\n\n", code)


def test_settings() -> None:
    """Start type with its delay, several dependencies, and a path with colons."""
    assert parsed("sc_qc", QC) == {
        "name": "MSDTC",
        "exists": True,
        "type": 16,
        "start": 2,
        "start_type": "delayed-auto",
        "delayed": True,
        "account": "NT AUTHORITY\\NetworkService",
        "built_in_account": "NetworkService",
        "dependencies": ["RPCSS", "SamSS"],
        "binary": 'C:\\Windows\\System32\\msdtc.exe -k "a: b"',
        "display_name": "Distributed Transaction Coordinator",
    }


@pytest.mark.parametrize(
    ("start", "word"),
    [("2   AUTO_START", "auto"), ("3   DEMAND_START", "demand"), ("4   DISABLED", "disabled"), ("0   BOOT", "boot")],
)
def test_start_types(start: str, word: str) -> None:
    """By number."""
    assert parsed("sc_qc", QC.replace("2   AUTO_START  (DELAYED)", start))["start_type"] == word


@pytest.mark.parametrize(
    ("account", "known"),
    [
        ("LocalSystem", "LocalSystem"),
        ("NT AUTHORITY\\NETWORK SERVICE", "NetworkService"),
        ("NT Authority\\LocalService", "LocalService"),
        ("CONTOSO\\svc", ""),
        ("NT-AUTORITÄT\\Netzwerkdienst", ""),
        ("", ""),
    ],
)
def test_accounts(account: str, known: str) -> None:
    """Spellings of the built-in ones; a translated one is not known, so it would only be set again."""
    found = parsed("sc_qc", QC.replace("NT AUTHORITY\\NetworkService", account))

    assert (found["account"], found["built_in_account"]) == (account, known)


def test_dependents() -> None:
    """With their states; a sign of equality in a name for people is no count."""
    found = parsed("sc_enumdepend", DEPENDENTS)

    assert [(s["name"], s["state"]) for s in found["services"]] == [("iphlpsvc", 4), ("wscsvc", 1)]
    assert parsed("sc_enumdepend", "Enum: entriesRead  = 0\n") == {"exists": True, "services": []}


UNREADABLE = [
    ("sc_query", ""),
    ("sc_query", QUERY + QUERY),
    ("sc_query", QUERY.replace("4  RUNNING", "8  DANCING")),
    ("sc_query", QUERY.replace("4  RUNNING", "RUNNING")),
    ("sc_query", QUERY.replace("        WAIT_HINT          : 0x0\n", "")),
    ("sc_query", "hello\n"),
    ("sc_query", QUERY + "        nonsense\n"),
    ("sc_qc", QC.replace("        TAG                : 0\n", "")),
    ("sc_qc", QC.replace("2   AUTO_START", "9   NEVER")),
    ("sc_qc", QUERY),
    ("sc_qc", ""),
    ("sc_enumdepend", ""),
    ("sc_enumdepend", DEPENDENTS.replace("= 2", "= 3")),
    ("sc_enumdepend", DEPENDENTS.replace("[SC] EnumDependentServices: entriesread = 2\n", "")),
    ("sc_enumdepend", MORE_DATA),
]


@pytest.mark.parametrize(("name", "out"), UNREADABLE)
def test_what_is_not_understood_is_an_error(name: str, out: str) -> None:
    """Half an answer is none."""
    with pytest.raises(ParseError):
        parsed(name, out)


def test_more_data_is_an_error_by_its_exit_code_too() -> None:
    """A list that is too long for the buffer lacks services that would be stopped unseen."""
    with pytest.raises(ParseError):
        parsed("sc_enumdepend", MORE_DATA, 234)


@given(st.integers(0, 400), st.sampled_from([("sc_query", QUERYEX), ("sc_qc", QC), ("sc_enumdepend", DEPENDENTS)]))
def test_cut_output_never_passes_for_another_answer(cut: int, case: tuple[str, str]) -> None:
    """Cut anywhere it is an error, or says the same of what was there."""
    name, out = case
    whole = PARSERS[name].parse(CommandResult(exit_code=0, stdout=out.encode()))
    try:
        found = PARSERS[name].parse(CommandResult(exit_code=0, stdout=out[:cut].encode()))
    except ParseError:
        return

    if name == "sc_enumdepend":
        assert found["services"] == whole["services"]  # type: ignore[index]
    elif name == "sc_query":
        assert found["state"] == whole["state"]  # type: ignore[index]
    else:
        assert found["start_type"] == whole["start_type"]  # type: ignore[index]
