"""The calls of `vmfix plan` that are shown."""

from __future__ import annotations

import shlex

from runner.diagnostics import Diagnostics
from runner.load.inventory import read_inventory
from runner.load.select import select
from runner.triage.calls import Shown, calls, vault_of
from tests.unit.triage.shapes import FREEZE, NOT_FOUND, VAULT, book, inventory, job, library, sorted_out

AGENT = {"errorCode": 400039, "errorTitle": "GuestAgentSnapshotTaskStatusError", "errorString": "No answer."}
THREE = inventory("\n".join(f"web-{n:02}: {{address: 192.0.2.{n}}}" for n in (1, 2, 3)))


def of(number: int, vm: str, *errors: object, **changes: object) -> dict[str, object]:
    """A failed job of this VM."""
    return job(number, containerName=f"iaasvmcontainerv2;prod;{vm}", errorDetails=list(errors), **changes)


def test_targets_with_the_same_playbooks_share_a_call() -> None:
    """Others have their own, for a plan is about all of its playbooks on all of its targets. Guides have none."""
    found = sorted_out(
        of(3, "web-03", AGENT, FREEZE), of(2, "web-02", FREEZE, NOT_FOUND), of(1, "web-01", FREEZE), machines=THREE
    )
    made, hidden = calls(found.act, THREE)
    assert hidden == ()
    shown = Shown(made, hidden, ["-i", "my inventory.yml"])
    words = shown.words()
    assert [each[-2:] for each in words] == [["-o", "plan-1.json"], ["-o", "plan-2.json"]]
    assert [shlex.join(each[:-2]) for each in words] == [
        "vmfix plan agent freeze -i 'my inventory.yml' -t web-03 --expect 1 --backup-failed-at 2026-11-03T09:45:35Z",
        "vmfix plan freeze -i 'my inventory.yml' -t web-01,web-02 --expect 2 --backup-failed-at 2026-11-01T09:45:35Z",
    ]
    assert [target.name for target in select(THREE, "web-01,web-02")] == ["web-01", "web-02"]


def test_the_time_of_the_failure_is_left_out_where_it_is_not_sure() -> None:
    """A remedy of later would be taken for one that did not help."""
    for start in (None, "2026-11-01T09:45:35", "soon"):
        found = sorted_out(
            of(1, "web-01", FREEZE, startTime=start, endTime=None), of(2, "web-02", FREEZE), machines=THREE
        )
        assert [call.since for call in calls(found.act, THREE)[0]] == [""]


def test_a_target_that_a_group_hides_is_not_named() -> None:
    """The pattern would mean the group; where both are the same, it may be used."""
    text = "[web-01]\nweb-01\nweb-02\n[web-03]\nweb-03\n[all:vars]\nansible_user=u\n"  # vmfix's own form refuses it
    machines = read_inventory(text, "inv", Diagnostics())
    assert machines
    found = sorted_out(*(of(n, f"web-{n:02}", FREEZE) for n in (1, 2, 3)), machines=machines)
    made, hidden = calls(found.act, machines)
    assert hidden == ("web-01",)
    assert [call.targets for call in made] == [("web-02", "web-03")]


def test_a_pattern_fits_on_a_command_line() -> None:
    """Linux takes no word of more than 128 KiB."""
    many = range(3000)
    name = "a-rather-long-name-of-a-machine-for-this-test-{:04}"
    machines = inventory("\n".join(f"{name.format(n)}: {{address: 192.0.2.1}}" for n in many))
    entries = [
        job(n, containerName=f"iaasvmcontainerv2;prod;{name.format(n)}", startTime=None, endTime=None) for n in many
    ]
    made, _ = calls(sorted_out(*entries, machines=machines).act, machines)
    assert len(made) == 2
    assert sum(len(call.targets) for call in made) == 3000
    assert all(len(word) < 128 * 1024 for call in made for word in call.words([], "plan.json"))


VAULT_PARAMS = "params: {vault: {type: str, help: X}, vault_group: {type: str, help: X}}\n"


def told(first: str, second: str, params: str = VAULT_PARAMS, **given: str) -> dict[str, str]:
    """What is made of two jobs of these vaults, for a playbook with these parameters."""
    text = book("freeze", "UserErrorFsFreezeFailed").replace("observe:", f"{params}observe:")
    jobs = [of(n, f"web-{n:02}", FREEZE) | {"id": f"{vault}/backupJobs/{n}"} for n, vault in ((1, first), (2, second))]
    found = sorted_out(*jobs, machines=THREE, books=library(text))
    own = dict(vault_of(found.act, given))
    made, _ = calls(found.act, THREE, given)
    assert [dict(call.params) for call in made] == [{**given, **own}]
    return own


def test_the_vault_is_known_if_all_jobs_tell_the_same() -> None:
    """Letters do not count. Each call has it; what was given comes first, and is not mixed with it."""
    assert told(VAULT, VAULT.lower()) == {"vault": "main", "vault_group": "vaults"}
    assert told(VAULT, VAULT.replace("/main", "/other")) == {}
    assert told(VAULT, "x") == {}
    assert told(VAULT, VAULT, vault="mine") == {}


def test_the_vault_is_for_playbooks_that_ask_for_both() -> None:
    """Another playbook may mean a key vault by `vault`."""
    assert told(VAULT, VAULT, "params: {vault: {type: str, help: X}}\n") == {}
    assert told(VAULT, VAULT, "") == {}
