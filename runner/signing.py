"""OpenSSH signatures (SSHSIG) through ssh-keygen; see ssh-keygen(1) under -Y, and PROTOCOL.sshsig of OpenSSH.

OpenSSH 8.9 or later. Keys, passphrases and agents are ssh-keygen's business: none of them passes through vmfix.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime as dt
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import Refused, UsageError

NAMESPACE = "vmfix-approval"
"""A signature made for something else, such as a Git commit, is none of ours."""
SIGN_DEADLINE = 300.0  # seconds; a person may have to type a passphrase or touch a key
VERIFY_DEADLINE = 20.0
_END_GRACE = 5.0
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_COLUMNS = 70  # as OpenSSH writes them
_PATTERN = re.compile(r"[*?!]")
# The whole line: the signer chooses what stands at PRINCIPAL, so only what ssh-keygen writes behind it can be trusted.
_GOOD = re.compile(rf'Good "{NAMESPACE}" signature (?:for .* )?with \S+ key (SHA256:[A-Za-z0-9+/]+)\n?')
# What ssh-keygen of OpenSSH 9.2 says, and what that means; the order matters not, only one of them applies.
_REASONS = (
    (r"incorrect signature", "its text is not what was signed"),
    (r"namespace does not match", f"it was signed for something else, not as an approval ({NAMESPACE})"),
    (r"Couldn't parse signature|not a signature|invalid format", "it has no SSH signature that can be read"),
    (r"not permitted for use in signature namespace", f"its key may not sign in the namespace {NAMESPACE}"),
    (r"key has expired|[Cc]ertificate invalid: expired", "its key is not valid any more"),
    (r"key is not yet valid|[Cc]ertificate invalid: not yet valid", "its key is not valid yet"),
)


class BadSignature(Refused):
    """A signature does not hold. The message is the reason, as a clause: "its text is not what was signed"."""


@dataclass(frozen=True, slots=True)
class _Ended:
    code: int
    out: str
    err: str


def sign(message: bytes, key: Path, *, may_ask: bool = True) -> str:
    """The armored signature of ``message``.

    ``key`` is a private key file, or a public one whose private half is in the agent or beside it. ``may_ask``: whether
    ssh-keygen may ask for a passphrase at the terminal. Raises ``UsageError`` if the key cannot sign.
    """
    if not key.is_file():
        raise UsageError(f"there is no key file {key}", remedy="Name a private key, or a public one with its agent.")
    ended = _ssh_keygen(
        ["-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key)], message, deadline=SIGN_DEADLINE, may_ask=may_ask
    )
    if ended.code or not is_armored(ended.out):
        said = re.sub(r"Signing data on standard input|Enter passphrase[^:]*: ", "", ended.err).strip()
        remedy = "Check the key, its passphrase and the agent (ssh-add -l). Nothing was signed."
        raise UsageError(f"ssh-keygen could not sign with {key}: {said or 'its reason stands above'}", remedy=remedy)
    return ended.out


def verify(  # noqa: PLR0913 - what a signature is judged by
    message: bytes,
    signature: str,
    *,
    principal: str,
    allowed_signers: Path,
    revoked_keys: Path | None,
    at: dt.datetime,
) -> str:
    """Verify that the principal signed this message with a key that is allowed at that moment.

    Gives the fingerprint of the key. Raises ``BadSignature`` with the reason; ``Refused`` if one of the files of keys
    cannot be read, or ssh-keygen is missing or stuck.
    """
    for path in filter(None, (allowed_signers, revoked_keys)):
        _check_readable(path)
    words = ["-Y", "verify", "-n", NAMESPACE, "-I", principal, "-f", str(allowed_signers), "-O", _verify_time(at)]
    revoked = ["-r", str(revoked_keys)] if revoked_keys else []
    with _file(signature) as path:
        ended = _ssh_keygen([*words, "-s", str(path), *revoked], message)
        found = _GOOD.fullmatch(ended.out)
        if ended.code == 0 and found:
            return found[1]
        reason = _reason(ended)
        if not reason and revoked and _ssh_keygen([*words, "-s", str(path)], message).code == 0:
            reason = f"its key is revoked by {revoked_keys}, or that file is no list of revoked keys"
    if not reason:
        known = principals(signature, allowed_signers, at)
        reason = f"its key is that of {', '.join(known)}, not of {principal}" if known else ""
    said = ended.err.strip().splitlines()
    line = next((line for line in said if line.startswith(f"{allowed_signers}:")), "")
    raise BadSignature(reason or f"its key is not in {allowed_signers}" + (f" ({line})" if line else ""))


def check(message: bytes, signature: str) -> str:
    """The fingerprint of the key that signed the message, whoever that is. Raises ``BadSignature``."""
    with _file(signature) as path:
        ended = _ssh_keygen(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(path)], message)
    found = _GOOD.fullmatch(ended.out)
    if ended.code or not found:
        raise BadSignature(_reason(ended) or "its signature does not hold")
    return found[1]


def principals(signature: str, allowed_signers: Path, at: dt.datetime | None = None) -> tuple[str, ...]:
    """Whose key made the signature, if it is valid then (None: now); patterns such as ``*@example.com`` as they stand.

    It says nothing of whether the signature holds. Raises ``Refused`` if the file cannot be read.
    """
    _check_readable(allowed_signers)
    when = ["-O", _verify_time(at)] if at else []
    with _file(signature) as path:
        ended = _ssh_keygen(["-Y", "find-principals", "-s", str(path), "-f", str(allowed_signers), *when], b"")
    return tuple(dict.fromkeys(ended.out.split("\n")[:-1])) if ended.code == 0 else ()


def owners(key: Path, allowed_signers: Path, at: dt.datetime) -> tuple[str, ...] | None:
    """Whose key this is; principals that are patterns are left out. None if the key's public half is not at hand.

    Nothing is signed and nobody is asked: find-principals looks at the key in the signature, and at nothing else of it.
    """
    blob = _public_blob(key)
    if blob is None:
        return None
    parts = [blob, NAMESPACE.encode(), b"", b"sha512", b""]
    body = b"SSHSIG" + (1).to_bytes(4) + b"".join(len(part).to_bytes(4) + part for part in parts)
    return tuple(name for name in principals(_armor(body), allowed_signers, at) if not _PATTERN.search(name))


def is_armored(text: str) -> bool:
    """Whether this is exactly one armored signature, written as ssh-keygen writes it."""
    body = text.removeprefix(_BEGIN).removesuffix(f"{_END}\n")
    try:
        return _armor(base64.b64decode(body.replace("\n", ""), validate=True)) == text
    except (binascii.Error, ValueError):
        return False


def _armor(body: bytes) -> str:
    text = base64.b64encode(body).decode("ascii")
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def _public_blob(key: Path) -> bytes | None:
    """The public half of a key file, if that can be had without asking anybody."""
    for path in (key, Path(f"{key}.pub")):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            blob = _blob(path.read_text(encoding="utf-8"))
            if blob is not None:
                return blob
    ended = _ssh_keygen(["-y", "-P", "", "-f", str(key)], b"", may_ask=False)  # fails if there is a passphrase
    return _blob(ended.out) if ended.code == 0 else None


def _blob(text: str) -> bytes | None:
    words = text.split(None, 2)
    if len(words) < 2 or text.startswith("-----"):  # noqa: PLR2004 - type and key
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    return blob if blob[4:].startswith(words[0].encode()) else None


def _reason(ended: _Ended) -> str:
    """Why ssh-keygen refused, if it said so."""
    return next((words for pattern, words in _REASONS if re.search(pattern, ended.err)), "")


def _verify_time(at: dt.datetime) -> str:
    """In the system's zone: OpenSSH before 9.1 knows no other."""
    return f"verify-time={at.astimezone():%Y%m%d%H%M%S}"


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as problem:
        message = f"the file of keys {path} cannot be read: {problem.strerror or problem}"
        raise Refused(message, remedy="Mend the path in the policy. Without it no signature counts.") from problem


