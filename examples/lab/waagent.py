"""Writes the files of the Azure Linux agent and of the backup extension as the real ones write them.

The order and the wording of the log follow the extension's own sources (fsfreezer.py, backuplogger.py,
HandlerUtil.py, safefreeze.c), misspellings and trailing blanks included. Two habits matter to whoever reads it:
lines logged while the file systems are frozen are held back and written as one entry, so only the first of them
has the prefix; and after a failed freeze the helper thaws *every* mount, so healthy ones are named as well
("Failed to FITHAW ... Invalid argument").
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

HANDLER = "Microsoft.Azure.RecoveryServices.VMSnapshotLinux"
VERSION = "1.0.9184.0"
HOME = f"/var/lib/waagent/{HANDLER}-{VERSION}"
LOG = f"/var/log/azure/{HANDLER}/extension.log"
TEMPLATE = f"{HOME}/main/tempPlugin/vmbackup.conf"
TEMPLATE_TEXT = b"[SnapshotThread]\nfsfreeze: True\n"
CONF = "/etc/azure/vmbackup.conf"
WAAGENT_CONF = b"""# Microsoft Azure Linux Agent Configuration

Extensions.Enabled=y
Provisioning.Agent=auto
ResourceDisk.Format=n
ResourceDisk.MountPoint=/mnt/resource
Logs.Verbose=n
OS.RootDeviceScsiTimeout=300
AutoUpdate.Enabled=y
"""
LOCK = "/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile"
FREEZE_STARTS = "================== Logs during Freeze Start =============="
FREEZE_ENDS = "================== Logs during Freeze End =============="
BINARY_STARTS = "============== Binary output traces start ================= "
BINARY_ENDS = "============== Binary output traces end ================= "


class Outcome(enum.Enum):
    """How the last backup ended."""

    SUCCEEDED = "succeeded"
    FREEZE_FAILED = "freeze-failed"
    OPEN_FAILED = "open-failed"
    SNAPSHOT_LIMIT = "snapshot-limit"


@dataclass(kw_only=True)
class _Log:
    """Backuplogger and HandlerUtility in one: a clock, the log's text, and what is held back during a freeze."""

    clock: datetime
    text: str = ""
    held: list[str] = field(default_factory=list)

    def write(self, message: str, *, after_ms: int = 7) -> None:
        self.clock += timedelta(milliseconds=after_ms)
        self.text += f"{self.clock:%Y-%m-%d %H:%M:%S.%f} [{HANDLER}-{VERSION}]{message}\n"

    def hold(self, message: str, *, level: str = "Info", after_ms: int = 3) -> None:
        self.clock += timedelta(milliseconds=after_ms)
        self.held.append(f"{self.clock:%Y/%m/%d %H:%M:%S.%f}  {level}  {message} ")

    def release(self, *, ended: bool) -> None:
        body = [FREEZE_STARTS, *self.held, *([FREEZE_ENDS] if ended else [])]
        self.held = []
        self.write("\n".join(body) + "\n")

    def binary(self, message: str) -> str:
        """A line of the safefreeze helper, which stamps its own output with whole seconds."""
        return f"{self.clock:%Y-%m-%d %H:%M:%S} {message}"


def extension_log(*, mounts: Sequence[str], outcome: Outcome, guilty: str | None, reason: str) -> bytes:
    """The log of three nightly backups, of which the last one, an hour ago, ended as `outcome` says."""
    now = datetime.now(tz=UTC)
    nights = (now - timedelta(days=2), now - timedelta(days=1))
    text = "".join(_backup(night, mounts, Outcome.SUCCEEDED, None, "") for night in nights)
    return (text + _backup(now - timedelta(hours=1), mounts, outcome, guilty, reason)).encode()


def _backup(start: datetime, mounts: Sequence[str], outcome: Outcome, guilty: str | None, reason: str) -> str:
    log = _Log(clock=start)
    order = [*(path for path in reversed(mounts) if path != "/"), "/"]
    _prepare(log, order)
    if outcome in {Outcome.FREEZE_FAILED, Outcome.OPEN_FAILED}:
        _freeze_fails(log, order, guilty or "/", reason, opened=outcome is Outcome.FREEZE_FAILED)
    else:
        _freeze_works(log, order)
        _snapshot(log, outcome)
    return log.text


