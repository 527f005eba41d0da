"""The documents that engineers have, and what is said of those that cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.diagnostics import Diagnostics
from runner.triage.decide import triage
from runner.triage.document import read_document
from tests.unit.triage.shapes import FREEZE, WEB, job, library, read

CSV = """\
Workload name,Operation,Status,Type,Start time,Duration,Error code
web-01,Backup,Failed,Azure Virtual Machine,"11/25/2026, 3:00:00 AM",00:20:23,UserErrorFsFreezeFailed
"""


def printed_by_az() -> dict[str, Any]:
    """The job as azure-cli prints it: nulls, a resource group beside the properties, Python's own times."""
    row = job()
    row["properties"] |= {
        "duration": "0:10:32.692528",
        "startTime": "2026-11-01T09:45:35.912717+00:00",
        "endTime": "2026-11-01T09:56:08.605244+00:00",
        "isUserTriggered": None,
        "extendedInfo": None,
    }
    return row | {"eTag": None, "location": None, "resourceGroup": "vaults", "tags": None}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"value": [job()]}),
        json.dumps([printed_by_az()]),
        json.dumps(printed_by_az(), indent=2),
        json.dumps(job()),
        CSV,
        CSV.replace(",", ";").replace('"11/25/2026; 3:00:00 AM"', "2026-11-25T03:00:00Z"),
        "sep=,\r\n" + CSV.replace("\n", "\r\n"),
    ],
    ids=["rest", "az list", "az show", "rest get", "portal", "semicolons", "excel"],
)
def test_every_shape_tells_the_same(text: str) -> None:
    """A failed job of web-01, whose error has a playbook and whose VM is a target."""
    found = triage(read(text), library(), WEB)
    assert [(one.playbook and one.playbook.id, one.match.target and one.match.target.name) for one in found.act] == [
        ("freeze", "web-01")
    ]
    assert found.complete


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "jobs: error: there is nothing in it"),
        (" \n", "jobs: error: there is nothing in it"),
        ('{"value": [\n  {"name": }]}', "jobs:2:12: error: this is not JSON: Expecting value"),
        ('[{"name": "cut', "jobs:1:11: error: this is not JSON: Unterminated string"),
        ("[" * 100_000, "jobs: error: this JSON cannot be read"),
        ('{"value": 3}', "jobs: error: `value` is not a list"),
        ('[{"status": "Failed", "operation": "Backup"}, "b780"]', "jobs: error: entry 2 is a text, not a backup job"),
        ('[{"name": "web-01", "location": "westeurope"}]', "jobs: error: entry 1 is neither a backup job nor"),
        ('{"error": {"code": "AuthorizationFailed", "message": "No."}}', "Azure answered: AuthorizationFailed: No."),
        ("ERROR: Please run 'az login' to setup account.", "jobs:1:1: error: this is neither JSON nor a table"),
        ("Name,Region\nweb-01,west\n", "jobs:1:1: error: this is neither JSON nor a table"),
        ("Workload name,Status\nweb-01,Failed,now\n", "jobs:2:1: error: this row has 3 cells, but the header has 2"),
        ('Workload name,Status\nweb-01,"Failed\n', "jobs:2:1: error: this line is no CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    """And nothing of the document is used."""
    diagnostics = Diagnostics()
    assert read_document(text, "jobs", diagnostics) == []
    assert len(diagnostics.errors) == 1
    assert said in str(diagnostics.errors[0])


def test_a_list_without_jobs_is_a_document() -> None:
    """No job failed."""
    assert read("[]") == read('{"value": []}') == []


def test_a_further_page_is_warned_of() -> None:
    """A later success may stand there."""
    diagnostics = Diagnostics()
    text = json.dumps({"value": [job()], "nextLink": "https://management.azure.com/...?$skipToken=1"})
    assert len(read_document(text, "jobs", diagnostics)) == 1
    assert not diagnostics.errors
    assert "next page" in str(diagnostics.warnings[0])


def test_an_entry_that_is_neither_job_nor_item_is_counted_among_others() -> None:
    """One of another kind does not spoil the rest."""
    found = triage(read(json.dumps([job(), {"name": "web-01", "location": "west"}])), library(), WEB)
    assert len(found.act) == 1
    assert found.ignored == {"neither a backup job nor a protected item": 1}


def test_a_table_may_have_names_numbers_and_texts_in_columns_of_their_own() -> None:
    """A number in the column of codes is a number, a name is a title."""
    text = (
        "properties.entityFriendlyName\tJob Status\tError Code\tError Message\tJob Id\n"
        "web-01\tFailed\t4711\t-\tb780\n"
        "\t\t\t\t\n"
        "web-02\tCompleted with warnings\tUserErrorFsFreezeFailed\tIt froze.\tb781\n"
    )
    found = triage(read(text), library(), WEB)
    assert [(one.fault.title, one.fault.number, one.by) for one in found.act] == [("", "4711", "number")]
    assert [(one.fault.title, one.fault.text) for one in found.unmatched] == [("UserErrorFsFreezeFailed", "It froze.")]


@pytest.mark.parametrize("kind", ["Microsoft.RecoveryServices/vaults/backupJobs", "Scheduled", ""])
def test_a_column_of_types_may_be_about_something_else(kind: str) -> None:
    """The job's own type is found beside it."""
    text = "type,properties.jobType,properties.containerName,properties.status,properties.errorDetails\n"
    restore = f"{kind},AzureWorkloadJob,VMAppContainer;Compute;prod;web-01,Failed,x\n"
    error = "Failed to freeze one or more mount-points"
    found = triage(
        read(f"{text}{kind},AzureIaaSVMJob,iaasvmcontainerv2;prod;web-01,Failed,{error}\n{restore}"), library(), WEB
    )
    assert len(found.act) == 1
    assert found.ignored == {"of a database or another workload in a VM": 1}


@pytest.mark.parametrize(
    ("days", "complete"),
    [
        (("11/25/2026 3:00:00 AM", "11/26/2026 3:00:00 AM"), True),
        (("25/11/2026 3:00:00 AM", "26/11/2026 3:00:00 AM"), True),
        (("6/7/2026 3:00:00 AM", "7/7/2026 3:00:00 AM"), False),
        (("25/11/2026 3:00:00 AM", "11/26/2026 3:00:00 AM"), False),
        (("30.11.2026 03:00:00", "1.12.2026 03:00"), True),
        (("1.12.2026 03:00:00", "2.11.2026 03:00:00"), False),
        (("2026/11/30 03:00", "2026/12/01 03:00"), True),
        (("2026-11-30 11:00:00 PM", "2026-12-01 12:10:00 AM"), True),
        (("2026-11-30 11:00:00 PM", "2026-11-30 12:10:00 PM"), False),
        (("2026-11-30 11:00:00 PM", "2026-13-30 12:10:00 PM"), False),
    ],
    ids=[
        "month first",
        "day first",
        "cannot be told",
        "contradictory",
        "dots",
        "dots, before",
        "year first",
        "midnight",
        "noon",
        "no such month",
    ],
)
def test_days_are_only_read_where_the_table_shows_how(days: tuple[str, str], complete: bool) -> None:
    """Else a success on another day might wrongly hide the failure."""
    text = "Workload name,Operation,Status,Start time,Error code\n"
    text += f"web-01,Backup,Failed,{days[0]},UserErrorFsFreezeFailed\nweb-01,Backup,Completed,{days[1]},\n"
    found = triage(read(text), library(), WEB)
    assert (not found.act) is complete


@pytest.mark.parametrize(
    ("when", "warned"), [("30 Nov 2026 01:00", True), ("-", False), ("2026-11-30 01:00:00", False)]
)
def test_a_time_that_cannot_be_read_is_warned_of(when: str, warned: bool) -> None:
    """Once, with its line; a dash says that there is none."""
    diagnostics = Diagnostics()
    row = f"web-01,Failed,{when}\n"
    assert len(read_document(f"VM name,Status,Start time\n{row}{row}", "jobs", diagnostics)) == 2
    said = "jobs:2:1: warning: the time `30 Nov 2026 01:00` cannot be read"
    assert [str(one).partition(", so no")[0] for one in diagnostics.warnings] == ([said] if warned else [])


@pytest.mark.parametrize(("second", "warned"), [("11/5/2026 3:00:00 AM", True), ("11/15/2026 3:00:00 AM", False)])
def test_a_table_whose_days_cannot_be_told_is_warned_of(second: str, warned: bool) -> None:
    """Its failures look as if no success came after them."""
    diagnostics = Diagnostics()
    text = f"VM name,Status,Start time\n\nweb-01,Failed,11/3/2026 3:00:00 AM\nweb-01,Completed,{second}\n"
    assert len(read_document(text, "jobs", diagnostics)) == 2
    said = "jobs:3:1: warning: which is the day of 11/3/2026 3:00:00 AM cannot be told"
    assert [str(one).partition(", so no")[0] for one in diagnostics.warnings] == ([said] if warned else [])


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("Azure Virtual machines", {}),
        ("Azure VM", {}),
        ("Azure Backup Agent", {"of the MARS agent": 1}),
        ("Azure Database for PostgreSQL", {"of a database server": 1}),
        ("SQL in Azure VM", {"of a database or another workload in a VM": 1}),
        ("SAP HANA in Azure VM", {"of a database or another workload in a VM": 1}),
    ],
)
def test_the_kinds_of_a_table_are_known(kind: str, counted: dict[str, int]) -> None:
    """As the portal calls them."""
    text = f"Backup instance,Datasource type,Status,Error code\nweb-01,{kind},Failed,UserErrorFsFreezeFailed\n"
    found = triage(read(text), library(), WEB)
    assert (len(found.act), found.ignored) == (0 if counted else 1, counted)


def test_secrets_in_error_texts_are_left_out() -> None:
    """A signed address opens a disk for everybody who reads it."""
    text = "Copy of https://md-1.blob.core.windows.net/x/abcd?sv=2018&sig=Zm9vYmFy%3D failed; sig=Zm9v."
    text += " Bearer eyJZm9vYmFyYmF6.x-y_z"
    error = FREEZE | {"errorTitle": "Strange", "errorString": text}
    found = triage(read(json.dumps([job(errorDetails=[error])])), library(), WEB)
    shown = found.unmatched[0].fault.text
    assert "Zm9v" not in shown
    assert "https://md-1.blob.core.windows.net/x/abcd" in shown
