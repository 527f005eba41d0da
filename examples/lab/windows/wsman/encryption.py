"""Messages under the keys of an NTLM login: MS-WSMV 2.2.9.1 (multipart/encrypted)."""

import re
import struct

from spnego import ContextProxy
from spnego.exceptions import SpnegoError

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_PART = re.compile(
    rb"--\s?Encrypted Boundary\r\n\s*Content-Type: application/HTTP-(?:SPNEGO|Kerberos)-session-encrypted\r\n"
    rb"\s*OriginalContent: type=[^\r\n]*;Length=(\d+)\r\n"
    rb"--\s?Encrypted Boundary\r\n\s*Content-Type: application/octet-stream\r\n"
)
_END = re.compile(rb"--\s?Encrypted Boundary--(?:\r\n)?\Z")


class NotSealed(Exception):
    """The message is not sealed with this login's keys, or not in the way of MS-WSMV."""


def unseal(body: bytes, context: ContextProxy | None) -> bytes:
    """The message inside an encrypted body. Raises ``NotSealed``, also where the login has given no keys."""
    part, end = _PART.match(body), _END.search(body)
    if part is None or end is None or context is None:
        raise NotSealed
    sealed = body[part.end() : end.start()]
    try:
        (size,) = struct.unpack_from("<i", sealed)
        message = context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except (struct.error, SpnegoError) as error:
        raise NotSealed from error
    if len(message) != int(part.group(1)):
        raise NotSealed
    return message


def seal(message: bytes, context: ContextProxy) -> bytes:
    """The encrypted body of an answer, as Windows lays it out."""
    sealed = context.wrap_winrm(message)
    head = (
        f"\tContent-Type: {PROTOCOL}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message) + sealed.padding_length}\r\n"
    ).encode()
    return b"".join(
        (
            _BOUNDARY + b"\r\n" + head + _BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n",
            struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data,
            _BOUNDARY + b"--\r\n",
        )
    )
