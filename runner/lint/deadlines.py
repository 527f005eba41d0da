"""Deadlines that are missing, too short for what they bound, or deadly; exit codes that hide an error."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.lint.book import CHANGES, PROGRAM, SHELL, Book, Placed, seconds
from runner.lint.finding import Finding, error, warning
from runner.lint.programs import name_of, unwrapped
from runner.lint.sh_words import commands
from runner.model.command import AtDeadline
from runner.model.fields import format_duration
from runner.model.playbook import Remedy
from runner.steps.check import NOT_STARTED

SLOW_WITHOUT_DEADLINE = warning("slow-without-deadline", "A slow observation has no `at_most` of its own.")
TAKES_MISSING = warning("takes-missing", "A remedy with steps does not say how long it takes; a window cannot be kept.")
TAKES_TOO_SHORT = warning("takes-too-short", "`takes` is shorter than the deadlines in the remedy together.")
KILLS_A_REPAIR = error("kills-a-repair", "`at_deadline: kill` on what must not be broken off, such as a repair.")
HIDDEN_ERROR = warning("hidden-error", "An exit code that says that nothing was run, or failed, counts as success.")

RULES = (SLOW_WITHOUT_DEADLINE, TAKES_MISSING, TAKES_TOO_SHORT, KILLS_A_REPAIR, HIDDEN_ERROR)

_SLOW = frozenset(["du", "e2fsck", "xfs_repair", "vssadmin", "wevtutil", "journalctl", "systeminfo", "driverquery"])
_REPAIRS = frozenset(
    ("btrfs", "chkdsk", "dd", "dism", "e2fsck", "fsck", "fsck.ext3", "fsck.ext4", "mkfs", "msdtc", "msiexec", "sfc")
) | {"xfs_repair", "apt", "apt-get", "yum", "dnf", "zypper", "dpkg", "rpm"}
_WAITS = {"wait_for": ("within",), "reboot": ("within",), "installer": ("within", "wait_for_others")}
_ALWAYS_WELL = re.compile(r"(\|\|\s*(true|:)|;\s*exit 0|\n\s*exit 0)\s*\Z")


def find(book: Book) -> Iterator[Finding]:
    """Observations, then steps, then remedies."""
    yield from _observations(book)
    for placed in book.steps:
        yield from _of_step(book, placed)
    for remedy in book.playbook.remedies:
        if remedy.steps:
            yield from _of_remedy(book, remedy)


def _observations(book: Book) -> Iterator[Finding]:
    for observation in book.playbook.observe:
        on, path = f"observe.{observation.name}", ("observe", observation.name)
        words = () if observation.script or observation.would else unwrapped(observation.argv)
        slow = bool(words) and _is_slow(name_of(words[0]), tuple(words[1:]))
        if slow and not book.says(path, "at_most"):
            message = f"`{words[0]}` can take long, and observation `{observation.name}` has no `at_most`"
            advice = "Say how long it may take; left out, it is ended after 60s, and the target fails."
            yield Finding(SLOW_WITHOUT_DEADLINE, on, observation.span, message, advice)
        if hidden := sorted(set(observation.ok_exit) & set(NOT_STARTED)):
            yield _hidden(on, book, (*path, "ok_exit"), hidden)


def _is_slow(name: str, args: tuple[str, ...]) -> bool:
    if name in ("grep", "egrep", "fgrep"):
        return any(re.fullmatch(r"-[a-zA-Z]*[rR][a-zA-Z]*|--(dereference-)?recursive", arg) for arg in args)
    if name == "find":
        return not any(arg.startswith("-maxdepth") for arg in args)
    return name in _SLOW


def _left_undone(name: str, code: object) -> bool:
    """fsck(8): 1 and 2 are added up for what was repaired, all else for what was not. msiexec: Windows Installer's."""
    if name.startswith(("fsck", "e2fsck")):
        return isinstance(code, int) and bool(code & ~3) and code not in NOT_STARTED
    return name == "msiexec" and code in (1601, 1602, 1603, 1618, 1619, 1639)


def _hidden(
    on: str, book: Book, path: tuple[str | int, ...], codes: list[int], means: str = "could not be started"
) -> Finding:
    numbers = ", ".join(map(str, codes))
    message = f"exit {numbers} means that the program {means}, and counts as success here"
    return Finding(HIDDEN_ERROR, on, book.document.span(path), message, f"Take {numbers} out of `ok_exit`.")


def _of_step(book: Book, placed: Placed) -> Iterator[Finding]:
    step, path = placed.step, (*placed.path, placed.step.type)
    given = step.args.get("ok_exit")
    well = given if isinstance(given, list | tuple) else ()
    if codes := sorted(code for code in well if code in NOT_STARTED):
        yield _hidden(placed.on, book, (*path, "ok_exit"), codes)
    words = unwrapped(placed.argv) if step.type == PROGRAM else ()
    if words and (codes := sorted(code for code in well if _left_undone(name_of(words[0]), code))):
        yield _hidden(placed.on, book, (*path, "ok_exit"), codes, "did not do it")
    if step.type == SHELL and not placed.check and _ALWAYS_WELL.search(placed.script):
        message = f"the script of step `{step.id}` always ends with exit 0, and no `check` sees whether it helped"
        advice = "Let the script end with the exit code of what it does, or give a `check`."
        yield Finding(HIDDEN_ERROR, placed.on, book.document.span((*path, "script")), message, advice)
    if step.at_deadline is AtDeadline.KILL and (program := _repair(placed)):
        span = book.document.span((*placed.path, "at_deadline"))
        message = f"`{program}` is killed at its deadline, and half done it leaves more damage than it found"
        yield Finding(KILLS_A_REPAIR, placed.on, span, message, "Write `leave`: it goes on, and a person looks later.")


def _repair(placed: Placed) -> str:
    """The program of the step that must not be broken off; empty if there is none."""
    if placed.step.type in ("filesystem_check", "installer", "package"):
        return placed.step.type
    scripts = [placed.argv] if placed.step.type == PROGRAM else commands(placed.script) if placed.script else []
    names = (name_of(words[0]) for script in scripts if (words := unwrapped(script)))
    return next((name for name in names if name in _REPAIRS), "") if placed.step.type in CHANGES else ""


def _of_remedy(book: Book, remedy: Remedy) -> Iterator[Finding]:
    """``takes`` is held against the deadlines that the author wrote; those of vmfix itself are generous."""
    on = f"remedies.{remedy.id}"
    if remedy.takes is None:
        message = f"remedy `{remedy.id}` does not say how long it `takes`"
        advice = "Add `takes: 10m`, the worst case: a maintenance window is only used if it is long enough."
        yield Finding(TAKES_MISSING, on, remedy.span, message, advice)
        return
    least = sum(_least(placed) for placed in book.steps if placed.remedy is remedy)
    least += sum(seconds(text) or 0 for text in (remedy.verify.within, remedy.verify.stays))
    if least > remedy.takes:
        message = (
            f"`takes: {format_duration(remedy.takes)}` is shorter than the deadlines in `{remedy.id}` together, "
            f"{format_duration(least)}"
        )
        span = book.document.span(("remedies", book.playbook.remedies.index(remedy), "takes"))
        yield Finding(TAKES_TOO_SHORT, on, span, message, f"Write at least `takes: {format_duration(least)}`.")


def _least(placed: Placed) -> float:
    waits = _WAITS.get(placed.step.type, ())
    return (placed.step.at_most or 0) + sum(seconds(placed.step.args.get(name)) or 0 for name in waits)
