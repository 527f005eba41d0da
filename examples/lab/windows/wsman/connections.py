"""Sockets: a threaded server whose connections can be broken, all at once and rudely."""

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from examples.lab.windows.wsman.certificates import Certificate

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing sends a reset
POLL_S = 0.02


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens in a thread of its own; one more thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._stopped = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL_S,), daemon=True)
        self._thread.start()

    def keep(self, connection: socket.socket) -> None:
        """Remember a connection until `let_go`. One that comes while the server is stopped is broken at once."""
        with self._lock:
            self._open.add(connection)
            stopped = self._stopped
        if stopped:
            break_off(connection)

    def let_go(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def stop(self) -> None:
        """Listen no longer, and break every connection."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            self._stopped = True
            connections = tuple(self._open)
        for connection in connections:
            break_off(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are our trade; the handler reports what is wrong with the endpoint itself."""


def break_off(connection: socket.socket) -> None:
    """Break a connection as a failing network does; the thread that holds it notices and closes it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """The server's side of TLS. A client may show a certificate if there is an authority for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    authority: Path | None = certificate.client_authority
    if authority is not None:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
