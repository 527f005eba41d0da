# ruff: noqa: E501 - anchors are as long as their headings
"""Each section of Microsoft's article leads to the playbooks of its entries."""

from __future__ import annotations

import pytest

from runner.diagnostics import Diagnostics
from runner.shelf import known_faults, load_library

LIBRARY = load_library((), Diagnostics())
# The anchors of the article, and the entries below each, as `vmfix list` counts them.
SECTIONS = {
    "basic-troubleshooting": [
        "basic-vm-agent-latest",
        "basic-os-version-supported",
        "basic-other-backup-service-running",
        "basic-reload-snapshot-extension",
        "basic-internet-connectivity",
        "basic-windows-guest-agent-service",
        "basic-eventlog-other-product",
    ],
    "vmrestorepointinternalerror---antivirus-configured-in-the-vm-is-restricting-the-execution-of-backup-extension": [
        "VMRestorePointInternalError"
    ],
    "copyingvhdsfrombackupvaulttakinglongtime---copying-backed-up-data-from-vault-timed-out": [
        "CopyingVHDsFromBackUpVaultTakingLongTime"
    ],
    "usererrorvmnotindesirablestate---vm-is-not-in-a-state-that-allows-backups": ["UserErrorVmNotInDesirableState"],
    "usererrorfsfreezefailed---failed-to-freeze-one-or-more-mount-points-of-the-vm-to-take-a-file-system-consistent-snapshot": [
        "UserErrorFsFreezeFailed"
    ],
    "extensionsnapshotfailedcom--extensioninstallationfailedcom--extensioninstallationfailedmdtc---extension-installationoperation-failed-due-to-a-com-error": [
        "ExtensionSnapshotFailedCOM"
    ],
    "extensionfailedvsswriterinbadstate---snapshot-operation-failed-because-vss-writers-were-in-a-bad-state": [
        "ExtensionFailedVssWriterInBadState"
    ],
    "extensionfailedvssserviceinbadstate---snapshot-operation-failed-due-to-vss-volume-shadow-copy-service-in-bad-state": [
        "ExtensionFailedVssServiceInBadState"
    ],
    "usererrorskunotavailable---vm-creation-failed-as-vm-size-selected-is-not-available": ["UserErrorSkuNotAvailable"],
    "usererrormarketplacevmnotsupported---vm-creation-failed-due-to-market-place-purchase-request-being-not-present": [
        "UserErrorMarketPlaceVMNotSupported"
    ],
    "extensionconfigparsingfailure--failure-in-parsing-the-config-for-the-backup-extension": [
        "ExtensionConfigParsingFailure"
    ],
    "extensionstuckindeletionstate---extension-state-is-not-supportive-to-backup-operation": [
        "ExtensionStuckInDeletionState"
    ],
    "extensionfailedsnapshotlimitreachederror---snapshot-operation-failed-as-snapshot-limit-is-exceeded-for-some-of-the-disks-attached": [
        "ExtensionFailedSnapshotLimitReachedError"
    ],
    "extensionfailedtimeoutvmnetworkunresponsive---snapshot-operation-failed-due-to-inadequate-vm-resources": [
        "ExtensionFailedTimeoutVMNetworkUnresponsive"
    ],
    "320001-resourcenotfound---could-not-perform-the-operation-as-vm-no-longer-exists--400094-bcmv2vmnotfound---the-virtual-machine-doesnt-exist--an-azure-virtual-machine-wasnt-found": [
        "320001"
    ],
    "usererrorbcmpremiumstoragequotaerror---could-not-copy-the-snapshot-of-the-virtual-machine-due-to-insufficient-free-space-in-the-storage-account": [
        "UserErrorBCMPremiumStorageQuotaError"
    ],
    "380008-azurevmoffline---failed-to-install-microsoft-recovery-services-extension-as-virtual-machine--is-not-running": [
        "380008"
    ],
    "extensionsnapshotbitlockererror---the-snapshot-operation-failed-with-the-volume-shadow-copy-service-vss-operation-error": [
        "ExtensionSnapshotBitlockerError"
    ],
    "vmnotindesirablestate---the-vm-isnt-in-a-state-that-allows-backups": ["VmNotInDesirableState"],
    "extensionsnapshotfailednosecurenetwork---the-snapshot-operation-failed-because-of-failure-to-create-a-secure-network-communication-channel": [
        "ExtensionSnapshotFailedNoSecureNetwork"
    ],
    "extensionvcredistinstallationfailure---the-snapshot-operation-failed-because-of-failure-to-install-visual-c-redistributable-for-visual-studio-2012": [
        "ExtensionVCRedistInstallationFailure"
    ],
    "usererrorrequestdisallowedbypolicy---an-invalid-policy-is-configured-on-the-vm-which-is-preventing-snapshot-operation": [
        "UserErrorRequestDisallowedByPolicy"
    ],
    "jobs": ["job-cancel-not-supported", "job-not-cancelable-state", "job-cancel-not-in-progress", "job-cancel-failed"],
    "disks-appear-offline-after-file-restore": ["restore-disks-offline-after-file-restore"],
    "usererrorinstantrpnotfound---restore-failed-because-the-snapshot-of-the-vm-was-not-found": [
        "UserErrorInstantRpNotFound"
    ],
    "common-errors": [
        "restore-cloud-internal-error",
        "restore-dns-name-taken",
        "restore-vnet-configuration-incorrect",
        "restore-reserved-ip-mismatch",
        "restore-input-endpoint-limit",
        "restore-vault-and-storage-different-region",
        "restore-storage-account-unsupported",
        "restore-storage-account-offline",
        "restore-resource-group-quota",
        "restore-subnet-missing",
        "restore-backup-service-not-authorized",
    ],
    "backup-or-restore-takes-time": ["backup-or-restore-slow"],
    "set-up-the-vm-agent": ["vm-agent-explicit-install-needed"],
    "windows-vms---set-up-the-agent": ["vm-agent-setup-windows"],
    "linux-vms---set-up-the-agent": ["vm-agent-setup-linux"],
    "windows-vms---update-the-agent": ["vm-agent-update-windows"],
    "linux-vms---update-the-agent": ["vm-agent-update-linux"],
    "validate-vm-agent-installation": ["vm-agent-validate-windows"],
    "troubleshoot-vm-snapshot-issues": [
        "snapshot-sql-vss-copy",
        "snapshot-rdp-shutdown-status",
        "snapshot-more-than-four-vms-cloud-service",
        "snapshot-high-cpu-memory",
    ],
    "networking": ["networking-dhcp-enabled"],
}


@pytest.mark.parametrize(("section", "entry"), [(name, entry) for name, below in SECTIONS.items() for entry in below])
def test_a_section_leads_to_the_playbooks_of_its_entries(section: str, entry: str) -> None:
    """By its anchor, however it was copied."""
    wanted = {book.id for book in LIBRARY.named(entry)}
    assert wanted
    for word in (section, f"#{section}", section.upper()):
        assert wanted <= {book.id for book in LIBRARY.named(word)}


def test_the_table_has_each_entry_once() -> None:
    """None is left out."""
    assert sorted(entry for below in SECTIONS.values() for entry in below) == sorted(known_faults()["article"])
