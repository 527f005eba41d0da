"""Every exception of paramiko and of sockets as one of ours: the one place where they are translated."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paramiko
from paramiko import ssh_exception

from runner.errors import (
    AuthenticationFailed,
    ConnectionLost,
    HostIdentityError,
    NothingSent,
    Unreachable,
    VmfixError,
)

FOREIGN = (paramiko.SSHException, OSError, EOFError)


@contextmanager
def translate_errors(where: str, *, sent: bool) -> Iterator[None]:
    """Foreign exceptions become ours. ``where`` names target and address; ``sent``: a command was on its way."""
    try:
        yield
    except VmfixError:
        raise
    except FOREIGN as error:
        raise (lost(where, error) if sent else refused(where, error)) from error


def lost(where: str, error: BaseException | None) -> ConnectionLost:
    """The connection broke while a command was running or being sent."""
    because = f" ({_reason(error)})" if error is not None else ""
    return ConnectionLost(
        f"{where}: the connection broke before the command's exit code was known{because}",
        remedy="The command may have run, wholly or partly: look at the target before anything is repeated.",
    )


def refused(where: str, error: BaseException) -> NothingSent:
    """No connection came about, so nothing was sent."""
    for kind, explain in _EXPLANATIONS.items():
        if isinstance(error, kind):
            return explain(where, error)
    return Unreachable(f"{where}: SSH failed: {_reason(error)}; nothing was sent")


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _unreachable(what: str, remedy: str) -> Callable[[str, BaseException], NothingSent]:
    def explain(where: str, error: BaseException) -> NothingSent:
        return Unreachable(f"{where}: {what} ({_reason(error)}); nothing was sent", remedy=remedy)

    return explain


def _authentication(what: str) -> Callable[[str, BaseException], NothingSent]:
    def explain(where: str, error: BaseException) -> NothingSent:
        return AuthenticationFailed(f"{where}: {what} ({_reason(error)}); nothing was sent")

    return explain


def _incompatible(where: str, error: BaseException) -> NothingSent:
    if "host key" in str(error):
        return HostIdentityError(
            f"{where}: the machine has no host key of a type that is known for it; nothing was sent",
            remedy="If it was reinstalled or got new keys, learn them another way and add them to known_hosts.",
        )
    return _unreachable("no common SSH algorithm", "The server is too old or too strict for this client.")(where, error)


def _os_error(where: str, error: BaseException) -> NothingSent:
    number = error.errno if isinstance(error, OSError) else None
    what, remedy = _OS_ERRORS.get(number or 0, ("no connection", ""))
    return _unreachable(what, remedy)(where, error)


def _protocol(where: str, error: BaseException) -> NothingSent:
    if "banner" in str(error):
        remedy = "Is this an SSH port? A firewall, or a server out of sessions (MaxStartups), can also be the cause."
        return _unreachable("something listens, but does not greet as an SSH server does", remedy)(where, error)
    return _unreachable("the SSH negotiation failed", "Compare with: ssh -v")(where, error)


_IS_IT_UP = "Is the machine running, the address right, and the network or VPN there?"
_OS_ERRORS = {
    errno.ECONNREFUSED: (
        "nothing listens on that port",
        "Is sshd running, and on this port? A firewall may also refuse.",
    ),
    errno.EHOSTUNREACH: ("no route to the machine", _IS_IT_UP),
    errno.ENETUNREACH: ("no route to the network", _IS_IT_UP),
    errno.ETIMEDOUT: ("no answer", _IS_IT_UP),
    errno.ECONNRESET: (
        "the other side hung up",
        "Too many connections (MaxStartups), or blocked (hosts.deny, fail2ban)?",
    ),
    errno.EMFILE: ("too many open files here", "Raise `ulimit -n`, or work on fewer targets at a time."),
}
_HUNG_UP = _unreachable(
    "the other side hung up", "Too many connections (MaxStartups), or blocked (hosts.deny, fail2ban)?"
)

# The first that fits: subclasses stand before their bases.
_EXPLANATIONS: dict[type[BaseException], Callable[[str, BaseException], NothingSent]] = {
    ssh_exception.BadHostKeyException: lambda where, error: HostIdentityError(
        f"{where}: the host key is wrong ({_reason(error)}); nothing was sent"
    ),
    ssh_exception.IncompatiblePeer: _incompatible,
    ssh_exception.MessageOrderError: _unreachable(
        "messages came in an order that SSH forbids", "Somebody may stand between: compare from another network."
    ),
    ssh_exception.PasswordRequiredException: _authentication("a key file needs a passphrase"),
    ssh_exception.BadAuthenticationType: _authentication("the server does not accept this kind of login"),
    ssh_exception.PartialAuthentication: _authentication("the server wants more than one proof"),
    ssh_exception.UnableToAuthenticate: _authentication("every login failed"),
    ssh_exception.AuthenticationException: _authentication("the login failed"),
    ssh_exception.ChannelException: _unreachable(
        "the server opens no channel", "MaxSessions or AllowTcpForwarding of the server may forbid it."
    ),
    ssh_exception.ProxyCommandFailure: _unreachable("the proxy command failed", "Run it by hand."),
    ssh_exception.CouldNotCanonicalize: _unreachable("the name cannot be canonicalized", "See CanonicalizeHostname."),
    ssh_exception.ConfigParseError: _unreachable("the SSH configuration is wrong", "Correct the file."),
    ssh_exception.NoValidConnectionsError: _unreachable("no address answers", _IS_IT_UP),
    ssh_exception.SSHException: _protocol,
    socket.gaierror: _unreachable("the name is not known", "Is it spelled right, and does DNS or /etc/hosts know it?"),
    TimeoutError: _unreachable("no answer in time", _IS_IT_UP),
    OSError: _os_error,
    EOFError: _HUNG_UP,
}
