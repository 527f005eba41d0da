"""Ansible inventories in YAML, and what inventory scripts print for ``--list``."""

from __future__ import annotations

from runner.diagnostics import Diagnostics
from runner.load.ansible_range import expand, split_port
from runner.load.ansible_raw import KEPT_TAGS, Raw, Vars
from runner.load.ansible_value import Var, plain
from runner.load.document import Document
from runner.load.shape import nearest
from runner.load.tree import Node, Path, Scalar, Sequence, Table
from runner.load.wording import describe

__all__ = ["KEPT_TAGS", "read_list", "read_yaml"]

_SECTIONS = ("hosts", "children", "vars")


class _Reader:
    """What both forms share."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self.document = document
        self.diagnostics = diagnostics
        self.raw = Raw()

    def error(self, path: Path, message: str, remedy: str = "", *, key: bool = False) -> None:
        self.diagnostics.error(self.document.span(path, key=key), message, remedy)

    def variables(self, node: Node | None, path: Path) -> Vars:
        if isinstance(node, Table):
            return {name: Var(plain(item), self.document.place(item.at)) for name, item in node.items.items()}
        if not _is_empty(node):
            self.error(path, f"variables must be a mapping, not {describe(node)}", "Write `name: value` lines.")
        return {}

    def hosts(self, pattern: str, path: Path, group: str, variables: Vars, *, key: bool) -> None:
        """One machine, or all of a range; ``name:port`` sets the port."""
        span = self.document.span(path, key=key)
        name, port = split_port(pattern)
        try:
            names = expand(name)
        except ValueError as error:
            message, _, remedy = str(error).partition("\n")
            self.diagnostics.error(span, message, remedy)
            return
        given = variables if port is None else {"ansible_port": Var(port, span)} | variables
        for one in names:
            self.raw.host(one, span, group, given)

    def child(self, outer: str, inner: str, path: Path, *, key: bool) -> None:
        span = self.document.span(path, key=key)
        self.raw.group(outer, span).children.setdefault(inner, span)
        self.raw.group(inner, span)

    def unknown(self, name: str, path: Path) -> None:
        close = nearest(name, _SECTIONS)
        message = f"unknown key `{name}` in a group" + (f"; did you mean `{close}`?" if close else "")
        self.error(path, message, "Known here: `hosts`, `children`, `vars`.", key=True)


def read_yaml(document: Document, diagnostics: Diagnostics) -> Raw:
    """Groups with ``hosts``, ``children`` and ``vars``, at any depth."""
    reader = _Reader(document, diagnostics)
    if isinstance(document.root, Table):
        for name, node in document.root.items.items():
            _yaml_group(reader, name, node, (name,))
    return reader.raw


def _yaml_group(reader: _Reader, name: str, node: Node, path: Path) -> None:
    group = reader.raw.group(name, reader.document.span(path, key=True))
    if not isinstance(node, Table):
        if not _is_empty(node):
            message = f"the group `{name}` must be a mapping, not {describe(node)}"
            reader.error(path, message, "Write `hosts:` below it.")
        return
    for section in node.items.keys() - set(_SECTIONS):
        reader.unknown(section, (*path, section))
    group.vars.update(reader.variables(node.items.get("vars"), (*path, "vars")))
    for pattern, item in _entries(reader, node, (*path, "hosts")):
        where = (*path, "hosts", pattern)
        reader.hosts(pattern, where, name, reader.variables(item, where), key=True)
    for inner, item in _entries(reader, node, (*path, "children")):
        where = (*path, "children", inner)
        reader.child(name, inner, where, key=True)
        _yaml_group(reader, inner, item, where)


def _entries(reader: _Reader, group: Table, path: Path) -> list[tuple[str, Node]]:
    node = group.items.get(str(path[-1]))
    if isinstance(node, Table):
        return list(node.items.items())
    if not _is_empty(node):
        message = f"`{path[-1]}` must be a mapping, not {describe(node)}"
        reader.error(path, message, "Write each name with a colon: `name:`.")
    return []


def read_list(document: Document, diagnostics: Diagnostics) -> Raw:
    """The JSON of ``--list``: groups with lists of machines, and the machines' variables in ``_meta.hostvars``."""
    reader = _Reader(document, diagnostics)
    root = document.root
    if not isinstance(root, Table):
        return reader.raw
    for name, node in root.items.items():
        if name != "_meta":
            _list_group(reader, name, node)
    meta = root.items.get("_meta")
    hostvars = meta.items.get("hostvars") if isinstance(meta, Table) else None
    if isinstance(hostvars, Table):
        for name, node in hostvars.items.items():
            path = ("_meta", "hostvars", name)
            reader.raw.host(name, document.span(path, key=True), "all", reader.variables(node, path))
    else:
        message = "there is no `_meta.hostvars`: the machines' own variables (address, user ...) are not known"
        remedy = "Let the script print them with --list; it is not called once per machine with --host."
        diagnostics.warning(document.span(), message, remedy)
    return reader.raw


def _list_group(reader: _Reader, name: str, node: Node) -> None:
    group = reader.raw.group(name, reader.document.span((name,), key=True))
    if isinstance(node, Sequence):  # the short form: a list of machines
        _listed_hosts(reader, name, node, (name,))
        return
    if not isinstance(node, Table):
        if not _is_empty(node):
            reader.error((name,), f"the group `{name}` must be a mapping or a list, not {describe(node)}")
        return
    for section in node.items.keys() - set(_SECTIONS):
        reader.unknown(section, (name, section))
    group.vars.update(reader.variables(node.items.get("vars"), (name, "vars")))
    _listed_hosts(reader, name, node.items.get("hosts"), (name, "hosts"))
    for number, inner in enumerate(_names(reader, node.items.get("children"), (name, "children"))):
        reader.child(name, inner, (name, "children", number), key=False)


def _listed_hosts(reader: _Reader, group: str, node: Node | None, path: Path) -> None:
    for number, host in enumerate(_names(reader, node, path)):
        reader.raw.host(host, reader.document.span((*path, number)), group, {})


def _names(reader: _Reader, node: Node | None, path: Path) -> list[str]:
    if isinstance(node, Sequence) and all(isinstance(item, Scalar) and item.text for item in node.items):
        return [item.text for item in node.items if isinstance(item, Scalar)]
    if not _is_empty(node):
        reader.error(path, f"`{path[-1]}` must be a list of names, not {describe(node)}")
    return []


def _is_empty(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.data is None)
