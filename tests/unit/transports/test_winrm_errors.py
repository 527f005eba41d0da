"""Every foreign exception becomes one of ours, and none is forgotten when a library gets a new one."""

from __future__ import annotations

import binascii
import errno
import inspect
import socket
import ssl
from types import ModuleType
from typing import Any

import pytest
import requests.exceptions
import spnego.exceptions
import urllib3.exceptions
import winrm.exceptions
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection

from runner.errors import (
    AuthenticationFailed,
    ElevationFailed,
    HostIdentityError,
    NothingSent,
    Unreachable,
    VmfixError,
)
from runner.transports.winrm_answers import Fault
from runner.transports.winrm_auth import Downgrade
from runner.transports.winrm_errors import EXPLANATIONS, reason, refused
from runner.transports.winrm_limits import Unacceptable
from runner.transports.winrm_refusals import NoAnswer, denied, lost, not_winrm, unanswered, unauthorized

WHERE = "win-1 (10.0.0.4, https)"


def classes(module: ModuleType) -> list[type[Exception]]:
    """The exceptions that a library can raise, without its warnings."""
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning) and kind.__module__ == module.__name__
    ]


FOREIGN = list(
    dict.fromkeys(
        kind for module in (winrm.exceptions, requests.exceptions, urllib3.exceptions) for kind in classes(module)
    )
)
_POOL = HTTPConnectionPool("10.0.0.4")
_CONNECTION = HTTPConnection("10.0.0.4")
_ARGUMENTS: dict[type[Exception], tuple[Any, ...]] = {
    winrm.exceptions.WSManFaultError: (500, "why", "text", "reason"),
    winrm.exceptions.WinRMTransportError: ("http", 500, "text"),
    requests.exceptions.JSONDecodeError: ("why", "doc", 0),
    urllib3.exceptions.HostChangedError: (_POOL, "http://elsewhere", 3),
    urllib3.exceptions.IncompleteRead: (1, 2),
    urllib3.exceptions.InvalidChunkLength: (HTTPResponse(b""), b"x"),
    urllib3.exceptions.HeaderParsingError: ([], b""),
    urllib3.exceptions.LocationParseError: ("where",),
    urllib3.exceptions.MaxRetryError: (_POOL, "/wsman"),
    urllib3.exceptions.NameResolutionError: ("host", _CONNECTION, socket.gaierror(-2, "unknown")),
    urllib3.exceptions.NewConnectionError: (_CONNECTION, "why"),
    urllib3.exceptions.PoolError: (_POOL, "why"),
    urllib3.exceptions.ClosedPoolError: (_POOL, "why"),
    urllib3.exceptions.EmptyPoolError: (_POOL, "why"),
    urllib3.exceptions.FullPoolError: (_POOL, "why"),
    urllib3.exceptions.ProxyError: ("why", ValueError("inner")),
    urllib3.exceptions.ProxySchemeUnknown: ("odd",),
    urllib3.exceptions.ReadTimeoutError: (_POOL, "/wsman", "why"),
    urllib3.exceptions.RequestError: (_POOL, "/wsman", "why"),
    urllib3.exceptions.URLSchemeUnknown: ("odd",),
}


def made(kind: type[Exception]) -> Exception:
    """An exception as its library would raise it."""
    return kind(*_ARGUMENTS.get(kind, ("why",)))


def wrapped(inner: Exception) -> requests.exceptions.ConnectionError:
    """As requests hands on what urllib3 hands on."""
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(_POOL, "/wsman", inner))


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    """As ssl raises it."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def ssl_error(reason_code: str) -> ssl.SSLError:
    """As ssl raises it."""
    error = ssl.SSLError(1, f"[SSL: {reason_code}] why")
    error.reason = reason_code
    return error


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_class_has_an_explanation(kind: type[Exception]) -> None:
    """A new exception class of a library fails this test until somebody says what it means."""
    assert kind in EXPLANATIONS
    problem = refused(WHERE, made(kind))

    assert isinstance(problem, NothingSent)
    assert problem.message.startswith(f"{WHERE}: ")
    assert problem.message.endswith("; nothing was sent")
    assert problem.remedy


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_the_most_specific_explanation_is_taken(kind: type[Exception]) -> None:
    """A base class does not stand before its subclasses."""
    assert next(known for known in EXPLANATIONS if issubclass(kind, known)) is kind


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (wrapped(made(urllib3.exceptions.NameResolutionError)), Unreachable, "the name is not known"),
        (wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "refused")), Unreachable, "nothing listens on that port"),
        (wrapped(OSError(errno.EHOSTUNREACH, "no route")), Unreachable, "no route to the machine"),
        (wrapped(OSError(errno.ENETUNREACH, "no route")), Unreachable, "no route to the network"),
        (wrapped(OSError(errno.ETIMEDOUT, "timed out")), Unreachable, "no answer"),
        (wrapped(ConnectionResetError(errno.ECONNRESET, "reset")), Unreachable, "the other side hung up"),
        (wrapped(OSError(errno.EMFILE, "too many")), Unreachable, "too many open files here"),
        (requests.exceptions.ConnectTimeout("slow"), Unreachable, "no answer in time"),
        (requests.exceptions.ReadTimeout("slow"), Unreachable, "the port is open, but no answer came in time"),
        (wrapped(verification(9, "not yet valid")), HostIdentityError, "the certificate is not valid yet"),
        (wrapped(verification(10, "expired")), HostIdentityError, "the certificate has expired"),
        (wrapped(verification(18, "self-signed")), HostIdentityError, "the certificate is self-signed"),
        (wrapped(verification(20, "no issuer")), HostIdentityError, "authority is not known here"),
        (wrapped(verification(62, "mismatch")), HostIdentityError, "the certificate is for another host name"),
        (wrapped(verification(64, "mismatch")), HostIdentityError, "the certificate is for another address"),
        (wrapped(verification(99, "odd")), HostIdentityError, "the certificate cannot be trusted"),
        (wrapped(ssl_error("WRONG_VERSION_NUMBER")), Unreachable, "the port does not speak TLS"),
        (wrapped(ssl_error("TLSV13_ALERT_CERTIFICATE_REQUIRED")), AuthenticationFailed, "not accept our certificate"),
        (wrapped(ssl_error("NO_SHARED_CIPHER")), Unreachable, "TLS failed"),
        (spnego.exceptions.InvalidTokenError(context_msg="odd"), AuthenticationFailed, "the login failed"),
        (PermissionError("Server did not respond with NTLM challenge token"), AuthenticationFailed, "the login failed"),
        (Downgrade("no sealing"), AuthenticationFailed, "messages would not be encrypted"),
        (Unacceptable("too long"), Unreachable, "this is not how WinRM answers (too long)"),
        (binascii.Error("Incorrect padding"), AuthenticationFailed, "the login failed"),
        (wrapped(made(urllib3.exceptions.ReadTimeoutError)), Unreachable, "the port is open, but no answer came"),
        (OSError("odd"), Unreachable, "no connection"),
        (KeyError("www-authenticate"), Unreachable, "WinRM failed"),
    ],
)
def test_the_likely_cause_is_named(error: Exception, kind: type[VmfixError], said: str) -> None:
    """However deep the libraries have wrapped it."""
    problem = refused(WHERE, error)

    assert type(problem) is kind
    assert said in problem.message


def test_urllib3_hands_on_what_it_was_told() -> None:
    """The certificate's error is found in what a real pool raises."""
    error = urllib3.exceptions.MaxRetryError(
        HTTPSConnectionPool("10.0.0.4"), "/", urllib3.exceptions.SSLError(verification(10, "expired"))
    )

    assert "has expired" in refused(WHERE, requests.exceptions.SSLError(error)).message


