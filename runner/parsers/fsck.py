"""What the checkers of file systems say: ``tune2fs -l``, ``e2fsck``, ``xfs_repair``.

Exit codes alone prove little (all seen with e2fsprogs 1.47 and xfsprogs 6.1): ``e2fsck -n`` exits 0 and says "clean"
on a file system whose journal waits to be replayed, exits 0 although it proposes fixes, ``fsck -M`` exits 0 for a
mounted device, ``fsck`` exits 0 for a regular file and for XFS, and checks neither.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many
from runner.parsers.base import Gives, Parser, integer, shown

_FEW = 20  # findings that are kept; a broken XFS prints thousands of lines

EXIT_BITS = MappingProxyType(
    {
        1: "errors were corrected",
        2: "the system should be rebooted",
        4: "errors were left uncorrected",
        8: "the check could not be done (operational error)",
        16: "wrong use of the program",
        32: "cancelled",
        128: "a shared library is missing",
    }
)
"""The bits of fsck's exit code, from e2fsck(8) and fsck(8)."""

_PROPOSAL = re.compile(r"\?\s+no$")  # "Free blocks count wrong (5, counted=25830).\nFix? no"


def exit_bits(code: int) -> list[str]:
    """The set bits in words; an empty list for 0."""
    known = [meaning for bit, meaning in EXIT_BITS.items() if code & bit]
    return known + ([f"unknown bit in exit code {code}"] if code & 64 else [])


def _date(text: str) -> str | None:
    """``Wed Nov 25 02:50:05 2026`` (C locale; the target's zone must be UTC, which TZ=UTC0 sees to) as ISO."""
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return None


def _count(fields: dict[str, str], key: str) -> int | None:
    return integer(fields.get(key, ""))


def parse_tune2fs(result: CommandResult) -> dict[str, object]:
    """The superblock. ``clean`` is more than the word in it: a journal that waits for replay is not clean."""
    fields = {}
    for line in result.out.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip()] = value.strip()
    state = fields.get("Filesystem state")
    if result.exit_code != 0 or state is None:
        message = f"tune2fs shows no superblock (exit {result.exit_code}): {shown(result.err)}"
        raise ParseError(message, remedy="tune2fs -l reads ext2, ext3 and ext4 only.")
    features = fields.get("Filesystem features", "").split()
    recovery = "needs_recovery" in features
    return {
        "state": state,
        "clean": state == "clean" and not recovery,
        "needs_recovery": recovery,
        "errors": "with errors" in state or "FS Error count" in fields,
        "uuid": fields.get("Filesystem UUID", ""),
        "features": features,
        "last_checked": _date(fields.get("Last checked", "")),
        "last_mounted_on": fields.get("Last mounted on", ""),
        "mount_count": _count(fields, "Mount count"),
        "block_count": _count(fields, "Block count"),
        "free_blocks": _count(fields, "Free blocks"),
        "block_size": _count(fields, "Block size"),
        "error_count": _count(fields, "FS Error count") or 0,
    }


def parse_e2fsck(result: CommandResult) -> dict[str, object]:
    """A look (``e2fsck -n``) or a repair. ``clean`` only if it exits 0 and proposes nothing and skips nothing."""
    lines = [line.strip() for line in result.out.splitlines() if line.strip()]
    proposals = [line for line in lines if _PROPOSAL.search(line)]
    skipped = any("skipping journal recovery" in line for line in lines + result.err.splitlines())
    return {
        "exit_code": result.exit_code,
        "bits": exit_bits(result.exit_code),
        "clean": result.exit_code == 0 and not proposals and not skipped,
        "proposals": len(proposals),
        "journal_skipped": skipped,
        "corrected": bool(result.exit_code & 1),
        "reboot_wanted": bool(result.exit_code & 2),
        "uncorrected": result.exit_code >= 4,  # noqa: PLR2004 - 4 and every higher bit: not proven to be in order
        "findings": [line for line in lines if not line.startswith("Pass ")][:_FEW],
    }


def parse_xfs_repair(result: CommandResult) -> dict[str, object]:
    """A look (``xfs_repair -n``) or a repair.

    Seen: the look exits 1 for corruption, for a dirty log and for a mounted device alike; the repair exits 2 for a
    dirty log. Only the ALERT (look) and the ERROR (repair) tell a dirty log, and their words are not translated under
    LC_ALL=C.
    """
    lines = [line.strip() for line in (*result.out.splitlines(), *result.err.splitlines()) if line.strip()]
    dirty = any("valuable metadata changes in a log" in line for line in lines)
    mounted = any("contains a mounted" in line for line in lines)
    findings = [line for line in lines if not re.match(r"Phase |- |No modify flag|done$|ALERT|ignored|which may", line)]
    return {
        "exit_code": result.exit_code,
        "clean": result.exit_code == 0 and not dirty,
        "dirty_log": dirty,
        "mounted": mounted,
        "corrupt": result.exit_code == 1 and not mounted and bool(findings),
        "findings": findings[:_FEW],
    }


TUNE2FS = Parser(
    name="tune2fs",
    summary="The superblock of an ext2, ext3 or ext4 file system, as printed by env LC_ALL=C TZ=UTC0 tune2fs -l.",
    fields=MappingProxyType(
        {
            "state": "the words of the superblock: clean, not clean, clean with errors ...",
            "clean": "the state is exactly clean and no journal waits to be replayed",
            "needs_recovery": "the journal was not replayed: not unmounted properly, or mounted just now",
            "errors": "the kernel or a check has recorded errors",
            "uuid": "UUID of the file system",
            "features": "list of feature names",
            "last_checked": "time of the last full check, ISO 8601, or null",
            "last_mounted_on": "where it was mounted last",
            "mount_count": "mounts since the last check",
            "block_count": "size in blocks",
            "free_blocks": "free blocks by the superblock, which may be wrong while mounted",
            "block_size": "bytes per block",
            "error_count": "errors that the kernel has counted",
        }
    ),
    parse=parse_tune2fs,
    gives=Gives.RECORD,
    known=MappingProxyType({"features": many(SCALAR)}),
)

E2FSCK = Parser(
    name="e2fsck",
    summary="A look by env LC_ALL=C e2fsck -fn, judged by exit bits and text together.",
    fields=MappingProxyType(
        {
            "exit_code": "as it is",
            "bits": "the set exit bits in words",
            "clean": "exit 0, no fix proposed, no journal skipped",
            "proposals": "how many fixes a look would have made",
            "journal_skipped": "the look could not replay the journal, so its findings may be spurious",
            "corrected": "bit 1",
            "reboot_wanted": "bit 2",
            "uncorrected": "bit 4 or any higher one",
            "findings": "the first 20 lines that say something",
        }
    ),
    parse=parse_e2fsck,
    gives=Gives.RECORD,
)

XFS_REPAIR = Parser(
    name="xfs_repair",
    summary="A look by env LC_ALL=C xfs_repair -n.",
    fields=MappingProxyType(
        {
            "exit_code": "as it is",
            "clean": "exit 0 and no log waits to be replayed",
            "dirty_log": "the log waits to be replayed by a mount",
            "mounted": "it refused, since the device is mounted",
            "corrupt": "it found something to repair (spurious while dirty_log)",
            "findings": "the first 20 lines that say something",
        }
    ),
    parse=parse_xfs_repair,
    gives=Gives.RECORD,
)
