"""Simulated mounts of a Linux machine without systemd: what the steps ``mount`` and ``filesystem_check`` look at.

What a checker (``tune2fs``, ``e2fsck``, ``xfs_repair``) says of a file system is for the case to tell.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from runner.model.case import GivenMount
from runner.model.command import Command, CommandResult
from runner.steps.filesystem_state import USERS
from runner.steps.mount_table import NAMES, UNITS, USES
from runner.trial.files import Files

_NO_SYSTEMD = 3
_FAILED = 32


@dataclass(frozen=True, slots=True)
class Device:
    """A block device with a file system; ``number`` is MAJOR:MINOR."""

    number: str
    fstype: str
    uuid: str


@dataclass
class Mounts:
    """Mounts by mount point, in their order; None: nobody said which there are, so nothing is answered.

    ``devices`` are all that were ever named, mounted or not, by their names.
    """

    mounts: dict[str, GivenMount] | None = None
    devices: dict[str, Device] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    files: Files = field(default_factory=Files)

    def become(self, given: Mapping[str, GivenMount | None] | None) -> None:
        """Take over what a case says."""
        if given is None:
            return
        self.mounts = {} if self.mounts is None else self.mounts
        for target, mount in given.items():
            self.folders.add(target)
            self.mounts.pop(target, None)
            if mount is not None:
                self.mounts[target] = self._numbered(mount)

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is about no mounts, or none were given."""
        if self.mounts is None:
            return None
        if command.script:
            return self._script(self.mounts, command)
        words = list(command.argv)
        if words[:1] == ["env"]:
            words = list(itertools.dropwhile(lambda word: "=" in word, words[1:]))
        programs: Mapping[str, Callable[[list[str]], CommandResult | None]] = {
            "findmnt": self._findmnt,
            "umount": self._umount,
            "mount": self._mount,
            "stat": self._stat,
            "blkid": self._blkid,
            "test": self._test,
            "realpath": self._realpath,
        }
        run = programs.get(words[0]) if words else None
        return run(words[1:]) if run else None

    def _numbered(self, mount: GivenMount) -> GivenMount:
        new = Device(f"8:{len(self.devices) * 16 + 1}", mount.fstype, mount.uuid)
        return replace(mount, number=self.devices.setdefault(mount.source, new).number)

    def _findmnt(self, words: list[str]) -> CommandResult | None:
        columns = next((words[at + 1] for at, word in enumerate(words) if word in ("-o", "--output")), "")
        if "--json" not in words or not columns:
            return None
        table = "--fstab" in words
        rows = self._table() if table else [_row(target, mount) for target, mount in (self.mounts or {}).items()]
        if not rows:
            return CommandResult(exit_code=1)
        chosen = [{name.lower(): row.get(name) for name in columns.split(",")} for row in rows]
        return CommandResult(exit_code=0, stdout=json.dumps({"filesystems": chosen}).encode())

    def _table(self) -> list[dict[str, str]]:
        """/etc/fstab, with tags resolved."""
        rows = []
        tags = {f"UUID={device.uuid}": source for source, device in self.devices.items() if device.uuid}
        for line in (self.files.content("/etc/fstab") or b"").decode().splitlines():
            words = line.split()
            if len(words) > _FIELDS and not line.lstrip().startswith("#"):
                source, target, fstype, options = words[:4]
                found = {"SOURCE": tags.get(source, source), "TARGET": target, "FSTYPE": fstype, "OPTIONS": options}
                rows.append(found)
        return rows

    def _umount(self, words: list[str]) -> CommandResult | None:
        match words:
            case ["--", path]:
                mount = (self.mounts or {}).get(path)
                if mount is None:
                    return CommandResult(exit_code=_FAILED, stderr=f"umount: {path}: not mounted.\n".encode())
                if mount.users or any(each.startswith(f"{path}/") for each in self.mounts or {}):
                    return CommandResult(exit_code=_FAILED, stderr=f"umount: {path}: target is busy.\n".encode())
                (self.mounts or {}).pop(path)
                return CommandResult(exit_code=0)
            case _:
                return None

    def _mount(self, words: list[str]) -> CommandResult | None:
        match words:
            case ["--", path]:
                row = next((row for row in self._table() if row["TARGET"] == path), None)
                if row is None:
                    message = f"mount: {path}: can't find in /etc/fstab.\n"
                    return CommandResult(exit_code=1, stderr=message.encode())
                return self._mounted(path, row["SOURCE"], row["FSTYPE"], row["OPTIONS"])
            case ["-t", fstype, "-o", options, "--", source, path]:
                return self._mounted(path, source, fstype, options)
            case ["-t", fstype, "--", source, path]:
                return self._mounted(path, source, fstype, "rw,relatime")
            case [option, "--", path] if option.startswith("--make-") and self.mounts and path in self.mounts:
                self.mounts[path] = replace(self.mounts[path], propagation=option.removeprefix("--make-"))
                return CommandResult(exit_code=0)
            case _:
                return None

    def _mounted(self, path: str, source: str, fstype: str, options: str) -> CommandResult:
        device = self.devices.get(source)
        if device is None or device.fstype != fstype:
            message = f"mount: {path}: special device {source} does not exist, or has no {fstype}.\n"
            return CommandResult(exit_code=_FAILED, stderr=message.encode())
        shown = options.replace("defaults", "rw,relatime")
        shown = shown if {"rw", "ro"} & set(shown.split(",")) else f"rw,{shown}"
        mount = GivenMount(source=source, fstype=fstype, options=shown, uuid=device.uuid, number=device.number)
        (self.mounts if self.mounts is not None else {})[path] = mount
        return CommandResult(exit_code=0)

    def _stat(self, words: list[str]) -> CommandResult | None:
        match words:
            case ["-L", "-c", "%F|%t|%T", "--", device]:
                known = self.devices.get(device)
                if known is None:
                    return CommandResult(exit_code=1, stderr=f"stat: cannot statx '{device}'\n".encode())
                major, _, minor = known.number.partition(":")
                line = f"block special file|{int(major):x}|{int(minor):x}\n"
                return CommandResult(exit_code=0, stdout=line.encode())
            case _:
                return None

    def _blkid(self, words: list[str]) -> CommandResult | None:
        match words:
            case ["-p", "-o", "export", "--", device]:
                known = self.devices.get(device)
                if known is None:
                    return CommandResult(exit_code=2)
                return CommandResult(exit_code=0, stdout=f"DEVNAME={device}\nTYPE={known.fstype}\n".encode())
            case _:
                return None

    def _test(self, words: list[str]) -> CommandResult | None:
        match words:
            case ["-d", path] if path in self.folders:
                return CommandResult(exit_code=0)
            case _:
                return None

    def _realpath(self, words: list[str]) -> CommandResult | None:
        """There are no symbolic links."""
        match words:
            case ["-m", "-z", "--", *paths]:
                return CommandResult(exit_code=0, stdout=b"".join(f"{path}\0".encode() for path in paths))
            case _:
                return None

    def _script(self, mounts: Mapping[str, GivenMount], command: Command) -> CommandResult | None:
        if command.script == UNITS:
            return CommandResult(exit_code=_NO_SYSTEMD)
        users = {pid: who for mount in mounts.values() for pid, who in mount.users.items()}
        if command.script == USES:
            path = command.argv[0].replace("\\", "")
            here = mounts[path].users if path in mounts else {}
            found = "".join(f"process\0/proc/{pid}/cwd\0{path}\0" for pid in here)
            return CommandResult(exit_code=0, stdout=f"{found}end\0\0\0".encode())
        if command.script == NAMES:
            rows = [(pid, *users[int(pid)]) for pid in command.argv if int(pid) in users]
            return CommandResult(exit_code=0, stdout="".join("\t".join(row) + "\n" for row in rows).encode())
        if command.script == USERS:
            number = command.argv[0]
            lines = [
                f"/proc/1/mountinfo:30 1 {number} {mount.root} {target} {mount.options} - {mount.fstype}\n"
                for target, mount in mounts.items()
                if mount.number == number
            ]
            return CommandResult(exit_code=0, stdout="".join([*lines, "end\n"]).encode())
        return None


_FIELDS = 3


def _row(target: str, mount: GivenMount) -> dict[str, str]:
    return {
        "SOURCE": mount.source,
        "TARGET": target,
        "FSTYPE": mount.fstype,
        "OPTIONS": mount.options,
        "PROPAGATION": mount.propagation,
        "UUID": mount.uuid,
        "FSROOT": mount.root,
        "MAJ:MIN": mount.number,
    }
