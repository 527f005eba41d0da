"""Which target of the inventory a VM is. Two that may be it are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runner.load.wording import listed
from runner.model.inventory import Inventory, Target
from runner.triage.jobs import vm_of_id
from runner.triage.values import Key, Match, Vm

_GROUP_VARS = ("resource_group", "azure_resource_group")  # as Ansible's inventories of Azure call it
_ELSEWHERE = ", in another subscription than the vault's"
NOT_THERE = "it is in no inventory that was named"


class Machines:
    """An inventory, and every VM that the documents name: a name that two of them have tells nothing by itself."""

    def __init__(self, inventory: Inventory, vms: Iterable[Vm]) -> None:
        self._azure: dict[str, Vm] = {}
        self._by_id: dict[Key, list[Target]] = {}
        self._by_group: dict[tuple[str, str], list[Target]] = {}
        self._by_name: dict[str, list[Target]] = {}
        self._by_short: dict[str, list[Target]] = {}
        for target in inventory.targets:
            self._enter(target)
        known = {vm.key for vm in vms}
        self._named = _counted(key[2] for key in known)
        self._shortened = _counted(_short(key[2]) for key in known)

    def find(self, vm: Vm) -> Match:
        """By resource id, by group and name, by computer name, by short name: the first of these that fits a target."""
        found = self._find(vm)
        if found.target is None or not vm.by_name:
            return found
        return Match(found.target, f"{found.how}, taken for the only VM of this name")

    def _find(self, vm: Vm) -> Match:
        by_id = self._by_id.get(vm.key, [])
        if by_id:
            return _only(by_id, "azure_id, its subscription taken to be the vault's" if vm.assumed else "azure_id")
        _, group, name = vm.key
        if group:
            fitting = self._possible(self._by_group.get((group, name), []), vm)
            if fitting:
                elsewhere = vm.assumed and not self._agrees(fitting[0], vm)
                return _only(fitting, f"resource group and name{_ELSEWHERE if elsewhere else ''}")
        for how, index, word, namesakes in (
            ("computer name", self._by_name, name, self._named),
            ("short name", self._by_short, _short(name), self._shortened),
        ):
            fitting = self._possible(index.get(word, []), vm)
            if fitting and namesakes.get(word, 0) > 1:
                return Match(None, f"{listed(t.name for t in fitting)} may be it by {how}, but two VMs are called so")
            if fitting:
                return _only(fitting, how)
        return Match(None, NOT_THERE)

    def _enter(self, target: Target) -> None:
        azure = vm_of_id(target.azure_id or "")
        names = {name.lower() for name in (target.hostname, target.name) if name}
        groups = {str(target.vars[name]).lower() for name in _GROUP_VARS if isinstance(target.vars.get(name), str)}
        if azure:
            self._azure[target.name] = azure
            self._by_id.setdefault(azure.key, []).append(target)
            names, groups = {azure.name.lower()}, {azure.group.lower()}
        for name in names:
            self._by_name.setdefault(name, []).append(target)
            for group in groups:
                self._by_group.setdefault((group, name), []).append(target)
        for short in {_short(name) for name in names}:
            self._by_short.setdefault(short, []).append(target)

    def _possible(self, targets: Sequence[Target], vm: Vm) -> list[Target]:
        """Without those of which the inventory says that they are another VM."""
        return [target for target in targets if not self._contradicts(target, vm)]

    def _agrees(self, target: Target, vm: Vm) -> bool:
        """Whether the subscription of the inventory is that of the vault, as far as both are told."""
        azure = self._azure.get(target.name)
        return azure is None or not vm.subscription or azure.subscription.lower() == vm.subscription.lower()

    def _contradicts(self, target: Target, vm: Vm) -> bool:
        azure = self._azure.get(target.name)
        if azure is None:
            told = {str(target.vars[name]).lower() for name in _GROUP_VARS if isinstance(target.vars.get(name), str)}
            return bool(vm.group and told) and vm.group.lower() not in told
        subscription, group, name = vm.key
        other = bool(subscription) and not vm.assumed and azure.subscription.lower() != subscription
        return other or (bool(group) and azure.group.lower() != group) or azure.name.lower() != name


def _only(targets: Sequence[Target], how: str) -> Match:
    if len(targets) > 1:
        return Match(None, f"several targets may be it by {how.partition(',')[0]}: {listed(t.name for t in targets)}")
    return Match(targets[0], how)


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def _short(name: str) -> str:
    return name.partition(".")[0]
