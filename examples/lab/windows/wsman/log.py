"""What the endpoint was asked: every command line, and how many requests of each operation."""

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

COMMANDS = "commands.jsonl"
REQUESTS = "requests.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One command line. ``at`` is the Unix time; ``stdin`` the number of bytes of input that came until now."""

    at: float
    shell: str
    command: str
    account: str
    line: str
    skip_cmd: bool = False
    stdin: int = 0


class Log:
    """Thread-safe. With a folder, it is kept there as JSON lines, and what is there from before is read first."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._commands: dict[tuple[str, str], Sent] = {}
        self._requests: Counter[str] = Counter()
        self._files: dict[str, IO[str]] = {}
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._commands = {(sent.shell, sent.command): sent for sent in read_commands(folder)}
        self._requests = read_requests(folder)
        for name in (COMMANDS, REQUESTS):
            _drop_torn_line(folder / name)
            self._files[name] = (folder / name).open("a", encoding="utf-8", buffering=1)

    def request(self, operation: str) -> None:
        """A request came, whatever becomes of it."""
        with self._lock:
            self._requests[operation] += 1
            self._write(REQUESTS, {"operation": operation, "at": time.time()})

    def command(self, sent: Sent) -> None:
        """A line is about to be started."""
        with self._lock:
            self._commands[sent.shell, sent.command] = sent
            self._write(COMMANDS, asdict(sent))

    def stdin(self, shell: str, command: str, count: int) -> None:
        """So many bytes of input came for a command."""
        with self._lock:
            sent = self._commands[shell, command]
            self._commands[shell, command] = replace(sent, stdin=sent.stdin + count)
            self._write(COMMANDS, {"at": time.time(), "shell": shell, "command": command, "stdin": count})

    def commands(self) -> tuple[Sent, ...]:
        """All lines, oldest first."""
        with self._lock:
            return tuple(self._commands.values())

    def requests(self) -> Counter[str]:
        """How often each operation was asked for; "Login" is a request that only logs in."""
        with self._lock:
            return Counter(self._requests)

    def close(self) -> None:
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _write(self, name: str, row: dict[str, object]) -> None:
        if name in self._files:
            self._files[name].write(json.dumps(row, ensure_ascii=False) + "\n")


def read_commands(folder: Path) -> tuple[Sent, ...]:
    """The command lines that an endpoint with this folder was sent, by whichever process."""
    found: dict[tuple[str, str], Sent] = {}
    for row in _rows(folder / COMMANDS):
        key = row["shell"], row["command"]
        found[key] = Sent(**row) if "line" in row else replace(found[key], stdin=found[key].stdin + row["stdin"])
    return tuple(found.values())


def read_requests(folder: Path) -> Counter[str]:
    """The same for the requests."""
    return Counter(row["operation"] for row in _rows(folder / REQUESTS))


def _drop_torn_line(path: Path) -> None:
    """The last line is not whole if the process was killed while it wrote."""
    if path.exists():
        data = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line]
