"""Who uses a mount; fuser recorded with psmisc 23.6."""

from __future__ import annotations

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.processes import FUSER, parse_fuser, parse_uses

TWO = b"""\
                     USER        PID ACCESS COMMAND
/mnt/b b:        root      f.... bash
                     root      ..c.. sleep
"""
KERNEL = b"""\
                     USER        PID ACCESS COMMAND
/mnt/m nt:       root      mount /mnt/m nt
                     root      ..c.. sleep
"""
TERMINAL = b"""\
                     USER        PID ACCESS COMMAND
/data:               root     kernel mount /data
                     www-data   4711 F.c.m my prog
"""


def test_two_streams() -> None:
    """The ids come on standard output, everything else on standard error."""
    users = parse_fuser(CommandResult(exit_code=0, stdout=b" 11072 11081", stderr=TWO))

    assert users == [
        {"pid": 11072, "user": "root", "command": "bash", "access": ["an open file"]},
        {"pid": 11081, "user": "root", "command": "sleep", "access": ["its current directory"]},
    ]
    assert set(users[0]) == set(FUSER.fields)


def test_kernel_line_is_no_process() -> None:
    """The mount itself is listed although no process uses it."""
    users = parse_fuser(CommandResult(exit_code=0, stdout=b" kernel  8864", stderr=KERNEL))
    assert [user["pid"] for user in users] == [8864]


def test_one_stream() -> None:
    """On a terminal, all columns stand in one stream."""
    users = parse_fuser(CommandResult(exit_code=0, stderr=TERMINAL))
    assert [(user["pid"], user["user"], user["command"]) for user in users] == [(4711, "www-data", "my prog")]


def test_nobody() -> None:
    """Exit 1 and nothing else: nobody."""
    assert parse_fuser(CommandResult(exit_code=1)) == []


@pytest.mark.parametrize(("code", "out", "err"), [(127, b"", b"fuser: not found"), (0, b" 1", TWO)])
def test_unknown(code: int, out: bytes, err: bytes) -> None:
    """A missing program, or one stream without the other, does not mean "nobody"."""
    with pytest.raises(ParseError):
        parse_fuser(CommandResult(exit_code=code, stdout=out, stderr=err))


def test_uses() -> None:
    """Our own look: triples, closed by a mark."""
    raw = b"process\0/proc/12/cwd\0/d\0loop\0/sys/block/loop1/loop/backing_file\0/d/x\0end\0\0\0"
    assert [(use.kind, use.pid, use.path) for use in parse_uses(CommandResult(exit_code=0, stdout=raw))] == [
        ("process", 12, "/d"),
        ("loop", 0, "/d/x"),
    ]


@pytest.mark.parametrize("raw", [b"", b"process\0/proc/12/cwd\0/d\0", b"process\0/proc/12/cwd\0/d\0end\0"])
def test_cut_uses(raw: bytes) -> None:
    """Without the mark at its end, a list is no proof that nobody uses the mount."""
    with pytest.raises(ParseError):
        parse_uses(CommandResult(exit_code=0, stdout=raw))
