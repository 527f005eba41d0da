"""The extension's log, line by line as its sources write it."""

from __future__ import annotations

import pytest

from runner.model.command import CommandResult
from runner.parsers.freeze_log import FREEZE_LOG

NAME = "[Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9195.0]"


def line(clock: str, text: str) -> str:
    """A line as HandlerUtil.log_py3 writes it: no blank after the prefix."""
    return f"2026-08-06 {clock} {NAME}{text}"


def parse(*lines: str) -> dict[str, object]:
    """The facts of a log."""
    facts = FREEZE_LOG.parse(CommandResult(exit_code=0, stdout="\n".join(lines).encode()))
    assert isinstance(facts, dict)
    assert set(facts) == set(FREEZE_LOG.fields)
    return facts


BEGIN = (
    line("01:00:00.000001", "T:S freeze, timeout value 60"),
    line("01:00:00.1", "skipped mount :/mnt/resource, /b"),
    line("01:00:00.2", "fsfreeze mount :/data disk"),
    line("01:00:00.2", "fsfreeze mount :/"),
    line("01:00:00.3", "skip freeze is : False"),
    line("01:00:00.3", "arg : ['/var/lib/waagent/x/main/safefreeze/bin/safefreeze', '60', '/data disk', '/']"),
)
FIRST_HELD_BACK = line("01:00:09", "================== Logs during Freeze Start ==============")
HELPER = "2026/08/06 01:00:04.100000  Info  2026-08-06 01:00:04 "
FAILED = (
    *BEGIN,
    FIRST_HELD_BACK,
    "2026/08/06 01:00:04.000000  Info  2026-08-06 01:00:04 ****** 2. Binary Freeze Started  ",
    "2026/08/06 01:00:04.000000  Info  2026-08-06 01:00:04 Freezing: /data disk ",
    HELPER + "Failed to FIFREEZE: /data disk with error message: Device or resource busy ",
    "2026/08/06 01:00:04.200000  Error  freeze failed for some mount ",
    "================== Logs during Freeze End ==============",
    line("01:00:10", "T:S freeze result freeze failed for some mount"),
    ", timedout :False",
)
GOOD = (
    *BEGIN,
    line("01:00:09", "****** 4. Freeze Completed (Signal=1 received)"),
    line("01:00:10", "T:S freeze result , timedout :False"),
)


def test_failed() -> None:
    """The guilty mount, what was tried on it, and the error with its name."""
    facts = parse(*FAILED)

    assert facts["ended"] == "failed"
    assert facts["failures"] == [
        {"mount": "/data disk", "operation": "FIFREEZE", "error": "Device or resource busy", "errno": "EBUSY"}
    ]
    assert facts["mounts"] == ["/data disk", "/"]
    assert facts["skipped"] == ["/mnt/resource", " /b"]  # the blank is there, and matches nothing
    assert facts["attempt_at"] == "2026-08-06T01:00:00.100000+00:00"


def test_only_the_last_attempt() -> None:
    """A failure of last night does not count when the last attempt succeeded, and the other way round."""
    assert parse(*FAILED, *GOOD)["failures"] == []
    assert parse(*FAILED, *GOOD)["ended"] == "ok"
    assert parse(*GOOD, *FAILED)["ended"] == "failed"


def test_lines_of_other_threads_between() -> None:
    """Threads write between each other's lines."""
    mixed = [part for one in FAILED for part in (one, line("01:00:05", "inside while with sig_handle 0"))]
    assert parse(*mixed)["failures"] == parse(*FAILED)["failures"]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (
            "Failed to open: /mnt/a with error: -1 and error message: Permission denied",
            {"mount": "/mnt/a", "operation": "open", "error": "Permission denied", "errno": "EACCES"},
        ),
        (
            "Failed to FITHAW: /mnt/a with error message : Input/output error",  # with a blank before the colon
            {"mount": "/mnt/a", "operation": "FITHAW", "error": "Input/output error", "errno": "EIO"},
        ),
        (
            "Failed to FIFREEZE: /mnt/a with error message: Périphérique occupé",
            {"mount": "/mnt/a", "operation": "FIFREEZE", "error": "Périphérique occupé", "errno": None},
        ),
    ],
)
def test_forms_of_failure(text: str, failure: dict[str, object]) -> None:
    """The helper has three forms; an unknown text has no name."""
    assert parse(*BEGIN, line("01:00:04", f"2026-08-06 01:00:04 {text}"))["failures"] == [failure]


def test_marks() -> None:
    """Time-out, a lock of another program, and the limits on snapshots."""
    assert parse(*BEGIN, line("01:01:00", "freeze timed-out"))["timed_out"] is True
    late = parse(*BEGIN, line("01:01:00", "x Failed to receive timely Thaw from parent process"))
    assert (late["timed_out"], late["ended"]) == (True, "failed")
    assert parse(*BEGIN, line("1", "Mount Points already freezed by some other processor"))["already_frozen"] is True
    assert parse(*BEGIN, "The snapshot count against this blob has been exceeded")["snapshot_limit_reached"] is True
    assert parse(*BEGIN, "The rate of snapshot blob calls is exceeded")["snapshot_rate_exceeded"] is True


def test_unfinished_and_absent() -> None:
    """A freeze that runs just now, and no log at all."""
    assert parse(*BEGIN)["ended"] == "unknown"
    nothing = FREEZE_LOG.parse(CommandResult(exit_code=1))
    assert isinstance(nothing, dict)
    assert (nothing["found"], nothing["attempt_at"], nothing["ended"]) == (False, None, "unknown")


def test_what_grep_left() -> None:
    """Without the line that begins an attempt, all given lines count."""
    lines = [one for one in FAILED if "FIFREEZE" in one]
    assert parse(*lines)["attempt_at"] == "2026-08-06T01:00:04.100000+00:00"
