"""Every exception of winrm, requests, urllib3, TLS and sockets as one of ours: the one place where they are translated.

Ours are raised without the foreign ones as their cause: those hold requests, with passwords in their headers.
"""

from __future__ import annotations

import binascii
import errno
import socket
import ssl
from collections.abc import Callable, Iterator

import requests.exceptions as of_requests
import spnego.exceptions as of_spnego
import urllib3.exceptions as of_urllib3
import winrm.exceptions as of_winrm

from runner.errors import AuthenticationFailed, HostIdentityError, NothingSent, Unreachable
from runner.model.text import beginning
from runner.transports.winrm_auth import Downgrade
from runner.transports.winrm_limits import Unacceptable
from runner.transports.winrm_refusals import IS_IT_UP, NoAnswer

Explain = Callable[[str, BaseException], NothingSent]


def refused(where: str, error: BaseException) -> NothingSent:
    """What it means that a message could not be sent. What the libraries wrap tells more than their own classes do."""
    chain = list(_chain(error))
    for inner, explain in _told(chain):
        return explain(where, inner)
    for inner in chain:
        if isinstance(inner, OSError) and inner.errno in _OS_ERRORS:
            return _unreachable(*_OS_ERRORS[inner.errno])(where, inner)
    for kind, explain in EXPLANATIONS.items():
        if isinstance(error, kind):
            return explain(where, error)
    return Unreachable(f"{where}: WinRM failed: {reason(error)}; nothing was sent")


def _told(chain: list[BaseException]) -> Iterator[tuple[BaseException, Explain]]:
    for kind, explain in _TELLING.items():
        yield from ((inner, explain) for inner in chain if isinstance(inner, kind))
    for inner in chain:
        name = f"{type(inner).__module__}.{type(inner).__name__}"
        if name in _BY_NAME:
            yield inner, _BY_NAME[name]


def unanswered_because(error: BaseException) -> NoAnswer:
    """What it means that no answer came to a message that may have arrived, or none that can be taken."""
    if isinstance(error, Unacceptable):
        return NoAnswer(str(error), _NOT_WINRM)
    return NoAnswer(f"no answer: {reason(error)}")


def reason(error: BaseException) -> str:
    """The cause in a few words, without what the libraries wrap around it."""
    innermost = list(_chain(error))[-1]
    if isinstance(
        innermost, UnicodeEncodeError | UnicodeDecodeError
    ):  # it would quote a character of what it cannot write
        return type(innermost).__name__
    text = innermost.strerror if isinstance(innermost, OSError) and innermost.strerror else str(innermost)
    return beginning(" ".join(str(text).split()), _LONGEST) or type(innermost).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it wraps: the libraries keep that in arguments, in ``reason`` or as the cause."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        at = todo.pop(0)
        if id(at) in seen:
            continue
        seen.add(id(at))
        yield at
        inside = (*at.args, getattr(at, "reason", None), at.__cause__ or at.__context__)
        todo.extend(one for one in inside if isinstance(one, BaseException))


_LONGEST = 300  # characters of a library's reason, which may be the service's words
_NOT_WINRM = "Is it WinRM that answers there?"


def _unreachable(what: str, remedy: str) -> Explain:
    def explain(where: str, error: BaseException) -> NothingSent:
        return Unreachable(f"{where}: {what} ({reason(error)}); nothing was sent", remedy=remedy)

    return explain


def _authentication(what: str, remedy: str) -> Explain:
    def explain(where: str, error: BaseException) -> NothingSent:
        return AuthenticationFailed(f"{where}: {what} ({reason(error)}); nothing was sent", remedy=remedy)

    return explain


def _certificate(where: str, error: BaseException) -> NothingSent:
    code = getattr(error, "verify_code", 0)
    what, remedy = _VERIFY_CODES.get(code, ("the certificate cannot be trusted", "Look at it: openssl s_client."))
    return HostIdentityError(
        f"{where}: {what} ({getattr(error, 'verify_message', '')}); nothing was sent", remedy=remedy
    )


def _unproven(where: str, error: BaseException) -> NothingSent:
    return HostIdentityError(
        f"{where}: the service did not prove by Kerberos that it is the one that was meant ({reason(error)}); "
        "nothing was sent",
        remedy="Is the address right? A name of another service can be given as winrm.kerberos_hostname.",
    )


