"""TLS for WinRM over https, and HTTP connections that can be watched and broken off."""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

import requests
import requests.adapters
import urllib3
import urllib3.connection

from runner.errors import AuthenticationFailed, HostIdentityError
from runner.model.inventory import WinrmOptions
from runner.transports.winrm_limits import Watch, WatchedConnection

Connection = urllib3.connection.HTTPConnection

_KEEPALIVE = 15  # seconds between signs of life; after three without an answer the kernel gives up


def tls_context(options: WinrmOptions, key_passphrase: Callable[[], str], where: str) -> ssl.SSLContext:
    """What to believe (the system's authorities, or those of ``ca_file``) and what to show (a client certificate)."""
    context = _context()
    if options.ca_file is None:
        context.load_default_certs()
    else:
        _believe(context, options.ca_file, where)
    if options.insecure_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.certificate is not None:
        key = os.path.expanduser(options.certificate_key or options.certificate)  # noqa: PTH111  a path as text
        _show(context, os.path.expanduser(options.certificate), key, key_passphrase, where)  # noqa: PTH111
    return context


def _context() -> ssl.SSLContext:
    """As ``ssl.create_default_context``, which would also write our keys to the file that SSLKEYLOGFILE names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    return context


def _unusable(paths: tuple[str, ...], otherwise: str) -> str:
    """What to do about files of which one cannot be read, or (``otherwise``) is not what it should be."""
    for path in paths:
        try:
            with open(path, "rb"):  # noqa: PTH123  a path as text
                pass
        except FileNotFoundError:
            start = "" if path.startswith("/") else f", seen from {os.getcwd()}"  # noqa: PTH109  the same
            return f"There is no file {path}{start}: correct its path in the inventory."
        except OSError as error:
            return f"{path}: {error.strerror}. It must be a file that whoever runs vmfix may read."
    return otherwise


def _believe(context: ssl.SSLContext, ca_file: str, where: str) -> None:
    path = os.path.expanduser(ca_file)  # noqa: PTH111
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        problem = error
    else:
        return
    raise HostIdentityError(
        f"{where}: the authorities in {ca_file} cannot be read ({problem.strerror or problem}); nothing was sent",
        remedy=_unusable((path,), "`ca_file` must be a file of certificates in PEM form."),
    )


def _show(context: ssl.SSLContext, certificate: str, key: str, passphrase: Callable[[], str], where: str) -> None:
    """Without a passphrase an encrypted key would be asked for at the terminal: an empty one is refused instead."""
    problem: OSError | None = None
    try:
        context.load_cert_chain(certificate, key, passphrase)
    except OSError as error:
        problem = error
    if problem is not None:
        raise AuthenticationFailed(
            f"{where}: the client certificate {certificate} with the key {key} cannot be used "
            f"({problem.strerror or problem}); nothing was sent",
            remedy=_unusable(
                (certificate, key),
                "Both must be in PEM form and belong together; an encrypted key needs `certificate_passphrase`.",
            ),
        )


class Adapter(requests.adapters.HTTPAdapter):
    """Carries one session over one connection, with our TLS settings and no proxy.

    ``on_new`` is told of each connection when it is made, ``watch`` has its limits.
    """

    def __init__(self, context: ssl.SSLContext | None, on_new: Callable[[Connection], None], watch: Watch) -> None:
        self._context = context
        self._on_new = on_new
        self._watch = watch
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=False)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: ANN401, FBT001, FBT002  as inherited
        kwargs["socket_options"] = _socket_options()
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._on_new, self._watch)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401  as inherited
        cert: Any = None,  # noqa: ANN401
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Only our context counts: requests would take the authorities that come with Python packages."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {} if self._context is None else {"ssl_context": self._context}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Nothing: our context does it."""


class _Plain(WatchedConnection):
    """Over http."""


class _Tls(WatchedConnection, urllib3.connection.HTTPSConnection):
    """Over https."""


def _pools(on_new: Callable[[Connection], None], watch: Watch) -> dict[str, Any]:
    def watched(made: Any) -> Any:  # noqa: ANN401
        made.watch = watch
        on_new(made)
        return made

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = _Plain

        def _new_conn(self) -> Any:  # noqa: ANN401
            return watched(super()._new_conn())

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = _Tls

        def _new_conn(self) -> Any:  # noqa: ANN401
            return watched(super()._new_conn())

        def _validate_conn(self, conn: Any) -> None:  # noqa: ANN401
            """Connect; the warning about an unchecked certificate is ours to give, and the plan shows it."""
            if conn.is_closed:
                conn.connect()

    return {"http": PlainPool, "https": TlsPool}


def _socket_options() -> list[tuple[int, int, int]]:
    """No delay for small messages, and a vanished machine is noticed while one waits for its answer."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", _KEEPALIVE), ("TCP_KEEPINTVL", _KEEPALIVE), ("TCP_KEEPCNT", 3)):
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    return options
