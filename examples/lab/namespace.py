"""Starts, enters and ends the name spaces of a target, which are its machine."""

import io
import subprocess
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from examples.lab import systemd
from examples.lab.accounts import UIDS, File
from examples.lab.errors import LabError
from examples.lab.processes import ENVIRONMENT, POLL_SECONDS, attempt, command_lines, in_same_namespace, kill, run

SCRIPT = Path(__file__).with_name("target_init.sh")
MARK = "vmfix-lab-init"  # target_init.sh's first argument: finds a target's processes, whoever started them


def start(folder: Path, host_name: str, *, with_systemd: bool = False) -> int:
    """Start a target's first process and return its PID here; its state is in `folder`, which must be absolute."""
    for name in ("root", "log/upper", "log/work", "log/lower"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # setsid forks: the target outlives this program, so it must not be a child that somebody has to collect.
    argv = ["unshare", "--mount", "--propagation", "private", "--uts", "--pid", "--fork"]
    argv += ["sh", str(SCRIPT), MARK, str(folder), host_name]
    if with_systemd:
        enter_group = systemd.entering(folder)
        argv = ["sh", "-ec", f'{enter_group} exec "$@"', "sh", argv[0], "--cgroup", *argv[1:], "systemd"]
    argv = ["setsid", "--fork", *argv]
    with (
        (folder / "init.log").open("wb") as log,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT
        ) as process,
    ):
        # One line only: unshare keeps its end of the pipe open for as long as the target runs.
        said = process.stdout.readline() if process.stdout else b""
    if said != b"ready\n":
        raise LabError(f"Target {host_name} did not start: {(folder / 'init.log').read_text().strip()}")
    init = _await(folder)
    if with_systemd:
        systemd.await_up(init, enter(init, ["systemctl", "is-system-running"]))
    return init


def _await(folder: Path, *, timeout_s: float = 5) -> int:
    """The first process, once it can be seen: one that is becoming another program has no command line meanwhile."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return find(folder)
        except LabError:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_SECONDS)


def running(lab: Path) -> set[Path]:
    """The folders of the targets of a lab which run, whether or not anything on the disk remembers them."""
    marked = (argv for _, argv in command_lines() if MARK in argv[:-1])
    folders = {Path(argv[argv.index(MARK) + 1]) for argv in marked}
    return {folder for folder in folders if folder.is_relative_to(lab)}


def _marked(folder: Path) -> list[int]:
    return [pid for pid, argv in command_lines() if MARK in argv and str(folder) in argv]


def find(folder: Path) -> int:
    """The PID of a running target's first process, found by its command line; LabError if it is not running."""
    for pid in _marked(folder):
        if is_init(pid):
            return pid
    raise LabError(f"Target {folder.name} is not running: start it with up")


def is_init(pid: int) -> bool:
    """Whether the process is the first one of a PID namespace other than ours."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    ids = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return len(ids) > 1 and ids[-1] == "1"


def enter(init: int, argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` as root on the target.

    --root: below the very root of the target's first process, which has proved it to be the target's own. A mount
    namespace alone has another root where somebody has changed it.
    """
    return ["nsenter", "-t", str(init), "--mount", "--uts", "--pid", "--root", "--wd=/", "--", *argv]


def inside(init: int, argv: Sequence[str], *, stdin: bytes = b"") -> str:
    """Run a command on the target which must succeed, and return what it printed."""
    return run(enter(init, argv), stdin=stdin)


def write(init: int, files: Sequence[File]) -> None:
    """Put files on the target. They are unpacked over there, so a link of the target cannot lead out of it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder, owner in _owned_folders(files):
            info = tarfile.TarInfo(folder)
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, 0o755, UIDS[owner], UIDS[owner]
            archive.addfile(info)
        for file in files:
            info = tarfile.TarInfo(file.path.lstrip("/"))
            info.size, info.mode, info.mtime = len(file.data), file.mode, int(time.time())
            info.uid = info.gid = UIDS[file.owner]
            archive.addfile(info, io.BytesIO(file.data))
    inside(init, ["tar", "--numeric-owner", "-xpf", "-", "-C", "/"], stdin=buffer.getvalue())


def _owned_folders(files: Sequence[File]) -> list[tuple[str, str]]:
    """The homes of users other than root, which tar would otherwise make for root."""
    homes = ((str(Path(file.path).parent).lstrip("/"), file.owner) for file in files)
    return [(folder, owner) for folder, owner in homes if folder.startswith("home/")]


def end(folder: Path, *, timeout_s: float = 15) -> None:
    """Kill a target: all its processes die and its mounts vanish. Does nothing if it does not run.

    Whoever started it may have been killed meanwhile, so what would become the first process is killed as well.
    """
    deadline = time.monotonic() + timeout_s
    while left := _marked(folder):
        if time.monotonic() > deadline:
            raise LabError(f"Processes {left} of target {folder.name} do not end")
        inits = [pid for pid in left if is_init(pid)]
        for pid in inits:
            _thaw(pid)
        kill([*inits, *left])
    systemd.leave_nothing(folder.parent, folder.name)


def _thaw(init: int) -> None:
    """Thaw whatever somebody froze: a process that writes to a frozen file system cannot be killed."""
    for line in Path(f"/proc/{init}/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields = line.split(" ")
        if fields[fields.index("-") + 2].startswith("/dev/loop"):
            attempt(enter(init, ["fsfreeze", "-u", unescape(fields[4])]), timeout_s=10)


def unescape(text: str) -> str:
    """Undo the octal escapes of /proc/*/mountinfo."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        text = text.replace(code, chr(int(code[1:], 8)))
    return text


def processes(init: int) -> dict[int, str]:
    """The target's processes, by their PID here, with their command lines."""
    mine = set(in_same_namespace(init))
    return {pid: " ".join(argv).strip() for pid, argv in command_lines() if pid in mine}
