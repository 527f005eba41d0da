"""Which host keys are known for a machine, from OpenSSH's known_hosts files or a pinned key. Imports no SSH library."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from runner.errors import HostIdentityError

SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public host key: its type as in known_hosts, and its bytes as sent on the wire."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"{self.kind} SHA256:{digest}"


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """What the files say of one machine. ``pinned`` means that the inventory names the only right key."""

    name: str
    trusted: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()
    authorities: int = 0
    files: tuple[str, ...] = ()
    pinned: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key.kind for key in self.trusted))


def lookup_name(host: str, port: int) -> str:
    """A machine's name in known_hosts."""
    return host if port == SSH_PORT else f"[{host}]:{port}"


def pinned_key(name: str, text: str) -> KnownKeys:
    """The one key that the inventory names."""
    key = _key(text.split())
    if key is None:
        message = f"{name}: the pinned host_key is not a public key; nothing was sent"
        raise HostIdentityError(message, remedy='Write it as "ssh-ed25519 AAAA...", as ssh-keyscan prints it.')
    return KnownKeys(name, (key,), pinned=True)


def read_known_hosts(name: str, paths: Iterable[str]) -> KnownKeys:
    """Everything said of ``name`` in these files; a file that is missing or unreadable says nothing."""
    files = tuple(str(Path(path).expanduser()) for path in paths)
    lines = (line for file in files for line in _lines(file))
    return known_keys(name, lines, files)


def known_keys(name: str, lines: Iterable[str], files: tuple[str, ...] = ()) -> KnownKeys:
    """What these lines of known_hosts say of ``name``. Lines that are broken, or not of use here, say nothing."""
    trusted: list[HostKey] = []
    revoked: list[HostKey] = []
    authorities = 0
    for line in lines:
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if not fields or fields[0].startswith("#") or not _matches(fields[0], name):
            continue
        key = _key(fields[1:])
        if marker == "@cert-authority":
            authorities += 1
        elif key is not None and marker in {"", "@revoked"}:
            (revoked if marker else trusted).append(key)
    return KnownKeys(name, tuple(trusted), tuple(revoked), authorities, files)


def verify(known: KnownKeys, presented: HostKey, *, where: str) -> None:
    """Return only if the key that the machine showed is the one known for it; else raise ``HostIdentityError``."""
    if presented in known.revoked:
        message = f"{where}: the host key {presented.fingerprint} is marked @revoked in known_hosts; nothing was sent"
        raise HostIdentityError(message, remedy="Do not connect before the machine's owner has explained this.")
    if presented in known.trusted:
        return
    if known.trusted:
        raise HostIdentityError(_changed(known, presented, where), remedy=_remedy_changed(known))
    raise HostIdentityError(_unknown(known, presented, where), remedy=_remedy_unknown(known))


def _changed(known: KnownKeys, presented: HostKey, where: str) -> str:
    expected = " or ".join(key.fingerprint for key in known.trusted)
    source = "pinned in the inventory" if known.pinned else f"known as {known.name}"
    return (
        f"{where}: the host key is not the one {source}; nothing was sent. "
        f"Expected {expected}, the machine shows {presented.fingerprint}"
    )


def _unknown(known: KnownKeys, presented: HostKey, where: str) -> str:
    authority = ""
    if known.authorities:
        authority = " There is a @cert-authority line, but vmfix does not check host certificates."
    return (
        f"{where}: the host key is not known; nothing was sent. The machine shows {presented.fingerprint}.{authority}"
    )


def _remedy_changed(known: KnownKeys) -> str:
    check = "Somebody may stand between. If the machine was reinstalled, learn its new key another way"
    if known.pinned:
        return f"{check}, then change host_key in the inventory."
    file = f" -f {known.files[0]}" if known.files else ""
    return f"{check}, then run: ssh-keygen{file} -R '{known.name}' and add the new key."


def _remedy_unknown(known: KnownKeys) -> str:
    host, port = known.name, ""
    if host.startswith("[") and "]:" in host:
        host, _, number = host[1:].rpartition("]:")
        port = f" -p {number}"
    file = known.files[0] if known.files else "~/.ssh/known_hosts"
    return (
        f"Run: ssh-keyscan{port} {host} | ssh-keygen -lf - and compare the fingerprint with one that you got another "
        f"way, such as from the machine's console. Only if it is the same, run: ssh-keyscan{port} {host} >> {file} "
        "or pin the key with host_key in the inventory."
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _key(fields: list[str]) -> HostKey | None:
    if len(fields) < 2:  # noqa: PLR2004  a type and its bytes
        return None
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = fields[0].encode()
    # The bytes name the type once more; a line where both differ is broken.
    return HostKey(fields[0], blob) if blob[4 : 4 + len(kind)] == kind else None


def _matches(patterns: str, name: str) -> bool:
    if patterns.startswith("|1|"):
        return _hash_matches(patterns, name)
    hit = False
    for pattern in patterns.lower().split(","):
        # fnmatch knows [sets] too, which known_hosts does not: there brackets belong to [host]:port.
        if fnmatchcase(name.lower(), pattern.removeprefix("!").replace("[", "[[]")):
            if pattern.startswith("!"):
                return False
            hit = True
    return hit


def _hash_matches(hashed: str, name: str) -> bool:
    try:
        _, _, salt, digest = hashed.split("|")
        expected = base64.b64decode(digest)
        actual = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(expected, actual)
