"""The states of Windows targets that have to do with their VSS writers, as data."""

from collections.abc import Mapping
from dataclasses import replace

from examples.lab.windows.wine import services, writers
from examples.lab.windows.wine.contents import BCDR, CLUSTER_KEY, WindowsScenario
from examples.lab.windows.wine.events import SHADOW_COPY_TIMEOUTS
from examples.lab.windows.wine.services import CLUSTER_NODE, Service
from examples.lab.windows.wine.wants import RegistryText, Restarted, Running, Stable, Untouched, Want
from examples.lab.windows.wine.writers import STAYS, Writer

DEPENDENTS = ("iphlpsvc",)


def _bad(writer: Writer, state: int = writers.FAILED_AT_PREPARE_SNAPSHOT, error: int = writers.RETRYABLE) -> Writer:
    return replace(writer, state=state, error=error)


def _sql_service(**lab: int | str) -> Mapping[str, Service]:
    return {"SQLWriter": replace(services.BASE["SQLWriter"], lab=lab)}


BAD_SQL = _bad(writers.SQL)
COMPLETING = replace(writers.SYSTEM, state=writers.WAITING_FOR_COMPLETION)
HELPED_SQL: tuple[Want, ...] = (Stable(), Running("SQLWriter"), Restarted("SQLWriter"))


def _language(code: str, name: str, *, oem_only: bool) -> WindowsScenario:
    return WindowsScenario(
        title=f"win-writer-failed with {name} output, {'in code page 850' if oem_only else 'in UTF-8'}",
        writers=(BAD_SQL,),
        language=code,
        oem=850,
        oem_only=oem_only,
        wants=HELPED_SQL,
    )


