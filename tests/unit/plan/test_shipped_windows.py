"""Shipped playbooks for Windows that change something the lab cannot show: what is planned on documented output."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runner.model.plan import Outcome, Standing
from tests.unit.plan.windows_machine import Machine, chosen, crash, words
from tests.unit.steps.driving import result
from tests.unit.steps.service_manager import Service

AGENT = (Service("RdAgent"), Service("WindowsAzureGuestAgent"))

# --- machine-keys-permissions ----------------------------------------------------------------------------------------

MACHINE_KEYS = "machine-keys-permissions"
EVERYONE = {"type": 0, "flags": 0, "mask": 0x12019F, "sid": "S-1-1-0"}
ADMINISTRATORS = {"type": 0, "flags": 0, "mask": 0x1F01FF, "sid": "S-1-5-32-544"}
THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
CERTIFICATE = {"thumbprint": THUMBPRINT, "private_key": True, "until": "2027-03-01"}


def keeper(*entries: dict[str, object], certificates: tuple[dict[str, object], ...] = (CERTIFICATE,)) -> Machine:
    """A machine whose MachineKeys has these entries."""
    acl = {"kind": "folder", "sddl": "D:x", "entries": list(entries)} if entries else {"kind": "absent"}
    return Machine(AGENT, {"GetAccessControl": acl, "X509Store": {"certificates": list(certificates)}})


def test_machine_keys_that_were_changed() -> None:
    """Permissions, certificate, restart, in this order; the certificate by its thumbprint."""
    entry = keeper(ADMINISTRATORS).plan(MACHINE_KEYS)
    permissions, certificate, *restarts = entry.remedies[0].actions

    assert entry.standing is Standing.PLANNED
    assert chosen(entry) == "default-permissions"
    assert [command.argv[2] for command in permissions.commands] == ["/save", "/grant:r"]
    assert permissions.undo[0].argv[1:3] == ("C:\\ProgramData\\Microsoft\\Crypto\\RSA", "/restore")
    assert certificate.commands[0].argv == (THUMBPRINT, "DC=Windows Azure CRP Certificate Generator")
    assert (certificate.undo, certificate.can_undo) == ((), False)
    assert [action.commands[0].argv for action in restarts] == [
        ("net", "stop", "RdAgent"),
        ("net", "stop", "WindowsAzureGuestAgent"),
    ]
    assert "Permissions are not the default" in entry.remarks[0]


def test_machine_keys_that_are_as_they_should_be() -> None:
    """Then only the certificate is renewed, and that is said."""
    entry = keeper(EVERYONE, ADMINISTRATORS, certificates=()).plan(MACHINE_KEYS)

    assert [action.outcome for action in entry.remedies[0].actions[:2]] == [Outcome.NO_CHANGE, Outcome.NO_CHANGE]
    assert "Only the certificate is renewed" in entry.remarks[0]
    assert "has no certificate" in entry.remarks[1]
    assert "RSA /restore FILE" in words(entry, "by-hand")


def test_without_agent_or_folder_the_certificate_stays() -> None:
    """Nothing would make a new one; and a folder that cannot be judged says nothing."""
    machine = keeper(ADMINISTRATORS)
    machine.services = AGENT[:1]

    assert machine.plan(MACHINE_KEYS).standing is Standing.REFUSED
    assert "no service WindowsAzureGuestAgent" in machine.plan(MACHINE_KEYS).reason
    assert "it does not exist" in keeper().plan(MACHINE_KEYS).reason


def test_what_powershell_could_not_do_ends_the_planning() -> None:
    """In the machine's own words."""
    machine = keeper(ADMINISTRATORS)
    machine.scripts = {"GetAccessControl": result("", 1, "Zugriff verweigert")}

    assert machine.plan(MACHINE_KEYS).standing is Standing.FAILED
    assert "Zugriff verweigert" in machine.plan(MACHINE_KEYS).reason


# --- antivirus-blocks-extension --------------------------------------------------------------------------------------

ANTIVIRUS = "antivirus-blocks-extension"
PLUGIN = "C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot"
LOGS = "C:\\WindowsAzure\\Logs\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot"


