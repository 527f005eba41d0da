"""`make demo`, as it stands, passes and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from examples import demo
from examples.demo_cast import LINUX, WINDOWS
from examples.lab import missing, missing_windows

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "examples.demo"]
RequireReal = Callable[[Sequence[str]], None]


def start(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    """Start the demo in a session of its own, with its folders in ``tmp_path``."""
    return subprocess.Popen(
        [*DEMO, *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_of(place: Path) -> list[str]:
    """Loop devices that hold a file of that folder, and processes that name it or have something of it mounted."""
    devices = subprocess.run(["losetup", "--list", "--output", "BACK-FILE"], capture_output=True, text=True, check=True)
    found = [line for line in devices.stdout.splitlines() if str(place) in line]
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            found += [f"{process}/{name}" for name in ("cmdline", "mountinfo") if str(place) in _text(process / name)]
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


def tried(path: Path) -> set[str]:
    """The targets of a JUnit report."""
    names = [case.get("name", "") for case in ET.parse(path).iter("testcase")]  # noqa: S314 - our own file
    return {name.partition(",")[0] for name in names}


def test_the_demo_proves_what_it_shows_and_leaves_nothing(tmp_path: Path, require_real: RequireReal) -> None:
    """One plan, one run and one report for both platforms; all proofs hold; no file, process or mount is left."""
    require_real([*missing(), *missing_windows()])
    process = start(tmp_path, "--keep", str(tmp_path / "kept"))
    out, err = process.communicate(timeout=240)

    assert process.returncode == 0, out + err
    for command in ("list", "show", "plan", "run", "runs"):
        assert f"$ vmfix {command}" in out
    assert out.count("$ vmfix run --plan plan.json") == 1
    assert out.count("  proved: ") == 20
    assert len(out.splitlines()) < 200
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert {path.name for path in (tmp_path / "kept").iterdir()} >= {"plan.txt", "plan.json", "report.xml"}
    assert tried(tmp_path / "kept" / "report.xml") == {*LINUX, *WINDOWS}
    assert not left_of(tmp_path)


def test_without_wine_the_demo_says_so_and_goes_on(
    tmp_path: Path,
    require_real: RequireReal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It names what is missing, and mends the Linux targets."""
    require_real(missing())
    monkeypatch.setattr(demo, "missing_windows", lambda: ["Programs are missing: apt-get install wine64"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = demo.main([])
    out, err = capsys.readouterr()

    assert code == 0, out + err
    assert out.startswith("No Windows targets on this machine")
    assert "apt-get install wine64" in out
    assert out.count("  proved: ") == 12
    assert "sql-01" not in out
    assert not left_of(tmp_path)


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path, require_real: RequireReal) -> None:
    """Pressed twice, while vmfix mends: the targets go, and the exit code is the usual one."""
    require_real([*missing(), *missing_windows()])
    process = start(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("$ vmfix run --plan"):
            break
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130, out + err
    assert err.endswith("Interrupted. The targets are gone.\n")
    assert "Traceback" not in out + err
    assert not left_of(tmp_path)
    assert not list(tmp_path.iterdir())
