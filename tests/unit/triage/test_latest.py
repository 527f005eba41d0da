"""Which failure of a VM counts, and what is passed over."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from runner.triage.decide import triage
from runner.triage.values import Triage
from tests.unit.triage.shapes import (
    BUSY,
    FREEZE,
    NOT_FOUND,
    OTHER_SUB,
    WEB,
    azure_id,
    inventory,
    item,
    job,
    library,
    read,
    sorted_out,
    well,
)


def test_a_later_success_supersedes() -> None:
    """And a success before the failure does not."""
    assert not sorted_out(job(1), well(2)).failed
    assert sorted_out(well(1), job(2)).failed == 1
    assert sorted_out(job(1), well(2)).ignored == {
        "that failed earlier, or before a success": 1,
        "that went well": 1,
    }


def test_a_success_at_the_same_time_supersedes_nothing() -> None:
    """Which was later, nobody can tell; so it is looked at."""
    moment = "2026-11-01T09:56:08Z"
    assert sorted_out(job(1, endTime=moment), well(2, endTime=moment)).failed == 1


def test_the_latest_of_several_failures_counts() -> None:
    """What failed before may have been mended since."""
    found = sorted_out(job(1, errorDetails=[NOT_FOUND]), job(3), job(2, errorDetails=[NOT_FOUND]))
    assert [one.failure.backup.id[-2:] for one in found.act] == ["03"]
    assert not found.person


def test_times_of_the_api_and_of_az_are_compared_as_times() -> None:
    """The texts would sort the other way round."""
    late = job(1, endTime="2026-11-01T23:30:00.000000-02:00")
    early = well(2, endTime="2026-11-02T01:00:00.1234567Z")
    assert sorted_out(late, early).failed == 1


@pytest.mark.parametrize("status", ["CompletedWithWarnings", "Completed with warnings"])
def test_a_completion_with_warnings_is_a_failure(status: str) -> None:
    """The copy in the vault is missing, so it supersedes nothing either."""
    assert len(sorted_out(well(1), job(2, status=status)).act) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operation": "Restore"}, "no backup, but Restore"),
        ({"operation": "CrossRegionRestore"}, "no backup, but CrossRegionRestore"),
        ({"operation": "ConfigureBackup"}, "no backup, but ConfigureBackup"),
        ({"operation": "DeleteBackupData"}, "no backup, but DeleteBackupData"),
        ({"status": "Cancelled"}, "cancelled"),
        ({"status": "InProgress", "errorDetails": None, "endTime": None}, "still running"),
        (
            {
                "jobType": "AzureWorkloadJob",
                "backupManagementType": "AzureWorkload",
                "containerName": "VMAppContainer;Compute;prod;web-01",
            },
            "of a database or another workload in a VM",
        ),
        (
            {
                "jobType": "AzureStorageJob",
                "backupManagementType": "AzureStorage",
                "containerName": "StorageContainer;Storage;prod;files",
                "errorDetails": [{"errorCode": 1073871825, "errorString": "No share."}],
            },
            "of a file share",
        ),
        ({"jobType": "MabJob", "backupManagementType": "MAB", "containerName": None}, "of the MARS agent"),
        ({"jobType": "DpmJob", "backupManagementType": "DPM", "containerName": None}, "of a backup server"),
        ({"jobType": "VaultJob", "backupManagementType": None, "containerName": None}, "of the vault itself"),
    ],
)
def test_other_jobs_are_ignored_and_counted(changes: dict[str, Any], reason: str) -> None:
    """Even if they name an error that a playbook solves."""
    found = sorted_out(job(**changes))
    assert found.ignored == {reason: 1}
    assert found.complete
    assert not found.act


def test_a_restore_that_went_well_supersedes_nothing() -> None:
    """Nor does a job of which nobody knows what ran."""
    assert len(sorted_out(job(1), well(2, operation="Restore")).act) == 1
    assert len(sorted_out(job(1), well(2, operation=None)).act) == 1


def test_jobs_of_the_newer_type_are_jobs_of_vms() -> None:
    """The SDK knows a V2."""
    assert len(sorted_out(job(jobType="AzureIaaSVMJobV2")).act) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "Fehlgeschlagen"}, "its status `Fehlgeschlagen` is not one"),
        ({"status": 3}, "its status `3` is not one"),
        ({"status": None, "errorDetails": None}, "does not say how it ended"),
        ({"operation": "Sicherung"}, "its operation `Sicherung` is not one"),
        (
            {"jobType": "Virtueller Computer", "backupManagementType": None, "containerName": None},
            "its kind `Virtueller Computer` is not one",
        ),
        ({"entityFriendlyName": None, "containerName": None}, "does not name its VM"),
    ],
)
def test_what_cannot_be_judged_is_not_passed_over(changes: dict[str, Any], why: str) -> None:
    """The portal translates; a failure that is called otherwise must not look like none."""
    found = sorted_out(job(**changes))
    assert not found.act
    assert not found.complete
    assert why in found.unclear[0].reason


@pytest.mark.parametrize(
    "missing", ["jobType", "backupManagementType", "entityFriendlyName", "status", "operation", "endTime", "startTime"]
)
def test_one_missing_field_does_not_hide_a_failure(missing: str) -> None:
    """The others tell enough."""
    without: dict[str, Any] = {missing: None}
    assert len(sorted_out(job(**without)).act) == 1


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00", "2001-01-01T00:00:00Z"])
def test_a_time_that_stands_for_none_is_none(never: str) -> None:
    """A failure of the year 1 would be over by any success; one that began then has the time at which it ended."""
    assert len(sorted_out(job(1, startTime=never, endTime=never), well(2)).act) == 1
    assert not sorted_out(job(1, startTime=never), well(2)).failed
    assert not sorted_out(job(1, endTime=never), well(2)).failed


def test_a_failure_without_a_time_is_never_superseded() -> None:
    """But one with a time goes before it."""
    undated = job(1, startTime=None, endTime="yesterday", errorDetails=[NOT_FOUND])
    assert len(sorted_out(undated, well(2)).person) == 1
    assert not sorted_out(undated, job(2)).person


@pytest.mark.parametrize("errors", [None, [], [{"errorCode": 0, "errorTitle": "", "errorString": " "}]])
def test_a_failure_that_names_no_error_is_unmatched(errors: object) -> None:
    """Azure gives such jobs."""
    found = sorted_out(job(errorDetails=errors))
    assert [one.why for one in found.unmatched] == [("the job names no error",)]


def test_one_job_that_is_told_twice_counts_once() -> None:
    """From the list and from its details, whose id may be written otherwise; the one that has ended counts."""
    twin = copy.deepcopy(job(1))
    twin["name"] = twin["name"].upper()
    running = job(1, status="InProgress", errorDetails=None, endTime=None)
    found = sorted_out(job(1), running, twin, job(1))
    assert len(found.act) == 1
    assert found.ignored == {"told twice": 3}
    assert not found.act[0].failure.running


def test_a_running_backup_is_said_with_the_failure() -> None:
    """It may be the one that mends it; one that ran before says nothing."""
    running: dict[str, Any] = {"status": "InProgress", "errorDetails": None, "endTime": None}
    assert sorted_out(job(1), job(2, **running)).act[0].failure.running
    assert not sorted_out(job(2), job(1, **running)).act[0].failure.running


def test_another_backup_that_ran_is_only_to_be_waited_for() -> None:
    """It is neither unmatched nor anything to act on, and does not hide what is."""
    found = sorted_out(job(1, errorDetails=[BUSY]))
    assert (len(found.retry), len(found.act), found.complete) == (1, 0, True)

    found = sorted_out(job(1), job(2, errorDetails=[BUSY]))
    assert (len(found.retry), len(found.act)) == (0, 1)


class TestItems:
    def test_the_last_jobs_error_goes_before_the_check(self) -> None:
        """A row whose check says `completed with warnings` and whose last job says why."""
        found = sorted_out(
            item(
                healthDetails=[{"code": 400240, "title": "IaasVmHealthYellowDefault", "message": "Warnings."}],
                kpisHealths={
                    "BackupOperationStatusKPI": {
                        "resourceHealthStatus": "PersistentUnhealthy",
                        "resourceHealthDetails": [{"code": 400, "title": "UserErrorFsFreezeFailed", "message": "x"}],
                    }
                },
            )
        )
        assert [one.fault.title for one in found.act] == ["UserErrorFsFreezeFailed"]
        assert found.act[0].failure.backup.persistence == "PersistentUnhealthy"
        assert found.complete

    def test_the_check_counts_where_the_job_says_nothing(self) -> None:
        """And green is no error."""
        green = {"code": 400239, "title": "IaasVmHealthGreenDefault", "message": "ok"}
        freeze = {"code": 400, "title": "userErrorFsFreezeFailed", "message": "x"}
        assert len(sorted_out(item(healthDetails=[green, freeze])).act) == 1
        assert sorted_out(item(healthDetails=[green])).unmatched[0].why == ("the job names no error",)

    def test_a_completed_one_is_no_failure_whatever_the_check_says(self) -> None:
        """A warning of what may come is not a failed backup."""
        vcredist = {"code": 380020, "title": "ExtensionVCRedistInstallationFailure", "message": "x"}
        found = sorted_out(item(lastBackupStatus="Completed", healthDetails=[vcredist]))
        assert found.ignored == {"that went well": 1}

    @pytest.mark.parametrize("status", [None, "", "IRPending"])
    def test_one_that_was_never_backed_up_is_ignored(self, status: str | None) -> None:
        """There is nothing that failed."""
        assert sorted_out(item(lastBackupStatus=status)).ignored == {"without a backup yet": 1}

    def test_its_success_supersedes_a_job(self) -> None:
        """Both are about one VM, though only the item has its id."""
        done = item(lastBackupStatus="Completed", lastBackupTime="2026-11-09T02:00:00Z")
        assert not sorted_out(job(1), done).failed

    def test_it_tells_the_vms_subscription(self) -> None:
        """The job alone would be taken for a VM in the vault's subscription."""
        there = inventory(f"web-01: {{address: 192.0.2.1, azure_id: {azure_id('web-01', 'prod', OTHER_SUB)}}}")
        known = item(
            lastBackupStatus="Completed",
            lastBackupTime="2026-11-01T00:00:00Z",
            sourceResourceId=azure_id("WEB-01", "PROD", OTHER_SUB),
            virtualMachineId=None,
        )
        found = sorted_out(job(5), known, machines=there)
        assert [one.match.how for one in found.act] == ["azure_id"]
        assert not found.act[0].failure.backup.vm.assumed

    def test_it_does_not_overrule_the_subscription_that_a_job_tells(self) -> None:
        """The job is of another VM of the same group and name."""
        done = item(lastBackupStatus="Completed", lastBackupTime="2026-11-09T02:00:00Z")
        found = sorted_out(job(1, containerSubscriptionId=OTHER_SUB), done)
        assert [one.failure.backup.vm.subscription for one in found.unmatched] == [OTHER_SUB]

    @pytest.mark.parametrize(
        ("health", "unclear"), [("PersistentUnhealthy", 1), ("TransientDegraded", 1), ("Success", 0)]
    )
    def test_one_that_contradicts_itself_is_for_a_person(self, health: str, unclear: int) -> None:
        """Completed, and yet the last job has an error: nothing is done, and no failure is taken to be over."""
        kpi = {"resourceHealthStatus": health, "resourceHealthDetails": [FREEZE]}
        done = item(
            lastBackupStatus="Completed",
            lastBackupTime="2026-11-09T02:00:00Z",
            kpisHealths={"BackupOperationStatusKPI": kpi},
        )
        found = sorted_out(done)
        assert (found.failed, len(found.unclear), found.complete) == (0, unclear, not unclear)
        assert sorted_out(job(1), done).failed == unclear

    def test_one_without_an_error_does_not_hide_a_job_that_has_one(self) -> None:
        """Both are about the same failure, and the item's time is a little later."""
        late = item(lastBackupTime="2026-11-01T09:56:10Z")
        found = sorted_out(job(1), late)
        assert [one.failure.backup.item for one in found.act] == [False]
        assert (found.complete, found.failed) == (True, 1)
        assert [one.why for one in sorted_out(late).unmatched] == [("the job names no error",)]

    def test_of_a_database_is_ignored(self) -> None:
        """Its container names the VM all the same."""
        row = item(
            protectedItemType="AzureVmWorkloadSQLDatabase",
            backupManagementType="AzureWorkload",
            workloadType="SQLDataBase",
            containerName="VMAppContainer;Compute;prod;web-01",
        )
        assert sorted_out(row).ignored == {"of a database or another workload in a VM": 1}


