"""The mount step: decided on values, without any mount."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.mount import MOUNT
from runner.steps.mount_options import STOP_AUTOMOUNT, kernel_options, mount_exactly, same_options, umount, unit_name
from runner.steps.mount_state import MountArgs, MountState
from runner.steps.mount_table import Holder, Mounted, Units, look_holders, look_passing, look_units

ROOT = Mounted(source="/dev/sda1", target="/", fstype="xfs", options=("rw",), number="8:1")
DATA = Mounted(source="/dev/sdb1", target="/data", fstype="ext4", options=("rw", "noatime", "seclabel"), number="8:17")
AUTOFS = Mounted(source="systemd-1", target="/data", fstype="autofs", options=("rw",), number="0:40")
ENTRY = Mounted(source="/dev/sdb1", target="/data", fstype="ext4", options=("noatime", "nofail", "x-systemd.automount"))


def state(*mounts: Mounted, **fields: Any) -> MountState:  # noqa: ANN401 - any field of the state
    """A state of /data, where systemd and fstab know nothing unless told."""
    made = MountState(path="/data", directory=True, mounts=(ROOT, *mounts), fstab=None, units=Units())
    return replace(made, **fields)


def down(path: str = "/data") -> MountArgs:
    """Wanted: unmounted."""
    return MountArgs(path=path, state="unmounted")


def up(**fields: Any) -> MountArgs:  # noqa: ANN401 - any argument
    """Wanted: mounted."""
    return MountArgs(path="/data", state="mounted", **fields)


RECORDED = up(source="/dev/sdb1", fstype="ext4", options=["rw", "noatime", "seclabel"])


class TestUnmounting:
    """Wanted: unmounted."""

    def test_plain(self) -> None:
        """One umount, left alone at its deadline, and everything recorded that brings it back."""
        decision = MOUNT.decide(down(), state(DATA))

        (command,) = decision.commands
        assert command.argv == ("umount", "--", "/data")
        assert (command.effect, command.at_deadline) == (Effect.CHANGE, AtDeadline.LEAVE)
        assert decision.prior["options"] == ["rw", "noatime", "seclabel"]
        assert [c.argv for c in decision.undo] == [
            ("mount", "-t", "ext4", "-o", "rw,noatime", "--", "/dev/sdb1", "/data")
        ]

    def test_undo_by_fstab(self) -> None:
        """Where fstab gives the same mount, it is used."""
        undo = MOUNT.decide(down(), state(DATA, fstab=ENTRY)).undo
        assert [c.argv for c in undo] == [("mount", "--", "/data")]

    def test_undo_not_by_changed_fstab(self) -> None:
        """An entry that was edited since would give another mount."""
        changed = replace(ENTRY, options=("noatime", "ro"))
        undo = MOUNT.decide(down(), state(DATA, fstab=changed)).undo
        assert undo[0].argv[:2] == ("mount", "-t")

    def test_not_mounted(self) -> None:
        """Umount would say 32, as for busy; findmnt says that nothing is to be done."""
        assert MOUNT.decide(down(), state()).outcome is Outcome.NO_CHANGE

    @pytest.mark.parametrize("path", ["/", "/var", "/boot/efi", "/home", "/run/user/0", "/usr/local"])
    def test_system(self, path: str) -> None:
        """Never, and not in the bound either."""
        seen = state(replace(DATA, target=path), path=path)
        assert MOUNT.decide(down(path), seen).outcome is Outcome.REFUSED
        assert MOUNT.bound(down(path), seen) == MOUNT.bound(down(path), None) == ()

    def test_automount(self) -> None:
        """An automount unit would bring it back at the next access: it is stopped, after the umount."""
        decision = MOUNT.decide(down(), state(AUTOFS, DATA, units=Units(automount=True)))

        assert [c.argv for c in decision.commands] == [("umount", "--", "/data"), ("/data", "data.automount")]
        assert decision.commands[1].script == STOP_AUTOMOUNT
        assert [c.argv[-1] for c in decision.undo] == ["data.automount", "data.mount"]

    def test_autofs_of_another(self) -> None:
        """An automounter that is no systemd unit is for a person."""
        assert MOUNT.decide(down(), state(AUTOFS, DATA)).outcome is Outcome.REFUSED

    def test_duplicate_is_said(self) -> None:
        """The same device elsewhere stays mounted, and the plan says so."""
        other = replace(DATA, target="/old")
        assert "stays mounted at /old" in MOUNT.decide(down(), state(DATA, other)).evidence

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"fstype": "tmpfs", "source": "tmpfs"}, "in memory only and would be lost"),
            ({"fstype": "ramfs", "source": "/dev/sdb1"}, "in memory only and would be lost"),
            ({"fstype": "overlay", "source": "overlay"}, "overlay is no file system on a disk"),
            ({"fstype": "fuse.sshfs", "source": "me@host:/"}, "fuse.sshfs is no file system on a disk"),
            ({"fstype": "nfs4", "source": "host:/export"}, "nfs4 is no file system on a disk"),
            ({"fstype": "ext4", "source": "none"}, "ext4 is no file system on a disk"),
            ({"root": "/reports"}, "shows the folder /reports"),
            ({"root": "/@/reports", "fstype": "btrfs", "options": ("rw", "subvol=/@")}, "shows the folder /@/reports"),
            ({"options": ("rw", "idmapped")}, "idmapped"),
            ({"propagation": "private,slave"}, "slave"),
        ],
    )
    @pytest.mark.parametrize("nested", [False, True])
    @pytest.mark.parametrize("entry", [None, ENTRY, replace(ENTRY, source="/x", options=("bind",))])
    def test_what_would_not_come_back_stays(
        self, fields: dict[str, Any], words: str, nested: bool, entry: Mounted | None
    ) -> None:
        """Refused in plain words, also where earlier steps unmount what is nested, whatever fstab says."""
        args = MountArgs(path="/data", state="unmounted", nested=nested)
        decision = MOUNT.decide(args, state(replace(DATA, **fields), fstab=entry))
        assert decision.outcome is Outcome.REFUSED
        assert decision.commands == decision.undo == ()
        assert words in decision.evidence
        assert decision.remedy

    def test_loop_device_that_vanishes(self) -> None:
        """`mount -o loop` makes a device that is gone with the mount."""
        decision = MOUNT.decide(down(), state(replace(DATA, source="/dev/loop3"), passing_device=True))
        assert decision.outcome is Outcome.REFUSED
        assert "/dev/loop3 is a loop device that would vanish" in decision.evidence

    def test_subvolume_comes_back(self) -> None:
        """The options of a btrfs name its subvolume."""
        subvolume = replace(DATA, fstype="btrfs", root="/@data", options=("rw", "subvolid=256", "subvol=/@data"))
        (back,) = MOUNT.decide(down(), state(subvolume)).undo
        assert back.argv[:5] == ("mount", "-t", "btrfs", "-o", "rw,subvolid=256,subvol=/@data")

    def test_remounted_with_more_than_fstab_says(self) -> None:
        """What a remount added would be lost by way of fstab, so everything is given by name."""
        live = replace(DATA, options=("rw", "noatime", "discard", "commit=30"))
        (back,) = MOUNT.decide(down(), state(live, fstab=ENTRY)).undo
        assert back.argv[:5] == ("mount", "-t", "ext4", "-o", "rw,noatime,discard,commit=30")

    def test_automount_by_a_table_that_says_less(self) -> None:
        """Its unit would mount it by fstab."""
        live = replace(DATA, options=("rw", "noatime", "commit=30"))
        seen = state(AUTOFS, live, units=Units(automount=True), fstab=ENTRY)
        assert "automount unit would use those" in MOUNT.decide(down(), seen).evidence

    @pytest.mark.parametrize(
        ("below", "own", "back"),
        [
            ("shared", "shared", ()),
            ("private", "private", ()),
            ("shared", "private", ("--make-private",)),
            ("private", "shared", ("--make-shared",)),
            ("shared", "private,unbindable", ("--make-unbindable",)),
            ("shared,slave", "shared", ()),
            ("shared", "", ()),
        ],
    )
    def test_propagation_comes_back(self, below: str, own: str, back: tuple[str, ...]) -> None:
        """A new mount is what the mount below makes of it; where that differs, it is set."""
        seen = state(replace(DATA, propagation=own))
        seen = replace(seen, mounts=(replace(ROOT, propagation=below), *seen.mounts[1:]))
        undo = MOUNT.decide(down(), seen).undo
        again = up(source="/dev/sdb1", fstype="ext4", options="rw,noatime", propagation=own)
        assert tuple(c.argv[1] for c in undo[1:]) == back
        assert MOUNT.decide(again, replace(seen, mounts=seen.mounts[:1])).commands == undo == MOUNT.bound(again, seen)

    def test_sibling_is_not_nested(self) -> None:
        """/database does not lie below /data."""
        assert MOUNT.decide(down(), state(DATA, replace(DATA, target="/database"))).outcome is Outcome.WOULD_CHANGE

    def test_exit_32(self) -> None:
        """Busy and "not mounted" alike: passed on in words, never forced."""
        result = CommandResult(exit_code=32, stderr=b"umount: /data: target is busy.\n")
        judged = MOUNT.judge(down(), umount("/data"), result)
        assert judged.judged is Judged.FAILED
        assert "target is busy" in judged.text


class TestMounting:
    """Wanted: mounted."""

    def test_by_fstab(self) -> None:
        """Without a source, fstab decides."""
        decision = MOUNT.decide(up(), state(fstab=ENTRY))
        assert [c.argv for c in decision.commands] == [("mount", "--", "/data")]
        assert [c.argv for c in decision.undo] == [("umount", "--", "/data")]

    def test_by_unit(self) -> None:
        """A unit file of its own is started."""
        decision = MOUNT.decide(up(), state(units=Units(by_file=True)))
        assert [c.argv for c in decision.commands] == [("systemctl", "start", "--", "data.mount")]

    def test_as_recorded(self) -> None:
        """What the kernel only reports is left out."""
        (command,) = MOUNT.decide(RECORDED, state()).commands
        assert command.argv == ("mount", "-t", "ext4", "-o", "rw,noatime", "--", "/dev/sdb1", "/data")

    def test_recorded_and_in_fstab(self) -> None:
        """The shorter way, if it leads to the same; device names are compared with their links followed."""
        entry = replace(ENTRY, source="/dev/disk/by-id/x")
        seen = state(fstab=entry, real=(("/dev/disk/by-id/x", "/dev/sdb1"), ("/dev/sdb1", "/dev/sdb1")))
        assert [c.argv for c in MOUNT.decide(RECORDED, seen).commands] == [("mount", "--", "/data")]

    def test_nothing_known(self) -> None:
        """No source, no fstab entry, no unit: refused with what to do."""
        decision = MOUNT.decide(up(), state())
        assert decision.outcome is Outcome.REFUSED
        assert decision.remedy

    def test_already(self) -> None:
        """The same source, type and options: nothing to do."""
        assert MOUNT.decide(RECORDED, state(DATA)).outcome is Outcome.NO_CHANGE

    @pytest.mark.parametrize(
        "other",
        [
            replace(DATA, source="/dev/sdc1"),
            replace(DATA, fstype="xfs"),
            replace(DATA, options=("ro", "noatime")),
            replace(DATA, options=("rw", "noatime", "nosuid")),
            replace(DATA, options=("rw",)),
        ],
    )
    def test_something_else(self, other: Mounted) -> None:
        """Another source, type or flag is not "as before"; nothing is mounted over it."""
        decision = MOUNT.decide(RECORDED, state(other))
        assert decision.outcome is Outcome.REFUSED
        assert MOUNT.verify(RECORDED, state(), state(other)).judged is Judged.FAILED

    def test_a_part_is_not_all(self) -> None:
        """A bind mount of a folder has the same source, type and options."""
        decision = MOUNT.decide(RECORDED, state(replace(DATA, root="/reports")))
        assert decision.outcome is Outcome.REFUSED
        assert "all of it should be" in decision.evidence

    def test_other_propagation(self) -> None:
        """It is part of what must be as before."""
        args = up(source="/dev/sdb1", fstype="ext4", options="rw,noatime", propagation="shared")
        assert MOUNT.decide(args, state(replace(DATA, propagation="shared"))).outcome is Outcome.NO_CHANGE
        judged = MOUNT.verify(args, state(), state(replace(DATA, propagation="private")))
        assert judged.judged is Judged.FAILED
        assert "should be shared" in judged.text

    def test_not_onto_the_folder_below(self) -> None:
        """What stood on /data never lands on the root file system's folder of that name."""
        inner = MountArgs(path="/data/sub", state="mounted", source="/dev/sdc1", fstype="ext4", stands_on="/data")
        bare, there = state(path="/data/sub"), state(DATA, path="/data/sub")
        waiting = state(AUTOFS, path="/data/sub")

        for seen in (bare, waiting):
            decision = MOUNT.decide(inner, seen)
            assert decision.outcome is Outcome.REFUSED
            assert "now it would stand on the file system at /" in decision.evidence
            assert "Mount /data first" in decision.remedy
        assert MOUNT.decide(inner, there).outcome is Outcome.WOULD_CHANGE

    def test_no_directory(self) -> None:
        """The mount point is gone."""
        assert MOUNT.decide(RECORDED, state(directory=False)).outcome is Outcome.REFUSED

    def test_no_device(self) -> None:
        """Nothing has that UUID."""
        args = up(source="UUID=1-2", fstype="ext4")
        assert MOUNT.decide(args, state(source="")).outcome is Outcome.REFUSED


