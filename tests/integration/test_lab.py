"""The lab's targets really have the faults that their scenarios name, and nothing of them reaches this machine."""

import configparser
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from examples.lab import SCENARIOS, Damage, Lab, LabError, Scenario, missing
from examples.lab.images import attached
from examples.lab.namespace import enter, running
from examples.lab.waagent import CONF, LOG

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        bool(missing()) and os.environ.get("VMFIX_REQUIRE_REAL") != "1", reason=f"no lab here: {' '.join(missing())}"
    ),
]

ROOT = Path(__file__).parents[2]
PRIVATE = ("/etc/azure", "/var/log/azure", "/var/lib/waagent", "/etc/waagent.conf", "/lab", "/data")
BUSY_EXIT = 32
LOST_CONNECTION = 255


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One target of every scenario; a test that changes one resets it first."""
    with Lab(tmp_path_factory.mktemp("lab")).up(SCENARIOS) as running:
        yield running


def ssh(lab: Lab, name: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command over a real SSH connection."""
    argv = ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", *options, name, command]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


def root(lab: Lab, name: str, script: str) -> tuple[int, str]:
    """Run a script as root on the target; its exit code and what it said."""
    done = ssh(lab, name, script, "-l", "root")
    return done.returncode, done.stdout + done.stderr


def with_damage(*damage: Damage) -> list[str]:
    """The scenarios whose first volume has one of these kinds of damage."""
    return [name for name, scenario in SCENARIOS.items() if scenario.volumes[0].damage in damage]


