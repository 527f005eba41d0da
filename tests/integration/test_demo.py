"""`make demo`, as it stands, passes and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from examples.lab import missing

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]


def test_the_demo_proves_what_it_shows_and_leaves_nothing(
    tmp_path: Path, require_real: Callable[[Sequence[str]], None]
) -> None:
    """Each command is printed before it runs, all proofs hold, and neither a file nor a process nor a mount is left."""
    require_real(missing())
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--keep", str(tmp_path / "kept")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for command in ("list", "show", "plan", "run", "runs"):
        assert f"$ vmfix {command}" in done.stdout
    assert done.stdout.count("  proved: ") == 12
    assert len(done.stdout.splitlines()) < 200
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert {path.name for path in (tmp_path / "kept").iterdir()} >= {"plan.txt", "plan.json", "report.xml"}
    attached = subprocess.run(
        ["losetup", "--list", "--output", "BACK-FILE"], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) not in attached.stdout
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
