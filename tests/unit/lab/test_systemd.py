"""Where a target's systemd lives among the control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.lab import systemd


def test_targets_of_one_name_in_two_labs_share_no_control_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two of them would be one machine, and neither could be cleared away."""
    monkeypatch.setattr(systemd, "_hierarchies", lambda: [Path("/sys/fs/cgroup/systemd")])

    one, other = systemd.entering(Path("/a/lab/web")), systemd.entering(Path("/b/lab/web"))

    assert "/sys/fs/cgroup/systemd/vmfix-lab-web-" in one
    assert one != other
    assert one == systemd.entering(Path("/a/lab/web"))
