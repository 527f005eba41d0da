"""What an entry says: a backup of a VM with its outcome and errors, or why it is passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.triage import kinds
from runner.triage.document import is_entry, is_item
from runner.triage.faults import faults_of_item, faults_of_job, persistence
from runner.triage.times import read_time
from runner.triage.values import Backup, Ignored, Outcome, Raw, Unclear, Vm

Read = Backup | Ignored | Unclear
_VM_ID = re.compile(
    r"/subscriptions/(?P<sub>[^/\s]+)/resourceGroups/(?P<group>[^/\s]+)"
    r"/providers/Microsoft\.(?:Compute|ClassicCompute)/virtualMachines/(?P<name>[^/\s]+)/?",
    re.IGNORECASE,
)
_VAULT = re.compile(
    r"(?P<vault>/subscriptions/(?P<sub>[^/\s]+)/.*?/Microsoft\.RecoveryServices/vaults/[^/\s]+)(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CONTAINER = re.compile(r"/protectionContainers/([^/]*)", re.IGNORECASE)
_NO_VM = "without the name of a VM, and nothing failed"
_KEPT = 200  # characters of a word that nobody knows


def read_entry(raw: Raw) -> Read:
    """An entry of any of the shapes."""
    if not is_entry(raw.data):
        return Ignored(raw.place, "neither a backup job nor a protected item")
    item = is_item(raw.data)
    words = [_text(raw.data, name) for name in ("jobtype", "protecteditemtype", "backupmanagementtype", "workloadtype")]
    container = _text(raw.data, "containername").partition(";")[0]
    # A workload's management type names the workload, though its container names the VM.
    vm = kinds.is_vm(*words, container)
    other = kinds.other_kind(*words, container)
    if vm is False or (other and not vm):
        return Ignored(raw.place, other)
    if vm is None and any(words):
        return _unclear(raw, f"its kind `{next(filter(None, words))[:_KEPT]}` is not one that vmfix knows")
    read = _item(raw) if item else _job(raw)
    if isinstance(read, Backup) and not read.vm.name:
        return (
            _unclear(raw, "it does not name its VM") if read.outcome is Outcome.FAILED else Ignored(raw.place, _NO_VM)
        )
    return read


def vm_of_id(text: str) -> Vm | None:
    """The VM of a resource id; None if it is not one of a VM."""
    match = _VM_ID.fullmatch(text.strip())
    return Vm(name=match["name"], group=match["group"], subscription=match["sub"]) if match else None


def _job(raw: Raw) -> Read:
    operation, status = _text(raw.data, "operation"), _text(raw.data, "status")
    faults = faults_of_job(raw.data)
    if operation and kinds.squeezed(operation) != "backup":
        if kinds.is_other_operation(operation):
            failed = kinds.outcome_of(status) is Outcome.FAILED
            return Ignored(
                raw.place, f"no backup, but {operation[:_KEPT]}", operation[:_KEPT], faults if failed else ()
            )
        return _unclear(raw, f"its operation `{operation[:_KEPT]}` is not one that vmfix knows")
    if kinds.squeezed(status) == kinds.CANCELLED:
        return Ignored(raw.place, "cancelled")
    outcome = kinds.outcome_of(status) if status else (Outcome.FAILED if faults else None)
    if outcome is None:
        known = f"its status `{status[:_KEPT]}` is not one that vmfix knows"
        return _unclear(raw, known if status else "it does not say how it ended")
    if not operation and outcome is Outcome.WELL:
        # It may be a restore, and that a restore went well says nothing of backups.
        return Ignored(raw.place, "without a word of what ran, and nothing failed")
    started, zoned = read_time(_text(raw.data, "starttime"), day_first=raw.day_first)
    ended, end_zoned = read_time(_text(raw.data, "endtime"), day_first=raw.day_first)
    return Backup(
        place=raw.place,
        id=_text(raw.data, "name") or _text(raw.data, "id").rpartition("/")[2],
        item=False,
        vm=_vm(raw.data),
        vault=_vault(raw.data)[0],
        outcome=outcome,
        started=started,
        ended=ended,
        zoned=zoned if started else end_zoned,
        faults=faults if outcome is Outcome.FAILED else (),
    )


def _item(raw: Raw) -> Read:
    status = _text(raw.data, "lastbackupstatus")
    outcome = kinds.outcome_of(status)
    if not status or kinds.squeezed(status) in {"irpending", "none"}:
        return Ignored(raw.place, "without a backup yet")
    if kinds.squeezed(status) == kinds.CANCELLED:
        return Ignored(raw.place, "cancelled")
    if outcome is None:
        return _unclear(raw, f"its last backup's status `{status[:_KEPT]}` is not one that vmfix knows")
    health = persistence(raw.data)
    if outcome is Outcome.WELL and health:
        return _unclear(raw, f"its last backup is said to be `{status}`, and how it went `{health[:_KEPT]}`")
    started, zoned = read_time(_text(raw.data, "lastbackuptime"))
    return Backup(
        place=raw.place,
        id=_text(raw.data, "name"),
        item=True,
        vm=_vm(raw.data),
        vault=_vault(raw.data)[0],
        outcome=outcome,
        started=started,
        ended=None,
        zoned=zoned,
        faults=faults_of_item(raw.data) if outcome is Outcome.FAILED else (),
        persistence=health,
    )


def _vm(data: Mapping[str, object]) -> Vm:
    """The VM by its resource id, else by its container, else by its name alone."""
    known = vm_of_id(_text(data, "sourceresourceid")) or vm_of_id(_text(data, "virtualmachineid"))
    if known:
        return known
    group, contained = _container(data)
    name = contained or _text(data, "entityfriendlyname") or _text(data, "friendlyname")
    group = group or _text(data, "vmgroup")
    own = _own_subscription(data)
    return Vm(
        name=name,
        group=group,
        subscription=own or _vault(data)[1],
        assumed=not own,
        partly=not contained and not own,
    )


def _container(data: Mapping[str, object]) -> tuple[str, str]:
    """Resource group and name of ``[IaasVMContainer;]iaasvmcontainerv2;<group>;<name>``; empty for any other text.

    What stands in the group's place of a classic VM is a cloud service, which is not one.
    """
    text = _text(data, "containername")
    in_id = None if text else _CONTAINER.search(_text(data, "id"))
    parts = (in_id[1] if in_id else text).split(";")
    if len(parts) > 2 and parts[-3].lower() in kinds.VM_CONTAINERS and all(parts[-2:]):  # noqa: PLR2004 - kind, group, name
        return (parts[-2] if parts[-3].lower() == kinds.VM_CONTAINERS[0] else ""), parts[-1]
    return "", ""


def _own_subscription(data: Mapping[str, object]) -> str:
    """The VM's, which only the details of a job tell, and only if it is not the vault's."""
    extended = data.get("extendedinfo")
    bag = extended.get("propertyBag") if isinstance(extended, dict) else None
    found = _text(data, "containersubscriptionid")
    return found or (_text(bag, "VM Subscription ID") if isinstance(bag, dict) else "")


def _vault(data: Mapping[str, object]) -> tuple[str, str]:
    """The vault's id in small letters, and its subscription; empty where the entry's id does not tell."""
    match = _VAULT.fullmatch(_text(data, "id"))
    return (match["vault"].lower(), match["sub"]) if match else ("", "")


def _unclear(raw: Raw, reason: str) -> Unclear:
    return Unclear(raw.place, str(_vm(raw.data)), _text(raw.data, "name"), reason)


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a status that is a number is not one that is missing
    return value.strip() if isinstance(value, str) else ""
