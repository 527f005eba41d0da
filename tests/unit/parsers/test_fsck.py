"""Checkers of file systems: recorded with e2fsprogs 1.47.0 and xfsprogs 6.1.0; exit 0 is never proof."""

from __future__ import annotations

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.fsck import E2FSCK, TUNE2FS, XFS_REPAIR, exit_bits, parse_e2fsck, parse_tune2fs, parse_xfs_repair

SUPERBLOCK = """\
tune2fs 1.47.0 (5-Feb-2023)
Filesystem volume name:   <none>
Last mounted on:          /data
Filesystem UUID:          54b8f103-31ce-40af-9f0c-5a508aebe9b9
Filesystem features:      has_journal ext_attr {recovery}extent 64bit
Filesystem state:         {state}
Errors behavior:          Continue
Block count:              32768
Free blocks:              25828
Block size:               1024
Mount count:              1
Last checked:             Wed Nov 25 02:50:05 2026
Inode size:\t          256
"""
JOURNAL_SKIPPED = b"""\
Warning: skipping journal recovery because doing a read-only filesystem check.
/dev/loop6: clean, 11/8192 files, 6938/32768 blocks
"""
WRONG_COUNT = b"""\
/dev/loop6 was not cleanly unmounted, check forced.
Pass 1: Checking inodes, blocks, and sizes
Pass 5: Checking group summary information
Free blocks count wrong (5, counted=25830).
Fix? no

/dev/loop6: 12/8192 files (0.0% non-contiguous), 32763/32768 blocks
"""
LOST_ROOT = b"""\
Pass 1: Checking inodes, blocks, and sizes
Root inode is not a directory.  Clear? no

Pass 3: Checking directory connectivity
Root inode not allocated.  Allocate? no

Cannot proceed without a root inode.

/dev/loop6: ********** WARNING: Filesystem still has errors **********
"""
CLEAN = b"""\
Pass 1: Checking inodes, blocks, and sizes
Pass 5: Checking group summary information
/dev/loop6: 13/8192 files (0.0% non-contiguous), 6940/32768 blocks
"""
XFS_ALERT = b"""\
Phase 1 - find and verify superblock...
Phase 2 - using internal log
        - zero log...
ALERT: The filesystem has valuable metadata changes in a log which is being
ignored because the -n option was used.  Expect spurious inconsistencies
which may be resolved by first mounting the filesystem to replay the log.
        - scan filesystem freespace and inode maps...
No modify flag set, skipping filesystem flush and exiting.
"""
XFS_DIRTY = b"""\
Phase 1 - find and verify superblock...
ERROR: The filesystem has valuable metadata changes in a log which needs to
be replayed.  Mount the filesystem to replay the log, and unmount it before
"""
XFS_BAD = b"""\
Phase 1 - find and verify superblock...
agf has bad CRC for ag 0
would reset bad agf for ag 0
No modify flag set, skipping filesystem flush and exiting.
"""


def superblock(state: str, recovery: str = "") -> dict[str, object]:
    """A superblock in a state."""
    text = SUPERBLOCK.format(state=state, recovery=recovery)
    return parse_tune2fs(CommandResult(exit_code=0, stdout=text.encode()))


def result(code: int, out: bytes = b"", err: bytes = b"") -> CommandResult:
    """How a checker ended."""
    return CommandResult(exit_code=code, stdout=out, stderr=err)


class TestSuperblock:
    """tune2fs -l."""

    @pytest.mark.parametrize(
        ("state", "recovery", "clean"),
        [
            ("clean", "", True),
            ("clean", "needs_recovery ", False),  # mounted, or a power cut: the word alone misleads
            ("not clean", "", False),
            ("clean with errors", "", False),
            ("not clean with errors", "", False),
        ],
    )
    def test_clean(self, state: str, recovery: str, clean: bool) -> None:
        """Clean is the exact word, and a journal that was replayed."""
        assert superblock(state, recovery)["clean"] is clean

    def test_values(self) -> None:
        """Numbers and the date of the C locale are read; every field is documented."""
        fields = superblock("clean with errors")

        assert fields["errors"] is True
        assert fields["free_blocks"] == 25828
        assert fields["last_checked"] == "2026-11-25T02:50:05+00:00"
        assert set(fields) == set(TUNE2FS.fields)

    def test_other_locale(self) -> None:
        """A date in another language is unknown, not an error."""
        text = SUPERBLOCK.format(state="clean", recovery="").replace("Wed Nov", "Mi. Nov.")
        assert parse_tune2fs(result(0, text.encode()))["last_checked"] is None

    def test_no_superblock(self) -> None:
        """xfs has none of these."""
        with pytest.raises(ParseError):
            parse_tune2fs(result(1, b"tune2fs 1.47.0\n", b"tune2fs: Bad magic number in super-block"))


class TestE2fsck:
    """e2fsck -n, by bits and text together."""

    @pytest.mark.parametrize(
        ("code", "out", "clean"),
        [
            (0, CLEAN, True),
            (0, JOURNAL_SKIPPED, False),
            (0, WRONG_COUNT, False),
            (12, LOST_ROOT, False),
            (8, b"", False),
        ],
    )
    def test_exit_0_is_no_proof(self, code: int, out: bytes, clean: bool) -> None:
        """Two of the three with exit 0 are not in order."""
        assert parse_e2fsck(result(code, out))["clean"] is clean

    def test_facts(self) -> None:
        """Proposals are counted, bits explained; every field is documented."""
        facts = parse_e2fsck(result(12, LOST_ROOT))

        assert facts["proposals"] == 2
        assert facts["uncorrected"] is True
        assert set(facts) == set(E2FSCK.fields)

    def test_bits(self) -> None:
        """The bits are OR-ed."""
        assert exit_bits(0) == []
        assert exit_bits(3) == ["errors were corrected", "the system should be rebooted"]
        assert len(exit_bits(255)) == 8


class TestXfsRepair:
    """xfs_repair -n exits 1 for three different things."""

    @pytest.mark.parametrize(
        ("code", "err", "kind"),
        [
            (0, b"Phase 1 - find and verify superblock...\n", "clean"),
            (1, XFS_ALERT, "dirty_log"),
            (2, XFS_DIRTY, "dirty_log"),
            (1, XFS_BAD, "corrupt"),
            (1, b"xfs_repair: /dev/loop6 contains a mounted and writable filesystem\n", "mounted"),
        ],
    )
    def test_kinds(self, code: int, err: bytes, kind: str) -> None:
        """Corruption, a log that waits, and a mounted device are told apart."""
        facts = parse_xfs_repair(result(code, err=err))

        assert [name for name in ("clean", "dirty_log", "mounted", "corrupt") if facts[name]] == [kind]
        assert set(facts) == set(XFS_REPAIR.fields)

    def test_few_findings(self) -> None:
        """Thousands of lines do not end up in a plan."""
        facts = parse_xfs_repair(result(1, err=b"imap claims in-use inode 1 is free\n" * 5000))
        assert facts["findings"] == ["imap claims in-use inode 1 is free"] * 20
