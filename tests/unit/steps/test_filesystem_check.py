"""The filesystem_check step: decided on values, without any device."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runner.errors import ParseError
from runner.model.command import AtDeadline, CommandResult, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.filesystem_check import FILESYSTEM_CHECK, REPLAY
from runner.steps.filesystem_state import CheckArgs, CheckState, look_users
from tests.unit.steps.driving import Target, result

DEVICE = "/dev/sdb1"
GOOD_SUPERBLOCK = {"state": "clean", "clean": True, "needs_recovery": False}
CLEAN = {"clean": True, "exit_code": 0, "proposals": 0, "dirty_log": False}
PROPOSES = {"clean": False, "exit_code": 0, "proposals": 1, "dirty_log": False}
DIRTY = {"clean": False, "exit_code": 1, "proposals": 0, "dirty_log": True}


def args(**fields: Any) -> CheckArgs:  # noqa: ANN401 - any argument
    """Arguments for the device."""
    return CheckArgs(device=DEVICE, **fields)


def state(fstype: str = "ext4", **fields: Any) -> CheckState:  # noqa: ANN401 - any field of the state
    """A device that nobody uses."""
    kept = {"superblock": GOOD_SUPERBLOCK, "look": CLEAN, **fields}
    return CheckState(kind="block special file", number="8:17", fstype=fstype, **kept)


class TestDeciding:
    """What follows from a state."""

    @pytest.mark.parametrize(
        ("superblock", "look"),
        [
            ({"state": "not clean", "clean": False, "needs_recovery": False}, CLEAN),
            ({"state": "clean", "clean": False, "needs_recovery": True}, CLEAN),
            (GOOD_SUPERBLOCK, PROPOSES),  # e2fsck -n exits 0 although it would fix something
        ],
    )
    def test_ext(self, superblock: dict[str, object], look: dict[str, object]) -> None:
        """Superblock and look must both be in order; the repair is e2fsck itself, forced, and never interrupted."""
        decision = FILESYSTEM_CHECK.decide(args(), state(superblock=superblock, look=look))

        (command,) = decision.commands
        assert command.argv == ("env", "LC_ALL=C", "e2fsck", "-f", "-p", DEVICE)
        assert (command.effect, command.at_deadline) == (Effect.CHANGE, AtDeadline.LEAVE)
        assert command.at_most >= 3600

    def test_xfs_log_first(self) -> None:
        """A log that waits is replayed first; what is found until then may be spurious."""
        assert FILESYSTEM_CHECK.decide(args(), state("xfs", look=DIRTY)).commands[0].script == REPLAY
        assert "-L" not in REPLAY

    @pytest.mark.parametrize("fstype", ["btrfs", "crypto_LUKS", "LVM2_member", "linux_raid_member", "swap", "", "ntfs"])
    def test_other_types(self, fstype: str) -> None:
        """fsck would exit 0 for some of these; each is refused with advice."""
        decision = FILESYSTEM_CHECK.decide(args(), state(fstype))
        assert decision.outcome is Outcome.REFUSED
        assert decision.remedy
        assert FILESYSTEM_CHECK.bound(args(), state(fstype)) == ()

    @pytest.mark.parametrize("kind", ["", "regular file", "directory", "character special file"])
    def test_no_block_device(self, kind: str) -> None:
        """fsck exits 0 for a regular file and checks nothing."""
        assert FILESYSTEM_CHECK.decide(args(), CheckState(kind=kind)).outcome is Outcome.REFUSED

    def test_in_use(self) -> None:
        """Where, is said."""
        decision = FILESYSTEM_CHECK.decide(args(), state(users=("mounted at /data",)))
        assert decision.outcome is Outcome.REFUSED
        assert "mounted at /data" in decision.evidence

    def test_yes_only_if_asked(self) -> None:
        """-y can lose data."""
        assert "-y" not in FILESYSTEM_CHECK.bound(args(), state())[0].argv
        assert "-y" in FILESYSTEM_CHECK.bound(args(repair="yes"), state())[0].argv


class TestJudging:
    """Exit codes in words."""

    @pytest.mark.parametrize(
        ("code", "judged"),
        [
            (0, Judged.OK),
            (1, Judged.OK),
            (2, Judged.NEEDS_PERSON),
            (3, Judged.NEEDS_PERSON),
            (4, Judged.FAILED),
            (6, Judged.FAILED),
            (8, Judged.FAILED),
            (12, Judged.FAILED),
            (16, Judged.FAILED),
            (32, Judged.FAILED),
            (128, Judged.FAILED),
            (137, Judged.FAILED),
        ],
    )
    def test_e2fsck(self, code: int, judged: Judged) -> None:
        """Bit 2 asks for a reboot, everything above leaves the file system unproven."""
        command = FILESYSTEM_CHECK.bound(args(), state())[0]
        judgement = FILESYSTEM_CHECK.judge(args(), command, CommandResult(exit_code=code))

        assert judgement.judged is judged
        assert judgement.facts["uncorrected"] is (code >= 4)
        assert judgement.facts["exit_code"] == code
        assert judgement.facts["reboot_wanted"] is bool(code & 2)
        assert judged is not Judged.FAILED or "left unmounted" in judgement.advice

    @pytest.mark.parametrize(("index", "code"), [(0, 32), (1, 1), (1, 2)])
    def test_xfs(self, index: int, code: int) -> None:
        """No replay, no repair: left unmounted, for a person."""
        command = FILESYSTEM_CHECK.bound(args(), state("xfs"))[index]
        judgement = FILESYSTEM_CHECK.judge(args(), command, CommandResult(exit_code=code))
        assert judgement.judged is Judged.FAILED
        assert judgement.facts["uncorrected"] is True
        assert "left unmounted" in judgement.advice


transient = st.fixed_dictionaries(
    {
        "users": st.sampled_from([(), ("mounted at /data",)]),
        "superblock": st.sampled_from([GOOD_SUPERBLOCK, {"state": "x", "clean": False, "needs_recovery": True}]),
        "look": st.sampled_from([CLEAN, PROPOSES, DIRTY]),
    }
)
wishes = st.builds(
    args, repair=st.sampled_from(["none", "preen", "yes"]), fstype=st.sampled_from([None, "ext4", "xfs", "btrfs"])
)


@given(wishes, st.sampled_from(["ext2", "ext4", "xfs", "btrfs", ""]), transient, transient)
def test_decisions_lie_within_the_bound(
    wish: CheckArgs, fstype: str, planned: dict[str, Any], later: dict[str, Any]
) -> None:
    """By the type alone: at the time of the plan the device is mounted, and was not looked at."""
    bound = FILESYSTEM_CHECK.bound(wish, state(fstype, **planned))
    assert set(FILESYSTEM_CHECK.decide(wish, state(fstype, **later)).commands) <= set(bound)
    assert not any("-L" in command.argv or "fsck" in command.argv for command in bound)


def test_offline() -> None:
    """Without a look, the author's type says which commands would come."""
    assert len(FILESYSTEM_CHECK.bound(args(fstype="xfs"), None)) == 2
    assert FILESYSTEM_CHECK.bound(args(), None) == ()
    assert FILESYSTEM_CHECK.bound(args(fstype="ext4", repair="none"), None) == ()


