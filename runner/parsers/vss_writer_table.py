"""Which service a VSS writer belongs to, and which services are never restarted.

Keyed on the writer's id: names differ between documents and output. Rows without an id go by the name as printed.
Marks: V is read in a public source, M is from memory, ``conflict`` means that sources contradict each other. Sources:
S3 MicrosoftDocs/win32 desktop-src/VSS/in-box-vss-writers.md; S4, S5, S7, S9 public lists of writers and services;
S6 and S8 tests of public PowerShell modules for Exchange and Veeam.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_REBOOT = "Only a restart of the machine brings it back cleanly; plan it for a downtime."
_ASK = "Ask whoever runs it before anything is restarted."
_WITH_VSS = "It runs inside the Volume Shadow Copy service; if a restart of VSS does not help, restart the machine."
_EXPRESS = "It has no process of its own; if a restart of VSS does not help, restart the machine."

DENIED: Mapping[str, str] = MappingProxyType(
    {
        "ntds": "stopping it stops Active Directory's authentication on this domain controller",
        "clussvc": "stopping it makes the cluster's roles fail over",
        "msexchangeis": "stopping it dismounts every mailbox database",
        "vmms": "it manages the virtual machines on this host",
        "tsgateway": "stopping it drops the remote sessions that go through the gateway",
        "ias": "stopping it stops RADIUS authentication",
        "adfssrv": "stopping it stops sign-in by AD FS",
    }
)
"""Services that are never stopped or restarted automatically, in small letters, and why."""

_DENIED_PREFIXES: Mapping[str, str] = MappingProxyType(
    {"adam_": "stopping it takes its directory (LDAP) away from those who use it"}
)


def why_denied(service: str) -> str:
    """Why a service must not be stopped or restarted automatically; empty if it may be."""
    name = service.lower()
    prefixed = next((why for prefix, why in _DENIED_PREFIXES.items() if name.startswith(prefix)), "")
    return DENIED.get(name, prefixed)


@dataclass(frozen=True, slots=True)
class Row:
    """``service`` is empty where none is known; ``why_not`` says why it is not restarted although it is known."""

    service: str
    mark: str
    source: str
    advice: str = ""
    why_not: str = ""


_VSS_HOSTED = Row("VSS", "V", "S4, S5", _WITH_VSS)

_BY_ID: Mapping[str, Row] = MappingProxyType(
    {
        "e8132975-6f93-4464-a53e-1050253ae220": Row("CryptSvc", "V", "S3", "Catalogs and certificate checks pause."),
        "afbab4a2-367d-4d15-a586-71dbb18f8485": _VSS_HOSTED,  # Registry Writer
        "542da469-d3e1-473c-9f4f-7847f01fc64f": _VSS_HOSTED,  # COM+ REGDB Writer
        "be000cbe-11fe-4426-9c58-531aa6355fc4": _VSS_HOSTED,  # ASR Writer
        "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f": _VSS_HOSTED,  # Shadow Copy Optimization Writer
        "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06": Row("VSS", "M", "S3 has the id", _EXPRESS),  # VSS Metadata Store Writer
        "0bada1de-01a9-4625-8278-69e735f39dd2": Row("VSS", "M", "S3 has the id", _EXPRESS),  # Performance Counters
        "d61d61c8-d73a-4eee-8cdd-f6f9786b7124": Row(
            "Schedule", "V", "S5", _REBOOT, "the Task Scheduler does not let itself be stopped"
        ),
        "a6ad56c2-b509-4e6c-bb19-49d8f43532f0": Row(
            "Winmgmt", "V", "S4, S5", "Services that depend on WMI are stopped too; monitoring loses its sessions."
        ),
        "4969d978-be47-48b0-b100-f328f07ac1e0": Row("BITS", "V", "S4, S5", "Downloads pause."),
        "cd3f2362-8bef-46c7-9181-d62844cdc0b2": Row("WSearch", "V", "S4, S5", "The index catches up afterwards."),
        "2a40fd15-dfca-4aa8-a654-1f8c654603f6": Row("AppHostSvc", "V", "S4, S5, S7", "Web sites go on running."),
        "59b1f0cf-90ef-465f-9609-6ca8b2938366": Row(
            "IISADMIN", "V", "S4, S5", "Mail (SMTP) and FTP of IIS 6 may depend on it and pause."
        ),
        "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a": Row(
            "SQLWriter", "V", "S4, S7; id S8", "Only the bridge to VSS: SQL Server itself need not be restarted."
        ),
        "b2014c9e-8711-4c5c-a5a9-3cf384484757": Row("NTDS", "V", "S4", _REBOOT),
        "6f5b15b5-da24-4d88-b737-63063e3a1f86": Row("CertSvc", "V", "S4, S5", "No certificates are issued meanwhile."),
        "be9ac81e-3619-421f-920f-4c6fea9e93ad": Row("DHCPServer", "V", "S4, S5", "No leases are given meanwhile."),
        "f08c1483-8407-4a26-8c26-6c267a629741": Row("WINS", "V", "S4, S5", "WINS names are not resolved meanwhile."),
        "12ce4370-5bb7-4c58-a76a-e5d5097e3674": Row("srmsvc", "V", "S4", "Quotas and file screens pause."),
        "d46bf321-fdba-4a35-8ec3-454df03bc86a": Row("SyncShareSvc", "M", "S3 has the id", "Work Folders pause."),
        "1072ae1c-e5a7-4ea1-9e4a-6f7964656570": Row("ClusSvc", "M", "from memory", _REBOOT),
        "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de": Row("vmms", "V", "S4, S5; id S9", _ASK),
        "35e81631-13e1-48db-97fc-d5bc721bb18a": Row(
            "IAS", "conflict", "S5: IAS; others: EventSystem", _ASK, "sources name different services for it"
        ),
        "5382579c-98df-47a7-ac6c-98a6d7106e09": Row(
            "TermServLicensing", "V", "S4, S7", "No client licences are given meanwhile."
        ),
        "368753ec-572e-4fc7-b4b9-ccd9bdc624cb": Row("TSGateway", "M", "from memory", _ASK),
        "82cb5521-68db-4626-83a4-7fc6f88853e9": Row("WDSServer", "V", "S5", "No machine boots by PXE meanwhile."),
        "8d5194e1-e455-434a-b2e5-51296cce67df": Row(
            "WIDWriter", "V", "S4, S5", "Only the bridge to VSS of the Windows Internal Database."
        ),
    }
)
EXCHANGE_ID = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
MSMQ_ID = "7e47b561-971a-46e6-96b9-696eeaa53b2a"
ADAM_ID = "dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd"
_BY_ID_BEGINNING: Mapping[str, Row] = MappingProxyType(
    {
        "772c45f8-": Row("adfssrv", "M", "from memory", _ASK),  # ADFS VSS Writer
        "886c43b1-": Row("", "M", "from memory", _ASK, "the name of AD RMS's service is not known for sure"),
    }
)
_BY_NAME: tuple[tuple[str, Row], ...] = (
    (r"microsoft exchange replica writer", Row("MSExchangeRepl", "V", "S4", "Copies of databases synchronise again.")),
    (r"dfs replication service writer", Row("DFSR", "V", "S4, S5", "Replication pauses.")),
    (r"frs writer", Row("NtFrs", "V", "S4, S5", "Replication of SYSVOL pauses.")),
    (r"dedup writer", Row("ddpvssvc", "M", "from memory", "")),
    (r"cluster database( writer)?", Row("ClusSvc", "M", "from memory", _REBOOT)),
    (r"cluster shared volume vss writer", Row("ClusSvc", "M", "from memory", _REBOOT)),
    (r"adfs vss writer", Row("adfssrv", "M", "from memory", _ASK)),
    (r"ad rms writer", Row("", "M", "from memory", _ASK, "the name of AD RMS's service is not known for sure")),
    (r"sharepoint services writer", Row("SPWriter", "V", "S4, S5", "")),
    (r"osearch vss writer", Row("OSearch", "V", "S4, S5", "The farm's search pauses.")),
    (r"osearch14 vss writer", Row("OSearch14", "V", "S4, S5", "The farm's search pauses.")),
    (r"osearch15 vss writer", Row("OSearch15", "V", "S4, S5", "The farm's search pauses.")),
    (r"osearch16 vss writer", Row("OSearch16", "V", "S4, S5", "The farm's search pauses.")),
    (r"spsearch4 vss writer", Row("SPSearch4", "V", "S4, S5", "The farm's search pauses.")),
    (
        r"sms writer",
        Row(
            "SMS_SITE_VSS_WRITER",
            "conflict",
            "from memory; S5: SMS_SITE_BACKUP",
            _ASK,
            "sources name different services for it",
        ),
    ),
)
_MSMQ_NAME = re.compile(r"MSMQ Writer \((MSMQ(?:\$[\w.-]+)?)\)", re.IGNORECASE)
_ADAM_NAME = re.compile(r"ADAM \((\w[\w.-]*)\) Writer", re.IGNORECASE)
UNKNOWN = Row(
    "", "", "", "Find out whose product registers it, and how that is restarted.", "no list names a service for it"
)


def row_of(writer_id: str, name: str, *, exchange_2010: bool) -> Row:
    """What is known of a writer. ``exchange_2010``: the machine has an Exchange of 2007 or 2010."""
    if writer_id == EXCHANGE_ID:
        return _exchange(old=exchange_2010)
    if writer_id == MSMQ_ID:
        found = _MSMQ_NAME.fullmatch(name)
        why = "" if found else "its name does not tell which service it belongs to"
        return Row(found[1] if found else "", "V", "S3, S4", "Message queues stop meanwhile.", why)
    if writer_id == ADAM_ID:
        found = _ADAM_NAME.fullmatch(name)
        why = "" if found else "its name does not tell which service it belongs to"
        return Row(f"ADAM_{found[1]}" if found else "", "M", "from memory", _ASK, why)
    if writer_id in _BY_ID:
        return _BY_ID[writer_id]
    begun = next((row for start, row in _BY_ID_BEGINNING.items() if writer_id.startswith(start)), None)
    return begun or next((row for pattern, row in _BY_NAME if re.fullmatch(pattern, name.lower())), UNKNOWN)


def _exchange(*, old: bool) -> Row:
    """Up to 2010 the writer belongs to the Information Store (S4, S5), since 2013 to the replication service (S6).

    Only the old ones list a ``Microsoft Exchange Replica Writer`` beside it (from memory).
    """
    if old:
        return Row("MSExchangeIS", "V", "S4, S5", _ASK)
    return Row(
        "MSExchangeRepl",
        "V",
        "S6",
        "For Exchange 2013 and later, whose Information Store need not be restarted; it does not help an older one.",
    )
