"""``findmnt --json``: the mount table of the kernel, flattened, with paths unescaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import cast

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many
from runner.parsers.base import Gives, Parser, integer, shown
from runner.parsers.fstab import split_options


def flatten(nodes: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Parents before children: ``--list`` is flat already, a tree is not."""
    open_lists = [iter(nodes)]
    while open_lists:
        for node in open_lists[-1]:
            yield node
            open_lists.append(iter(cast("list[dict[str, object]]", node.get("children") or [])))
            break
        else:
            open_lists.pop()


def _text(node: dict[str, object], key: str) -> str:
    value = node.get(key)
    text = "" if value is None else str(value)
    text.encode("utf-8")  # JSON can spell half a letter (a lone surrogate), which no command could be given
    return text


def _number(node: dict[str, object], key: str) -> int | None:
    """util-linux 2.32 writes numbers as strings, 2.33 and later as numbers."""
    return integer(_text(node, key))


def _source(text: str) -> tuple[str, str]:
    """``/dev/sdb1[/sub]`` -> the device and the part of it that is mounted."""
    if text.startswith("/") and text.endswith("]") and "[" in text:
        device, _, root = text[:-1].partition("[")
        return device, root
    return text, ""


def _row(node: dict[str, object]) -> dict[str, object]:
    source, root = _source(_text(node, "source"))
    return {
        "source": source,
        "target": _text(node, "target"),
        "fstype": _text(node, "fstype"),
        "options": split_options(_text(node, "options")),
        "propagation": _text(node, "propagation"),
        "uuid": _text(node, "uuid"),
        "root": _text(node, "fsroot") or root or "/",
        "device_number": _text(node, "maj:min").strip(),
        "id": _number(node, "id"),
        "parent": _number(node, "parent"),
    }


def parse_findmnt(result: CommandResult) -> list[dict[str, object]]:
    """All mounts in the kernel's order: where two have the same target, the later one is on top.

    findmnt says "nothing found" by exit 1 without any output.
    """
    if not result.stdout.strip():
        if result.exit_code == 1 and not result.stderr.strip():
            return []
        message = f"findmnt printed nothing (exit {result.exit_code}): {shown(result.err)}"
        raise ParseError(message)
    try:
        nodes = json.loads(result.stdout.decode("utf-8", "replace"))["filesystems"]
        return [_row(node) for node in flatten(nodes)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = "this is not the JSON that findmnt --json prints"
        raise ParseError(message, remedy="Run findmnt with --json and without --raw or --pairs.") from error


FINDMNT = Parser(
    name="findmnt",
    summary="The mounts that findmnt --json lists, nested ones flattened; a list.",
    fields=MappingProxyType(
        {
            "source": "what is mounted: a device, a network path, or a word such as tmpfs; without [/subdirectory]",
            "target": "where, unescaped",
            "fstype": "type of the file system",
            "options": "list of mount options as the kernel reports them",
            "propagation": "shared, private, slave ...; empty unless the column PROPAGATION was asked for",
            "uuid": "UUID of the file system; empty unless the column UUID was asked for",
            "root": "which directory of the file system is mounted: / for all of it, else a bind mount or subvolume",
            "device_number": "MAJOR:MINOR; empty unless the column MAJ:MIN was asked for",
            "id": "id of the mount, or null",
            "parent": "id of the mount that it stands on, or null",
        }
    ),
    parse=parse_findmnt,
    gives=Gives.LIST,
    known=MappingProxyType({"options": many(SCALAR)}),
)
