"""Which target a VM is."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model.inventory import Inventory
from tests.unit.triage.shapes import OTHER_SUB, azure_id, inventory, job, sorted_out, well

HERE = "address: 192.0.2.1"


def matched(machines: Inventory, **changes: Any) -> tuple[str, str]:  # noqa: ANN401 - JSON
    """The target of a failed job and how it was found; an empty name and the reason if there is none."""
    found = sorted_out(job(**changes), machines=machines)
    one = [*found.act, *found.unmatched][0]
    return (one.match.target.name if one.match.target else ""), one.match.how


class TestOneVm:
    def test_by_its_resource_id_whatever_the_case(self) -> None:
        """Jobs are lower-cased now and then; the target may be called anything."""
        machines = inventory(f"box: {{{HERE}, azure_id: {azure_id('HiAgAnEvM4', 'PROD')}}}")
        name, how = matched(
            machines, containerName="iaasvmcontainerv2;prod;hiaganevm4", entityFriendlyName="hiaganevm4"
        )
        assert (name, how) == ("box", "azure_id, its subscription taken to be the vault's")

    def test_by_the_subscription_that_the_details_of_the_job_tell(self) -> None:
        """Backup across subscriptions: the vault's is not the VM's."""
        there = inventory(f"box: {{{HERE}, azure_id: {azure_id('web-01', 'prod', OTHER_SUB)}}}")
        bag = {"propertyBag": {"VM Name": "web-01", "VM Subscription ID": OTHER_SUB}}
        assert matched(there, extendedInfo=bag) == ("box", "azure_id")
        assert matched(there, containerSubscriptionId=OTHER_SUB) == ("box", "azure_id")

    def test_by_group_and_name_if_the_vaults_subscription_has_no_such_vm(self) -> None:
        """That the subscription differs is said."""
        there = inventory(f"box: {{{HERE}, azure_id: {azure_id('web-01', 'prod', OTHER_SUB)}}}")
        assert matched(there) == ("box", "resource group and name, in another subscription than the vault's")

    def test_never_in_another_subscription_than_the_one_that_is_told(self) -> None:
        """A VM of the same group and name is another one there."""
        there = inventory(f"web-01: {{{HERE}, azure_id: {azure_id('web-01', 'prod', OTHER_SUB)}}}")
        assert matched(there, containerSubscriptionId="3")[0] == ""

    @pytest.mark.parametrize(
        ("container", "name"),
        [
            ("iaasvmcontainerv2;prod;web-01", "box"),
            ("IaasVMContainer;iaasvmcontainerv2;prod;web-01", "box"),
            ("iaasvmcontainer;iaasvmcontainerv2;prod;web-01", "box"),
            ("iaasvmcontainer;prod;web-01", "box"),  # classic: `prod` is a cloud service, so by its name alone
            ("iaasvmcontainerv2;test;web-01", ""),
            ("iaasvmcontainerv2;;", "box"),
        ],
    )
    def test_by_each_form_of_a_container(self, container: str, name: str) -> None:
        """The leading part is optional."""
        machines = inventory(f"box: {{{HERE}, azure_id: {azure_id('web-01', 'prod')}}}")
        assert matched(machines, containerName=container)[0] == name

    def test_by_the_group_that_an_ansible_inventory_has_as_a_variable(self) -> None:
        """And not against it."""
        machines = inventory(f"web-01: {{{HERE}, vars: {{resource_group: Prod}}}}")
        assert matched(machines) == ("web-01", "resource group and name")
        assert matched(machines, containerName="iaasvmcontainerv2;test;web-01")[0] == ""

    def test_by_its_computer_name(self) -> None:
        """The target's name, or the one that the machine must call itself."""
        assert matched(inventory(f"WEB-01: {{{HERE}}}")) == ("WEB-01", "computer name")
        assert matched(inventory(f"box: {{{HERE}, hostname: Web-01}}")) == ("box", "computer name")

    def test_by_its_short_name_if_only_one_has_it(self) -> None:
        """Two of them are none."""
        one = "web-01.a.example.com: {address: 192.0.2.1}"
        assert matched(inventory(one)) == ("web-01.a.example.com", "short name")
        name, how = matched(inventory(f"{one}\nweb-01.b.example.com: {{address: 192.0.2.2}}"))
        assert name == ""
        assert "several targets may be it by short name" in how

    def test_never_by_name_if_the_inventory_says_that_it_is_another(self) -> None:
        """An azure_id speaks louder than a name."""
        machines = inventory(f"web-01: {{{HERE}, azure_id: {azure_id('web-01', 'test')}}}")
        assert matched(machines) == ("", "it is in no inventory that was named")
        machines = inventory(f"web-01: {{{HERE}, azure_id: {azure_id('db-01', 'prod')}}}")
        assert matched(machines)[0] == ""

    def test_never_one_of_two_that_call_themselves_so(self) -> None:
        """Both are named."""
        machines = inventory(f"a: {{{HERE}, hostname: web-01}}\nb: {{address: 192.0.2.2, hostname: web-01}}")
        assert matched(machines) == ("", "several targets may be it by computer name: `a`, `b`")

    def test_in_no_inventory_is_said_with_its_playbook(self) -> None:
        """What is missing is the target alone."""
        found = sorted_out(job(), machines=inventory(f"other: {{{HERE}}}"))
        assert found.unmatched[0].why == ("it is in no inventory that was named",)
        assert found.unmatched[0].playbook is not None
        assert not found.complete


class TestTwoVmsOfOneName:
    PROD = "iaasvmcontainerv2;prod;web-01"
    TEST = "iaasvmcontainerv2;test;web-01"

    def test_stay_apart(self) -> None:
        """A success of one does not hide the failure of the other."""
        machines = inventory(
            f"a: {{{HERE}, azure_id: {azure_id('web-01', 'prod')}}}\n"
            f"b: {{address: 192.0.2.2, azure_id: {azure_id('web-01', 'test')}}}"
        )
        found = sorted_out(
            job(1, containerName=self.PROD),
            job(2, containerName=self.TEST),
            well(3, containerName=self.TEST),
            machines=machines,
        )
        assert [one.match.target and one.match.target.name for one in found.act] == ["a"]
        assert found.vms == 2

    @pytest.mark.parametrize("name", ["web-01", "web-01.example.com"])
    def test_are_no_target_by_name(self, name: str) -> None:
        """Not even if the other one is well: nobody knows which of them the target is."""
        machines = inventory(f"{name}: {{{HERE}}}")
        found = sorted_out(job(1, containerName=self.PROD), well(2, containerName=self.TEST), machines=machines)
        assert not found.act
        assert "two VMs are called so" in found.unmatched[0].why[0]

    def test_without_a_group_a_name_of_two_targets_is_none(self) -> None:
        """A table of the portal tells no more than the name."""
        machines = inventory(
            f"a: {{{HERE}, azure_id: {azure_id('web-01', 'prod')}}}\n"
            f"b: {{address: 192.0.2.2, azure_id: {azure_id('web-01', 'test')}}}"
        )
        name, how = matched(machines, containerName=None)
        assert name == ""
        assert "`a`, `b`" in how
