"""Measures the WinRM transport against bare pywinrm in the same run, and counts its requests.

    python -m bench.winrm [--commands 10] [--rounds 18]

The server is the practice lab's endpoint, in a process of its own, with an executor that starts nothing: what is
measured is what the client adds. Once over http with NTLM and encrypted messages, once over https with Basic. The
contestants take turns, in each possible order, and every figure is the median of the rounds, with the quartiles
in brackets; a ratio is taken within each round. Budgets, for a command after the first: 2 requests that it waits for;
no more time than pywinrm takes in a shell that it keeps. Exit code 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import winrm
from winrm.protocol import Protocol as Pywinrm

from examples.lab.windows.wsman import Act, Authority, Remote
from examples.lab.windows.wsman.executors import Canned
from runner.model.command import Command
from runner.model.inventory import Platform, Target, TransportKind, WinrmOptions
from runner.model.secret import Secret, SecretKind, SecretRef
from runner.transports.winrm import connect

RATIO = 1.0
REQUESTS = 2
USER = "azureuser"
PASSWORD_REF = SecretRef(SecretKind.ENV, ("BENCH",))
SHORT, LONG, LONGEST = 10, 100_000, 3_000_000  # bytes of output
NEXT = "a command after it"
_FITS_PIPE = 32 * 1024
_DELAY = 0.25  # seconds that each answer comes later while requests are counted by the time they take
_LINE = 0.02  # seconds that they come later as over a long line
_FEW, _MANY = 5, 40  # commands; of many, vmfix must clean up after most before its shell ends


class Printer:
    """Runs `print N` without starting anything: N bytes of output, then the end."""

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> Canned:
        output = b"x" * int(line.split()[1])

        def work(say: Callable[[bytes], None]) -> int:
            say(output)
            return 0

        return Canned(work, threaded=len(output) > _FITS_PIPE)


@dataclass(frozen=True, slots=True)
class Server:
    """An endpoint as its clients know it; ``remote`` is the way to its log and to make it slow."""

    url: str
    password: str
    authority: Path
    remote: Remote

    @property
    def https(self) -> bool:
        return self.url.startswith("https:")


@contextlib.contextmanager
def endpoint(*, https: bool) -> Iterator[Server]:
    """An endpoint in a process of its own. What it has to complain of in the end is an error."""
    with tempfile.TemporaryDirectory() as name:
        folder, password = Path(name), secrets.token_urlsafe(12)
        authority = Authority(folder / "tls")
        issued = authority.server()
        config = {
            "executor": "bench.winrm:Printer",
            "accounts": [{"name": USER, "password": password}],
            "folder": name,
            "tls": {"certificate": str(issued.certificate), "key": str(issued.key)} if https else None,
            "options": {"max_operations": 1_000_000},
        }
        place, errors = folder / "config.json", folder / "errors"
        place.touch(mode=0o600)
        place.write_text(json.dumps(config), encoding="utf-8")
        argv = [sys.executable, "-m", "examples.lab.windows.wsman", str(place)]
        with (
            errors.open("wb") as log,
            subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True) as process,
        ):
            url = process.stdout.readline().strip() if process.stdout else ""
            try:
                if url:
                    yield Server(url, password, authority.pem, Remote(folder))
            finally:
                process.terminate()
        if said := errors.read_text(encoding="utf-8"):
            raise RuntimeError(said)


class Contestant(Protocol):
    """One way to run commands on a target, logged in or about to."""

    def run(self, size: int) -> tuple[int, int]:
        """Run `print SIZE`; gives its exit code and how many bytes came."""
        ...

    def close(self) -> None: ...


class Vmfix:
    """As vmfix works a target."""

    def __init__(self, server: Server) -> None:
        options = WinrmOptions(
            https=server.https,
            auth="basic" if server.https else "ntlm",
            password=PASSWORD_REF,
            ca_file=str(server.authority) if server.https else None,
        )
        target = Target(
            name="win-1",
            address="127.0.0.1",
            port=int(server.url.rpartition(":")[2].partition("/")[0]),
            user=USER,
            transport=TransportKind.WINRM,
            platform=Platform.WINDOWS,
            winrm=options,
        )
        self._connection = connect(target, lambda _: Secret(server.password))
        self.close = self._connection.close

    def run(self, size: int) -> tuple[int, int]:
        result = self._connection.run(Command(argv=("print", str(size)), elevated=False))
        return result.exit_code, len(result.stdout)


class KeptShell:
    """pywinrm's own calls, with one shell for all commands."""

    def __init__(self, server: Server) -> None:
        self._protocol = Pywinrm(
            server.url,
            transport="basic" if server.https else "ntlm",
            username=USER,
            password=server.password,
            ca_trust_path=str(server.authority),
            proxy=None,
        )
        self._shell = self._protocol.open_shell()

    def run(self, size: int) -> tuple[int, int]:
        command = self._protocol.run_command(self._shell, "print", [str(size)])
        out, _, code = self._protocol.get_command_output(self._shell, command)
        self._protocol.cleanup_command(self._shell, command)
        return code, len(out)

    def close(self) -> None:
        self._protocol.close_shell(self._shell)


