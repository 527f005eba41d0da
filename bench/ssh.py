"""Measures the SSH transport against bare paramiko in the same run, and counts its round trips.

    python -m bench.ssh [--targets 20] [--commands 10] [--rounds 3]

Needs root, sshd and mount namespaces: the server is the one of the contract tests. Budgets: 1.5 times bare paramiko,
start of the connections included; 2 round trips per command. Exit code 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import contextlib
import select
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko

from runner.model.command import AtDeadline, Command
from runner.model.inventory import Target
from runner.transports.ssh import connect
from tests.contract.sshd import PASSWORD_REF, Secrets, Sshd, sshd

RATIO = 1.5
ROUND_TRIPS = 2.0
_ONE_WAY = 0.05  # seconds


def vmfix_once(server: Sshd, commands: int) -> None:
    """One target as vmfix works it."""
    connection = connect(server.target("free"), Secrets())
    try:
        for _ in range(commands):
            result = connection.run(Command(argv=("echo", "hello"), elevated=False))
            if result.stdout != b"hello\n":
                raise RuntimeError(result)
    finally:
        connection.close()


def bare_once(server: Sshd, commands: int) -> None:
    """The same with nothing but paramiko, host key checked and both streams read."""
    client = paramiko.SSHClient()
    client.load_host_keys(str(server.known_hosts))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        "127.0.0.1", server.port, "free", key_filename=str(server.client_key), allow_agent=False, look_for_keys=False
    )
    try:
        for _ in range(commands):
            stdin, stdout, stderr = client.exec_command("echo hello")
            stdin.close()
            out, err = stdout.read(), stderr.read()
            if (stdout.channel.recv_exit_status(), out, err) != (0, b"hello\n", b""):
                raise RuntimeError(out, err)
    finally:
        client.close()


WORK = {"vmfix": vmfix_once, "bare": bare_once}


def fleet(work: Callable[[Sshd, int], None], server: Sshd, targets: int, commands: int) -> None:
    """All targets at once, a thread for each."""
    with ThreadPoolExecutor(targets) as pool:
        list(pool.map(lambda _: work(server, commands), range(targets)))


def wall(name: str, server: Sshd, targets: int, commands: int) -> float:
    """Seconds for the fleet in an interpreter of its own, whose start counts too."""
    began = time.perf_counter()
    size = [f"--targets={targets}", f"--commands={commands}"]
    where = [f"--child={name}", f"--folder={server.folder}", f"--port={server.port}"]
    subprocess.run([sys.executable, "-m", "bench.ssh", *size, *where], check=True)
    return time.perf_counter() - began


@contextlib.contextmanager
def slow_line(port: int) -> Iterator[int]:
    """A port that leads to ``port``, each byte ``_ONE_WAY`` later, both ways."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                for link in (near, far):
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_carry, args=(near, far), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Both directions in one thread; what is on its way waits in a queue, in order of arrival."""
    waiting: deque[tuple[float, socket.socket, bytes]] = deque()
    with near, far, contextlib.suppress(OSError):
        while True:
            pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            for link in select.select([near, far], [], [], pause)[0]:
                data = link.recv(1 << 16)
                if not data:
                    return
                waiting.append((time.monotonic() + _ONE_WAY, far if link is near else near, data))
            while waiting and waiting[0][0] <= time.monotonic():
                _, link, data = waiting.popleft()
                link.sendall(data)


def round_trips(server: Sshd, port: int, user: str, command: Command, **options: Any) -> float:  # noqa: ANN401
    """Round trips of one command: what the slow line makes it cost more than the fast one."""
    options = {"host_key": server.host_key, **options}
    fast, slow = (seconds(server.target(user, port=at, **options), command) for at in (server.port, port))
    return (slow - fast) / (2 * _ONE_WAY)


def seconds(target: Target, command: Command) -> float:
    """Time of one command after the first, in the middle of several."""
    connection = connect(target, Secrets())
    taken = []
    try:
        for _ in range(6):
            began = time.perf_counter()
            connection.run(command)
            taken.append(time.perf_counter() - began)
            time.sleep(3 * _ONE_WAY)
    finally:
        connection.close()
    return statistics.median(taken[1:])


def main() -> int:
    """The whole measurement, or a child's part of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--commands", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        fleet(WORK[given.child], Sshd(given.folder, given.port, 0), given.targets, given.commands)
        return 0
    with sshd() as server:
        ratio = _compare(server, given.targets, given.commands, given.rounds)
        with slow_line(server.port) as port:
            worst = max(_count(server, port))
    return 0 if ratio <= RATIO and worst <= ROUND_TRIPS else 1


def _compare(server: Sshd, targets: int, commands: int, rounds: int) -> float:
    pairs = [(wall("bare", server, targets, commands), wall("vmfix", server, targets, commands)) for _ in range(rounds)]
    ratio = statistics.median(ours / bare for bare, ours in pairs)
    bare, ours = (statistics.median(values) for values in zip(*pairs, strict=True))
    sys.stdout.write(
        f"{targets} targets x {commands} commands: bare paramiko {bare:.2f} s, vmfix {ours:.2f} s, "
        f"ratio {ratio:.2f} (budget {RATIO})\n"
    )
    return ratio


def _count(server: Sshd, port: int) -> Iterator[float]:
    plain = Command(argv=("true",))
    with_input = Command(argv=("cat",), stdin="some text\n")
    left = Command(argv=("true",), at_deadline=AtDeadline.LEAVE)
    cases: list[tuple[str, str, Command, dict[str, Any], bool]] = [
        ("as root", "root", plain, {}, True),
        ("as root, with standard input", "root", with_input, {}, True),
        ("as root, may be left running", "root", left, {}, True),
        ("through sudo", "free", plain, {}, True),
        ("through sudo, with standard input", "free", with_input, {}, True),
        ("through sudo with a password", "asked", plain, {"sudo_password": PASSWORD_REF}, True),
        ("through sudo with a password, and input", "asked", with_input, {"sudo_password": PASSWORD_REF}, False),
    ]
    for name, user, command, options, budgeted in cases:
        count = round_trips(server, port, user, command, **options)
        sys.stdout.write(f"round trips {name}: {count:.2f}{f' (budget {ROUND_TRIPS:g})' if budgeted else ''}\n")
        if budgeted:
            yield round(count)  # round trips are whole; the rest is noise


if __name__ == "__main__":
    sys.exit(main())
