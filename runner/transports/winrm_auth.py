"""Logging in over WinRM: what each kind of authentication needs, and whether messages get encrypted."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import requests
import requests.auth
from requests_ntlm import HttpNtlmAuth
from spnego import ContextReq
from winrm.encryption import Encryption

from runner.errors import AuthenticationFailed
from runner.model.inventory import Target

Auth = requests.auth.AuthBase
Password = Callable[[], str]

_EXTRAS = {"kerberos": "kerberos", "credssp": "requests_credssp"}  # what the packaging calls it -> module
_WHAT_A_CERTIFICATE_SAYS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"


class Downgrade(Exception):
    """The server would have us talk without encryption, or with less than was agreed."""


def authenticator(target: Target, password: Password, where: str) -> Auth:
    """Proves who we are in each request of a session. Raises ``AuthenticationFailed`` where that cannot be."""
    auth = target.winrm.auth
    if auth in {"basic", "certificate"} and not target.winrm.https:
        raise AuthenticationFailed(
            f"{where}: {auth} authentication over http is refused, for it protects nothing; nothing was sent",
            remedy="Use https, or auth: ntlm, kerberos or credssp, which encrypt each message.",
        )
    match auth:
        case "ntlm":
            return HttpNtlmAuth(_user(target, where), _given(target, password, where))
        case "basic":
            return _basic(_user(target, where), _given(target, password, where))
        case "certificate":
            return _Certificate()
        case "kerberos":
            return _kerberos(target, where)
        case "credssp":
            return _credssp(target, password, where)


def encryption(session: requests.Session, target: Target) -> Encryption:
    """How the messages of a session that has just logged in over http are encrypted. Raises ``Downgrade``."""
    auth: Any = session.auth
    if target.winrm.auth == "ntlm":
        _check_ntlm(auth)
    if target.winrm.auth == "kerberos" and not getattr(auth, "winrm_encryption_available", False):
        raise Downgrade("this version of pykerberos cannot encrypt messages")
    return Encryption(session, target.winrm.auth)


def check_not_weakened(session: requests.Session, target: Target) -> None:
    """Of a login that failed: raises ``Downgrade`` if it was the server that wanted less than we do."""
    auth: Any = session.auth
    if target.winrm.auth == "ntlm" and auth.session_security is not None:
        _check_ntlm(auth)


def _check_ntlm(auth: HttpNtlmAuth) -> None:
    security = auth.session_security
    if security is None:
        raise Downgrade("the server let us in without any proof, so there is no key for encryption")
    agreed = security._context.context_attr  # noqa: SLF001  what the server agreed to is shown nowhere else
    if not agreed & ContextReq.confidentiality or not agreed & ContextReq.integrity:
        raise Downgrade("the server agreed to no encryption (NTLM sealing)")


def _basic(user: str, password: str) -> Auth:
    """In Latin-1, as ever; what that cannot write in UTF-8: RFC 7617 leaves it open where the service says nothing."""
    try:
        return requests.auth.HTTPBasicAuth(user.encode("latin-1"), password.encode("latin-1"))
    except UnicodeEncodeError:
        return requests.auth.HTTPBasicAuth(user.encode(), password.encode())


class _Certificate(requests.auth.AuthBase):
    """TLS has shown the certificate; the header asks the service to map it to an account."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = _WHAT_A_CERTIFICATE_SAYS
        return request


def _kerberos(target: Target, where: str) -> Auth:
    _need("kerberos", where)
    if target.user is not None and "\\" in target.user:
        raise AuthenticationFailed(
            f"{where}: Kerberos knows no user of the form {target.user}; nothing was sent",
            remedy="Write user@REALM, or leave the user out, and get a ticket with kinit.",
        )
    library = importlib.import_module("winrm.vendor.requests_kerberos")
    made: Auth = library.HTTPKerberosAuth(
        mutual_authentication=library.REQUIRED,
        delegate=target.winrm.kerberos_delegation,
        force_preemptive=True,
        principal=target.user,
        hostname_override=target.winrm.kerberos_hostname,
        sanitize_mutual_error_response=False,
        service=target.winrm.service,
        send_cbt=True,
    )
    return made


def _credssp(target: Target, password: Password, where: str) -> Auth:
    _need("credssp", where)
    library = importlib.import_module("requests_credssp")
    made: Auth = library.HttpCredSSPAuth(_user(target, where), _given(target, password, where))
    return made


def _need(extra: str, where: str) -> None:
    if importlib.util.find_spec(_EXTRAS[extra]) is None:
        raise AuthenticationFailed(
            f"{where}: {extra} authentication is not installed here; nothing was sent",
            remedy=f"Install it with: pip install 'vmfix[{extra}]'. Or choose another kind under winrm.auth.",
        )


def _user(target: Target, where: str) -> str:
    if target.user is None:
        raise AuthenticationFailed(
            f"{where}: no user is configured; nothing was sent",
            remedy=r"Name it under winrm.user: DOMAIN\user, user@domain, or a local user.",
        )
    return target.user


def _given(target: Target, password: Password, where: str) -> str:
    if target.winrm.password is None:
        raise AuthenticationFailed(
            f"{where}: no password is configured; nothing was sent",
            remedy="Refer to it under winrm.password: {env: NAME}, {file: PATH}, {keyring: service/user} or the like.",
        )
    return password()