def defended(*exclusions: str, events: str = "", more: Mapping[str, object] | None = None) -> Machine:
    """A machine whose Defender is at work, unless told otherwise."""
    usual = {"present": True, "running": True, "administrator": True, "mode": "Normal", "tamper_protected": False}
    seen = {**usual, "policy": False, "exclusions": list(exclusions), **(more or {})}
    return Machine(scripts={"MpPreference": seen}, events=events)


def test_defender_that_scans_the_folders() -> None:
    """Both are excluded; the event tells that it is the cause."""
    entry = defended("D:\\SQL", events=crash("other.exe") + crash("iaasbcdrextension.EXE", 8)).plan(ANTIVIRUS)
    (exclude,) = entry.remedies[0].actions

    assert chosen(entry) == "exclude-folders"
    assert [command.argv for command in exclude.commands] == [(PLUGIN,), (LOGS,)]
    assert [command.argv for command in exclude.undo] == [(PLUGIN,), (LOGS,)]
    assert entry.remedies[0].proves_next_backup
    assert "crashed 1 times" in entry.remarks[0]


def test_a_crash_of_something_else_proves_nothing() -> None:
    """Nor does an event without fields."""
    bare = crash("x").replace("<EventData>", "<EventData/><UserData>").replace("</EventData>", "</UserData>")

    assert "not proved" in defended(events=crash("NotIaaSBcdrExtension.exe") + bare).plan(ANTIVIRUS).remarks[0]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"present": False, "running": False}, "not on this machine"),
        ({"mode": "Passive Mode"}, "Passive Mode"),
        ({"tamper_protected": True}, "Tamper Protection"),
        ({"policy": True}, "a policy governs"),
        ({"exclusions": ["N/A: Must be an administrator to view exclusions"]}, "N/A: Must be an administrator"),
    ],
)
def test_an_antivirus_that_others_govern_is_for_a_person(more: dict[str, object], why: str) -> None:
    """With the reason."""
    entry = defended(more=more).plan(ANTIVIRUS)

    assert chosen(entry) == "exclude-elsewhere"
    assert why in words(entry, "exclude-elsewhere")
    assert all(not action.commands for action in entry.remedies[0].actions)


def test_folders_that_are_excluded_already() -> None:
    """The antivirus that can be asked is not the cause."""
    entry = defended(PLUGIN, LOGS).plan(ANTIVIRUS)

    assert chosen(entry) == "by-hand"
    assert "excludes" in entry.remarks[1]


# --- sql-vss-copy-backup ---------------------------------------------------------------------------------------------

SQL = "sql-vss-copy-backup"
AGENT_KEY = "HKLM\\SOFTWARE\\Microsoft\\BcdrAgent"
WRITER = (Service("SQLWriter"),)


def test_sql_server_without_the_value_is_for_the_dba() -> None:
    """What is there is told; the undo is a removal."""
    entry = Machine(WRITER).plan(SQL)

    assert chosen(entry) == "ask-the-dba"
    assert entry.remarks == (
        "The SQL Server VSS Writer (SQLWriter) is here; it is running.",
        "USEVSSCOPYBACKUP is not set in HKLM\\SOFTWARE\\Microsoft\\BcdrAgent.",
    )
    assert "reg delete" in words(entry, "ask-the-dba")


def test_a_value_of_the_wrong_type_asks_for_nothing() -> None:
    """And the opposite value is said to be the opposite; the undo puts back what was there."""
    values = {"UseVssCopyBackup": ("REG_DWORD", "0x1"), "UseVssFullBackup": ("REG_SZ", "True")}
    entry = Machine(WRITER, keys={AGENT_KEY: values}).plan(SQL)

    assert "it must be REG_SZ TRUE" in entry.remarks[1]
    assert "asks for FULL backups" in entry.remarks[2]
    assert '/v UseVssCopyBackup /t REG_DWORD /d "1"' in words(entry, "ask-the-dba")


def test_nothing_is_to_be_decided_where_it_is_set_or_sql_server_is_not_there() -> None:
    """The guest shows no such fault."""
    there = Machine(WRITER, keys={AGENT_KEY: {"USEVSSCOPYBACKUP": ("REG_SZ", "TRUE")}})

    assert there.plan(SQL).standing is Standing.HEALTHY
    assert Machine().plan(SQL).standing is Standing.HEALTHY
