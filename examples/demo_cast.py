"""Who plays in the demo: the practice targets, what is wrong with each, and the error codes that the portal shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LINUX_CODE = "UserErrorFsFreezeFailed"
WINDOWS_CODE = "ExtensionFailedVssWriterInBadState"
ALL_WELL, NOT_ALL_IN_ORDER = 0, 5  # vmfix's exit codes


@dataclass(frozen=True, slots=True)
class Part:
    """What a target plays: a scenario of the lab, and its fault in a person's words."""

    scenario: str
    what: str


LINUX: Mapping[str, Part] = MappingProxyType(
    {
        "web-01": Part("ext4-dirty", "a damaged ext4 at /data"),
        "db-01": Part("xfs-dirty-log", "an xfs that the kernel has shut down; its log is dirty"),
        "app-01": Part("not-in-fstab", "a damaged ext4, mounted by hand with options that no fstab knows"),
        "log-01": Part("ext4-busy", "a damaged ext4 that a process keeps busy"),
        "ok-01": Part("healthy", "nothing is wrong here"),
    }
)
BUSY, HEALTHY = "log-01", "ok-01"
WINDOWS: Mapping[str, Part] = MappingProxyType(
    {
        "sql-01": Part("win-writer-failed", "a VSS writer has failed; a restart of its service helps"),
        "sql-02": Part("win-backup-beside-fault", "the same, but a backup runs ([5]), and a restart would end it"),
    }
)
FAILED, BACKING_UP = "sql-01", "sql-02"


@dataclass(frozen=True, slots=True)
class Cast:
    """The targets that this machine can carry: `windows` is empty where Wine is missing."""

    linux: Mapping[str, Part]
    windows: Mapping[str, Part]

    @property
    def parts(self) -> Mapping[str, Part]:
        """All targets."""
        return {**self.linux, **self.windows}

    @property
    def codes(self) -> tuple[str, ...]:
        """The error codes for one plan over all of them."""
        return (LINUX_CODE, WINDOWS_CODE) if self.windows else (LINUX_CODE,)

    @property
    def consent(self) -> tuple[str, ...]:
        """The remedies that are approved. Setting a registry value, the Windows ladder's second rung, is not."""
        return ("repair", "skip", "restart-writer-services") if self.windows else ("repair", "skip")

    @property
    def exit_code(self) -> int:
        """What vmfix ends with: a target that is refused is not in order, however right that is."""
        return NOT_ALL_IN_ORDER if self.windows else ALL_WELL
