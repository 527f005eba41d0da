"""The practice lab's Windows programs as a script for this machine, for tests of the transport without Wine.

Run as: python windows_tools.py PROGRAM [ARGUMENT]...; programs and verbs are those of ``examples/lab/windows/tools``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO

_BLOCK = (b"x" * 63 + b"\n") * 1024
_LEVELS = {"high": 12288, "medium": 8192}


def _stream(name: str) -> BinaryIO:
    return sys.stderr.buffer if name == "err" else sys.stdout.buffer


def _put(name: str, data: bytes) -> None:
    stream = _stream(name)
    stream.write(data)
    stream.flush()


def _spawn(milliseconds: str, *, holding: bool) -> None:
    output = None if holding else subprocess.DEVNULL
    subprocess.Popen(
        [sys.executable, __file__, "labproc", "sleep", milliseconds],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _copy(name: str) -> None:
    while piece := os.read(sys.stdin.fileno(), 65_536):
        _put(name, piece)


def _fill(name: str, count: int) -> None:
    for at in range(0, count, len(_BLOCK)):
        _put(name, _BLOCK[: count - at])


_VERBS: dict[str, tuple[int, Callable[..., None]]] = {
    "bytes": (2, lambda name, data: _put(name, bytes.fromhex(data))),
    "copy": (1, _copy),
    "fill": (2, lambda name, count: _fill(name, int(count))),
    "print": (2, lambda name, text: _put(name, text.encode() + b"\r\n")),
    "release": (1, lambda milliseconds: _spawn(milliseconds, holding=False)),
    "sleep": (1, lambda milliseconds: time.sleep(int(milliseconds) / 1000)),
    "spawn": (1, lambda milliseconds: _spawn(milliseconds, holding=True)),
}


def _labproc(arguments: Sequence[str]) -> int:
    at = 0
    while at < len(arguments) and arguments[at] != "exit":
        count, act = _VERBS[arguments[at]]
        act(*arguments[at + 1 : at + 1 + count])
        at += 1 + count
    return int(arguments[at + 1], 0) if at < len(arguments) else 0


def _whoami() -> int:
    level = _LEVELS[os.environ["VMFIX_LAB_INTEGRITY"]]
    _put(
        "out",
        f'"BUILTIN\\Administrators","Alias","S-1-5-32-544",""\r\n"Label","Label","S-1-16-{level}",""\r\n'.encode(),
    )
    return 0


def main(program: str, arguments: Sequence[str]) -> int:
    """The exit code, of which this machine keeps only eight bits."""
    match program:
        case "labproc":
            return _labproc(arguments)
        case "echoargs" | "echocrt":
            _put("out", "".join(f"{argument}\n" for argument in arguments).encode())
            return 0
        case "whoami":
            return _whoami()
        case "reg":
            _put("out", b"\r\n    OEMCP    REG_SZ    850\r\n\r\n")
            return 0
        case _:
            pass
    _put("err", f"'{program}' is not recognized as an internal or external command\r\n".encode())
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