def test_users() -> None:
    """mountinfo of every process, each mount point once, blanks unescaped; holders and swap as well."""
    out = (
        b"/proc/1/mountinfo:73 27 8:17 / /my\\040data rw,relatime - ext4 /dev/sdb1 rw\n"
        b"/proc/9/mountinfo:80 31 8:17 / /my\\040data rw,relatime - ext4 /dev/sdb1 rw\n"
        b"/proc/9/mountinfo:81 31 0:41 / /x 8:17 8:17 rw - tmpfs t rw\n"
        b"holder dm-3\nend\n"
    )
    looking = look_users("8:17", "8:11")
    next(looking)
    with pytest.raises(StopIteration) as end:
        looking.send(CommandResult(exit_code=0, stdout=out))
    assert end.value.value == ("mounted at /my data", "used by the device dm-3 on top of it")


@pytest.mark.parametrize("fields", [{"device": "sdb1"}, {"device": "/tmp/disk.img"}, {"device": DEVICE, "repair": "L"}])  # noqa: S108
def test_arguments_that_do_not_fit(fields: dict[str, object]) -> None:
    """Only devices, and only the repairs there are."""
    with pytest.raises(ValidationError):
        CheckArgs.model_validate(fields)


def test_touches() -> None:
    """The step that unmounts is found by the mount point."""
    assert FILESYSTEM_CHECK.touches(args(mounted_at="/data")) == {f"device:{DEVICE}", "mount:/data"}


@pytest.mark.parametrize("out", ["block special file\n", "block special file|x|y\n", "block special file|8\n"])
def test_a_device_without_a_number(out: str) -> None:
    """Another stat than GNU's is an error that names the device."""
    with pytest.raises(ParseError, match=DEVICE):
        Target([result(out)]).observe(FILESYSTEM_CHECK.observe(args()))
