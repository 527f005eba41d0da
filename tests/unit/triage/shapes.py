"""Jobs and items in the shapes that were recorded from Azure, with the parts that a test is about set."""

from __future__ import annotations

import json
from typing import Any

from runner.diagnostics import Diagnostics
from runner.load.inventory import read_inventory
from runner.load.library import Library
from runner.load.playbook import load_playbook
from runner.model.inventory import Inventory
from runner.triage.decide import triage
from runner.triage.document import read_document
from runner.triage.values import Raw, Triage

SUB = "00000000-0000-0000-0000-000000000001"
OTHER_SUB = "00000000-0000-0000-0000-000000000002"
VAULT = f"/Subscriptions/{SUB}/resourceGroups/vaults/providers/Microsoft.RecoveryServices/vaults/main"
FREEZE = {
    "errorCode": 400,
    "errorTitle": "UserErrorFsFreezeFailed",
    "errorString": "Failed to freeze one or more mount-points of the VM to take a file-system consistent snapshot.",
    "recommendations": [],
}
NOT_FOUND = {
    "errorCode": 400136,
    "errorTitle": "UserErrorVmNotFoundV2",
    "errorString": "Virtual machine doesn't exist.",
    "recommendations": ["Please make sure that virtual machine exists or select a different virtual machine. "],
}
BUSY = {"errorCode": 400249, "errorTitle": "UserErrorBackupOperationInProgress", "errorString": "In progress."}

_BOOK = """\
vmfix: 1
playbook: {id}
title: Title of {id}
platform: {platform}
solves: [{solves}]
aliases: [{aliases}]
source: https://example.com/
observe:
  up: {{command: [hostname], parse: text}}
healthy: "true"
remedies:
  - id: one
    {body}
"""
_STEPS = """title: Mend it
    risk: [config]
    approval: It is mended.
    takes: 1m
    steps: [{id: go, command: {argv: ["true"]}}]"""


def book(name: str, solves: str, aliases: str = "", *, platform: str = "linux", guide: bool = False) -> str:
    """A playbook's text; with ``guide`` one without steps."""
    body = "manual: Do it by hand." if guide else _STEPS
    return _BOOK.format(id=name, solves=solves, aliases=aliases, platform=platform, body=body)


BOOKS = (
    book("freeze", "UserErrorFsFreezeFailed", '"Failed to freeze one or more  mount-points", 4711'),
    book("agent", "GuestAgentSnapshotTaskStatusError"),
    book("vss", "ExtensionFailedVssWriterInBadState", platform="windows"),
    book("gone", "UserErrorVmNotFoundV2", "400136", guide=True),
    book("twice-linux", "SolvedTwice"),
    book("twice-windows", "SolvedTwice", platform="windows"),
)


def library(*texts: str) -> Library:
    """These playbooks, or those of ``BOOKS``."""
    diagnostics = Diagnostics()
    found = [load_playbook(text, "book.yml", diagnostics) for text in texts or BOOKS]
    assert not diagnostics.errors, diagnostics.errors
    return Library(tuple(playbook for playbook in found if playbook))


def inventory(targets: str, *, transport: str = "ssh") -> Inventory:
    """Targets, a line each: ``web-01: {address: a}``."""
    lines = "\n".join(f"  {line.strip()}" for line in targets.strip().splitlines())
    diagnostics = Diagnostics()
    text = f"vmfix: 1\ndefaults: {{transport: {transport}, user: u}}\ntargets:\n{lines}\n"
    found = read_inventory(text, "inv", diagnostics)
    assert found, diagnostics.errors
    return found


def azure_id(name: str, group: str, sub: str = SUB) -> str:
    """The resource id of a VM."""
    return f"/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"


WEB = inventory(f"web-01: {{address: 192.0.2.1, azure_id: {azure_id('web-01', 'Prod')}}}")


def job(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A failed backup of web-01 as the REST API tells it, with some of its properties set, or left out (None)."""
    name = f"b780f654-9e1f-410f-acac-{number:012}"
    properties: dict[str, Any] = {
        "jobType": "AzureIaaSVMJob",
        "actionsInfo": [1],
        "containerName": "iaasvmcontainerv2;prod;web-01",
        "duration": "PT10M32.6925276S",
        "errorDetails": [FREEZE],
        "virtualMachineVersion": "Compute",
        # Stale on purpose, as recorded: a failed job whose task is said to go on.
        "extendedInfo": {"tasksList": [{"taskId": "Take Snapshot", "duration": "PT0S", "status": "InProgress"}]},
        "entityFriendlyName": "web-01",
        "backupManagementType": "AzureIaasVM",
        "operation": "Backup",
        "status": "Failed",
        "startTime": f"2026-11-{number:02}T09:45:35.9127172Z",
        "endTime": f"2026-11-{number:02}T09:56:08.6052448Z",
        "activityId": "42d9",
    } | changes
    return {
        "id": f"{VAULT}/backupJobs/{name}",
        "name": name,
        "type": "Microsoft.RecoveryServices/vaults/backupJobs",
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def well(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A backup that went well."""
    return job(number, status="Completed", errorDetails=None, **changes)


def item(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A protected item as `az backup item list` prints it."""
    container = "IaasVMContainer;iaasvmcontainerv2;prod;web-01"
    properties: dict[str, Any] = {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "backupManagementType": "AzureIaasVM",
        "workloadType": "VM",
        "containerName": "iaasvmcontainerv2;prod;web-01",
        "friendlyName": "web-01",
        "sourceResourceId": azure_id("web-01", "prod"),
        "virtualMachineId": azure_id("web-01", "prod"),
        "lastBackupStatus": "Failed",
        "lastBackupTime": "2026-11-03T09:45:35.912717+00:00",
        "healthDetails": [],
        "kpisHealths": {},
    } | changes
    return {
        "id": f"{VAULT}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/VM;{container[16:]}",
        "name": "VM;iaasvmcontainerv2;prod;web-01",
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def read(text: str) -> list[Raw]:
    """The entries of a document that must be right."""
    diagnostics = Diagnostics()
    found = read_document(text, "jobs", diagnostics)
    assert not diagnostics.errors, diagnostics.errors
    return found


def sorted_out(*entries: dict[str, Any], machines: Inventory = WEB, books: Library | None = None) -> Triage:
    """What comes of these entries."""
    return triage(read(json.dumps({"value": list(entries)})), books or library(), machines)
