"""Makes disk images with known content and real damage, and attaches them to loop devices."""

import hashlib
import json
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.processes import POLL_SECONDS, attempt, run
from examples.lab.scenarios import Damage, Volume

EXT4_SIZE = "24M"
LAST_CHECKED = "20260101"
XFS_SIZE = "300M"  # mkfs.xfs refuses less; the file is sparse
VICTIM = "victim.bin"  # the file that damage is done to, which therefore has no known checksum

# Wrong counters, a leaked block and inode, a wrong link count: what a preening fsck repairs without asking.
PREEN_DAMAGE = f"""\
set_super_value free_blocks_count 999
set_super_value free_inodes_count 77
set_bg 0 free_inodes_count 99
setb 5900 8
seti <500>
set_inode_field {VICTIM} links_count 4
set_super_value state 2
"""
# A file that no directory names any more: fsck would have to choose a place for it, so preening refuses.
HOPELESS_DAMAGE = f"""\
unlink {VICTIM}
set_super_value state 2
"""
XFS_DAMAGE = (("agi 0", "write freecount 7"), ("agi 1", "write freecount 9"))

MOUNT_AND_FILL = 'mount -t xfs "$1" "$2" && cp -a "$3"/. "$2" && umount "$2"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """An image with a file system on it; `checksums` are the SHA-256 of files that must survive any repair."""

    image: str
    mount: str
    fstype: str
    uuid: str
    checksums: dict[str, str]


def make_disk(folder: Path, index: int, volume: Volume, *, seed: str) -> tuple[Disk, str]:
    """Make the image of a volume, damaged as asked, and attach it; also returns the loop device."""
    image = folder / f"disk{index}.img"
    content = folder / f"content{index}"
    checksums = _make_content(content, seed=f"{seed}/{index}")
    image.unlink(missing_ok=True)
    run(["truncate", "-s", XFS_SIZE if volume.fstype == "xfs" else EXT4_SIZE, str(image)])
    if volume.fstype == "ext4":
        run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-d", str(content), str(image)])
        # A new file system counts as checked now; these have not been checked for long, as the log's failures are old.
        run(["tune2fs", "-T", LAST_CHECKED, str(image)])
        _damage_ext4(image, volume.damage)
        device = attach(image)
    else:
        run(["mkfs.xfs", "-q", str(image)])
        device = attach(image)
        mount_point = folder / f"mount{index}"
        mount_point.mkdir(exist_ok=True)
        run(["unshare", "-m", "sh", "-ec", MOUNT_AND_FILL, "sh", device, str(mount_point), str(content)])
        _damage_xfs(device, volume.damage)
    shutil.rmtree(content)
    uuid = run(["blkid", "-p", "-o", "value", "-s", "UUID", device]).strip()
    return Disk(image=str(image), mount=volume.mount, fstype=volume.fstype, uuid=uuid, checksums=checksums), device


def _make_content(folder: Path, *, seed: str) -> dict[str, str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "reports").mkdir()
    source = random.Random(seed)  # noqa: S311 - reproducible filling, no secret
    names = ("a.bin", "b.bin", "reports/2023.bin", "reports/2024.bin", "søren.txt", VICTIM)
    for name in names:
        (folder / name).write_bytes(source.randbytes(source.randrange(5_000, 60_000)))
    (folder / "journal.log").write_text("started\n", encoding="ascii")
    kept = (name for name in names if name != VICTIM)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in kept}


def _damage_ext4(image: Path, damage: Damage) -> None:
    requests = {Damage.PREEN: PREEN_DAMAGE, Damage.HOPELESS: HOPELESS_DAMAGE, Damage.NONE: ""}[damage]
    if requests:
        run(["debugfs", "-w", "-f", "-", str(image)], stdin=requests.encode())


def _damage_xfs(device: str, damage: Damage) -> None:
    if damage is Damage.COUNTERS:
        for place, write in XFS_DAMAGE:
            run(["xfs_db", "-x", "-c", place, "-c", write, device])


def attach(image: Path) -> str:
    """Attach an image to a free loop device, which is allocated if there is none."""
    return run(["losetup", "-f", "--show", str(image)]).strip()


def attached(folder: Path) -> dict[str, str]:
    """The loop devices, by image path, whose images lie in `folder`, deleted ones included."""
    found = {}
    listed = run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"]).strip()
    for device in json.loads(listed)["loopdevices"] if listed else ():
        back_file = (device["back-file"] or "").removesuffix(" (deleted)")
        if Path(back_file).is_relative_to(folder):
            found[back_file] = device["name"]
    return found


def detach(folder: Path, *, timeout_s: float = 15) -> None:
    """Detach every loop device of a folder, and wait for it: one that is still mounted goes with its last unmount."""
    for device in attached(folder).values():
        attempt(["losetup", "-d", device])
    deadline = time.monotonic() + timeout_s
    while left := attached(folder):
        if time.monotonic() > deadline:
            raise LabError(f"{', '.join(left.values())} cannot be detached: is it mounted or held open by somebody?")
        time.sleep(POLL_SECONDS)