class ShellEach:
    """pywinrm's easy call, with a shell for each command."""

    def __init__(self, server: Server) -> None:
        self._session = winrm.Session(
            server.url,
            (USER, server.password),
            transport="basic" if server.https else "ntlm",
            ca_trust_path=str(server.authority),
            proxy=None,
        )

    def run(self, size: int) -> tuple[int, int]:
        response = self._session.run_cmd("print", [str(size)])
        return response.status_code, len(response.std_out)

    def close(self) -> None:
        """Nothing is open between commands, not even the connection."""


CONTESTANTS: Mapping[str, Callable[[Server], Contestant]] = {
    "vmfix": Vmfix,
    "pywinrm, one shell": KeptShell,
    "pywinrm, a shell each": ShellEach,
}
OURS, BARE, _ = CONTESTANTS


def run(contestant: Contestant, size: int = SHORT) -> float:
    """Seconds of one command, which must have ended as it should."""
    began = time.perf_counter()
    if contestant.run(size) != (0, size):
        raise RuntimeError("a command went wrong")
    return time.perf_counter() - began


@contextlib.contextmanager
def late_answers(server: Server, seconds: float) -> Iterator[None]:
    """Each answer comes so much later, but those of a login."""
    server.remote.misbehave(Act.DELAY, seconds=seconds, times=0)
    try:
        yield
    finally:
        server.remote.behave()


def visit(make: Callable[[Server], Contestant], server: Server, commands: int) -> dict[str, float]:
    """Milliseconds of one connection from its login to its end, without a pause.

    vmfix cleans up over a second connection when there is much of it; what that costs must fall on vmfix's own
    commands, or on its close.
    """
    began = time.perf_counter()
    contestant = make(server)
    run(contestant)
    opened, used = time.perf_counter(), time.process_time()
    for _ in range(commands):
        run(contestant)
    ran, used = time.perf_counter(), time.process_time() - used
    contestant.close()
    closed = time.perf_counter()
    taken = {
        "log in, first command": opened - began,
        NEXT: (ran - opened) / commands,
        "its CPU, all threads": used / commands,
        "close": closed - ran,
        f"in, {commands + 1} commands, out": closed - began,
    }
    return {what: seconds * 1000 for what, seconds in taken.items()}


def stay(make: Callable[[Server], Contestant], server: Server) -> dict[str, float]:
    """Milliseconds of other commands, in a connection that has been used before."""
    contestant = make(server)
    for _ in range(_FEW):
        run(contestant)
    with late_answers(server, _LINE):
        late = statistics.mean(run(contestant) for _ in range(_FEW))
    long, longest = run(contestant, LONG), run(contestant, LONGEST)
    contestant.close()
    taken = {
        f"if answers are {_LINE * 1000:.0f} ms late": late,
        f"{LONG / 1e3:.0f} KB of output": long,
        f"{LONGEST / 1e6:.0f} MB of output": longest,
    }
    return {what: seconds * 1000 for what, seconds in taken.items()}


