"""Jinja2 in its two allowed places: templates in string fields, and bare expressions. Sandboxed and strict.

Nothing else in vmfix imports jinja2. What an expression may see is handed in as ``names``; it can call no method that
changes a value, reach no attribute that begins with an underscore, and an unknown name is an error, never "empty".
"""

from __future__ import annotations

import collections
import functools
import posixpath
import re
import shlex
import urllib.parse
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.sandbox

from runner.errors import ExpressionError

BUILT_IN = frozenset({"range", "dict", "namespace", "cycler", "joiner", "lipsum"})
"""The names that Jinja2 itself offers to every expression."""

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


def is_template(text: str) -> bool:
    """Whether the text holds anything that would be rendered."""
    return bool(_TEMPLATE.search(text))


def _regex_findall(text: str, pattern: str) -> list[str]:
    return re.findall(pattern, text)


def _regex_match(text: str, pattern: str) -> bool:
    return re.search(pattern, text) is not None


def _contains(items: Container[object], item: object) -> bool:
    return item in items


def _under(path: str, parent: str) -> bool:
    """Whether ``path`` is ``parent`` or below it, by whole path components."""
    return path == parent or path.startswith(parent.rstrip("/") + "/")


def _as_filename(path: str) -> str:
    """A path, or any text, as the name of one file: distinct texts give distinct names."""
    return urllib.parse.quote(path, safe="")


def _quote(text: object) -> str:
    """A value as one word of a shell, for commands that a person pastes into one."""
    return shlex.quote(str(text))


def _below(mounts: Iterable[Mapping[str, object]], paths: Iterable[str]) -> list[Mapping[str, object]]:
    """The mounts at or below any of the paths."""
    tops = list(paths)
    return [mount for mount in mounts if any(_under(str(mount["target"]), top) for top in tops)]


def _above(mounts: Iterable[Mapping[str, object]], paths: Iterable[str]) -> list[Mapping[str, object]]:
    """The mounts at or above any of the paths."""
    leaves = list(paths)
    return [mount for mount in mounts if any(_under(leaf, str(mount["target"])) for leaf in leaves)]


def _repeated(items: Iterable[Mapping[str, object]], attribute: str) -> list[Mapping[str, object]]:
    """The items that share the value of an attribute with another item."""
    every = list(items)
    counts = collections.Counter(str(item[attribute]) for item in every)
    return [item for item in every if counts[str(item[attribute])] > 1]


def _vss_last(services: Iterable[str]) -> list[str]:
    """Application services first, VSS last: the others' writers register with it."""
    return sorted(services, key=lambda name: name.lower() == "vss")


@functools.cache
def _environment() -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    env.filters.update(
        above=_above,
        as_filename=_as_filename,
        basename=posixpath.basename,
        below=_below,
        dirname=posixpath.dirname,
        quote=_quote,
        repeated=_repeated,
        regex_escape=re.escape,
        regex_findall=_regex_findall,
        vss_last=_vss_last,
    )
    env.tests.update(contains=_contains, matching=_regex_match, under=_under)
    # Random order would make two plans of the same facts differ.
    env.filters.pop("random", None)
    return env


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> Callable[..., object]:
    return _environment().compile_expression(text, undefined_to_none=False)


@functools.lru_cache(maxsize=4096)
def _template(text: str) -> jinja2.Template:
    return _environment().from_string(text)


def syntax_error(text: str, *, template: bool = False) -> str | None:
    """What is wrong with the syntax of an expression (or template), or None."""
    try:
        (_template if template else _compiled)(text)
    except jinja2.TemplateError as problem:
        return problem.message or str(problem)
    return None


@functools.lru_cache(maxsize=4096)
def names_used(text: str, *, template: bool = False) -> frozenset[str]:
    """The outer names that an expression or template refers to. The text must be syntactically right."""
    source = text if template else "{{ " + text + " }}"
    return frozenset(jinja2.meta.find_undeclared_variables(_environment().parse(source)))


@functools.lru_cache(maxsize=4096)
def paths_used(text: str) -> tuple[str, ...]:
    """``x``, ``x.y`` and ``x.y.z`` of outer names, each as far as it is written out; in their order, each once."""
    tree = _environment().parse("{{ " + text + " }}")
    outer = names_used(text)
    return tuple(dict.fromkeys(path for path in _paths(tree) if path.partition(".")[0] in outer - BUILT_IN))


def _paths(node: jinja2.nodes.Node) -> Iterator[str]:
    path = _path(node)
    if path:
        yield path
        return
    called = node.node if isinstance(node, jinja2.nodes.Call) else None
    if isinstance(called, jinja2.nodes.Getattr):  # a method: x.startswith("y") asks of x
        yield from _paths(called.node)
    for child in node.iter_child_nodes():
        if child is not called:
            yield from _paths(child)


def _path(node: jinja2.nodes.Node) -> str:
    """The dotted path that a node is; empty if it is anything else."""
    if isinstance(node, jinja2.nodes.Name):
        return node.name
    if isinstance(node, jinja2.nodes.Getattr) and (start := _path(node.node)):
        return f"{start}.{node.attr}"
    return ""


def attributes_of(name: str, text: str) -> frozenset[str]:
    """The X of every ``name.X`` and ``name["X"]`` in an expression, whose syntax must be right."""
    found = set()
    tree = _environment().parse("{{ " + text + " }}")
    for attribute in tree.find_all(jinja2.nodes.Getattr):
        if isinstance(attribute.node, jinja2.nodes.Name) and attribute.node.name == name:
            found.add(attribute.attr)
    for item in tree.find_all(jinja2.nodes.Getitem):
        if (
            isinstance(item.node, jinja2.nodes.Name)
            and item.node.name == name
            and isinstance(item.arg, jinja2.nodes.Const)
        ):
            found.add(str(item.arg.value))
    return frozenset(found)


def words_in(text: str) -> tuple[str, ...]:
    """The texts that an expression compares with or looks for: what is written in it, in quotes.

    Without the names of fields, as in ``x["name"]``, and the first arguments of filters, which are names too.
    """
    tree = _environment().parse("{{ " + text + " }}")
    names = {id(item.arg) for item in tree.find_all(jinja2.nodes.Getitem)}
    for filtered in tree.find_all(jinja2.nodes.Filter):
        names |= {id(part) for part in (*filtered.args[:2], *(pair.value for pair in filtered.kwargs))}
        names -= {id(part) for part in filtered.args[:1] if filtered.name.startswith("regex")}
    found = (c for c in tree.find_all(jinja2.nodes.Const) if isinstance(c.value, str) and id(c) not in names)
    return tuple(constant.value for constant in found)


def evaluate(text: str, names: Mapping[str, object]) -> object:
    """The value of an expression. Generators become lists. Raises ``ExpressionError``."""
    try:
        value = _compiled(text)(**names)
        if isinstance(value, jinja2.Undefined):
            value = bool(value)  # StrictUndefined raises here, with the name in its message
        if not isinstance(value, (str, bytes, Mapping)) and isinstance(value, Iterable):
            value = list(value)
    except ExpressionError:
        raise
    except Exception as problem:
        # An expression can fail in as many ways as Python can; the author needs the text and the reason.
        message = f"the expression `{text}` failed: {problem}"
        raise ExpressionError(message) from problem
    return value


def render(text: str, names: Mapping[str, object]) -> str:
    """The text of a template. Raises ``ExpressionError``."""
    if not is_template(text):
        return text
    try:
        return _template(text).render(**names)
    except Exception as problem:
        message = f"the template `{text}` failed: {problem}"
        raise ExpressionError(message) from problem