def _tls(where: str, error: BaseException) -> NothingSent:
    if getattr(error, "reason", "") in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return _unreachable("the port does not speak TLS", "Is it the http port? Use https: false, or port 5986.")(
            where, error
        )
    if "alert" in str(error).lower() and "certificate" in str(error).lower():
        return _authentication("the service does not accept our certificate", "Was it issued for this service?")(
            where, error
        )
    return _unreachable("TLS failed", "Compare with: openssl s_client -connect ADDRESS:PORT")(where, error)


_LISTENING = (
    "Is WinRM enabled there (winrm quickconfig), with a listener for this scheme "
    "(winrm enumerate winrm/config/listener)?"
)
_HUNG_UP = ("the other side hung up", "Is https the right scheme for this port? " + _LISTENING)
_AUTHORITY = "Name the authority's certificate under winrm.ca_file; a self-signed one is its own authority."
_VERIFY_CODES = {
    9: ("the certificate is not valid yet", "Compare the clocks of both machines."),
    10: (
        "the certificate has expired",
        "Have it renewed and bound to the listener (winrm create winrm/config/Listener).",
    ),
    18: ("the certificate is self-signed and not known here", _AUTHORITY),
    19: ("the certificate's authority is not known here", _AUTHORITY),
    20: ("the certificate's authority is not known here", _AUTHORITY),
    21: ("the certificate's authority is not known here", _AUTHORITY),
    23: ("the certificate was revoked", "Have another one issued."),
    62: ("the certificate is for another host name", "Use the name that stands in the certificate as the address."),
    64: ("the certificate is for another address", "Use the name that stands in the certificate as the address."),
}
_OS_ERRORS = {
    errno.ECONNREFUSED: ("nothing listens on that port", _LISTENING),
    errno.EHOSTUNREACH: ("no route to the machine", IS_IT_UP),
    errno.ENETUNREACH: ("no route to the network", IS_IT_UP),
    errno.ETIMEDOUT: ("no answer", IS_IT_UP),
    errno.ECONNRESET: _HUNG_UP,
    errno.EPIPE: _HUNG_UP,
    errno.EMFILE: ("too many open files here", "Raise `ulimit -n`, or work on fewer targets at a time."),
}
_SILENCE = _unreachable("no answer in time", "A firewall that swallows packets looks like this. " + IS_IT_UP)
_TOO_LATE = _unreachable(
    "the port is open, but no answer came in time", "Is it WinRM that listens there, or is it hung?"
)
_UNKNOWN_NAME = _unreachable("the name is not known", "Is it spelled right, and does DNS or /etc/hosts know it?")
_CUT = _unreachable("the answer was cut off or garbled", _NOT_WINRM)
_PROXY = _unreachable("a proxy stands between", "vmfix uses none, whatever the environment says.")
_REQUEST = _unreachable("the request could not be made", "Is the address right?")
_LOGIN = _authentication("the login failed", "Are user and password right, and does the service offer this winrm.auth?")
_BUSY = _unreachable("the connection is in use or closed", "This is a bug; please report it.")
_DOWNGRADE = _authentication(
    "messages would not be encrypted, so none was sent",
    "Is it WinRM that answers there, and does nobody stand between? Use https.",
)

# Looked for in everything that an exception wraps. The first that fits: subclasses before bases.
_TELLING: dict[type[BaseException], Explain] = {
    Downgrade: _DOWNGRADE,
    Unacceptable: _unreachable("this is not how WinRM answers", _NOT_WINRM),
    ssl.SSLCertVerificationError: _certificate,
    ssl.SSLError: _tls,
    **dict.fromkeys((socket.gaierror, of_urllib3.NameResolutionError), _UNKNOWN_NAME),
    of_spnego.SpnegoError: _LOGIN,
    binascii.Error: _LOGIN,  # a token that is not base64
    of_urllib3.ReadTimeoutError: _TOO_LATE,
}