class TestFaults:
    """Each fault, proved by the file system's own tools."""

    @pytest.mark.parametrize("name", with_damage(Damage.PREEN))
    def test_preen_damage_is_found_by_a_forced_check(self, lab: Lab, name: str) -> None:
        """A copy of the mounted disk is dirty, and its content is intact."""
        place = lab.disks(name)[0]
        verdict = lab.check_clean(name, place)

        assert not verdict.clean
        assert verdict.exit_code == 4
        assert "with errors" in verdict.text
        assert lab.wrong_files(name, place) == []

    def test_preening_repairs_ext4_dirty(self, lab: Lab) -> None:
        """`fsck -p` exits 1 and afterwards the disk is clean, mounts by fstab and has kept its files."""
        lab.reset("ext4-dirty")
        device = lab.device("ext4-dirty")

        assert root(lab, "ext4-dirty", "umount /data")[0] == 0
        assert root(lab, "ext4-dirty", f"fsck -p {device}")[0] == 1
        assert lab.check_clean("ext4-dirty").clean
        assert root(lab, "ext4-dirty", "mount /data")[0] == 0
        assert lab.wrong_files("ext4-dirty") == []

    def test_preening_refuses_ext4_hopeless(self, lab: Lab) -> None:
        """`fsck -p` exits 4 and asks for a person."""
        lab.reset("ext4-hopeless")
        root(lab, "ext4-hopeless", "umount /data")
        code, said = root(lab, "ext4-hopeless", f"fsck -p {lab.device('ext4-hopeless')}")

        assert code == 4
        assert "RUN fsck MANUALLY" in said
        assert not lab.check_clean("ext4-hopeless").clean

    def test_xfs_repair_repairs_xfs_dirty(self, lab: Lab) -> None:
        """`xfs_repair -n` exits 1 before and 0 after `xfs_repair`."""
        lab.reset("xfs-dirty")
        device = lab.device("xfs-dirty")
        assert lab.check_clean("xfs-dirty").exit_code == 1
        root(lab, "xfs-dirty", "umount /data")

        assert root(lab, "xfs-dirty", f"xfs_repair -n {device}")[0] == 1
        assert root(lab, "xfs-dirty", f"xfs_repair {device}")[0] == 0
        assert root(lab, "xfs-dirty", f"xfs_repair -n {device}")[0] == 0
        assert lab.check_clean("xfs-dirty").clean
        assert root(lab, "xfs-dirty", "mount /data")[0] == 0
        assert lab.wrong_files("xfs-dirty") == []

    @pytest.mark.parametrize("name", ["xfs-dirty-log", "ext4-shutdown"])
    def test_a_file_system_that_was_shut_down_cannot_be_frozen(self, lab: Lab, name: str) -> None:
        """It is mounted, and FIFREEZE fails with an input/output error."""
        lab.reset(name)
        assert lab.state(name).mount_at("/data") is not None
        code, said = root(lab, name, "fsfreeze -f /data")

        assert code == 1
        assert "Input/output error" in said

    def test_the_dirty_log_of_xfs_must_be_replayed_by_mounting(self, lab: Lab) -> None:
        """`xfs_repair` exits 2 until the file system was mounted and unmounted once; then all is well."""
        lab.reset("xfs-dirty-log")
        device = lab.device("xfs-dirty-log")
        assert root(lab, "xfs-dirty-log", "umount /data")[0] == 0

        assert root(lab, "xfs-dirty-log", f"xfs_repair {device}")[0] == 2
        assert root(lab, "xfs-dirty-log", "mount /data && umount /data")[0] == 0
        assert root(lab, "xfs-dirty-log", f"xfs_repair {device}")[0] == 0
        assert root(lab, "xfs-dirty-log", "mount /data")[0] == 0
        assert lab.wrong_files("xfs-dirty-log") == []

    @pytest.mark.parametrize("name", ["ext4-busy", "busy-not-in-fstab", "conf-present"])
    def test_a_busy_file_system_cannot_be_unmounted(self, lab: Lab, name: str) -> None:
        """`umount` exits 32 and fuser names the process."""
        assert root(lab, name, "umount /data")[0] == BUSY_EXIT
        assert "tail" in root(lab, name, "fuser -vm /data")[1]

    @pytest.mark.parametrize("name", ["not-in-fstab", "busy-not-in-fstab"])
    def test_what_is_not_in_fstab_cannot_be_mounted_by_its_path(self, lab: Lab, name: str) -> None:
        """The mount has options that only the running system knows."""
        mount = lab.state(name).mount_at("/data")

        assert mount is not None
        assert {"noatime", "nodev"} <= set(mount.options.split(","))
        assert "in /etc/fstab" in root(lab, name, "mount /data")[1]

    def test_a_device_mounted_twice_cannot_be_frozen_twice(self, lab: Lab) -> None:
        """The second freeze fails, as the log says."""
        sources = {mount.source for mount in lab.state("duplicate-mount").mounts}
        script = "fsfreeze -f /data; fsfreeze -f /data-old; fsfreeze -u /data"

        assert len(sources) == 1
        assert "/data-old: freeze failed: Device or resource busy" in root(lab, "duplicate-mount", script)[1]

    def test_the_outer_of_nested_mounts_is_busy(self, lab: Lab) -> None:
        """/data cannot be unmounted below /data/sub."""
        assert [mount.target for mount in lab.state("nested").mounts] == ["/data", "/data/sub"]
        assert root(lab, "nested", "umount /data")[0] == BUSY_EXIT

    @pytest.mark.parametrize("name", ["healthy", "bare", "snapshot-limit"])
    def test_a_clean_disk_is_clean(self, lab: Lab, name: str) -> None:
        """The check of a copy does not cry wolf while the disk is mounted."""
        assert lab.check_clean(name).clean
        assert lab.wrong_files(name) == []


