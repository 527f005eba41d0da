"""The log of the Azure backup extension for Linux: how its last attempt to freeze the file systems went.

Formats read in Azure/azure-linux-extensions, VMBackup/main: ``fsfreezer.py`` (messages), ``safefreeze.c`` (the helper's
own lines, with a time stamp of their own), ``backuplogger.py`` (messages during the freeze are held back and written at
its end, with another time format) and ``Utils/HandlerUtil.py`` (line prefix). Threads write between each
other's lines, so lines are recognised one by one, by what they hold.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many, one_of, record
from runner.parsers.base import Gives, Parser

_TIME = re.compile(r"^(\d{4})[-/](\d\d)[-/](\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)")
_FAILED = re.compile(r"Failed to (FIFREEZE|FITHAW|open|stat): ")
_WITH_ERROR = re.compile(r" with error(?:: -?\d+ and error)? message ?: ")
_WORD = re.compile(r"""\s*u?('[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")\s*(,\s*\]?|\])""")
_START = re.compile(r"T:S freeze, timeout value |skipped mount :")
_ERRNO = MappingProxyType(
    {
        "Device or resource busy": "EBUSY",
        "Input/output error": "EIO",
        "Operation not supported": "EOPNOTSUPP",
        "Inappropriate ioctl for device": "ENOTTY",
        "Invalid argument": "EINVAL",
        "Read-only file system": "EROFS",
        "Structure needs cleaning": "EUCLEAN",
        "Operation not permitted": "EPERM",
        "Permission denied": "EACCES",
        "No such file or directory": "ENOENT",
        "No such device": "ENODEV",
        "Stale file handle": "ESTALE",
        "Transport endpoint is not connected": "ENOTCONN",
        "Host is down": "EHOSTDOWN",
        "No space left on device": "ENOSPC",
        "Too many levels of symbolic links": "ELOOP",
    }
)
_OPEN_FAILED = "file open failed for some mount"
_ALREADY = "Mount Points already freezed by some other processor"
_LATE_THAW = "Failed to receive timely Thaw from parent process"
_LIMIT = ("The snapshot count against this blob has been exceeded", "FailedSnapshotLimitReached")
_RATE = ("The rate of snapshot blob calls is exceeded", "SnapshotRateExceeded")


def _time(line: str) -> str | None:
    """The extension writes UTC. ISO 8601, or None for a line without a time that can be."""
    match = _TIME.match(line)
    if match is None:
        return None
    year, month, day, clock = match.groups()
    form = "%H:%M:%S.%f" if "." in clock else "%H:%M:%S"
    try:
        time = datetime.strptime(f"{year}-{month}-{day} {clock}", f"%Y-%m-%d {form}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return time.isoformat()


def _failure(line: str) -> dict[str, object] | None:
    failed = _FAILED.search(line)
    error = _WITH_ERROR.search(line, failed.end()) if failed else None
    if failed is None or error is None:
        return None
    mount, text = line[failed.end() : error.start()], line[error.end() :].strip()
    return {"mount": mount, "operation": failed[1], "error": text, "errno": _ERRNO.get(text)}


def _listed(lines: Sequence[str]) -> list[str]:
    """Mount points that were passed to the helper: ``arg : ['.../safefreeze', '60', '/data', '/']``."""
    for line in reversed(lines):
        _, mark, tail = line.partition("arg : [")
        if mark:
            return _words(tail.strip())[2:]
    return []


def _words(listed: str) -> list[str]:
    """A list of texts as Python shows it, without its first bracket; none if it is anything else."""
    words: list[str] = []
    at = 0
    while found := _WORD.match(listed, at):
        try:
            words.append(ast.literal_eval(found[1]) if "\\" in found[1] else found[1][1:-1])
        except (ValueError, SyntaxError):
            return []
        at = found.end()
        if found[2].endswith("]"):
            return words if at == len(listed) else []
    return []


def _after(lines: Sequence[str], mark: str) -> list[str]:
    return [line.partition(mark)[2].strip() for line in lines if mark in line]


def _ended(lines: Sequence[str], *, failed: bool) -> str:
    if failed:
        return "failed"
    good = ("Freeze Completed (Signal=1 received)", "T:S freeze result , timedout :False")
    return "ok" if any(mark in line for line in lines for mark in good) else "unknown"


def _holds(lines: Sequence[str], *marks: str) -> bool:
    return any(mark in line for line in lines for mark in marks)


def parse_freeze_log(result: CommandResult) -> dict[str, object]:
    """The last attempt within the given lines (the whole log, its tail, or what grep left of it)."""
    lines = result.stdout.decode("utf-8", "replace").splitlines()
    starts = [index for index, line in enumerate(lines) if _START.search(line)]
    last = lines[starts[-1] :] if starts else lines
    failures = [failure for line in last if (failure := _failure(line))]
    timed_out = _holds(last, "freeze timed-out", _LATE_THAW)
    already = _holds(last, _ALREADY)
    skipped = [path for value in _after(last, "skipped mount :")[:1] for path in value.split(",") if path]
    failed = bool(failures) or timed_out or already or _holds(last, "freeze failed for some mount", _OPEN_FAILED)
    return {
        "found": bool(lines),
        "attempt_at": next((time for line in last if (time := _time(line))), None),
        "ended": _ended(last, failed=failed),
        "failures": failures,
        "mounts": _listed(last),
        "skipped": skipped,
        "already_frozen": already,
        "timed_out": timed_out,
        "open_failed": _holds(last, _OPEN_FAILED),
        "snapshot_limit_reached": _holds(last, *_LIMIT),
        "snapshot_rate_exceeded": _holds(last, *_RATE),
    }


FREEZE_LOG = Parser(
    name="freeze_log",
    summary="The last freeze attempt in the log of the backup extension (VMSnapshotLinux/extension.log).",
    fields=MappingProxyType(
        {
            "found": "whether there were any lines",
            "attempt_at": "when it began, ISO 8601 in UTC, or null",
            "ended": "ok, failed or unknown (still running, or cut off)",
            "failures": "list of {mount, operation: FIFREEZE, FITHAW, open or stat, error, errno: EBUSY ... or null}",
            "mounts": "mount points that were to be frozen",
            "skipped": "items of MountsToSkip, letter by letter as the extension compares them",
            "already_frozen": "another program holds the extension's lock: file systems were frozen already",
            "timed_out": "the freeze took longer than SafeFreezeWaitInSeconds, or the thaw came too late",
            "open_failed": "a mount point could not be opened (UserErrorUnableToOpenMount)",
            "snapshot_limit_reached": "the number of snapshots of a disk is exceeded",
            "snapshot_rate_exceeded": "snapshots were asked for too quickly, one after the other",
        }
    ),
    parse=parse_freeze_log,
    gives=Gives.RECORD,
    known=MappingProxyType(
        {
            "ended": one_of("ok", "failed", "unknown"),
            "failures": many(record(("mount", "operation", "error", "errno"))),
            "mounts": many(SCALAR),
            "skipped": many(SCALAR),
        }
    ),
)