@contextlib.contextmanager
def _file(signature: str) -> Iterator[Path]:
    """ssh-keygen reads signatures from files only. This one is private, and gone afterwards."""
    handle, name = tempfile.mkstemp(prefix="vmfix-", suffix=".sig")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(signature.encode("utf-8", "replace"))
        yield path
    finally:
        path.unlink(missing_ok=True)


def _ssh_keygen(
    words: Sequence[str], given: bytes, *, deadline: float = VERIFY_DEADLINE, may_ask: bool = False
) -> _Ended:
    """Run it. It asks at /dev/tty, which a session of its own does not have, and it asks for a touch on its stderr."""
    environ = os.environ if may_ask else {**os.environ, "SSH_ASKPASS_REQUIRE": "never"}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            ["ssh-keygen", *words],
            stdin=pipe,
            stdout=pipe,
            stderr=None if may_ask else pipe,
            env=environ,
            start_new_session=not may_ask,
        )
    except OSError as problem:
        message = f"ssh-keygen cannot be started: {problem.strerror or problem}"
        raise Refused(message, remedy="Install OpenSSH (Debian: apt-get install openssh-client).") from problem
    try:
        out, err = process.communicate(given, timeout=deadline)
    except subprocess.TimeoutExpired as problem:
        raise Refused(
            f"ssh-keygen did not end within {deadline:g} s", remedy="Is an agent or a hardware key stuck?"
        ) from problem
    finally:
        _end(process)
    return _Ended(process.returncode, out.decode("utf-8", "replace"), (err or b"").decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Politely first: ssh-keygen switches the terminal's echo on again."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
