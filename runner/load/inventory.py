"""Inventory text in any of its formats -> ``Inventory``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from runner.diagnostics import Diagnostics, Span
from runner.load.ansible_ini import read_ini
from runner.load.ansible_raw import VarFile, resolve_raw
from runner.load.ansible_yaml import KEPT_TAGS, read_list, read_yaml
from runner.load.document import Document, read
from runner.load.inventory_form import CommonForm, GroupForm, InventoryDocument, TargetForm
from runner.load.settings import Key, Setting, Settings, make_inventory, make_target, overlay
from runner.load.shape import validate
from runner.load.tree import Path, Table
from runner.load.tree import Sequence as ListNode
from runner.model.inventory import Inventory, Target

MAX_BYTES = 64 * 1024 * 1024  # a dynamic inventory of many thousand machines is large
_SECTION = re.compile(r"\[[^\[\]\s,]+\]\s*([#;].*)?")
_INI_LINE = re.compile(
    r"[A-Za-z0-9_.](?:[^\s:{}#\[\]]|\[[^\[\]\s]*\])*(:[0-9]+)?"  # a name with ranges, and a port
    r"(\s+[A-Za-z_]\w*\s*=.*|\s*(#.*)?)"
)
_NEITHER = "this is no inventory"
_FORMS = "It begins with `vmfix: 1`, or is an Ansible inventory: groups with `hosts`, `children` and `vars`."


def read_inventory(
    text: str, source: str, diagnostics: Diagnostics, *, var_files: Sequence[VarFile] = ()
) -> Inventory | None:
    """Read an inventory: vmfix, Ansible YAML, Ansible INI, or what an inventory script prints for ``--list``.

    None if anything is wrong with it; every problem is in ``diagnostics``. ``var_files`` are the files of
    ``group_vars`` and ``host_vars`` beside an Ansible inventory.
    """
    own = Diagnostics()
    inventory = _read(text, source, own, var_files)
    diagnostics.extend(own)
    return None if own.errors else inventory


def _read(text: str, source: str, diagnostics: Diagnostics, var_files: Sequence[VarFile]) -> Inventory | None:
    if looks_like_ini(text, source):
        return resolve_raw(read_ini(text, source, diagnostics), source, diagnostics, var_files)
    strict = Diagnostics()
    document = read(text, source, strict, limit=MAX_BYTES)
    if document is not None and not _is_own(document) and strict.errors:
        strict = Diagnostics()
        document = read(text, source, strict, limit=MAX_BYTES, keep_tags=KEPT_TAGS)
    diagnostics.extend(strict)
    if document is None:
        return None
    if _is_own(document):
        if var_files:
            message = f"{var_files[0].source} was not read: group_vars and host_vars belong to Ansible inventories"
            diagnostics.warning(Span(source), message, "Write variables under `vars` in this file.")
        return _own(document, diagnostics)
    if not isinstance(document.root, Table) or not _looks_like_groups(document.root):
        diagnostics.error(document.span(), _NEITHER, _FORMS)
        return None
    raw = (read_list if _is_list_form(document.root, text) else read_yaml)(document, diagnostics)
    return resolve_raw(raw, source, diagnostics, var_files)


def looks_like_ini(text: str, source: str) -> bool:
    """Whether the first line with a meaning is INI: a section, or a machine with ``key=value``."""
    if source.endswith((".ini", ".cfg")):
        return True
    if source.endswith((".yml", ".yaml", ".json")):
        return False
    for line in map(str.strip, text.removeprefix("\ufeff").splitlines()):
        if line and line[0] not in "#;":
            return bool(_SECTION.fullmatch(line) or _INI_LINE.fullmatch(line))
    return False


def _is_own(document: Document) -> bool:
    root = document.root
    if not isinstance(root, Table) or "vmfix" in root.items:
        return isinstance(root, Table)
    # Without its first line it may still be ours, unless groups of Ansible merely have such names.
    ansible = any(isinstance(item, Table) and {"hosts", "children"} & item.keys.keys() for item in root.items.values())
    return bool({"targets", "groups", "defaults"} & root.keys.keys()) and not ansible


def _looks_like_groups(root: Table) -> bool:
    """Every value of an Ansible inventory is a group: a mapping, a list of machines, or empty."""
    return bool(root.items) and all(
        isinstance(item, Table | ListNode) or item.data is None for item in root.items.values()
    )


def _is_list_form(root: Table, text: str) -> bool:
    """What ``--list`` prints is JSON with lists of machines, where a YAML inventory has mappings."""
    if "_meta" in root.items or text.lstrip("\ufeff \t\r\n")[:1] != "{":
        return "_meta" in root.items
    groups = [item for item in root.items.values() if isinstance(item, Table)]
    hosts = (group.items.get("hosts") for group in groups)
    return any(isinstance(item, ListNode) for item in (*root.items.values(), *hosts))


@dataclass(slots=True)
class _Group:
    """A group on the way to its targets; ``above`` are the names of the groups around it, outermost first."""

    name: str
    above: tuple[str, ...]
    settings: Settings


@dataclass(slots=True)
class _Found:
    """A target as the walk finds it, maybe several times."""

    span: Span
    settings: dict[Key, Setting] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)


def _own(document: Document, diagnostics: Diagnostics) -> Inventory | None:
    form = validate(document, InventoryDocument, diagnostics)
    if form is None:
        return None
    walk = _Walk(document, diagnostics)
    walk.targets(form.targets, ("targets",), ())
    walk.groups(form.groups, ("groups",), ())
    defaults = dict(_settings(form.defaults, document, ("defaults",)))
    targets = [walk.target(name, found, defaults) for name, found in walk.found.items()]
    return make_inventory(targets, walk.known, document.source, diagnostics)


class _Walk:
    """Collects the targets of all groups."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self.document = document
        self.diagnostics = diagnostics
        self.found: dict[str, _Found] = {}
        self.known: dict[str, _Group] = {}

    def groups(self, forms: dict[str, GroupForm | None], path: Path, above: tuple[_Group, ...]) -> None:
        for name, given in forms.items():
            here = (*path, name)
            form = given or GroupForm()
            if name in self.known:
                span = self.document.span(here, key=True)
                self.diagnostics.error(span, f"the group `{name}` is defined twice", "Put its targets in one place.")
                continue
            group = _Group(name, tuple(g.name for g in above), dict(_settings(form, self.document, here)))
            self.known[name] = group
            self.targets(form.targets, (*here, "targets"), (*above, group))
            self.groups(form.groups, (*here, "groups"), (*above, group))

    def targets(self, forms: dict[str, TargetForm | None], path: Path, groups: tuple[_Group, ...]) -> None:
        for name, form in forms.items():
            here = (*path, name)
            found = self.found.setdefault(name, _Found(self.document.span(here, key=True)))
            found.groups |= {group.name: group for group in groups}
            for key, setting in _settings(form or TargetForm(), self.document, here):
                first = found.settings.setdefault(key, setting)
                self._same(name, key, (first, setting))

    def target(self, name: str, found: _Found, defaults: Settings) -> Target:
        if name in self.known:
            message = f"`{name}` is the name of a target and of a group: patterns could not tell them apart"
            self.diagnostics.error(found.span, message, "Rename one of them.")
        shared = overlay(defaults, self._from_groups(name, found))
        settings = overlay(shared, found.settings)
        return make_target(name, settings, tuple(found.groups), found.span, self.diagnostics)

    def _from_groups(self, name: str, found: _Found) -> dict[Key, Setting]:
        """An inner group beats those around it; groups side by side must agree."""
        result: dict[Key, Setting] = {}
        for key in dict.fromkeys(key for group in found.groups.values() for key in group.settings):
            setting = [group for group in found.groups.values() if key in group.settings]
            beaten = {outer for group in setting for outer in group.above}
            given = [group.settings[key] for group in setting if group.name not in beaten]
            if key not in found.settings:
                self._same(name, key, given)
            result[key] = given[0]
        return result

    def _same(self, name: str, key: Key, given: Sequence[Setting]) -> None:
        for other in given[1:]:
            if other.value != given[0].value:
                where = f"line {given[0].span.line}, column {given[0].span.column}"
                message = f"target `{name}` gets two values for `{'.'.join(key)}`; the other stands on {where}"
                self.diagnostics.error(other.span, message, "Say it once, or in the target's own entry.")


def _settings(form: CommonForm, document: Document, path: Path) -> Iterator[tuple[Key, Setting]]:
    """What this entry says itself, each with its position."""
    for key in sorted(form.model_fields_set - {"targets", "groups"}):
        value = getattr(form, key)
        if key == "vars":
            for name, inner in value.items():
                yield (key, name), Setting(inner, document.span((*path, key, name)))
        elif key in {"ssh", "winrm"}:
            for option in sorted(value.model_fields_set):
                setting = Setting(getattr(value, option), document.span((*path, key, option)))
                if setting.value is not None or option == "config":
                    yield (key, option), setting
        elif value is not None:
            yield (key,), Setting(value, document.span((*path, key)))