class TestFiles:
    """What the agent left on the target."""

    @pytest.mark.parametrize(
        "name", [name for name in SCENARIOS if name.startswith("conf-") and name != "conf-present"]
    )
    def test_the_extension_cannot_read_a_broken_conf(self, lab: Lab, name: str) -> None:
        """The parser which the extension uses refuses the file, or the value, as a whole."""
        text = lab.run(name, "cat", CONF)
        parser = configparser.ConfigParser()

        def read() -> None:
            parser.read_string(text)
            parser.get("SnapshotThread", "MountsToSkip")

        with pytest.raises(configparser.Error):
            read()

    def test_a_conf_that_is_there_has_its_own_bytes_mode_and_owner(self, lab: Lab) -> None:
        """CRLF, comments, 0640 and the owner: what an edit has to keep."""
        assert lab.run("conf-present", "stat", "-c", "%a %U", CONF).split() == ["640", "azureuser"]
        assert lab.run("conf-present", "cat", CONF).encode() == SCENARIOS["conf-present"].conf

    @pytest.mark.parametrize(
        ("name", "scenario"), [(name, scenario) for name, scenario in SCENARIOS.items() if scenario.waagent]
    )
    def test_the_log_accuses_the_guilty_mount(self, lab: Lab, name: str, scenario: Scenario) -> None:
        """Exactly the scenario's mount point is named as the one that failed."""
        lines = lab.run(name, "cat", LOG).splitlines()
        accused = {line.split(": ", 1)[1].split(" with error")[0] for line in lines if _accuses(line)}

        assert accused == ({scenario.guilty} if scenario.guilty else set())

    def test_a_bare_target_has_no_agent(self, lab: Lab) -> None:
        """No file of waagent and none of the extension."""
        assert root(lab, "bare", "ls -d /etc/azure /etc/waagent.conf /var/log/azure /var/lib/waagent")[0] == 2


def _accuses(line: str) -> bool:
    return "Failed to FIFREEZE: " in line or "Failed to open: " in line


