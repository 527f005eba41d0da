"""The Linux steps on real file systems: loop devices that are mounted, used, damaged and repaired."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runner.model.command import Command, CommandResult, Dialect, Effect
from runner.model.plan import Outcome
from runner.steps.base import Args, Decision, Judged, Judgement, StepType
from runner.steps.file import FILE
from runner.steps.filesystem_check import FILESYSTEM_CHECK
from runner.steps.ini_value import INI_VALUE
from runner.steps.mount import MOUNT
from runner.steps.mount_options import change

TOOLS = "losetup mkfs.ext4 mkfs.xfs e2fsck tune2fs debugfs xfs_repair findmnt blkid find unshare".split()  # noqa: SIM905
A = TypeVar("A", bound=Args)

pytestmark = pytest.mark.real


def execute(command: Command) -> CommandResult:
    """Runs a command here, as a connection to this machine would."""
    argv = command.argv if command.dialect is Dialect.ARGV else ("sh", "-c", command.script, "sh", *command.argv)
    done = subprocess.run(argv, input=command.stdin.encode(), capture_output=True, check=False)
    return CommandResult(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def look(step: StepType[A, Any], args: A) -> Any:  # noqa: ANN401 - the state is the step type's own
    """Drives the observation; it may only read."""
    observing = step.observe(args)
    try:
        command = next(observing)
        while True:
            assert command.effect is Effect.OBSERVE
            command = observing.send(execute(command))
    except StopIteration as end:
        return end.value


def decide(step: StepType[A, Any], args: A) -> Decision:
    """Decides on a fresh look; what it asks for must be within the bound."""
    state = look(step, args)
    decision = step.decide(args, state)
    assert set(decision.commands) <= set(step.bound(args, state))
    return decision


def apply(step: StepType[A, Any], args: A) -> tuple[list[Command], Judgement]:
    """Observes, decides and applies as the engine does, then verifies. Ends at the first judgement that is not OK."""
    before = look(step, args)
    bound, sent = step.bound(args, before), []
    for _ in range(step.rounds):
        for command in decide(step, args).commands:
            assert command in bound
            assert command not in sent
            sent.append(command)
            judged = step.judge(args, command, execute(command))
            if judged.judged is not Judged.OK:
                return sent, judged
    return sent, step.verify(args, before, look(step, args))


def make(step: StepType[A, Any], **args: object) -> A:
    """Arguments as a playbook would give them."""
    return step.args.model_validate(args)


@pytest.fixture(autouse=True)
def _real(require_real: Callable[[Sequence[str]], None]) -> None:
    missing = [f"{tool} is not installed." for tool in TOOLS if shutil.which(tool) is None]
    require_real([*missing, *([] if os.geteuid() == 0 else ["Not root."])])


def run(*argv: str, ok: Sequence[int] = (0,)) -> str:
    """Standard output of a tool that has to succeed."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode in ok, done.stderr
    return done.stdout.strip()


