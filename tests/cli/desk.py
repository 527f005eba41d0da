"""A desk to work at: playbooks and inventories in a temporary folder, and this machine as the only target."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.__main__ import main

BOOK = """\
vmfix: 1
playbook: flag-missing
title: The flag is not up
platform: linux
solves: [UserErrorFlagMissing]
aliases: ["4242"]
source: https://example.com/flag
params:
  dir: {{type: str, default: {folder}, help: Where the flag stands.}}
observe:
  flag:
    command: [sh, -c, 'cat "$0/flag" 2>/dev/null; exit 0', "{{{{ dir }}}}"]
    why_read_only: It only reads a file.
    elevated: false
healthy: flag == "up"
remedies:
  - id: raise
    title: Raise the flag
    risk: [config]
    approval: The flag can be seen from afar.
    takes: 1m
    steps:
      - id: write
        shell:
          script: 'printf %s up >"$1/flag"'
          args: ["{{{{ dir }}}}"]
          elevated: false
  - id: by-hand
    title: Raise it by hand
    manual: Raise it by hand.
accepts:
  - {{finding: change-without-check, at: remedies.raise, why: The tests need a step of which nothing is known.}}
  - {{finding: no-undo, at: remedies.raise, why: The flag may stay up.}}
"""

INVENTORY = """\
vmfix: 1
targets:
  here: {transport: local, address: localhost}
"""


@dataclass(frozen=True)
class Done:
    """How one call of vmfix ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


class Desk:
    """Where a person sits who calls vmfix. ``flags`` is the folder that the playbook mends."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.flags = folder / "flags"
        self.flags.mkdir()
        self._capture = capture
        self.book = self.write("book.yml", BOOK.format(folder=self.flags))
        self.inventory = self.write("inventory.yml", INVENTORY)

    @property
    def flag(self) -> Path:
        return self.flags / "flag"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def vmfix(self, *argv: object) -> Done:
        """One call in this process."""
        self._capture.readouterr()
        code = main([str(word) for word in argv])
        out, err = self._capture.readouterr()
        return Done(code, out, err)

    def work(self, command: str, *more: object) -> Done:
        """``plan`` or ``run`` of the playbook on the inventory."""
        return self.vmfix(command, self.book, "-i", self.inventory, *more)

    def process(self, *argv: object, **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 - as run()
        """One call as a process of its own, without a terminal."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 60}
        return subprocess.run(program(*argv), check=False, **options | more)


def program(*argv: object) -> list[str]:
    """The argv of vmfix as a process."""
    return [sys.executable, "-m", "runner", *map(str, argv)]


class Terminal:
    """vmfix at a terminal of its own."""

    def __init__(self, argv: Sequence[object], columns: int = 0) -> None:
        """``columns`` is its width; 0, as of one that does not know it."""
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (50, columns))
        # A session leader without a terminal gets the first one that it opens; then Ctrl-C is a byte.
        opened = f'exec 0<>{os.ttyname(slave)} 1>&0 2>&0; exec "$@"'
        self._process = subprocess.Popen(
            ["sh", "-c", opened, "sh", *program(*argv)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"},
        )
        self._slave = slave
        self.seen = ""

    def expect(self, text: str, seconds: float = 40) -> None:
        """Wait until this text was shown."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} did not come; seen: {self.seen}"
            if not self._read(min(left, 0.2)) and self._process.poll() is not None:
                self._read(0.2)
                assert text in self.seen, f"{text!r} did not come before the end; seen: {self.seen}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def vanish(self) -> int:
        """The connection to the terminal is lost, as when a laptop is closed. The exit code."""
        os.close(self._slave)
        os.close(self._master)
        self._slave = self._master = -1
        return self._process.wait(40)

    def end(self, seconds: float = 40) -> int:
        """The exit code."""
        until = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < until, f"vmfix did not end; seen: {self.seen}"
            self._read(0.2)
        while self._read(0.1):
            pass
        return self._process.returncode

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for handle in (self._master, self._slave):
            if handle >= 0:
                os.close(handle)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            self.seen += os.read(self._master, 65536).decode("utf-8", "replace")
            return True
        return False


class Terminals:
    """Opens terminals."""

    def __init__(self) -> None:
        self.opened: list[Terminal] = []

    def __call__(self, *argv: object, columns: int = 0) -> Terminal:
        self.opened.append(Terminal(argv, columns))
        return self.opened[-1]
