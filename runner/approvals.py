"""Signed statements on disk: one file each, in a folder beside the plan. Read strictly, written once, never altered."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner import codec, signing
from runner.errors import Refused, UsageError, VmfixError
from runner.model.approval import STATEMENT_FORMAT, Offered, Signed, Statement
from runner.model.policy import Policy
from runner.model.times import stamp

SUFFIX = ".json"
_DOMAIN = "vmfix approval statement, version 1"
_LARGEST = 1_000_000  # bytes
_MOST = 200  # files; each takes a call of ssh-keygen
_LONGEST_SLUG = 60
_ID = re.compile(r"[0-9a-f]{16}")
_MISFITS = (ValueError, KeyError, TypeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of the folder: a statement with its signature, or why it holds none (``fault``)."""

    source: str
    signed: Signed | None
    fault: str = ""


def folder_of(plan: Path) -> Path:
    """Where the approvals of a plan file lie: ``PLAN.approvals`` beside it."""
    return plan.with_name(f"{plan.name}.approvals")


def new_id() -> str:
    """Random, for a statement."""
    return secrets.token_hex(8)


def message(statement: Statement) -> bytes:
    """The bytes that are signed: canonical JSON, a list of what this is and the statement."""
    return codec.canonical([_DOMAIN, statement])


def dump(signed: Signed) -> str:
    """The text of a file."""
    data = {"statement": codec.to_json(signed.statement), "signature": signed.signature}
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def parse(text: str) -> Signed:
    """The statement in a file. Raises ``ValueError`` in plain words unless the text is exactly what ``dump`` writes."""
    try:
        data = json.loads(text)
        signed = Signed(codec.from_json(Statement, data["statement"]), _text(data["signature"]))
        same = dump(signed) == text
    except _MISFITS as problem:
        message = "it is no statement that vmfix wrote, or it was altered"
        raise ValueError(message) from problem
    _check(signed)
    if not same:
        message = "it was altered, or holds more than a statement and its signature"
        raise ValueError(message)
    return signed


def _text(data: Any) -> str:  # noqa: ANN401 - JSON
    if not isinstance(data, str):
        raise TypeError
    return data


def _check(signed: Signed) -> None:
    """What the types do not say."""
    statement = signed.statement
    if statement.format != STATEMENT_FORMAT:
        message = f"it is a statement of format {statement.format}, and this vmfix knows {STATEMENT_FORMAT}"
        raise ValueError(message)
    times = all(_is_stamp(text) for text in (statement.at, statement.expires_at))
    if not (times and is_name(statement.identity) and _ID.fullmatch(statement.id) and statement.remedies):
        message = "it holds a value that no statement has"
        raise ValueError(message)
    if not signing.is_armored(signed.signature):
        message = "its signature was altered, or is none of ssh-keygen"
        raise ValueError(message)


def _is_stamp(text: str) -> bool:
    try:
        return stamp(dt.datetime.fromisoformat(text)) == text
    except (ValueError, OverflowError):
        return False


def is_name(identity: str) -> bool:
    """Whether this can name a person: something that can be read, on one line, without blanks at its ends."""
    return bool(identity) and identity.isprintable() and identity == identity.strip()


def read(folder: Path) -> tuple[Found, ...]:
    """Everything in the folder, by name; nothing if there is no folder.

    Raises ``UsageError`` if it cannot be read, ``Refused`` if there is too much in it.
    """
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise UsageError(
            f"the folder of approvals {folder} cannot be read: {problem.strerror or problem}",
            remedy="Check the path and its permissions.",
        ) from problem
    if len(paths) > _MOST:
        raise Refused(
            f"{folder} holds {len(paths)} files, and no more than {_MOST} are verified",
            remedy="Remove what is no approval of this plan. Withdrawals have to stay.",
        )
    return tuple(_found(path) for path in paths)


def _found(path: Path) -> Found:
    if path.suffix != SUFFIX or path.name.startswith("."):
        return Found(path.name, None, "this is no file of approvals; remove it from this folder")
    try:
        if not path.is_file():
            return Found(path.name, None, "this is no file; remove it from this folder")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            return Found(path.name, None, "it is too big for a statement")
        return Found(path.name, parse(data.decode("utf-8")))
    except OSError as problem:
        return Found(path.name, None, f"it cannot be read: {problem.strerror or problem}")
    except UnicodeDecodeError:
        return Found(path.name, None, "it is not even text")
    except ValueError as problem:
        return Found(path.name, None, str(problem))


def gather(folder: Path, policy: Policy, at: dt.datetime) -> tuple[Offered, ...]:
    """Everything in the folder, with each signature verified against the policy's keys as of ``at``.

    Raises ``UsageError`` if the folder cannot be read, ``Refused`` if nothing can be verified: the files of keys cannot
    be read, or ssh-keygen is missing.
    """
    return tuple(offer(found, policy, at) for found in read(folder))


def offer(found: Found, policy: Policy, at: dt.datetime) -> Offered:
    """The same of one statement."""
    if found.signed is None:
        return Offered(source=found.source, statement=None, fault=found.fault)
    statement = found.signed.statement
    if policy.allowed_signers is None:
        fault = f"policy {policy.name} names no allowed_signers, so nobody's signature counts"
        return Offered(source=found.source, statement=statement, fault=fault)
    try:
        key = signing.verify(
            message(statement),
            found.signed.signature,
            principal=statement.identity,
            allowed_signers=policy.allowed_signers,
            revoked_keys=policy.revoked_keys,
            at=at,
        )
    except signing.BadSignature as problem:
        return Offered(source=found.source, statement=statement, fault=problem.message)
    return Offered(source=found.source, statement=statement, key=key)


def unjudged(folder: Path) -> tuple[Offered, ...]:
    """Everything in the folder where no policy says whose keys count: ``key`` proves that a text is unaltered."""
    return tuple(map(_unjudged, read(folder)))


def _unjudged(found: Found) -> Offered:
    if found.signed is None:
        return Offered(source=found.source, statement=None, fault=found.fault)
    statement = found.signed.statement
    try:
        key = signing.check(message(statement), found.signed.signature)
    except signing.BadSignature as problem:
        return Offered(source=found.source, statement=statement, fault=problem.message)
    return Offered(source=found.source, statement=statement, key=key)


def file_name(statement: Statement) -> str:
    """Who and the id: ``ann-example-com-1f0c....json``."""
    slug = re.sub(r"[^a-z0-9]+", "-", statement.identity.casefold())[:_LONGEST_SLUG].strip("-")
    return f"{slug or 'someone'}-{statement.id}{SUFFIX}"


def write(folder: Path, signed: Signed) -> Path:
    """Put it into the folder, which is made if it is missing: the whole file at once, and never over another one.

    Raises ``VmfixError`` if that cannot be done; then nothing is left behind.
    """
    path = folder / file_name(signed.statement)
    beside = folder / f".{path.name}.part"
    try:
        folder.mkdir(exist_ok=True)
        try:
            _write_new(beside, dump(signed))
            _move_new(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as problem:
        reason = problem.strerror or problem
        raise VmfixError(f"{path} could not be written: {reason}", remedy="Nothing was approved.") from problem
    return path


def _write_new(path: Path, text: str) -> None:
    """As the umask says: others have to read it, and it holds no secret."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def _move_new(beside: Path, path: Path) -> None:
    """A link is never made over another file. Some shares know no links; there the random id has to be enough."""
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise
        beside.replace(path)
