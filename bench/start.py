"""Measures how long vmfix takes to start, against a bare interpreter that does nothing.

Prints the ratio of wall-clock medians for --version, --help and list. The calls are interleaved, so that a busy moment
of the machine hits all of them. The budget is for --version.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 21
BUDGET = 6.0
BARE = ("-c", "pass")
CALLS = {
    "--version": ("-m", "runner", "--version"),
    "--help": ("-m", "runner", "--help"),
    "list": ("-m", "runner", "list"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    """How long one start of the interpreter with these arguments takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> int:
    """1 if --version is over its budget."""
    calls = {"bare": BARE, **CALLS}
    for arguments in calls.values():
        seconds(arguments)  # compiles what is not compiled yet
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, arguments in calls.items():
            taken[name].append(seconds(arguments))
    bare = statistics.median(taken["bare"])
    print(f"bare interpreter: {bare * 1000:.1f} ms (median of {ROUNDS}, interleaved)")
    ratios = {name: statistics.median(taken[name]) / bare for name in CALLS}
    for name, ratio in ratios.items():
        budget = f" (budget {BUDGET:.0f}x)" if name == "--version" else ""
        print(f"vmfix {name}: {statistics.median(taken[name]) * 1000:.1f} ms, {ratio:.1f}x{budget}")
    return int(ratios["--version"] > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
