"""An Ansible inventory as its file says it, and which of a machine's variables win."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runner.diagnostics import Diagnostics, Span
from runner.load.ansible_value import Var, plain
from runner.load.ansible_vars import to_settings
from runner.load.document import read
from runner.load.inventory_form import check_name
from runner.load.settings import make_inventory, make_target
from runner.load.shape import listed
from runner.load.tree import Table
from runner.model.inventory import Inventory, Target

KEPT_TAGS = frozenset({"!vault", "!vault-encrypted", "!unsafe"})
_IMPLIED = ("all", "ungrouped")

Vars = dict[str, Var]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarFile:
    """A file of a ``group_vars`` or ``host_vars`` directory; ``name`` is the group or machine that it is for."""

    kind: Literal["group", "host"]
    name: str
    text: str
    source: str


@dataclass(slots=True)
class RawGroup:
    """A group while its file is read."""

    span: Span
    vars: Vars = field(default_factory=dict)
    children: dict[str, Span] = field(default_factory=dict)
    hosts: dict[str, Span] = field(default_factory=dict)


@dataclass(slots=True)
class Raw:
    """Everything that an inventory file says, in its order. ``hosts`` holds the machines' own variables."""

    groups: dict[str, RawGroup] = field(default_factory=dict)
    hosts: dict[str, Vars] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)

    def group(self, name: str, span: Span) -> RawGroup:
        return self.groups.setdefault(name, RawGroup(span))

    def host(self, name: str, span: Span, group: str, variables: Mapping[str, Var]) -> None:
        self.spans.setdefault(name, span)
        self.hosts.setdefault(name, {}).update(variables)
        self.group(group, span).hosts.setdefault(name, span)


def resolve_raw(raw: Raw, source: str, diagnostics: Diagnostics, var_files: Sequence[VarFile] = ()) -> Inventory | None:
    """Targets with the variables that win: all < group_vars of parents < of children < the machine's own.

    Groups of one depth follow their ``ansible_group_priority`` and then the alphabet. Variables of files in
    ``group_vars`` beat those of groups in the inventory file, as they do in Ansible.
    """
    parents = _parents(raw)
    depths = _depths(raw, parents, diagnostics)
    if depths is None:
        return None
    _warn_of_shared_names(raw, diagnostics)
    files = _read_files(var_files, diagnostics)
    inside = _memberships(raw)
    targets = []
    for name, own in raw.hosts.items():
        around = _around(inside[name], parents)
        chain = sorted(around, key=lambda group: (depths[group], _priority(raw, group), group))
        layers = [raw.groups[group].vars for group in ("all", *chain) if group in raw.groups]
        layers += [files.get(("group", group), {}) for group in ("all", *chain)]
        layers += [own, files.get(("host", name), {})]
        merged = {key: var for layer in layers for key, var in layer.items()}
        targets += _target(name, merged, tuple(chain), raw.spans[name], diagnostics)
    groups = [group for group in raw.groups if group not in _IMPLIED]
    return make_inventory(targets, groups, source, diagnostics)


def _target(name: str, merged: Vars, groups: tuple[str, ...], span: Span, diagnostics: Diagnostics) -> list[Target]:
    try:
        check_name(name)
    except ValueError:
        message = f"`{name}` cannot be a target's name"
        remedy = "Give it a name of letters, digits and . _ -, and the address as ansible_host."
        diagnostics.error(span, message, remedy)
        return []
    return [make_target(name, to_settings(name, merged, diagnostics), groups, span, diagnostics)]


def _parents(raw: Raw) -> dict[str, set[str]]:
    parents: dict[str, set[str]] = {group: set() for group in raw.groups}
    for name, group in raw.groups.items():
        for inner in group.children:
            if name not in _IMPLIED:
                parents.setdefault(inner, set()).add(name)
    return parents


def _depths(raw: Raw, parents: Mapping[str, set[str]], diagnostics: Diagnostics) -> dict[str, int] | None:
    """How far each group is from ``all``, by the longest way; None if groups contain themselves."""
    depths: dict[str, int] = {}
    rest = set(parents)
    while rest:
        ready = {group for group in rest if parents[group] <= depths.keys()}
        if not ready:
            first = min(rest)
            message = f"the groups {listed(sorted(rest))} contain each other"
            diagnostics.error(raw.groups[first].span, message, "Remove one of them from the `children` of another.")
            return None
        depths |= {group: 1 + max((depths[parent] for parent in parents[group]), default=0) for group in ready}
        rest -= ready
    return depths


def _memberships(raw: Raw) -> dict[str, set[str]]:
    """The groups that name each machine themselves."""
    inside: dict[str, set[str]] = {name: set() for name in raw.hosts}
    for name, group in raw.groups.items():
        if name not in _IMPLIED:
            for host in group.hosts:
                inside[host].add(name)
    return inside


def _around(inside: set[str], parents: Mapping[str, set[str]]) -> set[str]:
    """The groups that hold a machine, directly or through others."""
    waiting, found = set(inside), set(inside)
    while waiting:
        waiting = {parent for group in waiting for parent in parents[group]} - found
        found |= waiting
    return found


def _priority(raw: Raw, group: str) -> int:
    var = raw.groups[group].vars.get("ansible_group_priority")
    value = var.value if var else 1
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 1


def _warn_of_shared_names(raw: Raw, diagnostics: Diagnostics) -> None:
    for name in raw.hosts.keys() & raw.groups.keys():
        message = f"`{name}` is the name of a target and of a group: in patterns it means the group"
        diagnostics.warning(raw.spans[name], message, "Rename one of them.")


def _read_files(files: Iterable[VarFile], diagnostics: Diagnostics) -> dict[tuple[str, str], Vars]:
    """Variables by kind and name; several files for one group are merged in the order given."""
    found: dict[tuple[str, str], Vars] = {}
    for file in files:
        found.setdefault((file.kind, file.name), {}).update(_read_file(file, diagnostics))
    return found


def _read_file(file: VarFile, diagnostics: Diagnostics) -> Vars:
    if file.text.startswith("$ANSIBLE_VAULT"):
        message = "the file is encrypted with Ansible Vault, which is not supported: it was not read"
        diagnostics.warning(Span(file.source), message, "Give secrets as references: {env: NAME}, {file: PATH} ...")
        return {}
    document = read(file.text, file.source, diagnostics, keep_tags=KEPT_TAGS)
    if document is None or (not isinstance(document.root, Table) and document.data is None):
        return {}
    if not isinstance(document.root, Table):
        diagnostics.error(document.span(), "a file of variables must be a mapping", "Write `name: value` lines.")
        return {}
    return {name: Var(plain(node), document.place(node.at)) for name, node in document.root.items.items()}
