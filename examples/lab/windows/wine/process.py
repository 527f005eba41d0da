"""Carries command lines into a target: `WineExecutor` for the endpoint, over winrshost.exe and its frames."""

import errno
import os
import struct
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from examples.lab.errors import LabError
from examples.lab.windows.wine import machine

HOST = r"C:\windows\system32\winrshost.exe"
HOME = r"C:\users\azureuser"
HEAD = struct.Struct("<cI")
# What a command has ended with that nobody can ask any more: the target was rebooted under it.
LOST = 0x40010004  # DBG_TERMINATE_PROCESS
CHUNK = 32 * 1024
START_SECONDS = 60
NOT_FOUND = (2, 3)  # ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND


class WineProcess:
    """One command on the target, as `examples.lab.windows.executor.Process`."""

    def __init__(self, argv: list[str], order: bytes) -> None:
        self._host = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(machine.WINE_ENVIRONMENT),
            cwd="/",
            bufsize=0,
        )
        self._lock = threading.Lock()
        self._begun = threading.Event()
        self._refused: int | None = None
        self._code: int | None = None
        self._out, out = os.pipe()
        self._err, err = os.pipe()
        self._send(b"S", order)
        self._reader = threading.Thread(target=self._relay, args=({b"O": out, b"E": err},), daemon=True)
        self._reader.start()

    def wait_for_start(self) -> None:
        """Raise OSError if the program could not be started."""
        if not self._begun.wait(START_SECONDS) or self._refused is None:
            return
        self.close()
        number = errno.ENOENT if self._refused in NOT_FOUND else errno.EACCES
        raise OSError(number, f"CreateProcess failed with Win32 error {self._refused}")

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), CHUNK):
            self._send(b"D", data[start : start + CHUNK])

    def close_input(self) -> None:
        self._send(b"C")

    def fileno_out(self) -> int:
        return self._out

    def fileno_err(self) -> int:
        return self._err

    def exit_code(self) -> int | None:
        return self._code

    def terminate(self, *, tree: bool) -> None:
        self._send(b"T" if tree else b"K")

    def close(self) -> None:
        # The end of its input tells winrshost to end all; were it stuck, its job would die with it all the same.
        with self._lock:
            if self._host.stdin is not None:
                self._host.stdin.close()
        for descriptor in (self._out, self._err):
            os.close(descriptor)
        self._reader.join(timeout=10)
        self._host.kill()
        self._host.wait()

    def _send(self, kind: bytes, data: bytes = b"") -> None:
        with self._lock:
            try:
                if self._host.stdin is not None and not self._host.stdin.closed:
                    _write_all(self._host.stdin.fileno(), HEAD.pack(kind, len(data)) + data)
            except BrokenPipeError:
                return  # the host is gone, and with it the command

    def _relay(self, sinks: dict[bytes, int]) -> None:
        stream = self._host.stdout
        while stream is not None and (frame := _frame(stream)) is not None:
            kind, data = frame
            if kind == b"X":
                self._code = int.from_bytes(data, "little")
            elif kind == b"F":
                self._refused = self._code = int.from_bytes(data, "little")
            elif kind in sinks and not (data and _delivered(sinks[kind], data)):
                os.close(sinks.pop(kind))
            self._begun.set()
        if self._code is None:
            self._code = LOST
        self._begun.set()
        for sink in sinks.values():
            os.close(sink)
        if stream is not None:
            stream.close()


class WineExecutor:
    """`examples.lab.windows.executor.Executor` and `Machine` for a target of the lab, given by its folder."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._init: int | None = None

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> WineProcess:
        try:
            argv = machine.enter(self._machine(), HOST)
        except LabError as error:
            raise OSError(errno.ESRCH, str(error)) from error
        variables = [f"{name}={value}" for name, value in environment.items()]
        fields = [str(codepage), "1" if skip_cmd else "0", directory or HOME, line, *variables]
        process = WineProcess(argv, "".join(f"{field}\0" for field in fields).encode("utf-16-le", "surrogatepass"))
        if skip_cmd or directory is not None:
            process.wait_for_start()
        return process

    def _machine(self) -> int:
        # Looking for it means to read about every process of this machine, so that is not done for each command.
        if self._init is None or not machine.is_first_process(self._init, self._folder):
            self._init = machine.find(self._folder)
        return self._init

    def boots(self) -> int:
        return machine.boots(self._folder)

    def is_up(self) -> bool:
        return machine.is_up(self._folder)


def _frame(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    head = _read_all(stream, HEAD.size)
    if head is None:
        return None
    kind, count = HEAD.unpack(head)
    data = _read_all(stream, count)
    return None if data is None else (kind, data)


def _read_all(stream: IO[bytes], count: int) -> bytes | None:
    parts = []
    while count > 0:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _delivered(sink: int, data: bytes) -> bool:
    """False if nobody reads that stream any more."""
    try:
        _write_all(sink, data)
    except BrokenPipeError:
        return False
    return True
