"""The states of Windows targets that have to do with VSS, COM+, MSDTC and the agent's settings, as data."""

from collections.abc import Mapping
from dataclasses import replace

from examples.lab.windows.wine import services, writers
from examples.lab.windows.wine.contents import BCDR, CLUSTER_KEY, MSDTC_KEY, WindowsScenario
from examples.lab.windows.wine.services import CLUSTER_NODE, NETWORK_SERVICE, NO_STOP, Service, Start
from examples.lab.windows.wine.wants import Account, RegistryText, Restarted, Running, Stable, Untouched, Want


def _behaves(name: str, **lab: int | str) -> Mapping[str, Service]:
    return {name: replace(services.BASE[name], lab=lab)}


BOOT_MS = 1500
INTERFACES = rf"{services.ROOT}\Tcpip\Parameters\Interfaces"
COM_RUNS: tuple[Want, ...] = (Running("COMSysApp"), Running("MSDTC"), Account("MSDTC", NETWORK_SERVICE))
HOST_SNAPSHOT: tuple[Want, ...] = (
    RegistryText(BCDR, "SnapshotMethod", "firstHostThenGuest"),
    RegistryText(BCDR, "CalculateSnapshotTimeFromHost", "True"),
)
LOST_ACCOUNT = replace(
    services.BASE["MSDTC"], account=r".\dtcsvc", boots=False, lab={"LogonFailsUnless": NETWORK_SERVICE}
)
DAMAGED = replace(services.BASE["MSDTC"], boots=False, lab={"Damaged": 1, "StartError": 1067})
NEEDS_MSDTC = _behaves("COMSysApp", StartError=1068, FailsUnless=f"MSDTC={NETWORK_SERVICE}")
NEEDS_SOUND_MSDTC = _behaves("COMSysApp", StartError=1068, FailsIf=rf"{services.ROOT}\MSDTC\Lab\Damaged=1")
VSS_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-vss-bad": WindowsScenario(
        title="VSS runs but breaks vssadmin (exit code 2); restarting VSS helps",
        services={"VSS": replace(services.BASE["VSS"], boots=True, lab={"BreaksWriters": 1})},
        wants=(Restarted("VSS"), Stable()),
    ),
    "win-vss-hung": WindowsScenario(
        title="VSS is stopping for ever; a reboot helps",
        services={"VSS": replace(services.BASE["VSS"], boots=True, lab={"Hung": 1, "UntilReboot": 1})},
        boot_ms=BOOT_MS,
        wants=(Restarted("VSS"), Stable()),
    ),
    "win-vss-hangs-on-stop": WindowsScenario(
        title="VSS breaks vssadmin, and never finishes to stop; a reboot helps",
        services={
            "VSS": replace(
                services.BASE["VSS"], boots=True, lab={"BreaksWriters": 1, "HangsOnStop": 1, "UntilReboot": 1}
            )
        },
        boot_ms=BOOT_MS,
        wants=(Restarted("VSS"), Stable()),
    ),
    "win-vss-start-fails": WindowsScenario(
        title="VSS does not start (1053); a reboot helps",
        services=_behaves("VSS", StartError=1053, UntilReboot=1),
        boot_ms=BOOT_MS,
        wants=(Restarted("VSS"), Stable()),
    ),
    "win-vss-disabled": WindowsScenario(
        title="VSS is disabled",
        services={"VSS": replace(services.BASE["VSS"], start=Start.DISABLED)},
    ),
    "win-vss-busy": WindowsScenario(
        title="VSS runs, and a backup is in progress ([5])",
        writers=(replace(writers.SYSTEM, state=writers.WAITING_FOR_COMPLETION),),
        services={"VSS": replace(services.BASE["VSS"], boots=True)},
        wants=(Untouched(("VSS", "CryptSvc")),),
    ),
    "win-vss-no-stop": WindowsScenario(
        title="VSS breaks vssadmin and cannot be stopped; a reboot helps",
        services={
            "VSS": replace(services.BASE["VSS"], boots=True, lab={"BreaksWriters": 1, "UntilReboot": 1, **NO_STOP})
        },
        boot_ms=BOOT_MS,
        wants=(Restarted("VSS"), Stable()),
    ),
}
COM_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-com-stopped": WindowsScenario(title="COMSysApp is stopped, and starts when asked", wants=COM_RUNS),
    "win-com-account": WindowsScenario(
        title="COMSysApp does not start until MSDTC logs on as Network Service",
        services={"MSDTC": LOST_ACCOUNT, **NEEDS_MSDTC},
        wants=COM_RUNS,
    ),
    "win-com-reinstall": WindowsScenario(
        title="COMSysApp does not start until MSDTC is reinstalled",
        services={"MSDTC": DAMAGED, **NEEDS_SOUND_MSDTC},
        wants=COM_RUNS,
    ),
    "win-com-dependent": WindowsScenario(
        title="COMSysApp does not start until MSDTC is reinstalled; it and MSMQ run until its account is set right",
        services={
            "MSDTC": replace(
                services.BASE["MSDTC"],
                start=Start.DEMAND,
                delayed=False,
                account="LocalSystem",
                lab={"Damaged": 1, "StartError": 1067, "FailsUnless": "MSDTC=LocalSystem"},
            ),
            "MSMQ": Service(display="Message Queuing", needs=("MSDTC", "RpcSs"), account=NETWORK_SERVICE, boots=True),
            **NEEDS_SOUND_MSDTC,
        },
        wants=(*COM_RUNS, Restarted("MSMQ"), Running("MSMQ")),
    ),
    "win-com-stubborn": WindowsScenario(
        title="COMSysApp does not start, whatever is done to MSDTC",
        services=_behaves("COMSysApp", StartError=1067),
        wants=(Account("MSDTC", NETWORK_SERVICE), Running("MSDTC")),
    ),
    "win-com-cluster": WindowsScenario(
        title="as win-com-reinstall, on a cluster node: MSDTC must not be reinstalled",
        services={"MSDTC": DAMAGED, "ClusSvc": CLUSTER_NODE, **NEEDS_SOUND_MSDTC},
        registry={CLUSTER_KEY: {"ClusterName": "CLU01"}},
        wants=(Untouched(("ClusSvc",)), Account("MSDTC", NETWORK_SERVICE)),
    ),
    "win-com-sysprep": WindowsScenario(
        title="MSDTC stops at once, for SysprepInProgress is 1",
        services={
            **_behaves("MSDTC", StopsAtOnce=1, FailsIf=rf"{MSDTC_KEY}\SysprepInProgress=1"),
            **_behaves("COMSysApp", StartError=1068, FailsIf=rf"{MSDTC_KEY}\SysprepInProgress=1"),
        },
        registry={MSDTC_KEY: {"SysprepInProgress": 1}},
        wants=COM_RUNS,
    ),
}
LOOK_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-other-settings": WindowsScenario(
        title="a fixed address, another backup product, a server's version, and SQL Server told to take full backups",
        services={"obengine": Service(display="Microsoft Azure Recovery Services Agent")},
        registry={
            rf"{INTERFACES}\{{5b8d1c7e-0a41-4c0e-9f0e-2a1d3c4b5a69}}": {"EnableDHCP": 0, "IPAddress": ["10.0.0.4"]},
            rf"{INTERFACES}\{{6c9e2d8f-1b52-4d1f-8a1f-3b2e4d5c6b7a}}": {"EnableDHCP": 1, "DhcpIPAddress": "10.1.0.4"},
            r"Software\Microsoft\Windows NT\CurrentVersion": {
                "ProductName": "Windows Server 2022 Datacenter",
                "CurrentBuildNumber": "20348",
            },
            r"Software\Microsoft\BcdrAgent": {"UseVssFullBackup": "True"},
        },
        wants=(Untouched(("obengine", "SQLWriter")),),
    ),
}
SNAPSHOT_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-snapshot-absent": WindowsScenario(title="the agent's key has no snapshot settings yet", wants=HOST_SNAPSHOT),
    "win-snapshot-other": WindowsScenario(
        title="the agent's snapshot settings have other values",
        registry={BCDR: {"SnapshotMethod": "onlyGuest", "CalculateSnapshotTimeFromHost": 1}},
        wants=HOST_SNAPSHOT,
    ),
    "win-snapshot-right": WindowsScenario(
        title="the agent's snapshot settings are right already",
        registry={BCDR: {"SnapshotMethod": "firstHostThenGuest", "CalculateSnapshotTimeFromHost": "True"}},
        wants=HOST_SNAPSHOT,
    ),
    "win-snapshot-no-key": WindowsScenario(
        title="there is no key for the agent's settings at all", absent=(BCDR,), wants=HOST_SNAPSHOT
    ),
}
