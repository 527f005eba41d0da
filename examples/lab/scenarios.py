"""The faults that a target can have, as data."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from examples.lab.waagent import Outcome

if TYPE_CHECKING:
    from examples.lab.scenarios_agent import Agent


class Damage(enum.Enum):
    """What is wrong with the metadata of a file system before it is mounted."""

    NONE = "none"
    PREEN = "preen"  # ext4: `fsck -p` repairs it and exits 1
    HOPELESS = "hopeless"  # ext4: `fsck -p` refuses and exits 4
    COUNTERS = "counters"  # xfs: `xfs_repair -n` exits 1, `xfs_repair` repairs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file system on a loop device of its own."""

    mount: str = "/data"
    fstype: str = "ext4"
    options: str = "defaults"
    fstab: bool = True
    damage: Damage = Damage.NONE
    shut_down: bool = False  # mounted, but the kernel has given it up: every access is EIO, its log is dirty
    busy: bool = False  # a process of the target keeps a file open
    also_at: str | None = None  # the same device is mounted here as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of target: its volumes, what its extension logged, its settings file."""

    title: str
    volumes: tuple[Volume, ...]
    outcome: Outcome = Outcome.FREEZE_FAILED
    guilty: str | None = "/data"  # the mount point that the extension's log accuses
    reason: str = "Input/output error"
    conf: bytes | None = None  # /etc/azure/vmbackup.conf
    conf_mode: int = 0o644
    conf_owner: str = "root"
    waagent: bool = True
    agent: "Agent | None" = None  # a package of the agent, on a target that systemd runs


ODD_PATH = "/data/møl & co"
DIRTY = Volume(damage=Damage.PREEN)
BUSY = Volume(damage=Damage.PREEN, busy=True)
PLAIN_CONF = b"[SnapshotThread]\nSafeFreezeWaitInSeconds = 600\n"
COMMENTED_CONF = (
    b"; kept by the platform team\r\n"
    b"[SnapshotThread]\r\n"
    b"# the default of 66 s was too short\r\n"
    b"SafeFreezeWaitInSeconds=600\r\n"
    b"timeout : 90\r\n"
    b"\r\n"
    b"[Monitor]\r\n"
    b"Run = False\r\n"
)


def _broken(title: str, conf: bytes) -> Scenario:
    return Scenario(title=title, volumes=(BUSY,), conf=conf)


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "healthy": Scenario(
            title="clean ext4, backups succeed", volumes=(Volume(),), outcome=Outcome.SUCCEEDED, guilty=None
        ),
        "ext4-dirty": Scenario(title="ext4 with damage that fsck -p repairs", volumes=(DIRTY,)),
        "ext4-hopeless": Scenario(
            title="ext4 with damage that fsck -p refuses", volumes=(Volume(damage=Damage.HOPELESS),)
        ),
        "ext4-shutdown": Scenario(title="ext4, mounted but shut down", volumes=(Volume(shut_down=True),)),
        "xfs-dirty": Scenario(
            title="xfs with damage that xfs_repair repairs", volumes=(Volume(fstype="xfs", damage=Damage.COUNTERS),)
        ),
        "xfs-dirty-log": Scenario(
            title="xfs, mounted but shut down; its log is dirty",
            volumes=(Volume(fstype="xfs", shut_down=True),),
            outcome=Outcome.OPEN_FAILED,
        ),
        "ext4-busy": Scenario(title="damaged ext4 which a process keeps busy", volumes=(BUSY,)),
        "not-in-fstab": Scenario(
            title="damaged ext4 mounted by hand with options of its own",
            volumes=(Volume(damage=Damage.PREEN, fstab=False, options="noatime,nodev,data=ordered"),),
        ),
        "busy-not-in-fstab": Scenario(
            title="as not-in-fstab, and busy",
            volumes=(Volume(damage=Damage.PREEN, fstab=False, options="noatime,nodev,data=ordered", busy=True),),
        ),
        "duplicate-mount": Scenario(
            title="one device mounted at two places",
            volumes=(Volume(also_at="/data-old"),),
            guilty="/data-old",
            reason="Device or resource busy",
        ),
        "nested": Scenario(
            title="a damaged ext4 with another file system mounted inside it",
            volumes=(DIRTY, Volume(mount="/data/sub")),
        ),
        "two-volumes": Scenario(
            title="a damaged /data beside a clean xfs at /srv/www",
            volumes=(DIRTY, Volume(mount="/srv/www", fstype="xfs")),
        ),
        "conf-present": Scenario(
            title="busy, with a commented vmbackup.conf (CRLF, mode 0640, own owner)",
            volumes=(BUSY,),
            conf=COMMENTED_CONF,
            conf_mode=0o640,
            conf_owner="azureuser",
        ),
        "conf-duplicate-key": _broken("a key is given twice", PLAIN_CONF + b"safefreezewaitinseconds = 66\n"),
        "conf-duplicate-section": _broken("a section is given twice", PLAIN_CONF + b"[SnapshotThread]\ntimeout = 90\n"),
        "conf-bom": _broken("the file starts with a byte order mark", b"\xef\xbb\xbf" + PLAIN_CONF),
        "conf-percent": _broken("a value holds a per cent sign", b"[SnapshotThread]\nMountsToSkip = /mnt/50%full\n"),
        "conf-no-header": _broken("no section header", b"SafeFreezeWaitInSeconds = 600\n"),
        "mount-path-odd": Scenario(
            title="a mount point with a space, an ampersand and a letter beyond ASCII",
            volumes=(Volume(mount=ODD_PATH, damage=Damage.PREEN),),
            guilty=ODD_PATH,
        ),
        "snapshot-limit": Scenario(
            title="too many snapshots of the blob; file systems are fine",
            volumes=(Volume(),),
            outcome=Outcome.SNAPSHOT_LIMIT,
            guilty=None,
            conf=b"[SnapshotThread]\nisanysnapshotfailed = True\n",
        ),
        "bare": Scenario(
            title="clean ext4, no Azure agent at all",
            volumes=(Volume(),),
            outcome=Outcome.SUCCEEDED,
            guilty=None,
            waagent=False,
        ),
    }
)
