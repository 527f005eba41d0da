"""The script that ends what else runs in a shell, which the endpoint carries out itself: Wine has no PowerShell."""

import base64
import os
import re
import select
import time
from collections.abc import Callable, Sequence

from examples.lab.windows.executor import Process
from examples.lab.windows.wsman.executors import Canned

FIRST_LINE = "# vmfix: end what else runs in this shell"
WITHIN_S = 5.0
_ENCODED = re.compile(r"-EncodedCommand\s+\"?([A-Za-z0-9+/=]+)", re.IGNORECASE)
_CHUNK = 65_536
_POLL_MS = 20


def is_kill_script(line: str) -> bool:
    """Whether the line runs PowerShell with the script that is known by its first line."""
    match = _ENCODED.search(line)
    if match is None or not line.lstrip('"').lower().startswith("powershell"):
        return False
    try:
        script = base64.b64decode(match.group(1), validate=True).decode("utf-16-le")
    except ValueError:
        return False
    return script.splitlines()[:1] == [FIRST_LINE]


def run(others: Sequence[Process]) -> Canned:
    """End the others, and say as the script does: ``gone`` only if a last look found none."""

    def work(say: Callable[[bytes], None]) -> int:
        for process in others:
            process.terminate(tree=True)
        until = time.monotonic() + WITHIN_S
        left = [process for process in others if not _is_gone(process, until)]
        say(b"left\r\n" if left else b"gone\r\n")
        return 0

    return Canned(work, threaded=True)


def _is_gone(process: Process, until: float) -> bool:
    """Whether it has ended with all that held its output. What it printed last is of no use to anybody."""
    try:
        streams = {process.fileno_out(), process.fileno_err()}
        while streams or process.exit_code() is None:
            if time.monotonic() > until:
                return False
            poll = select.poll()
            for stream in streams:
                poll.register(stream, select.POLLIN)
            streams -= {stream for stream, _ in poll.poll(_POLL_MS) if not os.read(stream, _CHUNK)}
    except (OSError, ValueError):
        return True  # its shell was closed meanwhile, which ends everything
    return True
