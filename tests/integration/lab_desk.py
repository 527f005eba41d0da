"""An engineer's desk beside a lab: vmfix with a journal of its own, and the broken targets that it is to mend."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.lab import Lab, Mount
from runner.__main__ import main

CODE = "UserErrorFsFreezeFailed"
CONF = "/etc/azure/vmbackup.conf"
# What a login writes, whatever it does then: records of sshd and sudo, the lab's own command log, the kernel's views.
LOGIN_RECORDS = ("/var/log/journal", "/var/log/lastlog", "/var/log/wtmp", "/var/log/btmp", "/run/utmp", "/run/sudo")
LOGIN_WRITES = (*LOGIN_RECORDS, "/lab", "/proc", "/sys")
PLACES = "/etc /var /run /home /root /tmp /data /srv /opt /usr/local"
LISTING = f'find {PLACES} -newercm "$1" -print 2>/dev/null; :'


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

    @property
    def text(self) -> str:
        """All that a person sees, with the line breaks of the layout taken out."""
        return " ".join((self.out + " " + self.err).split())

    @property
    def entries(self) -> dict[str, Any]:
        """The entries of a report, by target."""
        return {entry["target"]: entry for entry in self.data["entries"]}

    @property
    def statuses(self) -> dict[str, str]:
        """How each target ended."""
        return {name: entry["status"] for name, entry in self.entries.items()}


class Desk:
    """Runs vmfix on the lab's targets, in this process or in one of its own."""

    def __init__(self, lab: Lab, state: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.state = state
        self._capture = capture

    def vmfix(self, *argv: object) -> Done:
        """One call in this process."""
        self._capture.readouterr()
        code = main([str(word) for word in argv])
        out, err = self._capture.readouterr()
        return Done(code, out, err)

    def work(self, command: str, *more: object) -> Done:
        """``plan`` or ``run`` for the error code, on all targets of the lab."""
        return self.vmfix(command, CODE, "-i", self.lab.inventory, *more)

    def mend(self, *more: object) -> Done:
        """Run with consent to all remedies."""
        return self.work("run", "--approve", "all", "--json", *more)

    def argv(self, command: str, *more: object) -> list[str]:
        """The same as a process of its own."""
        return [sys.executable, "-m", "runner", command, CODE, "-i", str(self.lab.inventory), *map(str, more)]

    def start(self, command: str, *more: object, **environ: str) -> subprocess.Popen[str]:
        """Start it without a terminal."""
        return subprocess.Popen(
            self.argv(command, *more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )

    def inventory(self, name: str, **target: object) -> Path:
        """An inventory with one target of the lab, with other settings than the lab's own inventory has."""
        given = dict(target)
        ssh = {
            "key_files": [str(self.lab.client_key)],
            "known_hosts": [str(self.lab.known_hosts)],
            "config": "none",
            **_mapping(given.pop("ssh", {})),
        }
        entry = {"transport": "ssh", "user": "azureuser", "address": "127.0.0.1", "port": self.lab.port(name), **given}
        text = json.dumps({"vmfix": 1, "targets": {name: {**entry, "ssh": ssh}}})  # JSON is YAML
        path = self.lab.folder / "one.yml"
        path.write_text(text, encoding="utf-8")
        return path


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def mounted(lab: Lab, name: str) -> list[Mount]:
    """What is mounted how. That a file system was shut down is an option too, and the one that must not come back."""

    def plain(mount: Mount) -> Mount:
        options = ",".join(word for word in mount.options.split(",") if word != "shutdown")
        return Mount(source=mount.source, target=mount.target, fstype=mount.fstype, options=options)

    return sorted((plain(mount) for mount in lab.state(name).mounts), key=lambda mount: mount.target)


def mark(lab: Lab, name: str) -> str:
    """Make a moment on the target after which ``written`` looks for changes."""
    path = "/dev/shm/mark"  # noqa: S108 - on the target, and beside all that is looked through
    lab.run(name, "sh", "-c", f"touch {path}; sleep 0.02")
    return path


def written(lab: Lab, name: str, since: str) -> list[str]:
    """Files and folders whose content or attributes changed on the target, but for what every login writes."""
    found = lab.run(name, "sh", "-c", LISTING, "sh", since).splitlines()
    return sorted({path for path in found if not path.startswith(LOGIN_WRITES)})


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 30) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def wrap(lab: Lab, name: str, program: str, script: str, *, folder: str = "/usr/local/sbin") -> None:
    """Put a script before a program of the target; ``$REAL`` is the program itself.

    sudo looks into /usr/local/sbin first, an ordinary login into /usr/local/bin.
    """
    real = lab.run(name, "sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v {program}").strip()
    text = f"#!/bin/sh\nREAL={real}\n{script}\n"
    put = 'mkdir -p "$1"; cat >"$1/$2"; chmod 755 "$1/$2"'
    lab.run(name, "sh", "-c", put, "sh", folder, program, stdin=text.encode())


def conf(lab: Lab, name: str) -> bytes:
    """The backup extension's settings file, byte for byte; empty if there is none."""
    shown = lab.run(name, "sh", "-c", f"[ ! -e {CONF} ] || base64 {CONF}")
    return base64.b64decode(shown)


def attributes(lab: Lab, name: str, path: str = CONF) -> str:
    """Mode and owner of a file on a target."""
    return lab.run(name, "stat", "-c", "%a %U %G", path).strip()