def race(server: Server, order: Sequence[str], commands: int) -> dict[str, dict[str, float]]:
    """What each contestant takes. The visits come close together, so that a busy moment hits all of them."""
    taken = {name: visit(CONTESTANTS[name], server, commands) for name in order}
    for name in order:
        taken[name] |= stay(CONTESTANTS[name], server)
    return taken


def races(server: Server, commands: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """What each contestant takes in each round. Nobody always comes behind the same other one."""
    orders = list(itertools.permutations(CONTESTANTS))
    race(server, orders[0], commands)  # imports and warms up
    found = [race(server, orders[number % len(orders)], commands) for number in range(rounds)]
    return {name: [taken[name] for taken in found] for name in CONTESTANTS}


def asked(make: Callable[[Server], Contestant], server: Server, commands: int) -> dict[str, int]:
    """What the endpoint was asked for by a connection with so many commands, by operation."""
    before = server.remote.requests()
    contestant = make(server)
    for _ in range(commands):
        run(contestant)
    contestant.close()
    return dict(server.remote.requests() - before)


def waited_for(make: Callable[[Server], Contestant], server: Server) -> float:
    """Requests that one command waits for: what it costs more if each answer comes later."""
    contestant = make(server)
    run(contestant)
    fast = min(run(contestant) for _ in range(_FEW))  # noise only adds
    with late_answers(server, _DELAY):
        slow = min(run(contestant) for _ in range(_FEW))
    contestant.close()
    return (slow - fast) / _DELAY


def count(server: Server) -> int:
    """Print the requests of each contestant; gives those that a command of vmfix waits for."""
    waits: dict[str, int] = {}
    for name, make in CONTESTANTS.items():
        one, more = asked(make, server, 1), asked(make, server, 1 + _MANY)
        each = (sum(more.values()) - sum(one.values())) / _MANY
        waits[name] = round(waited_for(make, server))  # requests are whole; the rest is noise
        budget = f" (budget {REQUESTS})" if name == OURS else ""
        print(f"{name}: {each:.1f} requests for each further command, {waits[name]} waited for{budget}")
        print(f"    1 command in all: {_listed(one)}")
        print(f"    {1 + _MANY} commands: {_listed(more)}")
    return waits[OURS]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in counts.items() if number)


def show(turns: Mapping[str, list[dict[str, float]]]) -> float:
    """Print the table, in milliseconds; gives the ratio that has a budget."""
    print(f"{'milliseconds':26}" + "".join(f"{name:>26}" for name in turns) + f"{'first / second':>22}")
    whats = list(turns[OURS][0])
    ratios = {what: [a[what] / b[what] for a, b in zip(turns[OURS], turns[BARE], strict=True)] for what in whats}
    for what in whats:
        cells = (_spread([each[what] for each in taken], ".1f") for taken in turns.values())
        print(f"{what:26}" + "".join(f"{cell:>26}" for cell in cells) + f"{_spread(ratios[what], '.2f'):>22}")
    ratio = statistics.median(ratios[NEXT])
    print(f"a command after the first: {ratio:.2f} times {BARE} (budget {RATIO:g})")
    return ratio


def _spread(values: list[float], form: str) -> str:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main() -> int:
    """1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=18, help="at least 2")
    given = parser.parse_args()
    within = True
    for https, title in ((False, "http, NTLM with encrypted messages"), (True, "https, Basic")):
        print(f"{title}: {given.rounds} rounds of {given.commands} commands")
        with endpoint(https=https) as server:
            waits = count(server)
            ratio = show(races(server, given.commands, given.rounds))
        within = within and waits <= REQUESTS and ratio <= RATIO
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