def test_several_errors_of_a_job_are_each_looked_up_once() -> None:
    """One with a playbook does not hide one without."""
    unknown = {"errorCode": 400002, "errorTitle": "BackUpOperationFailed", "errorString": "It failed."}
    agent = {"errorCode": 400039, "errorTitle": "GuestAgentSnapshotTaskStatusError", "errorString": "No answer."}
    found = sorted_out(job(errorDetails=[FREEZE, agent, unknown, FREEZE]))
    assert sorted(one.playbook.id for one in found.act if one.playbook) == ["agent", "freeze"]
    assert [one.fault.title for one in found.unmatched] == ["BackUpOperationFailed"]
    assert WEB.targets[0] is found.act[0].match.target


@pytest.mark.parametrize("count", [1, 200, 20_000])
def test_any_number_of_jobs_is_sorted_out(count: int) -> None:
    """Two jobs for each VM but the last one: it failed, and every second VM went well later."""
    entries = []
    for number in range(count):
        vm = f"iaasvmcontainerv2;prod;vm-{number // 2}"
        made = well if number % 4 == 1 else job
        entries.append(made(number, containerName=vm, startTime=f"2026-11-0{1 + number % 2}T02:00:00Z", endTime=None))
    found = sorted_out(*entries)
    over = (count + 2) // 4
    assert found.entries == count
    assert found.failed == len(found.unmatched) == found.vms - (over if count > 1 else 0)


