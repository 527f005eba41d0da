"""Every numbered example runs as its README says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from examples.lab import missing

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.name[:2].isdecimal())
NEED_A_LAB = {"04-secrets"}
SAID = {
    "01-first-playbook": ("would change", "Nothing to change", "fixed"),
    "02-ci": ("nothing is approved", '"status": "fixed"', "<testsuite "),
    "03-ansible-inventory": ("web-01",),
    "04-secrets": ("web-01", "NO_SUCH_SECRET"),
    "05-signed-ci": ("not run: error: nothing of this plan is approved", '"signed": true', "plan is spent"),
}


def run(name: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Call an example's script as a reader would, with temporary files where they can be counted."""
    plain = {key: value for key, value in os.environ.items() if key != "VMFIX"}
    return subprocess.run(
        ["sh", str(ROOT / "examples" / name / "run.sh")],
        env={**plain, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT), **given, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_each_example_has_a_page_and_a_place_here() -> None:
    """A number that is missing would be a page that nobody finds."""
    assert [name[:2] for name in EXAMPLES] == [f"{number:02}" for number in range(1, len(EXAMPLES) + 1)]
    assert set(EXAMPLES) == set(SAID)
    for name in EXAMPLES:
        assert f"examples/{name}/run.sh" in (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.real] if name in NEED_A_LAB else []) for name in EXAMPLES]
)
def test_an_example_runs(name: str, tmp_path: Path, require_real: Callable[[Sequence[str]], None]) -> None:
    """It ends well, shows what it promises, and leaves nothing behind."""
    if name in NEED_A_LAB:
        require_real(missing())

    done = run(name, tmp_path, VMFIX=f"{sys.executable} -m runner")

    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for words in SAID[name]:
        assert words in said, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_example_calls_the_vmfix_of_the_search_path(tmp_path: Path) -> None:
    """As its page says; its own function of that name is not what is meant."""
    called, folder = tmp_path / "bin", tmp_path / "work"
    called.mkdir()
    folder.mkdir()
    program = called / "vmfix"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m runner "$@"\n', encoding="utf-8")
    program.chmod(0o755)

    done = run("01-first-playbook", folder, PATH=f"{called}:{os.environ['PATH']}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "fixed" in done.stdout


@pytest.mark.parametrize("name", ["github-actions.yml", "azure-pipelines.yml"])
def test_a_pipeline_is_yaml_that_calls_the_two_jobs(name: str) -> None:
    """That is all that can be tried without those services."""
    text = (ROOT / "examples" / "05-signed-ci" / name).read_text(encoding="utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    assert 'sh job-plan.sh "$PLAYBOOK" -t "$TARGETS"' in text
    assert "sh job-run.sh" in text
