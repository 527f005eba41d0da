"""The login of one connection: NTLM (raw or in SPNEGO), Basic, or a client certificate."""

import base64
import binascii
import contextlib
import hmac
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from examples.lab.windows.wsman.accounts import Account

CERTIFICATE_SCHEME = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
# pyspnego's acceptor finds its accounts by a variable of the whole process, and several endpoints may live in one.
_STORE_VARIABLE = "NTLM_USER_FILE"
_STORE_LOCK = threading.Lock()
_CHALLENGE = b"NTLMSSP\0\2\0\0\0"
_FLAGS_AT = 20  # of a challenge message: MS-NLMP 2.2.1.2
_SIGN_SEAL_KEY_EXCHANGE = 0x40008030  # KEY_EXCH, ALWAYS_SIGN, SEAL, SIGN


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not logged in. ``challenge`` is what goes on with the login, if it is under way."""

    challenge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Logged in. ``token`` is for the answer's WWW-Authenticate; ``context`` has the keys, after NTLM."""

    account: Account
    token: str = ""
    context: spnego.ContextProxy | None = None


class AccountBook:
    """The accounts, and the file with them that pyspnego reads. Close it."""

    def __init__(self, accounts: Sequence[Account], machine: str) -> None:
        self.accounts = tuple(accounts)
        self._folder = tempfile.TemporaryDirectory(prefix="vmfix-accounts-")
        self._path = Path(self._folder.name, "ntlm")
        self._path.touch(mode=0o600)
        self._path.write_text("".join(_lines(self.accounts, machine)), encoding="utf-8")

    @contextlib.contextmanager
    def store(self) -> Iterator[None]:
        """While inside, pyspnego's acceptor knows these accounts, and those of no other endpoint."""
        with _STORE_LOCK:
            # Never deleted again: another thread may be copying the environment just now.
            os.environ[_STORE_VARIABLE] = str(self._path)
            yield

    def close(self) -> None:
        self._folder.cleanup()


def _lines(accounts: Sequence[Account], machine: str) -> Iterator[str]:
    for account in accounts:
        for domain in {"", ".", machine, "WORKGROUP", account.domain}:
            yield f"{domain}:{account.name}:{account.password}\n"
        if account.domain:
            yield f":{account.name}@{account.domain}:{account.password}\n"


class Login:
    """The state of one connection's login. NTLM logs a connection in, the other schemes each request."""

    def __init__(self, book: AccountBook, *, basic: bool, upn: str) -> None:
        self._book, self._basic, self._upn = book, basic, upn
        self._pending: spnego.ContextProxy | None = None
        self._granted: Granted | None = None

    @property
    def granted(self) -> Granted | None:
        """What holds for the whole connection after NTLM."""
        return self._granted

    def offers(self) -> list[str]:
        """The schemes for WWW-Authenticate, as Windows lists them."""
        return ["Negotiate", *(['Basic realm="WSMAN"'] if self._basic else [])]

    def forget(self) -> None:
        """Begin anew, as after a refusal."""
        self._pending = self._granted = None

    def check(self, header: str) -> Granted | Refused:
        """Judge an Authorization header, or its absence."""
        scheme, _, data = header.partition(" ")
        match scheme.casefold():
            case "":
                return self._granted or Refused()
            case "negotiate" | "ntlm":
                return self._negotiate(scheme, data)
            case "basic" if self._basic:
                return self._check_basic(data)
            case _ if header.strip().casefold() == CERTIFICATE_SCHEME:
                return self._check_certificate()
            case _:
                return Refused()

    def _negotiate(self, scheme: str, data: str) -> Granted | Refused:
        self._granted = None
        try:
            token = base64.b64decode(data, validate=True)
            with self._book.store():
                context = self._pending or spnego.server(protocol="negotiate")
                answer = context.step(token) or b""
        except (binascii.Error, SpnegoError):
            self.forget()
            return Refused()
        if not context.complete:
            self._pending = context
            return Refused(challenge=f"{scheme} {_encoded(answer)}")
        self._pending = None
        account = self._named(context.client_principal or "")
        if account is None:
            return Refused()
        self._granted = Granted(account=account, context=context)
        return Granted(account=account, context=context, token=f"{scheme} {_encoded(answer)}" if answer else "")

    def _check_basic(self, data: str) -> Granted | Refused:
        try:
            login, colon, password = base64.b64decode(data, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return Refused()
        account = self._named(login)
        if not colon or account is None or not hmac.compare_digest(account.password.encode(), password.encode()):
            return Refused()
        return Granted(account=account)

    def _check_certificate(self) -> Granted | Refused:
        mapped = [each for each in self._book.accounts if each.certificate and each.certificate == self._upn]
        return Granted(account=mapped[0]) if mapped else Refused()

    def _named(self, login: str) -> Account | None:
        return next((each for each in self._book.accounts if each.is_called(login)), None)


def _encoded(token: bytes) -> str:
    return base64.b64encode(token).decode()


def weakened(challenge: str) -> str:
    """A challenge that offers no keys, as of somebody in the middle who wants the client to send plain text."""
    scheme, _, data = challenge.partition(" ")
    token = base64.b64decode(data)
    start = token.find(_CHALLENGE)
    if start < 0:
        return challenge
    at = start + _FLAGS_AT
    flags = int.from_bytes(token[at : at + 4], "little") & ~_SIGN_SEAL_KEY_EXCHANGE
    return f"{scheme} {_encoded(token[:at] + flags.to_bytes(4, 'little') + token[at + 4 :])}"
