"""HTTP for the endpoint: one object per connection, with the login that holds for it."""

import socket
import ssl
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from examples.lab.windows.wsman import encryption, exchange
from examples.lab.windows.wsman.certificates import upn_of
from examples.lab.windows.wsman.connections import Server, break_off
from examples.lab.windows.wsman.encryption import NotSealed
from examples.lab.windows.wsman.exchange import Dropped, Reply
from examples.lab.windows.wsman.login import Granted, Login, Refused, weakened
from examples.lab.windows.wsman.misbehaviour import Act
from examples.lab.windows.wsman.output import Client, ClientGone

PATH = "/wsman"
PLAIN = "application/soap+xml;charset=UTF-8"
HANDSHAKE_S = 30.0


class Site(exchange.Site, Protocol):
    """What the connections of one endpoint share."""

    context: ssl.SSLContext | None
    errors: list[str]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, site: Site, connection: socket.socket, address: object, server: Server) -> None:
        self._site, self._home = site, server
        super().__init__(connection, address, server)

    def setup(self) -> None:
        site = self._site
        upn, secure = "", site.context is not None
        if site.context is not None:
            self.request.settimeout(HANDSHAKE_S)
            self.request = site.context.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
            upn = upn_of(self.request.getpeercert(binary_form=True))
        super().setup()
        self._home.keep(self.request)
        self._plain_text = site.options.encryption and not secure  # what AllowUnencrypted=false forbids
        self._login = Login(site.book, basic=site.options.basic and not self._plain_text, upn=upn)

    def finish(self) -> None:
        self._home.let_go(self.request)
        try:
            super().finish()
        finally:
            self.request.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The endpoint has a log of its own."""

    def do_POST(self) -> None:
        """Answer one request, or break the connection."""
        try:
            self._post()
        except (Dropped, ClientGone, OSError):
            self._break()
        except Exception:  # noqa: BLE001 - a bug of ours must reach the test, not pass for a broken line
            self._site.errors.append(traceback.format_exc())
            self._break()

    def _post(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.rstrip("/").lower() != PATH:
            self._reply(Reply(status=HTTPStatus.NOT_FOUND))
            return
        granted = self._logged_in()
        if granted is None:
            return
        sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        if not body:
            self._site.log.request("Login")
            self._reply(Reply(status=HTTPStatus.OK), granted)
        elif sealed:
            self._sealed(body, granted)
        elif self._plain_text:
            self._site.log.request("Unencrypted")
            self._reply(Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR), granted)
        else:
            self._reply(exchange.answer(self._site, body, granted.account, Client(self.request)), granted)

    def _sealed(self, body: bytes, granted: Granted) -> None:
        try:
            data = encryption.unseal(body, granted.context)
        except NotSealed:
            self._site.log.request("Unknown")
            self._login.forget()
            self._reply(Reply(status=HTTPStatus.BAD_REQUEST))
            return
        reply = exchange.answer(self._site, data, granted.account, Client(self.request))
        self._reply(reply, granted, sealed=not reply.plain)

    def _logged_in(self) -> Granted | None:
        """Who is logged in; None if somebody has been told to log in, or that it failed."""
        header = self.headers.get("Authorization") or ""
        found = self._login.check(header)
        if header and isinstance(found, Granted):
            rule = self._site.misbehaviour.match("Login")
            if rule is not None and rule.act is Act.REFUSE_LOGIN:
                self._login.forget()
                found = Refused()
            elif rule is not None and (early := exchange.before(self._site, rule, Client(self.request))) is not None:
                self._site.log.request("Login")
                self._reply(early)
                return None
        if isinstance(found, Granted):
            return found
        self._site.log.request("Login")
        self._reply(Reply(status=HTTPStatus.UNAUTHORIZED), offers=self._offers(found))
        return None

    def _offers(self, refused: Refused) -> list[str]:
        if not refused.challenge:
            return self._login.offers()
        rule = self._site.misbehaviour.match("Challenge")
        return [weakened(refused.challenge) if rule is not None else refused.challenge]

    def _reply(
        self, reply: Reply, granted: Granted | None = None, *, offers: list[str] | None = None, sealed: bool = False
    ) -> None:
        """Send an answer in one piece."""
        text, kind = reply.text, PLAIN
        if sealed and text and granted is not None and granted.context is not None:
            text, kind = encryption.seal(text, granted.context), encryption.CONTENT_TYPE
        # The token that completes an NTLM login goes with the first answer only: later requests bring no header.
        tokens = offers or ([granted.token] if granted is not None and granted.token else [])
        lines = [f"HTTP/1.1 {reply.status.value} {reply.status.phrase}", f"Date: {self.date_time_string()}"]
        lines += [f"WWW-Authenticate: {token}" for token in tokens]
        lines += [f"Content-Type: {kind}"] if text else []
        lines += ["Server: Microsoft-HTTPAPI/2.0", f"Content-Length: {len(text)}", "", ""]
        data = "\r\n".join(lines).encode() + text
        self.close_connection = self.close_connection or reply.cut
        self.wfile.write(data[: len(data) // 2] if reply.cut else data)

    def _break(self) -> None:
        self.close_connection = True
        break_off(self.request)
