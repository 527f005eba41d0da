"""Ansible inventories in INI form -> raw groups and variables."""

from __future__ import annotations

import ast
import re
import shlex

from runner.diagnostics import Diagnostics, Span
from runner.load.ansible_range import expand, split_port
from runner.load.ansible_raw import Raw
from runner.load.ansible_value import Var
from runner.load.shape import nearest

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*([#;].*)?")
_KINDS = ("hosts", "children", "vars")


def read_ini(text: str, source: str, diagnostics: Diagnostics) -> Raw:
    """Read every line; a line that cannot be read is an error, and the next ones are read all the same."""
    reader = _Reader(source, diagnostics)
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        reader.take(line, number)
    reader.finish()
    return reader.raw


class _Reader:
    def __init__(self, source: str, diagnostics: Diagnostics) -> None:
        self.raw = Raw()
        self._source = source
        self._diagnostics = diagnostics
        self._group, self._kind = "ungrouped", "hosts"
        self._declared = {"all", "ungrouped"}
        self._mentioned: list[tuple[str, str, Span]] = []

    def take(self, line: str, number: int) -> None:
        words = line.strip()
        if not words or words[0] in "#;":
            return
        span = Span(self._source, number, len(line) - len(line.lstrip()) + 1)
        try:
            if words[0] == "[" and (section := _SECTION.fullmatch(words)):
                self._section(section[1], section[2] or "hosts", span)
            elif self._kind == "vars":
                self._variable(words, span)
            elif self._kind == "children":
                self._child(words, span)
            else:
                self._hosts(words, span)
        except ValueError as error:
            message, _, remedy = str(error).partition("\n")
            self._diagnostics.error(span, message, remedy)

    def finish(self) -> None:
        """Groups may be used before they are declared, but declared they must be."""
        for name, section, span in self._mentioned:
            if name not in self._declared:
                close = nearest(name, self._declared)
                message = f"[{section}] names the group `{name}`, which is not declared"
                message += f"; did you mean `{close}`?" if close else ""
                self._diagnostics.error(span, message, f"Add a section [{name}].")

    def _section(self, group: str, kind: str, span: Span) -> None:
        if kind not in _KINDS:
            close = nearest(kind, _KINDS)
            self._kind, self._group = "hosts", group
            message = f"unknown kind of section: [{group}:{kind}]" + (f"; did you mean :{close}?" if close else "")
            raise ValueError(message + "\nKnown are [group], [group:children] and [group:vars].")
        self._group, self._kind = group, kind
        if kind == "vars":
            self._mentioned.append((group, f"{group}:vars", span))
        else:
            self._declared.add(group)
        self.raw.group(group, span)

    def _child(self, words: str, span: Span) -> None:
        found = re.fullmatch(r"([^:\s]+)\s*(#.*)?", words)
        if found is None:
            message = f"`{words}` is not the name of a group\nWrite one name per line."
            raise ValueError(message)
        self._mentioned.append((found[1], f"{self._group}:children", span))
        self.raw.group(self._group, span).children.setdefault(found[1], span)
        self.raw.group(found[1], span)

    def _variable(self, words: str, span: Span) -> None:
        name, equals, value = words.partition("=")
        if not equals or not name.strip():
            message = f"`{words}` is not a variable\nWrite name=value."
            raise ValueError(message)
        self.raw.group(self._group, span).vars[name.strip()] = Var(_typed(value.strip()), span)

    def _hosts(self, words: str, span: Span) -> None:
        try:
            pattern, *pairs = shlex.split(words, comments=True)
        except ValueError as error:
            message = f"the line cannot be taken apart: {error}\nCheck the quotation marks."
            raise ValueError(message) from error
        variables = dict(_pair(pair, span) for pair in pairs)
        name, port = split_port(pattern)
        if port is not None:
            variables = {"ansible_port": Var(port, span)} | variables
        for one in expand(name):
            self.raw.host(one, span, self._group, variables)


def _pair(text: str, span: Span) -> tuple[str, Var]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        message = f"`{text}` is not a variable\nWrite name=value, and quote a value with spaces."
        raise ValueError(message)
    return name, Var(_typed(value), span)


def _typed(text: str) -> object:
    """As Ansible: what is a Python literal is that value, and everything else is text."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return _plain_data(value, text)


def _plain_data(value: object, text: str) -> object:
    """Only what JSON knows; sets, bytes and complex numbers stay the text that they were."""
    if isinstance(value, list | tuple):
        return [_plain_data(item, str(item)) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain_data(item, str(item)) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float) else text
