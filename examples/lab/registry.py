"""Reads and writes lab.json: what a lab must remember beyond the life of the program that made it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.images import Disk

FILE_NAME = "lab.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target that was started; whether it still runs is for the kernel to say."""

    scenario: str
    port: int
    disks: tuple[Disk, ...]

    def disk_at(self, mount: str) -> Disk:
        """The disk that belongs at a mount point, mounted or not."""
        for disk in self.disks:
            if disk.mount == mount:
                return disk
        raise LabError(f"No disk belongs at {mount}; there are: {', '.join(disk.mount for disk in self.disks)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The lab's memory; the password opens nothing but its targets."""

    password: str
    password_hash: str
    targets: dict[str, Target]


def read_record(folder: Path) -> Record:
    """Read a lab's memory; a folder without one is a lab without targets."""
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Record(password="", password_hash="", targets={})
    kept = json.loads(text)
    return Record(
        password=kept["password"],
        password_hash=kept["password_hash"],
        targets={
            name: Target(
                scenario=target["scenario"],
                port=target["port"],
                disks=tuple(Disk(**disk) for disk in target["disks"]),
            )
            for name, target in kept["targets"].items()
        },
    )


def write_record(folder: Path, record: Record) -> None:
    """Replace a lab's memory at once, so that a killed program leaves the old one or the new one."""
    new = folder / f"{FILE_NAME}.new"
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(record), indent=1, ensure_ascii=False), encoding="utf-8")
    new.replace(folder / FILE_NAME)
