"""Runs programs of this machine, and finds the processes of a target from outside."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.needs import SEARCH_PATH

ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "HOME": "/"}
POLL_SECONDS = 0.01


def attempt(argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 60) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; its exit code is for the caller to judge."""
    try:
        return subprocess.run(
            argv, input=stdin, capture_output=True, timeout=timeout_s, env=ENVIRONMENT, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)} did not end within {timeout_s:g} s") from error


def run(argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 60) -> str:
    """Run a program which must succeed, and return what it printed."""
    done = attempt(argv, stdin=stdin, timeout_s=timeout_s)
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {said}")
    return done.stdout.decode(errors="surrogateescape")


def command_lines() -> Iterator[tuple[int, list[str]]]:
    """Every process of this machine with its arguments; those that end meanwhile are left out."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                text = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(entry.name), text.decode(errors="surrogateescape").split("\0")


def in_same_namespace(init: int) -> list[int]:
    """The processes that live in the PID namespace of `init`, itself included."""
    try:
        wanted = Path(f"/proc/{init}/ns/pid").readlink()
    except OSError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                here = (entry / "ns" / "pid").readlink()
            except OSError:
                continue
            if here == wanted:
                found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def kill(pids: Sequence[int], *, timeout_s: float = 10) -> None:
    """Kill the processes and wait until they are gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + timeout_s
    while remaining := [pid for pid in pids if alive(pid)]:
        if time.monotonic() > deadline:
            raise LabError(f"Processes {remaining} cannot be killed; is a file system of theirs frozen?")
        time.sleep(POLL_SECONDS)
