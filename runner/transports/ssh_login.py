"""Opening a verified and authenticated SSH transport, through jump hosts where there are any, within one time limit."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import paramiko

from runner.errors import Unreachable
from runner.model.inventory import SshOptions, Target
from runner.model.secret import Secret, SecretRef
from runner.transports.ssh_auth import Leg, Login
from runner.transports.ssh_errors import translate_errors
from runner.transports.ssh_exec import Transport
from runner.transports.ssh_hostkeys import HostKey, KnownKeys, lookup_name, pinned_key, read_known_hosts, verify
from runner.transports.ssh_route import Route

_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_MISSED_KEEPALIVES = 3
_Address = tuple[int, int, tuple[object, ...]]  # family, protocol, what connect() takes


class Line:
    """The transports from here to a target: through each jump host, the target's last."""

    def __init__(self, transports: list[paramiko.Transport]) -> None:
        self._transports = transports
        self.transport = transports[-1]

    def close(self) -> None:
        _close(self._transports)


def _close(transports: list[paramiko.Transport]) -> None:
    """The last first: the others carry it. A transport that never started would leave its socket open."""
    for transport in reversed(transports):
        transport.close()
        transport.sock.close()


def open_line(target: Target, route: Route, secret: Callable[[SecretRef], Secret]) -> Line:
    """Connect and log in at every hop. Raises a ``NothingSent`` kind or ``CredentialError``; then nothing is open."""
    ends_at = time.monotonic() + route.timeout
    transports: list[paramiko.Transport] = []
    with ExitStack() as undo:
        undo.callback(_close, transports)
        for hop in route.hops:
            last = hop is route.hops[-1]
            where = f"{target.name} ({hop.address})" if last else f"{target.name}, jump host {hop.address}"
            leg = Leg(hop, where, ends_at, last)
            with translate_errors(where, sent=False):
                transports.append(_start(_reach(leg, transports), leg, target.ssh))
                _prove_identity(transports[-1], leg, target.ssh)
                Login(transports[-1], leg, target.ssh, secret).run()
        undo.pop_all()
    return Line(transports)


def _reach(leg: Leg, before: list[paramiko.Transport]) -> socket.socket | paramiko.Channel:
    if before:
        there = (leg.hop.host, leg.hop.port)
        return before[-1].open_channel("direct-tcpip", there, ("127.0.0.1", 0), timeout=leg.remaining())
    problem: OSError | None = None
    for family, protocol, address in _resolve(leg):
        link = socket.socket(family, socket.SOCK_STREAM, protocol)
        link.settimeout(leg.remaining())
        try:
            link.connect(address)
        except OSError as error:
            link.close()
            problem = error
            continue
        return link
    raise problem or OSError(f"no address for {leg.hop.host}")


def _resolve(leg: Leg) -> list[_Address]:
    """Name resolution knows no time limit of its own, so it gets a thread."""
    answers: list[_Address] = []
    problems: list[OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(leg.hop.host, leg.hop.port, type=socket.SOCK_STREAM)
        except OSError as error:
            problems.append(error)
        else:
            answers.extend((int(family), protocol, address) for family, _, protocol, _, address in found)

    asking = threading.Thread(target=ask, name="vmfix-dns", daemon=True)
    asking.start()
    asking.join(leg.remaining())
    for problem in problems:
        raise problem
    if not answers:
        message = f"{leg.where}: the name was not resolved in time; nothing was sent"
        raise Unreachable(message, remedy="Is the DNS server reachable? An IP address as `address` needs none.")
    return answers


def _start(link: socket.socket | paramiko.Channel, leg: Leg, options: SshOptions) -> paramiko.Transport:
    transport = Transport(link)
    transport.banner_timeout = transport.handshake_timeout = leg.remaining()
    if isinstance(link, socket.socket):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _notice_silence(link, options.keepalive)
    transport.set_keepalive(int(options.keepalive))
    return transport


def _notice_silence(link: socket.socket, keepalive: float) -> None:
    """A machine that vanished answers nothing; then the kernel gives up, instead of trying for a quarter of an hour."""
    if keepalive <= 0:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", max(1, int(keepalive))),
        ("TCP_KEEPINTVL", max(1, int(keepalive))),
        ("TCP_KEEPCNT", _MISSED_KEEPALIVES),
        ("TCP_USER_TIMEOUT", int(keepalive * _MISSED_KEEPALIVES * 1000)),
    ):
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            link.setsockopt(socket.IPPROTO_TCP, option, value)


def _prove_identity(transport: paramiko.Transport, leg: Leg, options: SshOptions) -> None:
    """Agree on keys, and return only if the machine proved to be the right one."""
    known = _known(leg, options)
    if known.kinds:
        transport.get_security_options().key_types = _algorithms(known)
    done = threading.Event()
    transport.start_client(event=done)
    in_time = done.wait(leg.remaining())
    if not in_time or not transport.is_active():
        raise transport.get_exception() or TimeoutError("no key exchange")
    if not (leg.last and options.insecure_host_key):
        key = transport.get_remote_server_key()
        verify(known, HostKey(key.get_name(), key.asbytes()), where=leg.where)


def _known(leg: Leg, options: SshOptions) -> KnownKeys:
    name = leg.hop.known_as or lookup_name(leg.hop.host, leg.hop.port)
    if leg.last and options.host_key is not None:
        return pinned_key(name, options.host_key)
    return read_known_hosts(name, leg.hop.known_hosts)


def _algorithms(known: KnownKeys) -> tuple[str, ...]:
    """Ask only for key types that can be compared: else the machine might show its RSA key where ed25519 is known."""
    wanted = [name for kind in known.kinds for name in _ALGORITHMS.get(kind, (kind,))]
    able = [name for name in Transport._preferred_keys if name in wanted]  # type: ignore[attr-defined]  # noqa: SLF001
    return tuple(able) or Transport._preferred_keys  # type: ignore[attr-defined]  # noqa: SLF001
