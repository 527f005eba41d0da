"""The VSS writers that a target can have, as data, and as keys of its registry."""

from collections.abc import Iterable
from dataclasses import dataclass

from examples.lab.windows.wine.hive import Keys, Values

ROOT = r"Software\vmfix lab\Writers"
NO_ERROR, TIMED_OUT, RETRYABLE, NON_RETRYABLE = range(4)  # places in the lists of vssadmin.c
STABLE, WAITING_FOR_COMPLETION, FAILED_AT_PREPARE_BACKUP, FAILED_AT_PREPARE_SNAPSHOT = 1, 5, 7, 8
FAILED_AT_FREEZE, FAILED_AT_THAW = 9, 10
STAYS = None  # for `Writer.heals`


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A writer, and how it gets well. Times are in ms."""

    name: str
    guid: str
    service: str
    state: int = STABLE
    error: int = NO_ERROR
    heals: int | None = 0  # restarts of its service that do not help; the next one does. None: nothing helps
    gone_after_restart: bool = False
    late: int = 0  # is listed only so long after its service's start
    stable_from: int = 0  # gets well by itself so long after the boot


def _vss(name: str, guid: str) -> Writer:
    return Writer(name=name, guid=guid, service="VSS")


TASKS = Writer(name="Task Scheduler Writer", guid="d61d61c8-d73a-4eee-8cdd-f6f9786b7124", service="Schedule")
METADATA = _vss("VSS Metadata Store Writer", "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06")
COUNTERS = _vss("Performance Counters Writer", "0bada1de-01a9-4625-8278-69e735f39dd2")
SYSTEM = Writer(name="System Writer", guid="e8132975-6f93-4464-a53e-1050253ae220", service="CryptSvc")
SQL = Writer(name="SqlServerWriter", guid="a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", service="SQLWriter")
ASR = _vss("ASR Writer", "be000cbe-11fe-4426-9c58-531aa6355fc4")
WMI = Writer(name="WMI Writer", guid="a6ad56c2-b509-4e6c-bb19-49d8f43532f0", service="Winmgmt")
COM_REGDB = _vss("COM+ REGDB Writer", "542da469-d3e1-473c-9f4f-7847f01fc64f")
REGISTRY = _vss("Registry Writer", "afbab4a2-367d-4d15-a586-71dbb18f8485")
OPTIMIZATION = _vss("Shadow Copy Optimization Writer", "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f")
BITS = Writer(name="BITS Writer", guid="4969d978-be47-48b0-b100-f328f07ac1e0", service="BITS")
# What every target has, in the order in which it is listed.
BASE = (TASKS, METADATA, COUNTERS, SYSTEM, SQL, ASR, WMI, COM_REGDB, REGISTRY, OPTIMIZATION, BITS)
# What some have.
NTDS = Writer(name="NTDS", guid="b2014c9e-8711-4c5c-a5a9-3cf384484757", service="NTDS")
CLUSTER = Writer(
    name="Cluster Shared Volume VSS Writer", guid="1072ae1c-e5a7-4ea1-9e4a-6f7964656570", service="ClusSvc"
)
EXCHANGE = Writer(
    name="Microsoft Exchange Writer", guid="76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", service="MSExchangeRepl"
)
NPS = Writer(name="NPS VSS Writer", guid="35e81631-13e1-48db-97fc-d5bc721bb18a", service="IAS")
ACME = Writer(name="Acme Backup Writer", guid="7d3a1f60-52c4-4c5e-9a44-2f0b9c1d8e77", service="AcmeBackup")


def writer_keys(writers: Iterable[Writer]) -> Keys:
    """Everything below Writers; labsvc.c tells what the values mean."""
    keys: dict[str, Values] = {}
    for number, writer in enumerate(writers):
        keys[rf"{ROOT}\{number:02}"] = {
            "Name": writer.name,
            "Id": f"{{{writer.guid}}}",
            "Service": writer.service,
            "State": writer.state,
            "Error": writer.error,
            **({} if writer.heals is None else {"Heals": writer.heals}),
            "GoneAfterRestart": int(writer.gone_after_restart),
            "LateMs": writer.late,
            "StableFromMs": writer.stable_from,
        }
    return keys
