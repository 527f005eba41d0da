"""Where a target's systemd lives among the control groups, and what is said where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from examples.lab import systemd
from examples.lab.errors import LabError


@pytest.fixture(name="mounts")
def _mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /sys/fs/cgroup on a machine that has all programs."""
    monkeypatch.setattr(systemd, "_PLACES", (tmp_path, tmp_path / "unified"))
    monkeypatch.setattr(systemd, "SYSTEMD_PROGRAMS", {})
    return tmp_path


def mount(place: Path, *, version: int) -> Path:
    """What the kernel shows at a mounted hierarchy."""
    place.mkdir(exist_ok=True)
    (place / "cgroup.procs").touch()
    if version == 2:
        (place / "cgroup.controllers").touch()
    return place


def test_targets_of_one_name_in_two_labs_share_no_control_group(mounts: Path) -> None:
    """Else two of them would be one machine, and neither could be cleared away."""
    mount(mounts, version=2)

    one, other = systemd.entering(Path("/a/lab/web")), systemd.entering(Path("/b/lab/web"))

    assert one != other
    assert one == systemd.entering(Path("/a/lab/web"))


@pytest.mark.parametrize("place", [".", "unified"])
def test_a_group_of_version_2_is_found_alone_and_beside_version_1(mounts: Path, place: str) -> None:
    """It is named after lab and target, and no other lab's is taken for it."""
    mount(mounts / "pids", version=1)
    where = mount(mounts / place, version=2)
    for folder in ("/a/lab/web", "/a/lab/web-2", "/b/lab/web"):
        Path(systemd.entering(Path(folder)).split("'")[1]).mkdir()

    assert systemd.missing() == []
    assert [group.parent for group in systemd.groups(Path("/a/lab"))] == [where, where]
    assert len(systemd.groups(Path("/a/lab"), "web")) == 1


def test_what_has_to_be_mounted_is_said(mounts: Path) -> None:
    """Beside version 1 in a folder of its own, else at the usual place; and nothing is entered meanwhile."""
    assert systemd.missing() == [
        f"No control groups of version 2 are mounted: try mkdir -p {mounts} && mount -t cgroup2 cgroup2 {mounts}"
    ]
    mount(mounts / "systemd", version=1)
    beside = mounts / "unified"
    assert systemd.missing() == [
        f"No control groups of version 2 are mounted: try mkdir -p {beside} && mount -t cgroup2 cgroup2 {beside}"
    ]
    with pytest.raises(LabError, match="version 2"):
        systemd.entering(Path("/a/lab/web"))
    assert systemd.groups(Path("/a/lab")) == []


def test_a_read_only_mount_is_named(mounts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Docker mounts it; root's rights do not help there."""
    mount(mounts, version=2)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))

    assert systemd.missing() == [
        f"{mounts} is mounted read-only, as in containers that are not privileged: no control group can be made."
    ]


def test_a_missing_package_is_named(mounts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a bare container image."""
    mount(mounts, version=2)
    monkeypatch.setattr(systemd, "SYSTEMD_PROGRAMS", {"systemd": ("/no/such/systemd",)})

    assert systemd.missing() == ["Programs are missing: apt-get install systemd"]