class Disks:
    """Loop devices and mount points of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.devices: list[str] = []
        self.places: list[Path] = []

    def attach(self, image: Path) -> str:
        device = run("losetup", "--find", "--show", str(image))
        self.devices.append(device)
        return device

    def make(self, fstype: str) -> tuple[Path, str]:
        image = self.folder / f"{fstype}-{len(self.devices)}.img"
        image.touch()
        os.truncate(image, (320 if fstype == "xfs" else 32) << 20)
        run(f"mkfs.{fstype}", "-q", *(["-F"] if fstype == "ext4" else []), str(image))
        return image, self.attach(image)

    def mount(self, device: str, name: str = "data", *options: str) -> Path:
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        run("mount", *options, device, str(place))
        self.places.append(place)
        return place

    def copy(self, image: Path) -> tuple[Path, str]:
        """As after a power cut: the image of a mounted file system, taken while it is mounted."""
        run("sync")
        copy = self.folder / f"copy-{len(self.devices)}.img"
        shutil.copyfile(image, copy)
        return copy, self.attach(copy)

    def close(self) -> None:
        """Everything is tried until everything is gone.

        Who looks at all devices, such as udev or blkid, holds one for a moment: it is detached only afterwards, and
        until then it holds the file system that its file is on.
        """
        deadline = time.monotonic() + 20
        while left := self._attached() + [str(place) for place in self.places if place.is_mount()]:
            assert time.monotonic() < deadline, left
            for device in self._attached():
                subprocess.run(("losetup", "--detach", device), check=False, capture_output=True)
            for place in reversed(self.places):
                subprocess.run(("umount", "--quiet", str(place)), check=False, capture_output=True)
            time.sleep(0.02)

    def _attached(self) -> list[str]:
        """The loop devices with a file of this test; others may have got the name of one that was detached."""
        lines = run("losetup", "--noheadings", "--output", "NAME,BACK-FILE").splitlines()
        return [line.split()[0] for line in lines if str(self.folder) in line]


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Disks]:
    """Loop devices that are unmounted and detached in the end, whatever happened."""
    made = Disks(tmp_path)
    yield made
    made.close()


class TestMount:
    """Unmounting and mounting again."""

    @pytest.mark.parametrize("name", ["data", "with blank", "Daten-ü", r"back\slash", "[glob]*"])
    def test_round_trip(self, disks: Disks, name: str) -> None:
        """Unmounted, it comes back by its undo with the same source, type and options, whatever its name."""
        _, device = disks.make("ext4")
        place = disks.mount(device, name, "-o", "noatime,nosuid")
        down = make(MOUNT, path=str(place), state="unmounted")
        first = decide(MOUNT, down)

        sent, judged = apply(MOUNT, down)

        assert judged.judged is Judged.OK
        assert sent == [Command(**{**_fields(sent[0]), "argv": ("umount", "--", str(place))})]
        assert decide(MOUNT, down).outcome is Outcome.NO_CHANGE
        for command in first.undo:
            assert execute(command).exit_code == 0
        was = first.prior
        up = make(MOUNT, path=str(place), state="mounted", **{k: was[k] for k in ("source", "fstype", "options")})
        assert decide(MOUNT, up).outcome is Outcome.NO_CHANGE

    @pytest.mark.parametrize("fstype", ["ext4", "xfs"])
    def test_mounts_as_recorded(self, disks: Disks, fstype: str) -> None:
        """What findmnt recorded is enough to mount a file system that is not in fstab."""
        _, device = disks.make(fstype)
        place = disks.mount(device)
        was = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted")).prior
        run("umount", str(place))
        up = make(MOUNT, path=str(place), state="mounted", **{k: was[k] for k in ("source", "fstype", "options")})

        sent, judged = apply(MOUNT, up)

        assert len(sent) == 1
        assert judged.judged is Judged.OK, judged.text
        assert apply(MOUNT, up)[0] == []

    def test_busy_by_a_process(self, disks: Disks) -> None:
        """A process whose directory it is, is named with its id, user and name; nothing is unmounted."""
        place = disks.mount(disks.make("ext4")[1], "with blank")
        with subprocess.Popen(("sleep", "60"), cwd=place) as process:
            decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))
            process.kill()

        assert decision.outcome is Outcome.REFUSED
        assert f"process {process.pid} (root: sleep)" in decision.evidence
        assert decision.commands == ()
        assert decision.remedy

    def test_busy_by_a_deleted_file(self, disks: Disks) -> None:
        """An open file keeps it busy after it was deleted, too."""
        place = disks.mount(disks.make("ext4")[1])
        with (place / "log").open("w"):
            (place / "log").unlink()
            decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert f"process {os.getpid()}" in decision.evidence

    def test_busy_by_a_loop_device(self, disks: Disks) -> None:
        """A loop device on a file of it has no process that fuser could name."""
        place = disks.mount(disks.make("ext4")[1])
        image = place / "inner.img"
        image.write_bytes(b"\0" * (1 << 20))
        inner = disks.attach(image)
        decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert f"loop device {Path(inner).name} (file {image})" in decision.evidence

    def test_nested(self, disks: Disks) -> None:
        """A mount below it is named, and is for its own step."""
        outer = disks.mount(disks.make("ext4")[1])
        inner = disks.mount(disks.make("ext4")[1], "data/in ner")
        decision = decide(MOUNT, make(MOUNT, path=str(outer), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert str(inner) in decision.evidence

    def test_bind_mount_stays(self, disks: Disks) -> None:
        """By its device all of the file system would come back in its place."""
        place = disks.mount(disks.make("ext4")[1])
        (place / "sub").mkdir()
        bound = disks.mount(str(place / "sub"), "bound", "--bind")
        decision = decide(MOUNT, make(MOUNT, path=str(bound), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert "shows the folder /sub" in decision.evidence

    def test_mount_in_memory_stays(self, disks: Disks) -> None:
        """Its contents would be lost."""
        place = disks.mount("tmpfs", "data", "-t", "tmpfs")
        decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert "in memory only" in decision.evidence

    def test_loop_device_of_mount_stays(self, disks: Disks) -> None:
        """The device that `mount -o loop` makes ends with the mount."""
        image = disks.make("ext4")[0]
        run("losetup", "--detach", disks.devices.pop())
        place = disks.mount(str(image), "data", "-o", "loop")
        decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert "would vanish" in decision.evidence

    def test_remounted_options_and_propagation_come_back(self, disks: Disks) -> None:
        """Also what nobody wrote into fstab."""
        place = disks.mount(disks.make("ext4")[1])
        here = str(place)
        parent = run("findmnt", "-n", "-o", "PROPAGATION", "-T", str(disks.folder))
        run("mount", "-o", "remount,commit=30,discard", here)
        run("mount", "--make-private" if "shared" in parent else "--make-shared", here)
        before = run("findmnt", "-n", "-o", "OPTIONS,PROPAGATION", here)
        down = make(MOUNT, path=here, state="unmounted")
        was = decide(MOUNT, down).prior
        given = {name: was[name] for name in ("source", "fstype", "options", "propagation")}

        assert apply(MOUNT, down)[1].judged is Judged.OK
        sent, judged = apply(MOUNT, make(MOUNT, path=here, state="mounted", **given))

        assert (len(sent), judged.judged) == (2, Judged.OK)
        assert run("findmnt", "-n", "-o", "OPTIONS,PROPAGATION", here) == before

    def test_stacked(self, disks: Disks) -> None:
        """Two file systems over each other: a person says which one is meant."""
        place = disks.mount(disks.make("ext4")[1])
        disks.mount(disks.make("ext4")[1])
        decision = decide(MOUNT, make(MOUNT, path=str(place), state="unmounted"))

        assert decision.outcome is Outcome.REFUSED
        assert "over each other" in decision.evidence

    def test_symbolic_link(self, disks: Disks) -> None:
        """A link to a mount point means that mount point."""
        place = disks.mount(disks.make("ext4")[1])
        (disks.folder / "link").symlink_to(place)
        sent, judged = apply(MOUNT, make(MOUNT, path=str(disks.folder / "link"), state="unmounted"))

        assert judged.judged is Judged.OK
        assert sent[0].argv[-1] == str(place)

    def test_something_else_is_mounted(self, disks: Disks) -> None:
        """Nothing is mounted over what somebody else mounted there."""
        place = disks.mount(disks.make("ext4")[1])
        up = make(MOUNT, path=str(place), state="mounted", source=disks.make("ext4")[1], fstype="ext4")

        assert decide(MOUNT, up).outcome is Outcome.REFUSED

    def test_came_back_read_only(self, disks: Disks) -> None:
        """Mounted, but read-only, is not as before."""
        _, device = disks.make("ext4")
        place = disks.mount(device, "data", "-o", "ro")
        up = make(MOUNT, path=str(place), state="mounted", source=device, fstype="ext4", options="rw,relatime")

        assert decide(MOUNT, up).outcome is Outcome.REFUSED

    def test_umount_of_busy_fails_unforced(self, disks: Disks) -> None:
        """If a process comes between the look and the umount, umount says 32 and nothing is forced."""
        place = disks.mount(disks.make("ext4")[1])
        args = make(MOUNT, path=str(place), state="unmounted")
        command = decide(MOUNT, args).commands[0]
        with subprocess.Popen(("sleep", "60"), cwd=place) as process:
            result = execute(command)
            process.kill()

        assert result.exit_code == 32
        assert MOUNT.judge(args, command, result).judged is Judged.FAILED


def _fields(command: Command) -> dict[str, Any]:
    return {name: getattr(command, name) for name in Command.__slots__}


class TestFilesystemCheck:
    """Checks and repairs, by type and by kind of damage."""

    def damage(self, device: str, *requests: str) -> None:
        for request in requests:
            run("debugfs", "-w", "-R", request, device)

    def test_clean_ext4(self, disks: Disks) -> None:
        """Proven clean by superblock and look: nothing to do."""
        decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=disks.make("ext4")[1]))
        assert decision.outcome is Outcome.NO_CHANGE

    def test_wrong_counts_are_preened(self, disks: Disks) -> None:
        """e2fsck -n exits 0 on wrong counts; the step still repairs, and proves it."""
        _, device = disks.make("ext4")
        self.damage(device, "ssv state 0", "ssv free_blocks_count 5")
        assert subprocess.run(("e2fsck", "-n", device), capture_output=True, check=False).returncode == 0

        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device, fstype="ext4"))

        assert [command.argv[2:] for command in sent] == [("e2fsck", "-f", "-p", device)]
        assert judged.judged is Judged.OK

    def test_journal_waits(self, disks: Disks) -> None:
        """After a power cut the superblock says clean and e2fsck -n exits 0; the journal was not replayed."""
        image, device = disks.make("ext4")
        place = disks.mount(device)
        for number in range(50):
            (place / str(number)).write_text("x")
        _, copy = disks.copy(image)
        args = make(FILESYSTEM_CHECK, device=copy)
        assert run("e2fsck", "-n", copy).count(": clean,") == 1
        assert "journal waits" in decide(FILESYSTEM_CHECK, args).evidence

        assert apply(FILESYSTEM_CHECK, args)[1].judged is Judged.OK

    def test_hopeless_for_preen(self, disks: Disks) -> None:
        """A superblock that says clean over a lost root directory: found, not preened, left unmounted."""
        _, device = disks.make("ext4")
        self.damage(device, "clri <2>")
        assert run("e2fsck", "-n", device).endswith("blocks")  # "clean", exit 0

        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device))

        assert len(sent) == 1
        assert judged.judged is Judged.FAILED
        assert judged.facts["uncorrected"] is True
        assert "left unmounted" in judged.advice

    def test_yes_repairs_it(self, disks: Disks) -> None:
        """Only the author's `repair: yes` answers e2fsck's questions."""
        _, device = disks.make("ext4")
        self.damage(device, "clri <2>")
        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device, repair="yes"))

        assert [command.argv[2:] for command in sent] == [("e2fsck", "-f", "-y", device)]
        assert judged.judged is Judged.OK

    def test_look_only(self, disks: Disks) -> None:
        """`repair: none` refuses a damaged file system, and changes nothing."""
        _, device = disks.make("ext4")
        self.damage(device, "clri <2>")
        decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device, repair="none"))
        assert decision.outcome is Outcome.REFUSED

    def test_mounted_is_refused(self, disks: Disks) -> None:
        """fsck -M exits 0 for a mounted device; the step refuses, and its bound does not depend on that."""
        _, device = disks.make("ext4")
        args = make(FILESYSTEM_CHECK, device=device)
        free = FILESYSTEM_CHECK.bound(args, look(FILESYSTEM_CHECK, args))
        place = disks.mount(device, "with blank")
        assert subprocess.run(("fsck", "-M", device), capture_output=True, check=False).returncode == 0

        decision = decide(FILESYSTEM_CHECK, args)

        assert decision.outcome is Outcome.REFUSED
        assert f"mounted at {place}" in decision.evidence
        assert FILESYSTEM_CHECK.bound(args, look(FILESYSTEM_CHECK, args)) == free != ()

    def test_mounted_in_another_namespace_is_refused(self, disks: Disks) -> None:
        """findmnt does not see what a container has mounted; /proc/*/mountinfo does."""
        _, device = disks.make("ext4")
        place = disks.folder / "inside"
        place.mkdir()
        script = 'mount "$1" "$2" && echo ready && read -r line; umount "$2"'
        argv = ("unshare", "--mount", "sh", "-c", script, "sh", device, str(place))
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            assert subprocess.run(("findmnt", "-S", device), capture_output=True, check=False).returncode == 1
            decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device))
            process.communicate("go\n")

        assert decision.outcome is Outcome.REFUSED
        assert str(place) in decision.evidence

    def test_lazily_unmounted_is_refused(self, disks: Disks) -> None:
        """umount -l exits 0 while the file system is in use: e2fsck says so by exit 8, and that is no success."""
        _, device = disks.make("ext4")
        place = disks.mount(device)
        args = make(FILESYSTEM_CHECK, device=device)
        command = FILESYSTEM_CHECK.bound(args, look(FILESYSTEM_CHECK, args))[0]
        with (place / "open").open("w"):
            run("umount", "-l", str(place))
            judged = FILESYSTEM_CHECK.judge(args, command, execute(command))

        assert judged.judged is Judged.FAILED
        assert judged.facts["exit_code"] == 8

    def test_clean_xfs(self, disks: Disks) -> None:
        """xfs_repair -n exits 0: nothing to do."""
        decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=disks.make("xfs")[1]))
        assert decision.outcome is Outcome.NO_CHANGE

    def test_dirty_xfs_log(self, disks: Disks) -> None:
        """The log is replayed by one mount that nobody else sees; then it is clean and needs no repair."""
        image, device = disks.make("xfs")
        place = disks.mount(device)
        for number in range(200):
            (place / str(number)).write_text("x")
        _, copy = disks.copy(image)
        run("umount", str(place))  # the copy has the same UUID, and XFS mounts that only once
        assert subprocess.run(("fsck", copy), capture_output=True, check=False).returncode == 0

        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=copy))

        assert [command.argv for command in sent] == [(copy,)]
        assert judged.judged is Judged.OK
        assert subprocess.run(("findmnt", "-S", copy), capture_output=True, check=False).returncode == 1

    def test_damaged_xfs(self, disks: Disks) -> None:
        """fsck says 0 on a damaged XFS; xfs_repair -n finds it, xfs_repair repairs it, and it is proven."""
        image, device = disks.make("xfs")
        with image.open("r+b") as raw:
            raw.seek(512)
            raw.write(os.urandom(1024))
        run("blockdev", "--flushbufs", device)
        assert subprocess.run(("fsck", device), capture_output=True, check=False).returncode == 0

        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device, fstype="xfs"))

        assert [command.argv[2:] for command in sent] == [("xfs_repair", device)]
        assert judged.judged is Judged.OK

    def test_dirty_and_damaged_xfs(self, disks: Disks) -> None:
        """A log that no mount can replay is left to a person; -L is never used."""
        image, device = disks.make("xfs")
        place = disks.mount(device)
        for number in range(200):
            (place / str(number)).write_text("x")
        copy_image, copy = disks.copy(image)
        run("umount", str(place))
        with copy_image.open("r+b") as raw:
            raw.seek(512)
            raw.write(os.urandom(1024))
        run("blockdev", "--flushbufs", copy)

        sent, judged = apply(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=copy))

        assert judged.judged is Judged.FAILED
        assert "left unmounted" in judged.advice
        assert not any("-L" in command.argv for command in sent)

    def test_not_a_device(self) -> None:
        """A character device, a blank and a missing one are refused: fsck would exit 0 or 8."""
        for device, words in (("/dev/null", "character special file"), ("/dev/vmfix-none", "does not exist")):
            decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device))
            assert decision.outcome is Outcome.REFUSED
            assert words in decision.evidence

    def test_other_type(self, disks: Disks) -> None:
        """A device that holds another type than expected may be another disk."""
        decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=disks.make("ext4")[1], fstype="xfs"))
        assert decision.outcome is Outcome.REFUSED

    def test_swap(self, disks: Disks) -> None:
        """Swap space is no file system."""
        image, device = disks.make("ext4")
        run("mkswap", "--force", device)
        decision = decide(FILESYSTEM_CHECK, make(FILESYSTEM_CHECK, device=device))
        assert image.exists()
        assert decision.outcome is Outcome.REFUSED
        assert "swap" in decision.evidence


class TestUnmountCheckMount:
    """The remedy of UserErrorFsFreezeFailed as a whole."""

    def test_whole_remedy(self, disks: Disks) -> None:
        """Unmounted, repaired and mounted as before; the bound of the check was known while it was mounted."""
        _, device = disks.make("ext4")
        run("debugfs", "-w", "-R", "ssv free_blocks_count 5", device)
        place = disks.mount(device, "data", "-o", "noatime")
        down = make(MOUNT, path=str(place), state="unmounted")
        check = make(FILESYSTEM_CHECK, device=device, fstype="ext4", mounted_at=str(place))
        was = decide(MOUNT, down).prior
        up = make(MOUNT, path=str(place), state="mounted", **{k: was[k] for k in ("source", "fstype", "options")})
        planned = FILESYSTEM_CHECK.bound(check, look(FILESYSTEM_CHECK, check))

        assert apply(MOUNT, down)[1].judged is Judged.OK
        sent, judged = apply(FILESYSTEM_CHECK, check)
        assert set(sent) <= set(planned)
        assert judged.judged is Judged.OK
        assert apply(MOUNT, up)[1].judged is Judged.OK


class TestFiles:
    """Files written on a real disk."""

    def test_ini_value(self, tmp_path: Path) -> None:
        """Mode and line ends stay, a backup is kept, a second run changes nothing, and the undo restores it."""
        path = tmp_path / "vm backup.conf"
        old = b"# ours\r\n[SnapshotThread]\r\nMountsToSkip=/a\r\n"
        path.write_bytes(old)
        path.chmod(0o640)
        args = make(INI_VALUE, path=str(path), section="SnapshotThread", option="mountstoskip", items=["/b c"])
        undo = decide(INI_VALUE, args).undo

        assert apply(INI_VALUE, args)[1].judged is Judged.OK

        assert path.read_bytes() == old.replace(b"/a", b"/a,/b c")
        assert path.stat().st_mode & 0o777 == 0o640
        assert [backup.read_bytes() for backup in tmp_path.glob("*.bak")] == [old]
        assert apply(INI_VALUE, args)[0] == []
        assert [execute(command).exit_code for command in undo] == [0]
        assert path.read_bytes() == old

    def test_created_and_undone(self, tmp_path: Path) -> None:
        """A file that did not exist is made with its folder, and the undo removes it."""
        path = tmp_path / "new" / "vmbackup.conf"
        args = make(INI_VALUE, path=str(path), section="S", option="o", value="1", create=True)
        undo = decide(INI_VALUE, args).undo

        assert apply(INI_VALUE, args)[1].judged is Judged.OK
        assert path.read_text() == "[S]\no = 1\n"
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parent.stat().st_mode & 0o777 == 0o755
        assert [execute(command).exit_code for command in undo] == [0]
        assert not path.exists()

    def test_changed_meanwhile(self, tmp_path: Path) -> None:
        """A file that changed after it was read is left alone, by the write and by the undo."""
        path = tmp_path / "a.conf"
        path.write_text("[S]\no = 1\n")
        args = make(INI_VALUE, path=str(path), section="S", option="o", value="2")
        decision = decide(INI_VALUE, args)
        path.write_text("[S]\no = 3\n")

        for command in (*decision.commands, *decision.undo):
            assert INI_VALUE.judge(args, command, execute(command)).judged is Judged.FAILED
        assert path.read_text() == "[S]\no = 3\n"
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.conf"]

    def test_cut_text(self, tmp_path: Path) -> None:
        """If not all of the text arrives, the old file stays."""
        path = tmp_path / "a.conf"
        path.write_text("[S]\no = 1\n")
        args = make(INI_VALUE, path=str(path), section="S", option="o", value="2")
        command = decide(INI_VALUE, args).commands[0]
        cut = Command(**{**_fields(command), "stdin": command.stdin[:-3]})

        assert execute(cut).exit_code == 8
        assert path.read_text() == "[S]\no = 1\n"

    def test_link_and_glob(self, tmp_path: Path) -> None:
        """A link stays a link; folders with a version in their name are found, blanks and all."""
        for version in ("1.0", "1.1 beta"):
            (tmp_path / version).mkdir()
            (tmp_path / version / "a.conf").write_text("[S]\no = 1\n")
        (tmp_path / "2").mkdir()
        (tmp_path / "2" / "a.conf").symlink_to(tmp_path / "1.0" / "a.conf")
        args = make(INI_VALUE, path=f"{tmp_path}/*/a.conf", section="S", option="o", value="2")

        sent, judged = apply(INI_VALUE, args)

        assert len(sent) == 2
        assert judged.judged is Judged.OK
        assert (tmp_path / "2" / "a.conf").is_symlink()
        assert (tmp_path / "2" / "a.conf").read_text() == "[S]\no = 2\n"

    def test_file_round_trip(self, tmp_path: Path) -> None:
        """Content, mode and removal; each undone."""
        path = tmp_path / "it's a file"
        args = make(FILE, path=str(path), content="ä\n$x `y`", mode="0600")
        undo = decide(FILE, args).undo
        assert apply(FILE, args)[1].judged is Judged.OK
        assert path.read_text() == "ä\n$x `y`"
        assert path.stat().st_mode & 0o777 == 0o600
        gone = make(FILE, path=str(path), absent=True)
        back = decide(FILE, gone).undo
        assert apply(FILE, gone)[1].judged is Judged.OK
        assert [execute(command).exit_code for command in (*back, *undo)] == [0, 0]
        assert not path.exists()

    def test_a_link_is_not_removed_nor_what_it_leads_to(self, tmp_path: Path) -> None:
        """Wherever it leads; a link among the folders above is followed."""
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "file").write_text("kept")
        (tmp_path / "folder").symlink_to(tmp_path / "real")
        for name, to in (("link", tmp_path / "real" / "file"), ("dangling", tmp_path / "nowhere")):
            (tmp_path / name).symlink_to(to)
            decision = decide(FILE, make(FILE, path=str(tmp_path / name), absent=True))
            assert decision.outcome is Outcome.REFUSED
            assert f"a symbolic link to {to}" in decision.evidence

        assert apply(FILE, make(FILE, path=str(tmp_path / "folder" / "file"), absent=True))[1].judged is Judged.OK
        assert not (tmp_path / "real" / "file").exists()

    def test_owner_without_a_name(self, tmp_path: Path) -> None:
        """Its numbers stay when the content changes, and come back when they were changed."""
        path = tmp_path / "a"
        path.write_text("old")
        os.chown(path, 54321, 54322)
        undo = decide(FILE, make(FILE, path=str(path), owner="root", group="root")).undo
        assert apply(FILE, make(FILE, path=str(path), content="new"))[1].judged is Judged.OK
        assert (path.stat().st_uid, path.stat().st_gid) == (54321, 54322)
        assert apply(FILE, make(FILE, path=str(path), owner="root", group="root"))[1].judged is Judged.OK

        assert [execute(command).exit_code for command in undo] == [0, 0]
        assert (path.stat().st_uid, path.stat().st_gid) == (54321, 54322)

    @pytest.mark.parametrize(
        ("program", "says", "judged"),
        [("restorecon", "but not its SELinux context", Judged.OK), ("sync", "did not confirm it", Judged.FAILED)],
    )
    def test_trouble_after_the_file_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, says: str, judged: Judged
    ) -> None:
        """It is not said that nothing was changed."""
        stub = tmp_path / "bin" / program
        stub.parent.mkdir()
        stub.write_text('#!/bin/sh\nfor last; do :; done\n[ -f "$last" ] && [ "${0##*/}" = sync ] || exit 1\n')
        stub.chmod(0o755)
        monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
        path = tmp_path / "new" / "file"
        args = make(FILE, path=str(path), content="new")

        sent, said = apply(FILE, args)

        (command,) = sent
        assert path.read_text() == "new"
        assert said.judged is judged
        path.unlink()
        assert says in FILE.judge(args, command, execute(command)).text

    def test_directory(self, tmp_path: Path) -> None:
        """A directory is made once, with the wanted mode."""
        args = make(FILE, path=str(tmp_path / "a" / "b"), directory=True, mode="0750")
        assert apply(FILE, args)[1].judged is Judged.OK
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750
        assert apply(FILE, args)[0] == []


def test_agents_switch(tmp_path: Path) -> None:
    """A file without sections: one line changes on disk, mode and owner stay, and a second time nothing is sent."""
    path = tmp_path / "waagent.conf"
    path.write_bytes(b"# Agent\r\nProvisioning.Agent=auto\r\nExtensions.Enabled=n # why\r\n")
    path.chmod(0o640)
    args = make(INI_VALUE, path=str(path), option="Extensions.Enabled", value="y")
    undo = decide(INI_VALUE, args).undo

    assert apply(INI_VALUE, args)[1].judged is Judged.OK
    assert path.read_bytes() == b"# Agent\r\nProvisioning.Agent=auto\r\nExtensions.Enabled=y # why\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert apply(INI_VALUE, args)[0] == []
    assert [execute(command).exit_code for command in undo] == [0]
    assert b"Extensions.Enabled=n # why" in path.read_bytes()


def test_change_is_left_at_its_deadline() -> None:
    """What mounts is never interrupted."""
    assert change("mount", "--", "/x").at_deadline.value == "leave"