class TestOptions:
    """How options are compared."""

    def test_kernel_adds_its_own(self) -> None:
        """XFS reports more than it was given; relatime is the default."""
        assert same_options(["defaults"], ["rw", "relatime", "attr2", "inode64", "logbufs=8", "noquota"])

    @pytest.mark.parametrize("actual", [["ro"], ["rw", "noexec"], ["rw", "data=writeback"]])
    def test_differences(self, actual: list[str]) -> None:
        """Flags both ways, the file system's own options one way."""
        assert not same_options(["rw", "data=ordered"], actual)

    def test_userspace_options(self) -> None:
        """What only mount or systemd reads never reaches the kernel."""
        assert kernel_options(["nofail", "_netdev", "x-systemd.automount", "user", "auto", "comment=x"]) == {"rw"}

    @given(st.lists(st.sampled_from(["rw", "ro", "noatime", "relatime", "nofail", "seclabel", "data=ordered"])))
    def test_reflexive(self, options: list[str]) -> None:
        """Everything is the same as itself."""
        assert same_options(options, options)

    def test_no_options(self) -> None:
        """An empty -o would be refused by mount."""
        assert mount_exactly("/dev/x", "/data", "ext4", ["seclabel"]).argv == (
            "mount",
            "-t",
            "ext4",
            "--",
            "/dev/x",
            "/data",
        )


