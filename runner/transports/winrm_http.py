"""One HTTP connection to a WS-Management service: logged in, encrypted where it must be, each message answered once."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
from winrm.encryption import Encryption

from runner.errors import NothingSent, Unreachable
from runner.model.inventory import Target
from runner.transports.winrm_auth import Password, authenticator, check_not_weakened, encryption
from runner.transports.winrm_errors import reason, refused, unanswered_because
from runner.transports.winrm_limits import Watch
from runner.transports.winrm_refusals import LoginForgotten, NoAnswer, not_winrm, offered, unauthorized
from runner.transports.winrm_tls import Adapter, Connection

# They would print to stderr through logging's last resort, and show headers and tokens at lower levels.
for _name in ("requests", "requests_credssp", "requests_ntlm", "spnego", "urllib3", "winrm"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

_PORTS = {True: 5986, False: 5985}
_HEADERS = {
    "Content-Type": "application/soap+xml;charset=UTF-8",
    "User-Agent": "vmfix",
    "Accept-Encoding": "identity",  # what is compressed can become any size
}
_UNAUTHORIZED, _PROXY = 401, 407
_LOGIN_MESSAGES = 8  # that a login may need, with CredSSP; each may take as long as ``connect_timeout``
_SERVER_ERROR = 500  # a SOAP fault has this status
_PLAIN = "an answer that is not encrypted, as it must be; somebody may stand between"


@dataclass(frozen=True, slots=True)
class Login:
    """What each connection to one target needs. ``where`` names target and address."""

    target: Target
    where: str
    password: Password
    tls: ssl.SSLContext | None

    @property
    def endpoint(self) -> str:
        options, address = self.target.winrm, self.target.address
        host = f"[{address}]" if ":" in address else address
        return f"{'https' if options.https else 'http'}://{host}:{port_of(self.target)}/wsman"


def port_of(target: Target) -> int:
    """Where the service listens, if nothing else is said."""
    return target.port or _PORTS[target.winrm.https]


class Line:
    """A connection that is made when it is needed. Used by one thread; another one may ``abort`` it.

    Whether a message may have arrived is always known: ``post`` raises a ``NothingSent`` kind if it has certainly not,
    and ``NoAnswer`` if it may have. A message that is ``safe`` starts nothing on the target, so whatever comes of it,
    nothing was sent; it is sent a second time if it was refused for want of a login. No other message is.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self._session: requests.Session | None = None
        self._encryption: Encryption | None = None
        self._connection: Connection | None = None
        self._watch = Watch()
        self._aborted = False

    def post(self, message: bytes, *, wait: float, safe: bool = False) -> tuple[int, bytes]:
        """The status and the text of the answer to one message, waited for ``wait`` seconds, to its last byte.

        A status is 200 or 500: everything else is raised.
        """
        if self._aborted:
            raise Unreachable(f"{self.login.where}: the connection was closed here; nothing was sent")
        if self._session is not None and not self._usable():
            self.close()
        fresh = self._session is None
        response = self._post(message, wait, safe=safe)
        if response.status_code == _UNAUTHORIZED and (self._encryption is not None or not fresh):
            # The service forgot our login, as after its restart, and refused the message unread: if it was the service.
            self.close()
            if not safe:
                raise LoginForgotten(f"the service asked for a login once more (HTTP status {_UNAUTHORIZED})")
            if not fresh:
                response = self._post(message, wait, safe=safe)
        return self._judged(response, safe=safe)

    def close(self) -> None:
        session, self._session, self._encryption, self._connection = self._session, None, None, None
        if session is not None:
            session.close()

    def abort(self) -> None:
        """Break off what another thread waits for just now, and let it send nothing more until ``revive``."""
        self._aborted = True
        connection = self._connection
        link = None if connection is None else connection.sock
        if link is not None:
            with suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_RDWR)  # TLS or not: the reader just sees the end

    def revive(self) -> None:
        self._aborted = False

    def _usable(self) -> bool:
        return self._connection is not None and self._connection.is_connected

    def _post(self, message: bytes, wait: float, *, safe: bool) -> requests.Response:
        used = self._session is not None
        session = self._session or self._open()
        self._watch.start(wait, wait if used else self._with_login(wait, safe=safe))
        problem: NoAnswer | NothingSent
        try:
            request = self._prepared(session, message, may_log_in=not used)
            limits = (self.login.target.winrm.connect_timeout, wait)
            return session.send(request, timeout=limits, allow_redirects=False)
        except Exception as error:  # noqa: BLE001  whatever the libraries on the way raise
            known = safe or not self._watch.began
            problem = refused(self.login.where, error) if known else unanswered_because(error)
        self.close()
        raise problem

    def _with_login(self, wait: float, *, safe: bool) -> float:
        """How long a first message may take: with the login, if it is made for that, or else not much longer."""
        return wait + self.login.target.winrm.connect_timeout * (_LOGIN_MESSAGES if safe else 1)

    def _prepared(self, session: requests.Session, message: bytes, *, may_log_in: bool) -> requests.PreparedRequest:
        if self._encryption is not None:
            request = self._encryption.prepare_encrypted_request(session, self.login.endpoint, message)
            # A new login here would send the message again, encrypted with the key of the old one.
            request.hooks = {"response": []}
            return request
        request = session.prepare_request(requests.Request("POST", self.login.endpoint, data=message))
        self._restrain(request, may_log_in=may_log_in)
        return request

    def _restrain(self, request: requests.PreparedRequest, *, may_log_in: bool) -> None:
        """The libraries' hooks send a message again to whoever asks for a login: let them only where we want one."""
        auth, hooks = self.login.target.winrm.auth, request.hooks.get("response", [])

        def restrained(hook: Callable[..., Any]) -> Callable[..., Any]:
            def called(response: requests.Response, **kwargs: Any) -> Any:  # noqa: ANN401
                asked = response.status_code in {_UNAUTHORIZED, _PROXY}
                if asked and not (may_log_in and response.status_code != _PROXY and offered(response.headers, auth)):
                    return response
                return hook(response, **kwargs)

            return called

        request.hooks = {"response": [restrained(hook) for hook in hooks]}

    def _open(self) -> requests.Session:
        """A session; over http it is logged in before any message, for messages are encrypted."""
        login = self.login
        session = requests.Session()
        session.trust_env = False  # no proxy, no .netrc, no REQUESTS_CA_BUNDLE of the environment
        session.headers.update(_HEADERS)
        adapter = Adapter(login.tls, self._take, self._watch)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            session.auth = authenticator(login.target, login.password, login.where)
            if not login.target.winrm.https:
                self._encryption = self._agree(session)
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _agree(self, session: requests.Session) -> Encryption:
        """Log in with an empty message, and take the keys that come of it."""
        login = self.login
        limit = login.target.winrm.connect_timeout
        self._watch.start(limit, limit * _LOGIN_MESSAGES)
        try:
            request = session.prepare_request(requests.Request("POST", login.endpoint))
            self._restrain(request, may_log_in=True)
            response = session.send(request, timeout=(limit, limit), allow_redirects=False)
            if response.status_code == requests.codes.ok:
                return encryption(session, login.target)
            check_not_weakened(session, login.target)
        except Exception as error:  # noqa: BLE001  whatever the libraries on the way raise
            problem = refused(login.where, error)
        else:
            problem = self._refusal(response)
        raise problem

    def _take(self, connection: Connection) -> None:
        self._connection = connection

    def _judged(self, response: requests.Response, *, safe: bool) -> tuple[int, bytes]:
        status = response.status_code
        if status not in {requests.codes.ok, _SERVER_ERROR}:
            self.close()
            if status > _SERVER_ERROR or not (safe or status == _UNAUTHORIZED):
                # Whoever stands between may have handed the message on.
                raise NoAnswer(f"HTTP status {status}", "Is the WinRM service running, and what stands between?")
            raise self._refusal(response)
        if self._encryption is None:
            return status, response.content
        if self._encryption.protocol_string.decode() not in response.headers.get("Content-Type", ""):
            self.close()
            raise NoAnswer(f"HTTP status {status}" if status == _SERVER_ERROR else _PLAIN)
        return status, self._decrypted(self._encryption, response)

    def _decrypted(self, keys: Encryption, response: requests.Response) -> bytes:
        try:
            return keys.parse_encrypted_response(response)
        except Exception as error:  # noqa: BLE001  whatever the login's libraries raise
            problem = NoAnswer(f"an answer that cannot be decrypted: {reason(error)}")
        self.close()
        raise problem

    def _refusal(self, response: requests.Response) -> NothingSent:
        if response.status_code == _UNAUTHORIZED:
            return unauthorized(self.login.where, response.headers, self.login.target.winrm.auth)
        return not_winrm(self.login.where, response.status_code)
