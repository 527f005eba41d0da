"""Private keys and certificates from files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import paramiko
from paramiko.pkey import OPENSSH_AUTH_MAGIC, PKey

from runner.model.secret import Secret

_CLASSES: dict[str, type[PKey]] = {
    "ssh-ed25519": paramiko.Ed25519Key,
    "ssh-rsa": paramiko.RSAKey,
    "ecdsa-sha2-nistp256": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp384": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp521": paramiko.ECDSAKey,
}
_PEM_CLASSES: dict[str, type[PKey]] = {"RSA": paramiko.RSAKey, "EC": paramiko.ECDSAKey}


class UnusableKey(Exception):
    """A key file cannot be used, in words that may be shown."""


def load_keys(path: str, passphrase: Callable[[], Secret] | None, certificates: tuple[str, ...]) -> list[PKey]:
    """The key of a file, with each certificate that fits it and then bare: a server may accept only one of them."""
    key_class = _key_class(path)
    bare = _load(key_class, path, passphrase)
    files = [file for file in dict.fromkeys((*certificates, f"{path}-cert.pub")) if Path(file).is_file()]
    certified = [_certified(bare, key_class, file) for file in files]
    return [*(key for key in certified if key is not None), bare]


def public_blob(path: str) -> bytes | None:
    """The public half, from ``path.pub``, without touching the private one; None if there is no such file."""
    try:
        return base64.b64decode(Path(f"{path}.pub").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _load(key_class: type[PKey], path: str, passphrase: Callable[[], Secret] | None) -> PKey:
    try:
        return key_class.from_private_key_file(path)
    except paramiko.PasswordRequiredException:
        if passphrase is None:
            message = f"{path}: is encrypted, and no key_passphrase is configured"
            raise UnusableKey(message) from None
    except (paramiko.SSHException, ValueError, OSError) as error:
        message = f"{path}: {error}"
        raise UnusableKey(message) from error
    secret = passphrase()
    try:
        return key_class.from_private_key_file(path, secret.reveal())
    except (paramiko.SSHException, ValueError, OSError):
        message = f"{path}: the key_passphrase does not open it"
        raise UnusableKey(message) from None


def _certified(bare: PKey, key_class: type[PKey], certificate: str) -> PKey | None:
    """A copy of the key that shows a certificate, or None if the certificate is another key's."""
    try:
        blob = paramiko.pkey.PublicBlob.from_file(certificate)
        message = paramiko.Message(blob.key_blob)
        message.get_text()  # type
        message.get_string()  # nonce
        if message.get_remainder().find(_public_part(bare)) != 0:
            return None
        bare_copy = _copy(bare, key_class)
        bare_copy.load_certificate(certificate)
    except (paramiko.SSHException, ValueError, OSError) as error:
        message_text = f"{certificate}: {error}"
        raise UnusableKey(message_text) from error
    return bare_copy


def _public_part(key: PKey) -> bytes:
    message = paramiko.Message(key.asbytes())
    message.get_text()
    return message.get_remainder()


def _copy(key: PKey, key_class: type[PKey]) -> PKey:
    copy = key_class.__new__(key_class)
    copy.__dict__.update(key.__dict__)
    return copy


def _key_class(path: str) -> type[PKey]:
    """Known before decryption, so that a passphrase is asked for once and tried on the right type."""
    try:
        lines = Path(path).read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a private key"
        message = f"{path}: {reason}"
        raise UnusableKey(message) from error
    begin = next((line for line in lines if line.startswith("-----BEGIN ")), "")
    label = begin.removeprefix("-----BEGIN ").partition(" PRIVATE KEY")[0]
    kind = _openssh_kind(lines) if label == "OPENSSH" else label
    found = _CLASSES.get(kind) or _PEM_CLASSES.get(kind)
    if found is None:
        message = f"{path}: not a private key of a type that vmfix knows (ed25519, ecdsa, rsa)"
        raise UnusableKey(message)
    return found


def _openssh_kind(lines: list[str]) -> str:
    """The type that the unencrypted head of an OpenSSH key file names."""
    try:
        data = base64.b64decode("".join(line for line in lines if not line.startswith("-----")))
        message = paramiko.Message(data.removeprefix(OPENSSH_AUTH_MAGIC))
        for _ in ("cipher", "kdf", "kdf options"):
            message.get_string()
        message.get_int()  # number of keys
        return paramiko.Message(message.get_string()).get_text()
    except (binascii.Error, UnicodeDecodeError):
        return ""
