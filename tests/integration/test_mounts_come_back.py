"""What is mounted on, in or beside a damaged file system is afterwards exactly what it was, or was never touched."""

from __future__ import annotations

import pytest

from examples.lab import Lab
from examples.lab.sent import sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import Done, conf, mounted, wrap
from tests.integration.test_fs_freeze_faults import HELD_REPAIR, held, let_go

pytestmark = pytest.mark.real


def prepare(lab: Lab, name: str, script: str) -> None:
    """Change a target's mounts as its own administrator would."""
    lab.run(name, "sh", "-ec", script)


def folder_below(lab: Lab, name: str) -> None:
    """Make the mount point of the nested file system on the root file system as well."""
    prepare(lab, name, "mkdir -p /tmp/r; mount --bind / /tmp/r; mkdir -p /tmp/r/data/sub; umount /tmp/r")


def table(lab: Lab, name: str) -> str:
    """The whole mount table, with what bind mounts show and how mounts propagate."""
    return lab.run(name, "findmnt", "--list", "--noheadings", "--output", "TARGET,SOURCE,FSTYPE,OPTIONS,PROPAGATION")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("mkdir /data/cache; mount -t tmpfs tmpfs /data/cache; echo kept >/data/cache/file", "in memory only"),
        ("mkdir /data/bound; mount --bind /data/reports /data/bound", "shows the folder /reports"),
        ("mkdir -p /srv/x /data/bound; mount --bind /srv/x /data/bound", "would not come back as it is"),
        ("mkdir /srv/reports; mount --bind /data/reports /srv/reports", "mounted elsewhere too"),
    ],
    ids=["tmpfs", "bind-same-device", "bind-other-device", "bind-outside"],
)
def test_what_would_not_come_back_is_not_unmounted(desk_of: DeskOf, script: str, said: str) -> None:
    """It is said in plain words, and the backup is told to skip the file system instead."""
    desk = desk_of("web=ext4-dirty")
    prepare(desk.lab, "web", script)
    before = table(desk.lab, "web")

    plan = desk.work("plan")
    done = desk.mend()

    assert said in plan.text
    assert done.statuses == {"web": "applied"}
    assert table(desk.lab, "web") == before
    assert "umount" not in {command.program for command in sent(desk.lab, "web")}
    assert b"/data" in conf(desk.lab, "web")
    if "kept" in script:
        assert desk.lab.run("web", "cat", "/data/cache/file") == "kept\n"


def test_a_mount_below_a_damaged_one_stays_down_with_it(desk_of: DeskOf) -> None:
    """The check of /data fails, so /data stays unmounted; /data/sub is not mounted onto the root's folder."""
    desk = desk_of("n=nested")
    wrap(desk.lab, "n", "e2fsck", 'case "$*" in *-p*) exit 4 ;; esac\nexec "$REAL" "$@"')
    folder_below(desk.lab, "n")

    done = desk.mend()

    assert done.statuses == {"n": "failed"}
    assert mounted(desk.lab, "n") == []
    assert "mount" not in {command.program for command in sent(desk.lab, "n")}
    assert "/data/sub stood on what is mounted at /data; now it would stand on the file system at /" in done.text


def test_a_mount_below_one_in_an_unknown_state_stays_down_too(desk_of: DeskOf) -> None:
    """The connection breaks under the repair: nobody mounts /data, and so nobody mounts /data/sub."""
    desk = desk_of("n=nested")
    wrap(desk.lab, "n", "e2fsck", HELD_REPAIR)
    folder_below(desk.lab, "n")

    with desk.start("run", "--approve", "all", "--json") as process:
        held(desk.lab, "n")
        assert desk.lab.kill_connections("n") > 0
        out, err = process.communicate(timeout=100)
    done = Done(process.returncode, out, err)

    assert done.statuses == {"n": "indeterminate"}, done.text
    assert mounted(desk.lab, "n") == []
    let_go(desk.lab, "n")


def test_live_options_and_propagation_come_back(desk_of: DeskOf) -> None:
    """A remount that nobody wrote into fstab, and a mount that is shared where its neighbours are not."""
    desk = desk_of("web=ext4-dirty")
    prepare(desk.lab, "web", "mount -o remount,commit=30,discard /data; mount --make-shared /data")
    before = table(desk.lab, "web")

    done = desk.mend()

    assert done.statuses == {"web": "fixed"}, done.text
    assert table(desk.lab, "web") == before


def test_nothing_is_remembered_without_a_failed_backup(desk_of: DeskOf) -> None:
    """Without a log there is no attempt to remember, and no step that would."""
    desk = desk_of("web=ext4-dirty")
    prepare(desk.lab, "web", "rm -r /var/log/azure")

    plan = desk.work("plan")

    assert "Check and repair" in plan.text
    assert "Remember which" not in plan.text
    assert "None /data" not in plan.text
