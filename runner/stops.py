"""Asking a run that goes on in another process to stop: by a file beside the journal that the run looks for.

A run holds a lock (flock(2)) on a second file as long as it goes on. The system lets go of it however the process
ends, so that a killed run is told from one at work, whatever process has its number now.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from runner.errors import VmfixError

_FOLDER = "stops"
_PRIVATE_FOLDER = 0o700
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Who asked, why (perhaps empty), and when (ISO 8601, UTC)."""

    who: str
    reason: str
    at: str

    def __str__(self) -> str:
        return f"{self.who} asked for a stop at {self.at}" + (f": {self.reason}" if self.reason else "")


def ask(state: Path, run: str, who: str, reason: str, at: str) -> StopRequest:
    """Leave a request for the run with this full id, whole or not at all. A newer one replaces an older one.

    Raises ``VmfixError`` if it cannot be written.
    """
    request = StopRequest(who, reason, at)
    try:
        path = _prepared(state, run)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{run}.")  # for its owner alone: 0600
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump(asdict(request), file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        message = f"the request to stop cannot be written in {state}: {problem.strerror or problem}"
        raise VmfixError(message, remedy="Mend that, or press Ctrl-C once where the run goes on.") from problem
    return request


def asked(state: Path, run: str) -> StopRequest | None:
    """What was asked of this run. A request that cannot be read is one all the same."""
    path = _request(state, run)
    try:
        return StopRequest(**{name: str(value) for name, value in json.loads(path.read_bytes()).items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError):
        return StopRequest("somebody", f"the request {path} cannot be read", "an unknown time")


def withdraw(state: Path, run: str) -> None:
    """Take a request away, if there is one."""
    with contextlib.suppress(OSError):
        _request(state, run).unlink(missing_ok=True)


@contextlib.contextmanager
def answering(state: Path, run: str) -> Iterator[Callable[[], str | None]]:
    """Within it the run counts as at work. Gives what tells the engine who asked for a stop and why, or None.

    Enter it before the journal calls the run running, and leave it after the run has ended: it takes the request away.
    Raises ``VmfixError`` if the run's file cannot be made or locked.
    """
    path = _lock(state, run)
    try:
        _prepared(state, run)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    except OSError as problem:
        raise _no_lock(path, problem) from problem
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as problem:
            raise _no_lock(path, problem) from problem
        try:
            yield lambda: _said(asked(state, run))
        finally:
            withdraw(state, run)
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        os.close(handle)


def at_work(state: Path, run: str) -> bool:
    """Whether a process of this machine works on the run at this moment."""
    try:
        handle = os.open(_lock(state, run), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _said(request: StopRequest | None) -> str | None:
    return None if request is None else str(request)


def _no_lock(path: Path, problem: OSError) -> VmfixError:
    message = f"the run's file {path} cannot be made or locked: {problem.strerror or problem}"
    return VmfixError(message, remedy="Free space or name another state directory. Nothing was executed.")


def _request(state: Path, run: str) -> Path:
    return state / _FOLDER / f"{run}.json"


def _lock(state: Path, run: str) -> Path:
    return state / _FOLDER / f"{run}.lock"


def _prepared(state: Path, run: str) -> Path:
    """The request's path, in a folder that is there and for its owner alone."""
    path = _request(state, run)
    state.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    return path