# Of libraries that need not be installed.
_KERBEROS, _CREDSSP = "winrm.vendor.requests_kerberos.exceptions", "requests_credssp.exceptions"
_BY_NAME: dict[str, Explain] = {
    f"{_KERBEROS}.KerberosExchangeError": _authentication(
        "no Kerberos login", "Get a ticket with kinit, and look at it with klist."
    ),
    f"{_KERBEROS}.MutualAuthenticationError": _unproven,
    f"{_CREDSSP}.AuthenticationException": _LOGIN,
    f"{_CREDSSP}.InvalidConfigurationException": _LOGIN,
    f"{_CREDSSP}.NTStatusException": _LOGIN,
}

# One for each class of the libraries. The first that fits: subclasses before bases.
EXPLANATIONS: dict[type[BaseException], Explain] = {
    of_winrm.BasicAuthDisabledError: _LOGIN,
    of_winrm.InvalidCredentialsError: _LOGIN,
    of_winrm.AuthenticationError: _LOGIN,
    of_winrm.WSManFaultError: _CUT,
    of_winrm.WinRMError: _CUT,  # what decrypts answers raises it
    of_winrm.WinRMTransportError: _CUT,
    of_winrm.WinRMOperationTimeoutError: _TOO_LATE,
    of_requests.ConnectTimeout: _SILENCE,
    of_requests.ReadTimeout: _TOO_LATE,
    of_requests.Timeout: _TOO_LATE,
    of_requests.SSLError: _tls,
    of_requests.ProxyError: _PROXY,
    of_requests.ConnectionError: _unreachable(*_HUNG_UP),
    **dict.fromkeys(
        (
            of_requests.ChunkedEncodingError,
            of_requests.ContentDecodingError,
            of_requests.JSONDecodeError,
            of_requests.StreamConsumedError,
            of_requests.TooManyRedirects,
        ),
        _CUT,
    ),
    **dict.fromkeys(
        (
            of_requests.InvalidHeader,
            of_requests.InvalidJSONError,
            of_requests.InvalidProxyURL,
            of_requests.InvalidSchema,
            of_requests.InvalidURL,
            of_requests.MissingSchema,
            of_requests.URLRequired,
            of_requests.UnrewindableBodyError,
        ),
        _REQUEST,
    ),
    of_requests.HTTPError: _CUT,
    of_requests.RetryError: _CUT,
    of_requests.RequestException: _CUT,
    of_urllib3.NameResolutionError: _UNKNOWN_NAME,
    of_urllib3.NewConnectionError: _unreachable("no connection", IS_IT_UP),
    of_urllib3.ConnectTimeoutError: _SILENCE,
    of_urllib3.ReadTimeoutError: _TOO_LATE,
    of_urllib3.TimeoutError: _TOO_LATE,
    of_urllib3.SSLError: _tls,
    of_urllib3.ProxyError: _PROXY,
    **dict.fromkeys((of_urllib3.ProxySchemeUnknown, of_urllib3.ProxySchemeUnsupported), _PROXY),
    **dict.fromkeys(
        (
            of_urllib3.BodyNotHttplibCompatible,
            of_urllib3.DecodeError,
            of_urllib3.HeaderParsingError,
            of_urllib3.InvalidChunkLength,
            of_urllib3.IncompleteRead,
            of_urllib3.InvalidHeader,
            of_urllib3.ResponseError,
            of_urllib3.ResponseNotChunked,
        ),
        _CUT,
    ),
    of_urllib3.ProtocolError: _unreachable(*_HUNG_UP),
    **dict.fromkeys((of_urllib3.ClosedPoolError, of_urllib3.EmptyPoolError, of_urllib3.FullPoolError), _BUSY),
    **dict.fromkeys(
        (
            of_urllib3.HostChangedError,
            of_urllib3.URLSchemeUnknown,
            of_urllib3.LocationParseError,
            of_urllib3.LocationValueError,
            of_urllib3.TimeoutStateError,
            of_urllib3.UnrewindableBodyError,
        ),
        _REQUEST,
    ),
    of_urllib3.MaxRetryError: _unreachable("no connection", IS_IT_UP),
    of_urllib3.RequestError: _REQUEST,
    of_urllib3.PoolError: _BUSY,
    of_urllib3.HTTPError: _CUT,
    PermissionError: _LOGIN,  # requests_ntlm: no challenge came
    OSError: _unreachable("no connection", IS_IT_UP),
}