class TestSsh:
    """Logins, and the log of what they ran."""

    def test_every_command_is_logged_byte_for_byte(self, lab: Lab) -> None:
        """Quotes, line ends and letters beyond ASCII arrive, run and are logged unchanged."""
        lab.clear_commands("healthy")
        command = "printf '%s|' \"a'b\" 'c\n\"d\"' møl\\ \\& $((1+1)) `echo x`; exit 7"
        done = ssh(lab, "healthy", command)

        assert (done.returncode, done.stdout) == (7, 'a\'b|c\n"d"|møl &|2|x|')
        assert lab.commands("healthy") == [command]
        assert lab.log("healthy")[0].user == "azureuser"

    def test_a_command_runs_as_sshd_would_run_it(self, lab: Lab) -> None:
        """The user's shell leads a session of its own, and the recorder has left nothing behind."""
        done = ssh(lab, "healthy", 'echo "$0" "$$"; ps -o pid=,sid=,pgid= -p $$; env')
        name, pid, ids = done.stdout.split()[0], done.stdout.split()[1], done.stdout.split()[2:5]

        assert name == "sh"
        assert ids == [pid, pid, pid]
        assert "SSH_ORIGINAL_COMMAND" not in done.stdout
        assert "PERL" not in done.stdout

    def test_logins_differ_in_what_sudo_lets_them_do(self, lab: Lab) -> None:
        """The first needs no password, the second needs one, the third may not at all."""
        users = ("azureuser", "sudopw", "nosudo")
        codes = {user: ssh(lab, "healthy", "sudo -n true", "-l", user).returncode for user in users}

        assert codes == {"azureuser": 0, "sudopw": 1, "nosudo": 1}

    def test_the_password_opens_the_login_and_sudo(self, lab: Lab) -> None:
        """One password for both, made anew for each lab."""
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(lab.known_hosts))
            client.connect(
                "127.0.0.1", lab.port("healthy"), "sudopw", lab.password, look_for_keys=False, allow_agent=False
            )
            stdin, stdout, _ = client.exec_command("sudo -S -p '' id -u")
            stdin.write(f"{lab.password}\n")

            assert stdout.read() == b"0\n"

    def test_a_target_can_be_a_jump_host(self, lab: Lab) -> None:
        """ProxyJump through one target to another."""
        jump = f"ProxyCommand=ssh -F {lab.ssh_config} -o LogLevel=ERROR -W %h:%p healthy"

        assert ssh(lab, "bare", "uname -n", "-o", jump).stdout == "bare\n"

    def test_a_changed_host_key_is_refused_until_the_target_is_reset(self, lab: Lab) -> None:
        """known_hosts keeps the old key, as after a machine in the middle."""
        before = lab.known_hosts.read_text()
        lab.change_host_key("bare")

        assert ssh(lab, "bare", "true").returncode == LOST_CONNECTION
        assert lab.known_hosts.read_text() == before
        lab.reset("bare")
        assert ssh(lab, "bare", "true").returncode == 0

    def test_a_stopped_sshd_refuses_and_can_come_back(self, lab: Lab) -> None:
        """Same port, same key."""
        lab.stop_sshd("bare")
        assert "refused" in ssh(lab, "bare", "true").stderr
        lab.start_sshd("bare")
        assert ssh(lab, "bare", "true").returncode == 0

    def test_a_cut_connection_leaves_its_command_running(self, lab: Lab) -> None:
        """The client sees a lost connection; the target does not care."""
        argv = ["ssh", "-F", str(lab.ssh_config), "healthy", "echo begun; sleep 4242; true"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == b"begun\n"
            assert lab.kill_connections("healthy") > 0
            assert client.wait(20) == LOST_CONNECTION

        assert any("sleep 4242" in line for line in lab.state("healthy").processes)


class TestIsolation:
    """Targets do not see each other, and this machine does not see them."""

    def test_a_target_has_a_name_and_files_of_its_own(self, lab: Lab) -> None:
        """The host name is the target's, and what one writes no other one has."""
        assert ssh(lab, "nested", "uname -n").stdout == "nested\n"
        root(lab, "nested", "mkdir -p /var/lib/vmfix /run/vmfix; echo mine >/var/lib/vmfix/x; echo >>/etc/hosts")

        assert root(lab, "healthy", "ls /var/lib/vmfix /run/vmfix")[0] == 2
        assert not Path("/var/lib/vmfix/x").exists()

    def test_a_target_has_no_disk_but_its_own(self, lab: Lab) -> None:
        """No command of a target can name a disk of this machine or of another target."""
        devices = root(lab, "two-volumes", "find /dev -type b | sort")[1].split()

        assert devices == sorted([lab.device("two-volumes"), lab.device("two-volumes", "/srv/www")])

    def test_no_file_of_this_machine_is_made(self, tmp_path: Path) -> None:
        """Whatever lay at the agent's paths before lies there afterwards."""
        before = {path: Path(path).exists() for path in PRIVATE}
        watched = ("/etc", "/etc/passwd", "/etc/shadow", "/etc/fstab", "/etc/sudoers", "/etc/ssh", "/run", "/home")
        times = {path: Path(path).stat().st_mtime_ns for path in watched}
        with Lab(tmp_path).up(["conf-present"]) as lab:
            root(lab, "conf-present", "touch /etc/fstab /home/x /run/x; useradd x; echo >>/etc/passwd")

        assert {path: Path(path).exists() for path in PRIVATE} == before
        assert {path: Path(path).stat().st_mtime_ns for path in watched} == times


# What a chroot looks like to whoever is in it: another file system as root, this machine's /proc, its name spaces.
CHROOT = """
mount -t tmpfs chroot "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
mount --rbind /proc "$1/root/proc"
exec chroot "$1/root" "$2" -c 'import sys; sys.path.insert(0, sys.argv[1])
from examples.lab import missing
print(*missing())' "$3"
"""


class TestChroot:
    """Entering a name space leaves a chroot, so that what is meant for a target would reach the machine around it."""

    @pytest.mark.parametrize("own_pids", [[], ["--pid", "--fork"]], ids=["shared PIDs", "own PIDs"])
    def test_a_chroot_cannot_carry_a_lab(self, tmp_path: Path, own_pids: list[str]) -> None:
        """It is recognised before anything is started."""
        argv = ["unshare", "--mount", "--propagation", "private", *own_pids, "sh", "-ec", CHROOT]
        argv += ["sh", str(tmp_path), sys.executable, str(ROOT)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)

        assert "cannot be started inside a chroot" in done.stdout, done.stderr

    def test_what_runs_on_a_target_runs_below_its_own_root(self, lab: Lab) -> None:
        """The root of whoever enters is the overlay that the target's first process has proved to be its own."""
        assert lab.run("healthy", "stat", "-f", "-c", "%T", "/").startswith("overlay")
        assert "--root" in enter(1, ["true"])


class TestLife:
    """Starting, ending, and ending after a crash."""

    def test_labs_side_by_side_do_not_disturb_each_other(self, lab: Lab, tmp_path: Path) -> None:
        """Ending one leaves the other's targets and disks alone, whatever their names."""
        disks = attached(lab.folder)
        with Lab(tmp_path / "b").up(["healthy", "healthy", "web-1=bare"]) as other:
            assert other.targets == ("healthy", "healthy-2", "web-1")
            assert not {other.port(name) for name in other.targets} & {lab.port(name) for name in lab.targets}

        assert attached(lab.folder) == disks
        assert ssh(lab, "healthy", "true").returncode == 0

    def test_down_clears_up_after_a_creator_that_was_killed(self, tmp_path: Path) -> None:
        """Also with a writer that hangs on a frozen file system; a second down does nothing."""
        code = """
import sys, time
from examples.lab import Lab
Lab(sys.argv[1]).up(["ext4-busy"])
print(1, flush=True)
time.sleep(99)
"""
        argv = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as creator:
            assert creator.stdout is not None
            assert creator.stdout.readline() == b"1\n"
            os.kill(creator.pid, signal.SIGKILL)
        lab = Lab(tmp_path)
        assert lab.state("ext4-busy").running
        root(lab, "ext4-busy", "fsfreeze -f /data; (echo >/data/x) >/dev/null 2>&1 &")
        lab.down()
        lab.down()

        assert attached(tmp_path) == {}
        assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
        assert not lab.state("ext4-busy").running
        assert not lab.check_clean("ext4-busy").clean

    def test_a_folder_can_be_used_again(self, tmp_path: Path) -> None:
        """What was ended is forgotten, what runs is kept, and the command log starts anew."""
        lab = Lab(tmp_path).up(["bare"])
        ssh(lab, "bare", "true")
        lab.down()
        assert lab.commands("bare") == ["true"]
        with lab.up(["bare", "healthy"]):
            assert lab.commands("bare") == []
            assert lab.up(["bare"]).targets == ("bare", "healthy", "bare-2")
            assert ssh(lab, "bare", "uname -n").stdout == "bare\n"

    def test_down_clears_up_after_the_folder_is_gone(self, tmp_path: Path) -> None:
        """The kernel knows the targets and the disks, even where nothing on the disk does."""
        folder = tmp_path / "gone"
        Lab(folder).up(["ext4-busy"])
        shutil.rmtree(folder)
        Lab(folder).down()

        assert attached(folder) == {}
        assert running(folder) == set()

    def test_a_start_that_fails_leaves_nothing_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One target that cannot start ends the others of the same call."""
        monkeypatch.setattr("examples.lab.sshd.TRIES", 0)
        with pytest.raises(LabError, match="No free port"):
            Lab(tmp_path).up(["healthy", "nested"])

        assert attached(tmp_path) == {}
        assert Lab(tmp_path).targets == ()

    @pytest.mark.parametrize("wanted", ["nonsense", "UPPER=healthy", "-x=healthy", "=healthy"])
    def test_a_wrong_name_is_refused_with_the_right_ones(self, tmp_path: Path, wanted: str) -> None:
        """Before anything is made."""
        with pytest.raises(LabError, match=r"there are: healthy|cannot name a target"):
            Lab(tmp_path).up([wanted])

        assert list(tmp_path.iterdir()) == []

    def test_the_command_line_does_the_same(self, tmp_path: Path) -> None:
        """Up, verify, break, log, down, each in a process of its own."""

        def cli(*arguments: str) -> tuple[int, str]:
            argv = [sys.executable, "-m", "examples.lab", *arguments]
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
            return done.returncode, done.stdout + done.stderr

        where = str(tmp_path)
        try:
            assert cli("up", where, "one=healthy")[0] == 0
            assert cli("verify", where, "one")[0] == 0
            assert cli("break", where, "one", "ext4-hopeless")[0] == 0
            assert cli("verify", where, "one")[0] == 1
            assert "/data (ext4" in cli("status", where)[1]
            ssh(Lab(where), "one", "echo seen")
            assert "echo seen" in cli("log", where, "one")[1]
            assert cli("log", where, "two")[0] == 2
        finally:
            assert cli("down", where) == (0, "")