class TestUnitNames:
    """Names that systemd gives to mount points."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/", "-.mount"),
            ("/data/a b-c/.x", r"data-a\x20b\x2dc-.x.mount"),
            ("/.h", r"\x2eh.mount"),
            ("/ü", r"\xc3\xbc.mount"),
        ],
    )
    def test_recorded(self, path: str, name: str) -> None:
        """As systemd-escape 252 printed them."""
        assert unit_name(path, "mount") == name

    @pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd-escape is not installed")
    def test_against_the_tool(self) -> None:
        """Every letter of ASCII, alone and inside."""
        paths = [f"/{head}{chr(code)}x" for code in range(33, 127) for head in ("", "a") if code != ord("/")]
        names = subprocess.run(
            ("systemd-escape", "-p", "--suffix=mount", *paths), capture_output=True, text=True, check=True
        ).stdout.split()
        assert [unit_name(path, "mount") for path in paths] == names


mounted = st.sampled_from(
    [(), (DATA,), (AUTOFS,), (AUTOFS, DATA), (DATA, DATA), (DATA, replace(DATA, target="/data/in"))]
)
transient = st.fixed_dictionaries(
    {
        "mounts": mounted.map(lambda mounts: (ROOT, *mounts)),
        "holders": st.sampled_from([(), (Holder("process 1 (root: x)"),)]),
        "directory": st.booleans(),
        "source": st.sampled_from([None, "", "/dev/sdb1"]),
    }
)
stable = st.fixed_dictionaries(
    {
        "fstab": st.sampled_from([None, ENTRY, replace(ENTRY, source="/dev/sdz"), replace(ENTRY, options=("bind",))]),
        "units": st.builds(Units, by_file=st.booleans(), automount=st.booleans()),
        "path": st.sampled_from(["/data", "/"]),
    }
)
wanted = st.sampled_from([down(), up(), RECORDED, up(source="UUID=1-2", fstype="xfs")])


@given(wanted, stable, transient, transient)
def test_decisions_lie_within_the_bound(
    args: MountArgs, facts: dict[str, Any], planned: dict[str, Any], later: dict[str, Any]
) -> None:
    """Whatever is mounted, busy or missing at the time of the run, only commands of the plan can follow."""
    bound: tuple[Command, ...] = MOUNT.bound(args, state(**facts, **planned))
    decision = MOUNT.decide(args, state(**facts, **later))

    assert set(decision.commands) <= set(bound)
    assert len(set(bound)) == len(bound)
    assert all(c.effect is Effect.CHANGE and c.at_deadline is AtDeadline.LEAVE for c in bound)
    assert not any({"-l", "-f", "--lazy", "--force"} & set(c.argv) for c in (*bound, *decision.undo))


class TestObserving:
    """How output becomes state."""

    def test_no_systemd(self) -> None:
        """Exit 3 of the script: no systemd runs."""
        looking = look_units("/data")
        next(looking)
        with pytest.raises(StopIteration) as end:
            looking.send(CommandResult(exit_code=3))
        assert end.value.value == Units()

    def test_generated_units(self) -> None:
        """A unit that was generated from fstab is fstab's; an automount unit is known either way."""
        out = (
            b"Id=data.mount\nLoadState=loaded\nFragmentPath=/run/systemd/generator/data.mount\nSourcePath=/etc/fstab\n\n"
            b"Id=data.automount\nLoadState=loaded\nFragmentPath=/run/systemd/generator/data.automount\n"
        )
        looking = look_units("/data")
        assert next(looking).argv == ("data.mount", "data.automount")
        with pytest.raises(StopIteration) as end:
            looking.send(CommandResult(exit_code=0, stdout=out))
        assert end.value.value == Units(by_file=False, automount=True)

    @pytest.mark.parametrize(
        ("source", "out", "passing"), [("/dev/loop3", b"1\n", True), ("/dev/loop3", b"0\n", False)]
    )
    def test_loop_device(self, source: str, out: bytes, passing: bool) -> None:
        """The kernel says whether it frees the device by itself."""
        looking = look_passing(source)
        assert next(looking).argv == ("cat", "/sys/block/loop3/loop/autoclear")
        with pytest.raises(StopIteration) as end:
            looking.send(CommandResult(exit_code=0, stdout=out))
        assert end.value.value is passing

    def test_incomplete_list_of_users(self) -> None:
        """A target without find must not look idle."""
        looking = look_holders("/data")
        next(looking)
        with pytest.raises(ParseError):
            looking.send(CommandResult(exit_code=127))

    def test_patterns_in_paths(self) -> None:
        """A path is no pattern."""
        assert next(look_holders("/a*[b]")).argv == (r"/a\*\[b]", r"/a\*\[b]/*")


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "data", "state": "mounted"},
        {"path": "/data/", "state": "mounted"},
        {"path": "/a/../b", "state": "mounted"},
        {"path": "/data", "state": "unmounted", "source": "/dev/x", "fstype": "xfs"},
        {"path": "/data", "state": "unmounted", "stands_on": "/"},
        {"path": "/data", "state": "mounted", "propagation": "none"},
        {"path": "/data", "state": "mounted", "source": "/dev/x"},
        {"path": "/data", "state": "mounted", "options": "rw"},
        {"path": "/data", "state": "mounted", "source": "/x", "fstype": "none", "options": "bind"},
    ],
)
def test_arguments_that_do_not_fit(fields: dict[str, object]) -> None:
    """Said when the playbook is checked, not on the target."""
    with pytest.raises(ValidationError):
        MountArgs.model_validate(fields)


def test_touches() -> None:
    """The check of the device depends on both."""
    assert MOUNT.touches(RECORDED) == {"mount:/data", "device:/dev/sdb1"}
