"""What kind of entry this is: a backup of a VM, something else to pass over, or nothing that can be told."""

from __future__ import annotations

from collections.abc import Mapping

from runner.triage.values import Outcome

VM_CONTAINERS = ("iaasvmcontainerv2", "iaasvmcontainer")
_OF_A_VM = (
    "azureiaasvm",
    "azurevirtualmachine",
    "azurevirtualmachines",
    "azurevm",
    "microsoft.compute/virtualmachines",
    "vm",
    "virtualmachine",
)
# Parts of what jobs and the portal call what is no VM -> how it is counted. The first that fits is taken.
_OTHERS: tuple[tuple[str, str], ...] = (
    ("azureworkload", "of a database or another workload in a VM"),
    ("vmappcontainer", "of a database or another workload in a VM"),
    ("postgresql", "of a database server"),
    ("sql", "of a database or another workload in a VM"),
    ("saphana", "of a database or another workload in a VM"),
    ("sapase", "of a database or another workload in a VM"),
    ("azurestorage", "of a file share"),
    ("storagecontainer", "of a file share"),
    ("fileshare", "of a file share"),
    ("azurefiles", "of a file share"),
    ("mab", "of the MARS agent"),
    ("azurebackupagent", "of the MARS agent"),
    ("dpm", "of a backup server"),
    ("azurebackupserver", "of a backup server"),
    ("vaultjob", "of the vault itself"),
    ("azuredisk", "of a disk"),
    ("azureblob", "of blobs"),
    ("kubernetes", "of a cluster"),
)
_OUTCOMES: Mapping[str, Outcome] = {
    "completed": Outcome.WELL,
    "failed": Outcome.FAILED,
    # The snapshot is there, the copy in the vault is not.
    "completedwithwarnings": Outcome.FAILED,
    "inprogress": Outcome.RUNNING,
    "cancelling": Outcome.RUNNING,
}
CANCELLED = "cancelled"
_OTHER_OPERATIONS = (
    "configure",
    "delete",
    "disable",
    "enable",
    "inquire",
    "modify",
    "move",
    "policy",
    "recover",
    "register",
    "restore",
    "resume",
    "stop",
    "undelete",
    "update",
    "upgrade",
    "validate",
)


def squeezed(text: str) -> str:
    """A word of Azure without blanks and in small letters: the portal writes `Completed with warnings`."""
    return "".join(text.split()).lower()


def is_vm(*words: str) -> bool | None:
    """Whether one of these words says that the backup is of a VM; None if all are empty, or say nothing."""
    for word in filter(None, map(squeezed, words)):
        if word in _OF_A_VM or word.startswith("azureiaasvmjob") or "iaasvmcontainer" in word:
            return True
        if other_kind(word):
            return False
    return None


def other_kind(*words: str) -> str:
    """What the backup is of, if it is known and no VM."""
    return next((said for word in words for part, said in _OTHERS if part in squeezed(word)), "")


def outcome_of(status: str) -> Outcome | None:
    """None for `Cancelled`, and for what Azure never calls a status."""
    return _OUTCOMES.get(squeezed(status))


def is_other_operation(operation: str) -> bool:
    """Whether this is known to be no backup. Of other words nobody knows: the portal translates them."""
    return any(part in squeezed(operation) for part in _OTHER_OPERATIONS)
