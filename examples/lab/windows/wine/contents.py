"""What a scenario is made of, and what a target's disk holds for it: its registry and its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from examples.lab.windows.wine import services, writers
from examples.lab.windows.wine.events import Event, event_file
from examples.lab.windows.wine.hive import Expand, Keys, Values
from examples.lab.windows.wine.services import Service
from examples.lab.windows.wine.wants import Stable, Want
from examples.lab.windows.wine.writers import Writer

LAB = r"Software\vmfix lab"
BCDR = r"SOFTWARE\Microsoft\BcdrAgentPersistentKeys"
MSDTC_KEY = r"SOFTWARE\Microsoft\MSDTC"
CLUSTER_KEY = "Cluster"  # below HKLM: where a node keeps the cluster's database
CONTROL = r"System\CurrentControlSet\Control"
CURRENT_VERSION = r"Software\Microsoft\Windows\CurrentVersion"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsScenario:
    """One kind of Windows target: what differs from a healthy one, and what has to hold when it is mended.

    Where nothing may be touched, `wants` says that, and holds from the beginning.
    """

    title: str
    writers: tuple[Writer, ...] = ()  # in place of those with the same GUID, or beside the others
    services: Mapping[str, Service] = field(default_factory=dict)  # in place of those with the same name, or beside
    registry: Keys = field(default_factory=dict)  # below HKLM
    programs: Mapping[str, str] = field(default_factory=dict)  # by their path below C:, which tool of the lab it is
    absent: tuple[str, ...] = ()  # keys of a healthy target that are not there
    events: tuple[Event, ...] = ()
    language: str = "en"
    oem: int = 437
    oem_only: bool = False  # the tools print in the OEM code page, whatever the shell asked for
    no_writers: bool = False  # vssadmin lists none, and exits with 0
    boot_ms: int = 0  # a reboot takes so much longer
    wants: tuple[Want, ...] = (Stable(),)


BASE_KEYS: Keys = {
    rf"{CONTROL}\Session Manager\Environment": {
        "ComSpec": Expand(r"%SystemRoot%\system32\cmd.exe"),
        "OS": "Windows_NT",
        "PATH": Expand(r"%SystemRoot%\system32;%SystemRoot%"),
        "PATHEXT": ".COM;.EXE;.BAT;.CMD",
        "TEMP": Expand(r"%SystemRoot%\temp"),
        "TMP": Expand(r"%SystemRoot%\temp"),
    },
    # In ms. Delayed services start two minutes late otherwise; and a busy machine needs longer to start one than 10 s.
    CONTROL: {"AutoStartDelay": 1, "ServicesPipeTimeout": 60_000},
    CURRENT_VERSION: {"ProgramFilesDir": r"C:\Program Files", "CommonFilesDir": r"C:\Program Files\Common Files"},
    r"Software\Wow6432Node\Microsoft": {},
    r"Software\Classes\CID": {"": "Distributed Transaction Coordinator"},
    BCDR: {"IsProviderInstalled": "True", "IsCommonProviderInstalled": "True"},
    MSDTC_KEY: {"SysprepInProgress": 0},
    rf"{MSDTC_KEY}\Security": {"NetworkDtcAccess": 1},
}


def machine_keys(scenario: WindowsScenario, host_name: str) -> Keys:
    """The keys below HKEY_LOCAL_MACHINE."""
    running = {**services.BASE, **scenario.services}
    replaced = {writer.guid: writer for writer in scenario.writers}
    listed = [replaced.pop(writer.guid, writer) for writer in writers.BASE]
    keys: dict[str, Values] = {
        **BASE_KEYS,
        rf"{services.ROOT}\Tcpip\Parameters": {"Hostname": host_name},
        LAB: {
            "Boot": services.boot_list(running),
            "HostName": host_name,
            "Language": scenario.language,
            "NoWriters": int(scenario.no_writers),
            "Oem": str(scenario.oem),
            "OemOnly": int(scenario.oem_only),
        },
        **services.service_keys(running),
        **writers.writer_keys([*listed, *replaced.values()]),
    }
    for path, values in scenario.registry.items():
        keys[path] = {**keys.get(path, {}), **values}
    return {path: values for path, values in keys.items() if path not in scenario.absent}


def machine_files(scenario: WindowsScenario) -> Mapping[str, bytes]:
    """The files, by their path below C:."""
    return {"lab/events.tsv": event_file(scenario.events)}
