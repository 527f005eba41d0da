"""The journal's tables, and how connections to them are opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runner.errors import JournalError

VERSION = 1  # PRAGMA user_version

_TABLES = """
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    plan TEXT NOT NULL,
    digest TEXT NOT NULL,
    note TEXT NOT NULL,
    state TEXT NOT NULL,
    creator TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 1,
    owner TEXT NOT NULL,
    budget TEXT NOT NULL
) STRICT;
CREATE TABLE target_run (
    run TEXT NOT NULL REFERENCES run(id),
    entry TEXT NOT NULL,
    playbook TEXT NOT NULL,
    target TEXT NOT NULL,
    azure_id TEXT COLLATE NOCASE,
    state TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 1,
    owner TEXT NOT NULL,
    PRIMARY KEY (run, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX target_run_by_target ON target_run(playbook, target);
CREATE INDEX target_run_by_azure_id ON target_run(playbook, azure_id);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL REFERENCES run(id),
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    entry TEXT NOT NULL,
    remedy TEXT NOT NULL,
    action TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    data TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_run ON event(run, seq);
CREATE INDEX event_finished ON event(run, entry) WHERE kind = 'target_finished';
CREATE UNIQUE INDEX event_once ON event(run, entry, remedy, action, attempt, epoch, kind)
    WHERE kind IN ('intent', 'result');
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER run_no_delete BEFORE DELETE ON run
    BEGIN SELECT RAISE(ABORT, 'runs are never deleted'); END;
CREATE TRIGGER run_no_rewrite BEFORE UPDATE OF id, created_at, plan, digest, creator ON run
    BEGIN SELECT RAISE(ABORT, 'what a run was started with is never changed'); END;
"""

# Indexes are no part of the format: a journal that an earlier version made is given them, and is read without them.
_INDEXES = """
CREATE INDEX IF NOT EXISTS event_owed ON event(run, entry) WHERE kind = 'owed';
CREATE INDEX IF NOT EXISTS target_run_unfinished ON target_run(run, entry) WHERE state = 'running';
"""


def open_writer(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    """The writer's connection, made here and used by one thread only. Creates the tables in a new file."""
    try:
        connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as problem:
        raise _unusable(path, problem) from problem
    try:
        _set_up(connection, path)
    except sqlite3.Error as problem:
        connection.close()
        raise _unusable(path, problem) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    """A connection that cannot write. Raises JournalError if there is no journal or it is of a newer version."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout, isolation_level=None)
    except sqlite3.Error as problem:
        raise _unusable(path, problem) from problem
    try:
        _known_version(connection, path)
    except sqlite3.Error as problem:
        connection.close()
        raise _unusable(path, problem) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        message = f"the journal {path} cannot use write-ahead logging there (mode {mode})"
        raise JournalError(message, remedy="Name a state directory on a local file system.")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")  # two processes may find the new file at once
    if _known_version(connection, path) == 0:
        for statement in _statements(_TABLES):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    for statement in _statements(_INDEXES):
        connection.execute(statement)
    connection.execute("COMMIT")


def _statements(text: str) -> list[str]:
    """The single statements: ``executescript`` would commit the transaction around them first."""
    found, current = [], ""
    for line in text.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, VERSION):
        message = f"the journal {path} has format {version}; this vmfix knows format {VERSION}"
        raise JournalError(message, remedy="Use the vmfix version that wrote it, or another state directory.")
    return version


def _unusable(path: Path, problem: sqlite3.Error) -> JournalError:
    message = f"the journal {path} cannot be opened: {problem}"
    return JournalError(message, remedy="Check the disk and its rights, or name another state directory.")
