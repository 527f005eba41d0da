"""The services that a target can have, as data, and as keys of its registry."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from examples.lab.windows.wine.hive import Expand, Keys, Values

ROOT = r"System\CurrentControlSet\Services"
PROGRAM = r"C:\windows\system32\labsvc.exe"
NETWORK_SERVICE = r"NT AUTHORITY\NetworkService"
LOCAL_SERVICE = r"NT AUTHORITY\LocalService"


class Start(enum.IntEnum):
    """The start type, by its number in the registry."""

    AUTO = 2
    DEMAND = 3
    DISABLED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service; `lab` are the values of labsvc.c that say how it behaves."""

    display: str
    start: Start = Start.AUTO
    delayed: bool = False
    needs: tuple[str, ...] = ()
    account: str = "LocalSystem"
    boots: bool = False  # runs after a boot although its start type does not say so
    lab: Mapping[str, int | str] = field(default_factory=dict)


NO_STOP = MappingProxyType({"NoStop": 1})
IDLE = MappingProxyType({"IdleMs": 5000})  # minutes on Windows

# What every target has.
BASE: Mapping[str, Service] = MappingProxyType(
    {
        "RpcSs": Service(display="Remote Procedure Call (RPC)", account=NETWORK_SERVICE, lab=NO_STOP),
        "SamSs": Service(display="Security Accounts Manager", needs=("RpcSs",), lab=NO_STOP),
        "EventSystem": Service(display="COM+ Event System", needs=("RpcSs",), account=LOCAL_SERVICE),
        "SENS": Service(display="System Event Notification Service", needs=("EventSystem",)),
        "Schedule": Service(display="Task Scheduler", needs=("RpcSs",), lab=NO_STOP),
        "CryptSvc": Service(display="Cryptographic Services", needs=("RpcSs",), account=NETWORK_SERVICE),
        "AppIDSvc": Service(
            display="Application Identity", start=Start.DEMAND, needs=("RpcSs", "CryptSvc"), account=LOCAL_SERVICE
        ),
        "Winmgmt": Service(display="Windows Management Instrumentation", needs=("RpcSs",)),
        "iphlpsvc": Service(display="IP Helper", needs=("RpcSs", "Winmgmt")),
        "BITS": Service(
            display="Background Intelligent Transfer Service",
            start=Start.DEMAND,
            needs=("RpcSs", "EventSystem"),
            boots=True,
        ),
        "VSS": Service(display="Volume Shadow Copy", start=Start.DEMAND, needs=("RpcSs",)),
        "swprv": Service(
            display="Microsoft Software Shadow Copy Provider", start=Start.DEMAND, needs=("RpcSs",), lab=IDLE
        ),
        "COMSysApp": Service(
            display="COM+ System Application", start=Start.DEMAND, needs=("RpcSs", "EventSystem", "SENS")
        ),
        "MSDTC": Service(
            display="Distributed Transaction Coordinator",
            delayed=True,
            needs=("RpcSs", "SamSs"),
            account=NETWORK_SERVICE,
            boots=True,
        ),
        "SQLWriter": Service(display="SQL Server VSS Writer"),
    }
)
# What the agent of an Azure VM brings.
AGENT: Mapping[str, Service] = MappingProxyType(
    {
        "RdAgent": Service(display="RdAgent"),
        "WindowsAzureGuestAgent": Service(display="Windows Azure Guest Agent"),
    }
)
INSTALLER = Service(display="Windows Installer", start=Start.DEMAND, needs=("RpcSs",))
CLUSTER_NODE = Service(display="Cluster Service", needs=("RpcSs",))


def service_keys(services: Mapping[str, Service]) -> Keys:
    """Everything below Services."""
    keys: dict[str, Values] = {}
    for name, service in services.items():
        keys[rf"{ROOT}\{name}"] = {
            "Type": 0x10,
            "Start": int(service.start),
            "ErrorControl": 1,
            "ImagePath": Expand(f"{PROGRAM} {name}"),
            "DisplayName": service.display,
            "ObjectName": service.account,
            **({"DelayedAutostart": 1} if service.delayed else {}),
            **({"DependOnService": list(service.needs)} if service.needs else {}),
        }
        keys[rf"{ROOT}\{name}\Lab"] = dict(service.lab)
    return keys


def boot_list(services: Mapping[str, Service]) -> list[str]:
    """What labboot.exe starts, for the service manager does not."""
    return [name for name, service in services.items() if service.boots]
