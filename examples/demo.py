"""The main job, shown on this machine: break practice targets, mend them with vmfix, and prove it from outside.

    python -m examples.demo                 consent is given by --approve, as a CI job would
    python -m examples.demo --ask           you are asked, as at any terminal
    python -m examples.demo --keep DIR      keep the plan and the reports

Needs root on Linux (see examples/lab/README.md). Exits with 1 if a proof fails. Nothing is left behind.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.demo_proofs import Before, after_looking, after_mending, after_second_run, remember
from examples.lab import Lab, LabError, missing

CODE = "UserErrorFsFreezeFailed"
TARGETS = {
    "web-01": "ext4-dirty",
    "db-01": "xfs-dirty-log",
    "app-01": "not-in-fstab",
    "log-01": "ext4-busy",
    "ok-01": "healthy",
}
WHAT = {
    "web-01": "a damaged ext4 at /data",
    "db-01": "an xfs that the kernel has shut down; its log is dirty",
    "app-01": "a damaged ext4, mounted by hand with options that no fstab knows",
    "log-01": "a damaged ext4 that a process keeps busy",
    "ok-01": "nothing is wrong here",
}
PAPERS = ("plan.txt", "plan.json", "report.txt", "report.xml", "report.md")


@dataclass(frozen=True, slots=True)
class Show:
    """The stage: where vmfix is called, and whether the person at the terminal is to be asked."""

    folder: Path
    ask: bool

    def vmfix(self, *argv: str, show: Sequence[str] = (), most: int = 0, keep: str = "", ok: int = 0) -> str:
        """Print a call of vmfix, make it, and print its first ``most`` lines and those that hold a word of ``show``."""
        print(f"\n$ vmfix {' '.join(argv)}", flush=True)
        done = self._call(argv, captured=True)
        said = done.stdout or ""
        if keep:
            (self.folder / keep).write_text(said, encoding="utf-8")
        lines = said.splitlines()
        shown = [line for n, line in enumerate(lines) if n < most or any(word in line for word in show)]
        print("\n".join(f"  {line}" for line in shown))
        if len(shown) < len(lines):
            print(f"  [{len(shown)} of {len(lines)} lines{f'; the whole is in {keep}' if keep else ''}]")
        _expect(done, argv, ok)
        return said

    def asked(self, *argv: str) -> None:
        """The same at the terminal itself, with everything that vmfix says and asks."""
        print(f"\n$ vmfix {' '.join(argv)}", flush=True)
        _expect(self._call(argv, captured=False), argv, 0)

    def _call(self, argv: Sequence[str], *, captured: bool) -> subprocess.CompletedProcess[str]:
        root = str(Path(__file__).resolve().parents[1])
        environ = {**os.environ, "VMFIX_STATE": str(self.folder / "state"), "PYTHONPATH": root}
        return subprocess.run(
            [sys.executable, "-m", "runner", *argv],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL if captured else None,
            capture_output=captured,
            text=True,
            check=False,
        )


class DemoFailed(Exception):
    """A command did not end as it has to."""


def _expect(done: subprocess.CompletedProcess[str], argv: Sequence[str], code: int) -> None:
    if done.returncode != code:
        said = (done.stderr or "").strip()
        message = f"vmfix {argv[0]} ended with exit code {done.returncode}, and {code} was expected\n{said}"
        raise DemoFailed(message)


def _title(number: int, text: str) -> None:
    print(f"\n=== {number}. {text}")


def _break(lab: Lab) -> Before:
    _title(1, "Five targets, four of them broken: an sshd each, with real file systems")
    lab.up(f"{name}={scenario}" for name, scenario in TARGETS.items())
    before = remember(lab)
    for name, what in WHAT.items():
        place = before.mounts[name][0]
        clean = "clean" if lab.check_clean(name).clean else "DIRTY"
        print(f"  {name:8}{clean:7}{place.source} on {place.target} ({place.fstype}): {what}")
    return before


def _look(show: Show, lab: Lab, before: Before) -> None:
    _title(2, "The portal shows an error code: what solves it?")
    show.vmfix("list", CODE, most=4)
    show.vmfix("show", CODE, most=13)
    _title(3, "What exactly would be run where? (reads only)")
    words = ("note:", "runs:", "may run: env", "may run: mount", ": planned", ": healthy", "may run on", " (azureuser@")
    plan = ("plan", CODE, "-i", "inventory.yml", "-o", "plan.json")
    show.vmfix(*plan, most=1, show=words, keep="plan.txt")
    show.vmfix("run", CODE, "-i", "inventory.yml", "--dry-run", most=1)
    after_looking(lab, before)


def _mend(show: Show, lab: Lab, before: Before) -> None:
    _title(4, "Consent, once per remedy; then it runs, is verified, and reports")
    run = ("run", "--plan", "plan.json", "-i", "inventory.yml", "--junit", "report.xml", "--markdown", "report.md")
    if show.ask:
        show.asked(*run)
    else:
        words = (
            "vmfix run 2",
            "In order:",
            ": fixed by",
            ": applied by",
            ": healthy:",
            "approved by",
            "verified:",
            "as root; exit",
        )
        show.vmfix(*run, "--approve", "repair", "--approve", "skip", show=words, keep="report.txt")
    after_mending(lab, before, everything=not show.ask)


def _again(show: Show, lab: Lab, before: Before) -> None:
    _title(5, "The same again changes nothing, and says so")
    for name in lab.targets:
        lab.clear_commands(name)
    words = ("Nothing to change", "vmfix run 2", ": healthy:", ": applied")
    show.vmfix("run", CODE, "-i", "inventory.yml", "--approve", "all", show=words)
    after_second_run(lab, before)
    show.vmfix("runs", most=3)


def _play(folder: Path, *, ask: bool) -> None:
    show = Show(folder, ask)
    with Lab(folder) as lab:
        before = _break(lab)
        _look(show, lab, before)
        _mend(show, lab, before)
        if not ask:
            _again(show, lab, before)
    print("\nAll proofs hold. The targets are gone.")


def main(argv: Sequence[str] | None = None) -> int:
    """Play the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="Break practice targets, mend them.")
    parser.add_argument("--ask", action="store_true", help="be asked for consent at the terminal")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep the plan and the reports in this folder")
    options = parser.parse_args(argv)
    if problems := missing():
        print("The demo cannot run here.", *problems, sep="\n  ", file=sys.stderr)
        return 1
    if options.ask and not sys.stdin.isatty():
        print("--ask needs a terminal.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="vmfix-demo-") as folder:
        try:
            _play(Path(folder), ask=options.ask)
        except (AssertionError, DemoFailed, LabError) as problem:
            print(f"\nFAILED: {problem}", file=sys.stderr)
            return 1
        finally:
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                for name in PAPERS:
                    if (Path(folder) / name).exists():
                        shutil.copy(Path(folder) / name, options.keep / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
