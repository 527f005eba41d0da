"""What it means when a WS-Management service refuses: faults and HTTP statuses; and when no answer comes at all."""

from __future__ import annotations

from collections.abc import Mapping

from runner.errors import AuthenticationFailed, ConnectionLost, ElevationFailed, NothingSent, Unreachable
from runner.model.text import beginning
from runner.transports.winrm_answers import Fault

IS_IT_UP = "Is the machine running, the address right, the network or VPN there, and the port open in its firewall?"
_LONGEST = 200  # characters of what a service offers
UAC_REMEDY = (
    "For a local account other than the built-in Administrator, UAC filters administrator rights over the network: "
    "use a domain account, or set LocalAccountTokenFilterPolicy to 1 (see Microsoft's KB 951016)."
)


class NoAnswer(Exception):
    """A message may have arrived, and its answer did not. ``remedy`` is about what was wrong with the answer."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class LoginForgotten(NoAnswer):
    """The service asks for a login in the middle of a session. It has not read the message, if it is the service."""


class WsmanFault(Exception):
    """The service understood the message, and refused it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def lost(where: str, because: str, shell: str, *, dead: bool | None) -> ConnectionLost:
    """A command was sent, and its outcome is not known. ``dead``: what was found when it was asked for once more."""
    now, remedy = {
        True: ("it has ended since", "Whether it did its work is not known: look at the target"),
        False: (f"it still runs in the remote shell {shell}", "Wait until it has ended, then look at the target"),
        None: ("it is not known whether it still runs", "It may have run, wholly or partly: look at the target"),
    }[dead]
    said = f"{where}: the connection broke before the command's exit code was known ({because}); {now}"
    return ConnectionLost(said, remedy=f"{remedy} before anything is repeated.", process_dead=dead)


def interrupted(where: str, shell: str) -> ConnectionLost:
    """The connection was closed here, under a command."""
    return ConnectionLost(
        f"{where}: vmfix was interrupted before the command's exit code was known; "
        f"it may still run in the remote shell {shell}",
        remedy="Look at the target before anything is repeated.",
    )


def unanswered(where: str, error: NoAnswer) -> Unreachable:
    """A message that starts nothing was not answered."""
    return Unreachable(f"{where}: {error}; nothing was sent", remedy=error.remedy or IS_IT_UP)


def denied(where: str, fault: Fault) -> NothingSent:
    """The service refused to open a shell or to start a command."""
    if fault.denied:
        return ElevationFailed(
            f"{where}: the login works, but the account may not use remote shells ({fault}); nothing was sent",
            remedy="It must be in the machine's group Administrators (or Remote Management Users). " + UAC_REMEDY,
        )
    if fault.quota:
        return Unreachable(
            f"{where}: WinRM has too many shells or operations open ({fault}); nothing was sent",
            remedy="Wait, end forgotten sessions of this account, or raise the quotas (winrm get winrm/config/winrs).",
        )
    if fault.unknown_id:
        return Unreachable(
            f"{where}: WinRM forgot the shell that it had just opened ({fault}); nothing was sent",
            remedy="Does a load balancer stand between, or does the WinRM service restart over and over?",
        )
    return Unreachable(
        f"{where}: WinRM refused ({fault}); nothing was sent", remedy="Compare with: winrs -r:MACHINE whoami"
    )


def unauthorized(where: str, headers: Mapping[str, str], auth: str) -> NothingSent:
    """The service answered 401: by what it offers, either the credentials or the kind of login is wrong."""
    if auth != "certificate" and not offered(headers, auth):
        said = beginning(", ".join(sorted(_offers(headers))), _LONGEST) or "nothing"
        return AuthenticationFailed(
            f"{where}: the service does not offer {auth}, but: {said}; nothing was sent",
            remedy="Choose another winrm.auth, or enable this one: winrm get winrm/config/service/auth.",
        )
    if auth == "certificate":
        return AuthenticationFailed(
            f"{where}: the service does not know our certificate; nothing was sent",
            remedy="It must be mapped to a local account there, and Certificate be true in winrm/config/service/auth.",
        )
    if auth == "kerberos":
        return AuthenticationFailed(
            f"{where}: the service does not accept our Kerberos ticket; nothing was sent",
            remedy="Is there one (klist), and is it for this machine? Get one with kinit.",
        )
    return AuthenticationFailed(
        f"{where}: the user name or the password is wrong; nothing was sent",
        remedy=r"Is the account locked, or its password expired? Write a domain account as DOMAIN\user or user@domain.",
    )


def offered(headers: Mapping[str, str], auth: str) -> bool:
    """Whether the answer that has these headers offers this kind of login."""
    wanted = {"ntlm": {"ntlm", "negotiate"}, "kerberos": {"kerberos", "negotiate"}}.get(auth, {auth})
    return bool(wanted & {word.lower() for word in _offers(headers)})


def _offers(headers: Mapping[str, str]) -> list[str]:
    return [word.split()[0] for word in headers.get("WWW-Authenticate", "").split(",") if word.split()]


def not_winrm(where: str, status: int) -> NothingSent:
    """Something answered, in HTTP, that is not how WinRM answers."""
    return Unreachable(
        f"{where}: something answers there, but it is not WinRM (HTTP status {status}); nothing was sent",
        remedy="Is this the right port? WinRM has 5986 for https and 5985 for http.",
    )
