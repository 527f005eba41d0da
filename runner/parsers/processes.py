"""Who uses a mounted file system: the output of ``fuser -vm``, and of our own look into /proc."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many
from runner.parsers.base import Gives, Parser, integer, shown

_FUSER = re.compile(
    r"^(?:\S.*?:)?\s+(?P<user>\S+)\s+(?:(?P<pid>\d+|kernel)\s+)?(?P<access>[fFcemr.]{5}|mount|swap|knfsd)\s+(?P<command>.*)$"
)
_WORDS = MappingProxyType(
    {"c": "its current directory", "e": "a running program", "f": "an open file", "r": "its root directory",
     "m": "a mapped file", "F": "a file open for writing"}
)  # fmt: skip


def parse_fuser(result: CommandResult) -> list[dict[str, object]]:
    """fuser prints the process ids to standard output and all other columns to standard error, in the same order.

    The line that says "kernel" is the mount itself, not a process, and is left out. Exit 1 means that nobody uses it.
    """
    rows = [match for line in result.err.splitlines() if (match := _FUSER.match(line))]
    ids = result.out.split()
    if not rows and result.exit_code not in (0, 1):
        message = f"fuser ended with exit code {result.exit_code}: {shown(result.err)}"
        raise ParseError(message, remedy="Is it installed (package psmisc), and is the path a mount point?")
    if len(rows) != len(ids) and not all(row["pid"] for row in rows):
        message = f"fuser lists {len(ids)} process ids and {len(rows)} rows, which do not go together"
        raise ParseError(message, remedy="Run fuser with -v and -m, and keep both of its streams.")
    users = []
    for number, row in enumerate(rows):
        pid = integer(row["pid"] or ids[number])
        if pid is not None:
            access = [word for letter, word in _WORDS.items() if letter in row["access"]]
            users.append({"pid": pid, "user": row["user"], "command": row["command"].strip(), "access": access})
    return users


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that keeps a mount busy. ``pid`` is 0 where it is not a process."""

    kind: str  # process, loop, swap
    what: str  # /proc/PID/cwd, /sys/block/loop0/loop/backing_file, or empty
    path: str
    pid: int = 0


def parse_uses(result: CommandResult) -> tuple[Use, ...]:
    """Triples of NUL-ended words, closed by ``end``: cut output must not look like "nobody uses it"."""
    words = result.stdout.decode("utf-8", "replace").split("\0")
    triples = [tuple(words[index : index + 3]) for index in range(0, len(words) - 2, 3)]
    if result.truncated or not triples or triples[-1][0] != "end":
        message = f"the list of users of the mount is incomplete (exit {result.exit_code}): {shown(result.err)}"
        raise ParseError(message, remedy="The target needs find from GNU findutils.")
    return tuple(Use(kind, what, path, _pid(kind, what)) for kind, what, path in triples[:-1])


def _pid(kind: str, what: str) -> int:
    """Of the process that ``/proc/PID/...`` is about."""
    if kind != "process":
        return 0
    pid = integer(what.removeprefix("/proc/").partition("/")[0])
    if pid is None:
        message = f"a user of the mount is listed as {shown(what)}, which is no process"
        raise ParseError(message)
    return pid


FUSER = Parser(
    name="fuser",
    summary="The processes that fuser -vm names; a list, without the kernel's own line.",
    fields=MappingProxyType(
        {
            "pid": "process id",
            "user": "its user",
            "command": "its name, without arguments",
            "access": "list of how: its current directory, an open file, a running program ...",
        }
    ),
    parse=parse_fuser,
    gives=Gives.LIST,
    known=MappingProxyType({"access": many(SCALAR)}),
)
