"""A Windows machine of the lab for tests: command lines on it, without an endpoint."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.lab import namespace
from examples.lab.windows.executor import Executor, Process
from examples.lab.windows.target import end_windows, start_machine
from examples.lab.windows.view import WindowsView
from examples.lab.windows.wine import machine

ADMINISTRATOR: Mapping[str, str] = {"USERNAME": "azureuser", "VMFIX_LAB_INTEGRITY": "high"}
FILTERED: Mapping[str, str] = {"USERNAME": "filtered", "VMFIX_LAB_INTEGRITY": "medium"}


@dataclass(frozen=True)
class Ended:
    """How a command line ended; line ends are LF, and the output was UTF-8."""

    code: int
    out: str
    err: str


class Box:
    """A machine, and command lines on it as the endpoint starts them."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.view = WindowsView(folder, scenario)
        self.folder = folder
        self._executor: Executor = self.view.executor

    def start(
        self, line: str, *, skip_cmd: bool = False, account: Mapping[str, str] = ADMINISTRATOR, codepage: int = 65001
    ) -> Process:
        return self._executor.start(line, skip_cmd=skip_cmd, environment=account, directory=None, codepage=codepage)

    def raw(self, line: str, data: bytes = b"", **how: object) -> tuple[int, bytes, bytes]:
        process = self.start(line, **how)  # type: ignore[arg-type]
        try:
            process.write(data)
            process.close_input()
            out, err = read_both(process)
            return code_of(process), out, err
        finally:
            process.close()

    def run(self, line: str, data: bytes = b"", **how: object) -> Ended:
        code, out, err = self.raw(line, data, **how)
        return Ended(code, out.decode().replace("\r\n", "\n"), err.decode().replace("\r\n", "\n"))

    def processes(self, word: str) -> list[str]:
        found = namespace.processes(machine.find(self.folder)).values()
        return [line for line in found if word in line and "cmd.exe" not in line]


def read_both(process: Process) -> tuple[bytes, bytes]:
    """All of stdout and of stderr."""
    got = {process.fileno_out(): b"", process.fileno_err(): b""}
    waiting = list(got)
    while waiting:
        for ready in select.select(waiting, [], [], 60)[0]:
            part = os.read(ready, 65536)
            got[ready] += part
            if not part:
                waiting.remove(ready)
    return got[process.fileno_out()], got[process.fileno_err()]


def code_of(process: Process) -> int:
    """The exit code, waited for."""
    until(lambda: process.exit_code() is not None)
    code = process.exit_code()
    assert code is not None
    return code


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that has to come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


BoxOf = Callable[[str], Box]


@contextmanager
def boxes(folder: Path) -> Iterator[BoxOf]:
    """Starts machines by their scenarios, and ends them all afterwards."""
    with ExitStack() as stack:

        def start(scenario: str) -> Box:
            place = folder / scenario
            stack.callback(end_windows, place)
            start_machine(place, scenario)
            return Box(place, scenario)

        yield start
