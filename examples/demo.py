"""The main job, shown on this machine: break practice targets, mend them with vmfix, and prove it from outside.

    python -m examples.demo                 consent is given by --approve, as a CI job would
    python -m examples.demo --ask           you are asked, as at any terminal
    python -m examples.demo --keep DIR      keep the plan and the reports

Needs root on Linux (see examples/lab/README.md). Windows targets are Wine's; where that is missing, the demo says so
and goes on without them. Exits with 1 if a proof fails. Nothing is left behind, also after Ctrl-C.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from examples.demo_cast import LINUX, LINUX_CODE, WINDOWS, Cast
from examples.demo_proofs import Before, after_looking, after_mending, after_second_run, remember
from examples.demo_show import DemoFailed, Show, say, title
from examples.lab import Lab, LabError, missing, missing_windows
from examples.lab.windows.target import cache_folder
from examples.lab.windows.wine.writers import STABLE

PAPERS = ("plan.txt", "plan.json", "report.txt", "report.xml", "report.md")
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
_COUNTED = ("vmfix run 2", "awaiting the next backup)")  # the first line of a report, and how it goes on


def _choose() -> Cast:
    """Linux targets always; Windows ones where this machine can carry them."""
    problems = missing_windows()
    if problems:
        print("No Windows targets on this machine; the demo goes on with the Linux ones.", *problems, sep="\n  ")
    return Cast(LINUX, {} if problems else WINDOWS)


def _break(lab: Lab, cast: Cast) -> Before:
    kinds = "Linux with real file systems, behind sshd"
    kinds += "; Windows by Wine, behind WinRM" if cast.windows else ""
    title(1, f"{len(cast.parts)} targets, all but one of them broken: {kinds}")
    if cast.windows and not cache_folder().exists():
        say("  The first time, the lab compiles its Windows programs: up to half a minute.")
    lab.up(f"{name}={part.scenario}" for name, part in cast.parts.items())
    before = remember(lab, cast)
    for name, part in cast.linux.items():
        place = before.mounts[name][0]
        clean = "clean" if lab.check_clean(name).clean else "DIRTY"
        say(f"  {name:8}{clean:7}{place.source} on {place.target} ({place.fstype}): {part.what}")
    for name, part in cast.windows.items():
        writers = [f"{each.name} [{each.state}]" for each in before.windows[name].writers if each.state != STABLE]
        say(f"  {name:8}{'FAILED' if writers else 'fine':7}{', '.join(writers)}: {part.what}")
    return before


def _look(show: Show, lab: Lab, cast: Cast, before: Before) -> None:
    title(2, "The portal shows error codes: what solves them?")
    show.vmfix("list", most=1, show=cast.codes)
    show.vmfix("show", LINUX_CODE, most=13)
    title(3, "One plan for all of them: what exactly would be run where? (reads only)")
    words = (
        *("note:", "runs:", "may run: env", "may run: mount", ": planned", ": healthy", "may run on", " (azureuser@"),
        *("1. restart-writer-services", "2. no-snapshot-threads", "A backup is running", "end it. Wait"),
    )
    call = (*cast.codes, "-i", "inventory.yml")
    show.vmfix("plan", *call, "-o", "plan.json", most=1, show=words, keep="plan.txt", ok=cast.exit_code)
    show.vmfix("run", *call, "--dry-run", most=1, ok=cast.exit_code)
    after_looking(lab, cast, before)


def _mend(show: Show, lab: Lab, cast: Cast, before: Before) -> None:
    title(4, "Consent, once per remedy; then one run, which verifies and reports")
    run = ("run", "--plan", "plan.json", "-i", "inventory.yml", "--junit", "report.xml", "--markdown", "report.md")
    if show.ask:
        show.asked(*run, ok=(0, 4, 5))  # as the answers are
    else:
        words = (
            *(*_COUNTED, "In order:", ": fixed by", ": applied by", ": healthy:", "approved by", "verified:"),
            *("(127.0.0.1 over", "as root; exit", "as administrator; exit"),
            *("Not in order", ": refused", "  A backup is running", "  if no backup", "next: Do what"),
        )
        approve = (word for remedy in cast.consent for word in ("--approve", remedy))
        show.vmfix(*run, *approve, show=words, keep="report.txt", ok=cast.exit_code)
    after_mending(lab, cast, before, everything=not show.ask)


def _again(show: Show, lab: Lab, cast: Cast) -> None:
    title(5, "The same again changes nothing, and says so")
    mended = remember(lab, cast)
    for name in lab.targets:
        lab.clear_commands(name)
    words = (*_COUNTED, "Nothing to change", "nothing will be changed", ": healthy:", ": applied", ": refused")
    show.vmfix("run", *cast.codes, "-i", "inventory.yml", "--approve", "all", show=words, ok=cast.exit_code)
    after_second_run(lab, cast, mended)
    show.vmfix("runs", most=3)


def _play(folder: Path, cast: Cast, *, ask: bool) -> None:
    show = Show(folder, ask)
    with Lab(folder) as lab:
        before = _break(lab, cast)
        _look(show, lab, cast, before)
        _mend(show, lab, cast, before)
        if not ask:
            _again(show, lab, cast)
    print("\nAll proofs hold. The targets are gone.")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and the like stop the demo once; whoever presses it again waits until the targets are gone."""

    def stop(*_: object) -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    # nohup, or a shell that starts something in the background, has some ignored.
    heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _played(folder: Path, *, ask: bool) -> int:
    try:
        _play(folder, _choose(), ask=ask)
    except (AssertionError, DemoFailed, LabError) as problem:
        print(f"\nFAILED: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        Lab(folder).down()  # once more: it may be this that was interrupted
        print("\nInterrupted. The targets are gone.", file=sys.stderr)
        return INTERRUPTED
    return 0


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
    with _stoppable(), tempfile.TemporaryDirectory(prefix="vmfix-demo-") as folder:
        code = _played(Path(folder), ask=options.ask)
        if options.keep:
            _keep(Path(folder), options.keep)
        else:
            print("The plan and the reports are gone too; make demo ARGS='--keep DIR' keeps them.")
    return code


def _keep(folder: Path, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for name in PAPERS:
        if (folder / name).exists():
            shutil.copy(folder / name, kept / name)


if __name__ == "__main__":
    sys.exit(main())
