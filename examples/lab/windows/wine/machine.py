"""Starts and ends the name spaces in which a target's Wine runs, and enters them."""

import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from examples.lab.errors import LabError
from examples.lab.namespace import is_init
from examples.lab.processes import ENVIRONMENT, POLL_SECONDS, command_lines, kill
from examples.lab.windows.wine.prefix import UID, WINE

SCRIPT = Path(__file__).with_name("machine_init.sh")
# Wine needs 0x7ffe0000 for itself, and its loader lies below. With a heap at random behind it, one program in some
# thousands finds that place taken and dies, which looks like anything: a service that is off, 1359, an exit code 1.
NO_RANDOM_HEAP = ("setarch", "-R")
BOOT_SECONDS = 180  # it takes one on a machine with nothing else to do
MARK = "vmfix-lab-wine"  # machine_init.sh's first argument: finds a target's processes, whoever started them
PLACE = "/mnt/c"  # where the prefix is, for the target's processes
# Wine takes what it finds in the environment for Windows' own, so there is as little as possible.
WINE_ENVIRONMENT: Mapping[str, str] = {
    "HOME": PLACE,
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "USER": "azureuser",
    "WINEARCH": "win64",
    "WINEDEBUG": "-all",
    "WINEPREFIX": PLACE,
}


def start(folder: Path, host_name: str, *, boot_ms: int = 0) -> int:
    """Boot the prefix `folder`/prefix, and return the PID here of the target's first process."""
    # setsid forks: the target outlives this program, so it must not be a child that somebody has to collect.
    argv = ["setsid", "--fork", "unshare", "--mount", "--propagation", "private", "--uts", "--ipc", "--pid", "--fork"]
    argv += [
        *NO_RANDOM_HEAP,
        "sh",
        str(SCRIPT),
        MARK,
        str(folder),
        host_name,
        str(UID),
        str(WINE),
        f"{boot_ms / 1000:.3f}",
    ]
    with (
        (folder / "init.log").open("wb") as log,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT
        ) as process,
    ):
        # One line only: unshare keeps its end of the pipe open for as long as the target runs.
        said = _first_line(process.stdout)
    if said != b"ready\n":
        raise LabError(
            f"Target {host_name} did not boot: {(folder / 'init.log').read_text().strip() or 'see init.log'}"
        )
    return find(folder)


def _first_line(stream: IO[bytes] | None) -> bytes:
    if stream is None or not select.select([stream], [], [], BOOT_SECONDS)[0]:
        return b""
    return stream.readline()


def running(lab: Path) -> set[Path]:
    """The folders of the Windows targets of a lab which run, whether or not anything on the disk remembers them."""
    marked = (argv for _, argv in command_lines() if MARK in argv[:-1])
    folders = {Path(argv[argv.index(MARK) + 1]) for argv in marked}
    return {folder for folder in folders if folder.is_relative_to(lab)}


def find(folder: Path) -> int:
    """The PID of a running target's first process, found by its command line; LabError if it is not running."""
    for pid in _marked(folder):
        if is_init(pid):
            return pid
    raise LabError(f"Target {folder.name} is not running: start it with up")


def _marked(folder: Path) -> list[int]:
    return [pid for pid, argv in command_lines() if MARK in argv and str(folder) in argv]


def is_first_process(pid: int, folder: Path) -> bool:
    """Whether this process is, still, the first one of that target."""
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="surrogateescape").split("\0")
    except OSError:
        return False
    return MARK in argv and str(folder) in argv and is_init(pid)


def enter(init: int, program: str, *arguments: str) -> list[str]:
    """The command that runs a Windows program on the target, as the target's user."""
    spaces = ["--mount", "--uts", "--ipc", "--pid", "--root", f"--wdns={PLACE}/drive_c"]
    become = ["--setuid", str(UID), "--setgid", str(UID)]
    return [
        "nsenter",
        "-t",
        str(init),
        *spaces,
        *become,
        "--",
        *NO_RANDOM_HEAP,
        str(WINE / "wine64"),
        program,
        *arguments,
    ]


def end(folder: Path, *, timeout_s: float = 15) -> None:
    """Kill a target: all its processes die and its mounts vanish. Does nothing if it does not run."""
    kill([pid for pid in _marked(folder) if is_init(pid)])
    deadline = time.monotonic() + timeout_s
    while left := _marked(folder):
        if time.monotonic() > deadline:
            raise LabError(f"Processes {left} of target {folder.name} do not end")
        time.sleep(POLL_SECONDS)


def boots(folder: Path) -> int:
    """How often the target was booted; while it is down between two boots, the next one counts already."""
    return len((folder / "prefix/drive_c/lab/boots").read_bytes().split())


def is_up(folder: Path) -> bool:
    """Whether the target has finished booting and nobody has pulled its plug since."""
    return (folder / "prefix/drive_c/lab/up").exists()


def run(folder: Path, program: str, arguments: Sequence[str] = (), *, timeout_s: float = 60) -> tuple[int, str]:
    """Run a program of the target past the endpoint, as the system; its exit code (8 bits) and its output, UTF-8."""
    argv = enter(find(folder), program, *arguments)
    environment = {**WINE_ENVIRONMENT, "VMFIX_LAB_CODEPAGE": "65001", "VMFIX_LAB_INTEGRITY": "system"}
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=timeout_s,
            check=False,
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{program} on the target did not end within {timeout_s:g} s") from error
    return done.returncode, done.stdout.decode(errors="replace")
