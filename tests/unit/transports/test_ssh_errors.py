"""Every foreign exception becomes one of ours, and none is forgotten when the library gets a new one."""

from __future__ import annotations

import errno
import inspect
import socket

import paramiko
import pytest
from paramiko import ssh_exception

from runner.errors import (
    AuthenticationFailed,
    ConnectionLost,
    CredentialError,
    HostIdentityError,
    NothingSent,
    Unreachable,
    VmfixError,
)
from runner.transports.ssh_errors import _EXPLANATIONS, translate_errors

FOREIGN_CLASSES = [
    kind
    for _, kind in inspect.getmembers(ssh_exception, inspect.isclass)
    if issubclass(kind, BaseException) and kind.__module__ == ssh_exception.__name__
]
_KEY = paramiko.ECDSAKey.generate()
_ARGUMENTS = {
    ssh_exception.BadAuthenticationType: ("why", ["publickey"]),
    ssh_exception.PartialAuthentication: (["password"],),
    ssh_exception.ChannelException: (2, "why"),
    ssh_exception.BadHostKeyException: ("name", _KEY, _KEY),
    ssh_exception.ProxyCommandFailure: ("nc", "why"),
    ssh_exception.NoValidConnectionsError: ({("10.0.0.4", 22): OSError(errno.ECONNREFUSED, "refused")},),
}


def raised(error: BaseException, *, sent: bool) -> VmfixError:
    """What an exception becomes."""
    with pytest.raises(VmfixError) as caught, translate_errors("vm-1 (10.0.0.4:22)", sent=sent):
        raise error
    assert "vm-1 (10.0.0.4:22)" in caught.value.message
    return caught.value


@pytest.mark.parametrize("kind", FOREIGN_CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_paramiko_has_an_explanation(kind: type[Exception]) -> None:
    """A new exception class of paramiko fails this test until somebody says what it means."""
    assert kind in _EXPLANATIONS
    error = kind(*_ARGUMENTS.get(kind, ("why",)))

    assert isinstance(raised(error, sent=False), NothingSent)
    assert "nothing was sent" in raised(error, sent=False).message
    assert type(raised(error, sent=True)) is ConnectionLost


@pytest.mark.parametrize("kind", FOREIGN_CLASSES, ids=lambda kind: kind.__name__)
def test_the_most_specific_explanation_is_taken(kind: type[Exception]) -> None:
    """A base class does not stand before its subclasses."""
    first = next(known for known in _EXPLANATIONS if issubclass(kind, known))

    assert first is kind


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Unreachable, "nothing listens"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Unreachable, "no route to the machine"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Unreachable, "no route to the network"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Unreachable, "hung up"),
        (OSError(errno.EMFILE, "Too many open files"), Unreachable, "too many open files here"),
        (OSError("odd"), Unreachable, "no connection"),
        (TimeoutError("timed out"), Unreachable, "no answer in time"),
        (socket.gaierror(-2, "Name or service not known"), Unreachable, "the name is not known"),
        (EOFError(), Unreachable, "hung up"),
        (paramiko.SSHException("Error reading SSH protocol banner"), Unreachable, "greet"),
        (paramiko.SSHException("odd"), Unreachable, "negotiation failed"),
        (paramiko.ssh_exception.IncompatiblePeer("no acceptable host key"), HostIdentityError, "type that is known"),
        (paramiko.ssh_exception.IncompatiblePeer("no acceptable ciphers"), Unreachable, "no common SSH algorithm"),
        (paramiko.AuthenticationException("no"), AuthenticationFailed, "login failed"),
    ],
)
def test_the_likely_cause_is_named(error: Exception, kind: type[VmfixError], said: str) -> None:
    """The message says what it probably means."""
    explained = raised(error, sent=False)

    assert type(explained) is kind
    assert said in explained.message


def test_our_own_errors_pass() -> None:
    """What is already translated is not translated again."""
    error = CredentialError("no such variable")
    with pytest.raises(CredentialError) as caught, translate_errors("vm-1", sent=True):
        raise error

    assert caught.value is error
