"""The private directory that holds the journal."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from runner.errors import JournalError

DATABASE = "journal.sqlite3"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def prepare(directory: Path) -> Path:
    """The database's path inside ``directory``; both are made if missing, for their owner alone.

    Raises JournalError if somebody else could replace or alter what is written there.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check(directory)
        return _private_file(directory / DATABASE)
    except OSError as problem:
        message = f"the journal's directory {directory} cannot be used: {problem.strerror or problem}"
        raise JournalError(message, remedy="Free space or name another state directory.") from problem


def check(directory: Path) -> None:
    """Raises JournalError unless ``directory`` is ours alone to write. A missing one is an OSError."""
    found = directory.stat()
    if not stat.S_ISDIR(found.st_mode):
        message = f"the journal's directory {directory} is not a directory"
        raise JournalError(message, remedy="Name another state directory.")
    if found.st_uid != os.geteuid():
        message = f"the journal's directory {directory} belongs to another user (uid {found.st_uid})"
        raise JournalError(message, remedy="Name a state directory of your own.")
    if found.st_mode & _OTHERS_MAY_WRITE:
        message = f"the journal's directory {directory} can be written by others (mode {found.st_mode & 0o7777:04o})"
        raise JournalError(message, remedy=f"chmod 700 {directory}")


class Anchor:
    """Notices that a journal is no longer the file of its name: removed or replaced, it would be written for nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._look()

    def check(self) -> None:
        """Raises JournalError if what is written now could not be read by anybody."""
        if self._look() != self._identity:
            message = f"the journal {self._path} was removed or replaced while it was written"
            raise JournalError(message, remedy="Put the state directory back, or name another one, then run again.")

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def _private_file(path: Path) -> Path:
    """``path``, existing, ours, and readable by nobody else; SQLite gives its side files the same mode."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid() or not stat.S_ISREG(found.st_mode):
            message = f"the journal {path} is not a plain file of yours"
            raise JournalError(message, remedy="Move it away, or name another state directory.")
        if found.st_mode & _FOR_OTHERS:
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)
    return path