def _prepare(log: _Log, order: Sequence[str]) -> None:
    log.write("starting daemon for freezing the file system")
    log.write("safeFreezeBinary exists True")
    log.write(f" configfile {CONF}")
    log.write("T:S freeze, timeout value 60")
    log.write("skipped mount :")
    for path in order:
        log.write(f"fsfreeze mount :{path}")
    log.write("skip freeze is : False")
    log.write(f"arg : {[f'{HOME}/main/safefreeze/bin/safefreeze', '60', *order]}")
    log.write("proceeded for accepting signals")
    log.hold(f"{LOCK} file opened Sucessfully")
    log.hold("Aquiring lock succeeded")
    log.hold("Wait time to aquire lock 0:00:00.000184")
    log.hold("Aquired Lock Successful")
    log.hold("Thread for binary is called")
    log.hold("inside while with sig_handle 0")
    log.hold("inside while with sig_handle 0", after_ms=2000)
    log.hold("Waited in thread for 3 seconds", after_ms=1000)
    log.hold("****** 1. Starting Freeze Binary ")
    log.hold("Binary subprocess Created")


def _freeze_works(log: _Log, order: Sequence[str]) -> None:
    log.hold("freezed")
    log.hold("****** 4. Freeze Completed (Signal=1 received)")
    log.hold("Binary output for signal handled: 1", after_ms=900)
    log.hold("freeze_safe after returning from startproc : sig_handle=1")
    log.hold("T:S freeze result , timedout :False")
    log.hold("T:S doing snapshot now...")
    binary = [log.binary("****** 2. Binary Freeze Started ")]
    binary += [log.binary(f"Freezing: {path}") for path in order]
    binary.append(log.binary("****** 3. Binary Freeze Completed "))
    log.hold("child process still running", after_ms=1500)
    log.hold("****** 7. Sending Thaw Signal to Binary")
    log.hold("child still running sigusr1 sent")
    binary.append(log.binary("****** 8. Binary Thaw Signal Received "))
    binary += [log.binary(f"Thawing: {path}") for path in reversed(order)]
    log.clock += timedelta(seconds=1)
    log.release(ended=True)
    for line in (BINARY_STARTS, *binary, BINARY_ENDS):
        log.write(line, after_ms=0)


def _freeze_fails(log: _Log, order: Sequence[str], guilty: str, reason: str, *, opened: bool) -> None:
    log.hold("some child process terminated")
    log.hold("binary child terminated")
    log.hold("****** 9. Binary Process completed (Signal=2 received)")
    log.hold("Binary output for signal handled: 2", after_ms=900)
    log.hold("freeze_safe after returning from startproc : sig_handle=2")
    for line in (BINARY_STARTS, *_helper_fails(log, order, guilty, reason, opened=opened), BINARY_ENDS):
        log.hold(line, after_ms=0)
    problem = "freeze failed for some mount" if opened else "file open failed for some mount"
    code = "FailedRetryableFsFreezeFailed" if opened else "FailedRetryableUnableToOpenMount"
    log.hold(problem, level="Error")
    log.hold(f"T:S freeze result {problem}\n, timedout :False")
    log.hold(f"T:S Enable failed with error: {problem}\n StatusCode.{code},", level="Warning")
    log.release(ended=False)


def _helper_fails(log: _Log, order: Sequence[str], guilty: str, reason: str, *, opened: bool) -> list[str]:
    """What safefreeze prints: it stops at the first failure and thaws all that it had opened, in reverse."""
    before = list(order[: order.index(guilty)])
    if not opened:
        lines = [f"Failed to open: {guilty} with error: -1 and error message: {reason}"]
        return [log.binary(line) for line in (*lines, *_thaw(before, frozen=()))]
    lines = ["****** 2. Binary Freeze Started ", *(f"Freezing: {path}" for path in (*before, guilty))]
    lines.append(f"Failed to FIFREEZE: {guilty} with error message: {reason}")
    return [log.binary(line) for line in (*lines, *_thaw(order, frozen=before))]


def _thaw(opened: Sequence[str], *, frozen: Sequence[str]) -> list[str]:
    lines = []
    for path in reversed(opened):
        lines.append(f"Thawing: {path}")
        if path not in frozen:
            lines.append(f"Failed to FITHAW: {path} with error message : Invalid argument")
    return lines


def _snapshot(log: _Log, outcome: Outcome) -> None:
    log.write("T:S snapshotall ends...")
    if outcome is Outcome.SNAPSHOT_LIMIT:
        log.write(
            "IsSuccessful:False, SnapshotUri:None, ErrorMessage:The snapshot count against this blob has been exceeded."
        )
        log.write("T:S Enable failed with FailedSnapshotLimitReached errror StatusCode.FailedSnapshotLimitReached,")
    log.write(
        "doFreezeSnapshot : run_result - 1 run_status - success all_failed - False"
        if outcome is Outcome.SUCCEEDED
        else "doFreezeSnapshot : run_result - 85 run_status - error all_failed - False"
    )
    log.write("exiting with commit")