def test_reason_is_short_and_in_one_line() -> None:
    """It becomes a part of a sentence."""
    assert reason(wrapped(OSError(errno.ECONNREFUSED, "Connection refused"))) == "Connection refused"
    assert reason(ValueError("a\n  b")) == "a b"
    assert reason(ValueError()) == "ValueError"
    assert len(reason(ValueError("x" * 1000))) < 400


def test_reason_quotes_no_character_of_a_secret() -> None:
    """As the standard library does where it cannot encode one."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "pass\u20acwort".encode("latin-1")

    assert reason(caught.value) == "UnicodeEncodeError"


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (Fault(5, "AccessDenied", "Access is denied."), ElevationFailed, "0x00000005: Access is denied."),
        (Fault(0x80070005), ElevationFailed, "may not use remote shells"),
        (Fault(None, "AccessDenied"), ElevationFailed, "AccessDenied"),
        (Fault(0x803381A6, "", "1500"), Unreachable, "too many shells or operations"),
        (Fault(0x803381E9), Unreachable, "too many shells or operations"),
        (Fault(0x8033805B), Unreachable, "forgot the shell"),
        (Fault(0x80338048, "", "odd"), Unreachable, "WinRM refused (0x80338048: odd)"),
    ],
)
def test_faults(fault: Fault, kind: type[VmfixError], said: str) -> None:
    """By number first, and by name where there is none."""
    problem = denied(WHERE, fault)

    assert type(problem) is kind
    assert said in problem.message
    assert problem.message.endswith("nothing was sent")
    assert problem.remedy


@pytest.mark.parametrize(
    ("auth", "offered", "said"),
    [
        ("ntlm", "Negotiate", "the user name or the password is wrong"),
        ("ntlm", "Kerberos", "the service does not offer ntlm, but: Kerberos"),
        ("basic", "Negotiate, Kerberos", "the service does not offer basic, but: Kerberos, Negotiate"),
        ("basic", 'Basic realm="WSMAN"', "the user name or the password is wrong"),
        ("credssp", "", "the service does not offer credssp, but: nothing"),
        ("kerberos", "Negotiate", "the service does not accept our Kerberos ticket"),
        ("certificate", "Negotiate", "the service does not know our certificate"),
    ],
)
def test_what_was_offered_tells_what_is_wrong(auth: str, offered: str, said: str) -> None:
    """The credentials, or the kind of login."""
    problem = unauthorized(WHERE, {"WWW-Authenticate": offered}, auth)

    assert type(problem) is AuthenticationFailed
    assert said in problem.message


def test_what_was_offered_is_cut_short() -> None:
    """It is whatever the other side wants it to be."""
    offered = ", ".join(f"scheme{number}" for number in range(5000))
    said = unauthorized(WHERE, {"WWW-Authenticate": offered}, "basic").message

    assert "but: scheme0, scheme1" in said
    assert len(said) < 400


def test_lost_commands() -> None:
    """What was found afterwards is said, and told to the engine."""
    assert lost(WHERE, "why", "ID", dead=False).may_run
    assert "still runs in the remote shell ID" in lost(WHERE, "why", "ID", dead=False).message
    assert lost(WHERE, "why", "ID", dead=True).process_dead is True
    assert "not known whether it still runs" in lost(WHERE, "why", "ID", dead=None).message


def test_answers_that_are_none() -> None:
    """Both say that nothing was sent."""
    assert "(HTTP status 404); nothing was sent" in not_winrm(WHERE, 404).message
    assert unanswered(WHERE, NoAnswer("HTTP status 503", "Look there.")).remedy == "Look there."