WRITER_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-writer-failed": WindowsScenario(
        title="SqlServerWriter has failed; restarting SQLWriter helps", writers=(BAD_SQL,), wants=HELPED_SQL
    ),
    "win-vss-writers-failed": WindowsScenario(
        title="three writers of VSS have failed, in states [7], [9] and [10]; restarting VSS helps",
        writers=(
            _bad(writers.ASR, writers.FAILED_AT_THAW, writers.TIMED_OUT),
            _bad(writers.COM_REGDB, writers.FAILED_AT_FREEZE, writers.NON_RETRYABLE),
            _bad(writers.REGISTRY, writers.FAILED_AT_PREPARE_BACKUP),
        ),
        wants=(Stable(), Restarted("VSS")),
    ),
    "win-many-writers-failed": WindowsScenario(
        title="writers of SQLWriter, CryptSvc and VSS have failed; restarting the three helps",
        writers=(BAD_SQL, _bad(writers.SYSTEM, writers.FAILED_AT_FREEZE), _bad(writers.REGISTRY)),
        wants=(Stable(), Restarted("SQLWriter"), Restarted("CryptSvc"), Restarted("VSS")),
    ),
    "win-wmi-writer-failed": WindowsScenario(
        title="WMI Writer has failed; Winmgmt has a running dependent",
        writers=(_bad(writers.WMI, writers.FAILED_AT_FREEZE),),
        wants=(Stable(), Running("Winmgmt"), *(Running(name) for name in DEPENDENTS)),
    ),
    "win-exchange-writer-failed": WindowsScenario(
        title="Microsoft Exchange Writer has failed; restarting MSExchangeRepl, not MSExchangeIS, helps",
        writers=(_bad(writers.EXCHANGE),),
        services={
            "MSExchangeRepl": Service(display="Microsoft Exchange Replication"),
            "MSExchangeIS": Service(display="Microsoft Exchange Information Store"),
        },
        wants=(Stable(), Running("MSExchangeRepl"), Untouched(("MSExchangeIS",))),
    ),
    "win-writer-stubborn": WindowsScenario(
        title="SqlServerWriter stays failed, whatever is restarted",
        writers=(replace(BAD_SQL, heals=STAYS),),
        wants=(Running("SQLWriter"), RegistryText(BCDR, "SnapshotWithoutThreads", "True")),
    ),
    "win-writer-flaky": WindowsScenario(
        title="SqlServerWriter gets well at the second restart only", writers=(replace(BAD_SQL, heals=1),)
    ),
    "win-writer-late": WindowsScenario(
        title="SqlServerWriter gets well, but registers 3 s after its service's start only",
        writers=(replace(BAD_SQL, late=3000),),
        wants=HELPED_SQL,
    ),
    "win-writer-vanishes": WindowsScenario(
        title="SqlServerWriter does not register again after a restart",
        writers=(replace(BAD_SQL, gone_after_restart=True),),
    ),
    "win-writer-slow": WindowsScenario(
        title="SqlServerWriter has failed; SQLWriter takes 1 s to stop and 2 s to start",
        writers=(BAD_SQL,),
        services=_sql_service(StopMs=1000, StartMs=2000),
        wants=HELPED_SQL,
    ),
    "win-writer-revives": WindowsScenario(
        title="SqlServerWriter has failed; SQLWriter starts by itself when it was stopped",
        writers=(BAD_SQL,),
        services=_sql_service(RevivesMs=1),
        wants=HELPED_SQL,
    ),
    "win-writer-start-fails": WindowsScenario(
        title="SqlServerWriter has failed; once stopped, SQLWriter does not start again (1067)",
        writers=(BAD_SQL,),
        services=_sql_service(StartError=1067, FailsIf=rf"{services.ROOT}\SQLWriter\Lab\Starts=2"),
        wants=(Running("SQLWriter"),),
    ),
    "win-no-writers": WindowsScenario(
        title="vssadmin lists no writers at all and exits with 0",
        no_writers=True,
        wants=(Untouched(("CryptSvc", "SQLWriter")),),
    ),
    "win-writer-failed-de": _language("de", "German", oem_only=True),
    "win-writer-failed-da": _language("da", "Danish", oem_only=False),
    "win-writer-failed-fr": _language("fr", "French", oem_only=True),
    "win-iops": WindowsScenario(
        title="SqlServerWriter stays failed, and the event log says that I/O was too slow",
        writers=(replace(_bad(writers.SQL, writers.FAILED_AT_FREEZE, writers.TIMED_OUT), heals=STAYS),),
        events=SHADOW_COPY_TIMEOUTS,
        wants=(Running("SQLWriter"), RegistryText(BCDR, "SnapshotWithoutThreads", "True")),
    ),
}
KEEP_OFF_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-backup-running": WindowsScenario(
        title="a backup is in progress ([5]) and nothing is wrong",
        writers=(COMPLETING,),
        wants=(Untouched(("CryptSvc", "SQLWriter", "Winmgmt")),),
    ),
    "win-backup-beside-fault": WindowsScenario(
        title="a backup is in progress ([5]) and SqlServerWriter has failed",
        writers=(COMPLETING, BAD_SQL),
        wants=(Untouched(("CryptSvc", "SQLWriter")),),
    ),
    "win-backup-ending": WindowsScenario(
        title="SqlServerWriter has failed, and a backup ends 6 s after the boot",
        writers=(replace(COMPLETING, stable_from=6000), BAD_SQL),
        wants=(Running("SQLWriter"), Restarted("SQLWriter"), Untouched(("CryptSvc",))),
    ),
    "win-writer-unknown": WindowsScenario(
        title="a third-party writer that nobody knows has failed",
        writers=(_bad(writers.ACME),),
        services={"AcmeBackup": Service(display="Acme Backup Agent")},
        wants=(Untouched(("AcmeBackup", "SQLWriter")),),
    ),
    "win-writer-ntds": WindowsScenario(
        title="the writer of Active Directory has failed; NTDS must not be restarted",
        writers=(_bad(writers.NTDS, writers.FAILED_AT_THAW),),
        services={"NTDS": Service(display="Active Directory Domain Services")},
        wants=(Untouched(("NTDS", "SQLWriter")),),
    ),
    "win-writer-cluster": WindowsScenario(
        title="the writer of the cluster has failed; ClusSvc must not be restarted",
        writers=(_bad(writers.CLUSTER),),
        services={"ClusSvc": CLUSTER_NODE},
        registry={CLUSTER_KEY: {"ClusterName": "CLU01"}},
        wants=(Untouched(("ClusSvc", "SQLWriter")),),
    ),
    "win-writer-nps": WindowsScenario(
        title="a writer has failed whose service the sources do not agree on",
        writers=(_bad(writers.NPS),),
        services={"IAS": Service(display="Network Policy Server")},
        wants=(Untouched(("IAS", "EventSystem")),),
    ),
    "win-dependent-denied": WindowsScenario(
        title="WMI Writer has failed, and vmms, which must not be stopped, depends on Winmgmt",
        writers=(_bad(writers.WMI),),
        services={"vmms": Service(display="Hyper-V Virtual Machine Management", needs=("RpcSs", "Winmgmt"))},
        wants=(Untouched(("vmms", "Winmgmt", *DEPENDENTS)),),
    ),
    "win-writer-no-stop": WindowsScenario(
        title="Task Scheduler Writer has failed, and Schedule refuses to stop",
        writers=(_bad(writers.TASKS),),
        wants=(Untouched(("Schedule",)),),
    ),
}