class TestRowsOfATable:
    """They tell a VM's name, and seldom more."""

    ROW = "VM name,Operation,Status,Start time,VM resource group\nweb-01,Backup,{},2026-11-09T01:00:00Z,{}\n"

    def sort(self, row: str, *entries: dict[str, Any]) -> Triage:
        """A table with this row beside these entries, in both orders."""
        table = self.ROW.format(*row.split(","))
        told = read(json.dumps(list(entries)))
        found = triage([*read(table), *told], library(), WEB)
        assert triage([*told, *read(table)], library(), WEB) == found
        return found

    def test_are_about_the_only_vm_of_that_name(self) -> None:
        """A success in the table ends the failure that a job or an item tells."""
        for entry in (job(1), item()):
            assert self.sort("Completed,", entry).failed == 0
            assert self.sort("Completed,PROD", entry).failed == 0
            assert self.sort("Completed,other", entry).failed == 1

    def test_say_that_they_were_taken_for_it(self) -> None:
        """And by what the target is known then."""
        done = item(lastBackupStatus="Completed", lastBackupTime="2026-11-01T02:00:00Z")
        found = self.sort("Failed,", done)
        assert found.vms == 1
        assert [one.match.how for one in found.unmatched] == ["azure_id, taken for the only VM of this name"]

    def test_are_about_none_of_two(self) -> None:
        """Nothing says which."""
        other = job(2, containerName="iaasvmcontainerv2;test;web-01")
        assert self.sort("Completed,", job(1), other).failed == 2
        assert self.sort("Completed,prod", job(1), other).failed == 1

    def test_a_job_without_its_container_is_of_its_own_vault(self) -> None:
        """The vault of the other VM is another."""
        alone = well(9, containerName=None)
        assert sorted_out(job(1), alone).failed == 0
        elsewhere = alone | {"id": alone["id"].replace("vaults/main", "vaults/second")}
        assert sorted_out(job(1), elsewhere).failed == 1
