"""Logging in to one SSH server: which proofs are offered, in which order, and what was tried if none was enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import paramiko
from paramiko.pkey import PKey

from runner.errors import AuthenticationFailed, Unreachable
from runner.model.inventory import SshOptions
from runner.model.secret import Secret, SecretRef
from runner.transports.ssh_keys import UnusableKey, load_keys, public_blob
from runner.transports.ssh_route import Hop


@dataclass(frozen=True, slots=True)
class Leg:
    """One hop of a way that must be at its end by ``ends_at`` (``time.monotonic()``). ``where`` names it to people."""

    hop: Hop
    where: str
    ends_at: float
    last: bool

    def remaining(self) -> float:
        """The seconds that are left, more than none; else raises ``Unreachable``."""
        remaining = self.ends_at - time.monotonic()
        if remaining <= 0:
            message = f"{self.where}: no connection in time; nothing was sent"
            raise Unreachable(message, remedy="Is the machine up? Raise connect_timeout if it, its DNS or PAM is slow.")
        return remaining


@dataclass
class Login:
    """One attempt to log in on a transport whose host key was verified. Secrets are fetched only when needed."""

    transport: paramiko.Transport
    leg: Leg
    options: SshOptions
    secret: Callable[[SecretRef], Secret]
    allowed: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Return logged in, or raise ``AuthenticationFailed`` or ``CredentialError``."""
        if self._ask_methods() or any(attempt() for attempt in (self._keys, self._password)):
            return
        raise self._failed()

    def _ask_methods(self) -> bool:
        """Learn what the server accepts, so that no secret is fetched in vain. True if it wants no proof at all."""
        self.transport.auth_timeout = self.leg.remaining()
        try:
            self.transport.auth_none(self.leg.hop.user)
        except paramiko.BadAuthenticationType as answer:
            self.allowed = list(answer.allowed_types)
            return False
        return self.transport.is_authenticated()

    def _keys(self) -> bool:
        if "publickey" not in self.allowed:
            return False
        for description, key in self._offers():
            if self._attempt(description, lambda key=key: self.transport.auth_publickey(self.leg.hop.user, key)):  # type: ignore[misc]
                return True
            if "publickey" not in self.allowed:
                return False  # this key was one proof of several; a password must follow
        return False

    def _offers(self) -> Iterator[tuple[str, PKey]]:
        """Key files that were named, then the agent, then OpenSSH's standard files."""
        if not self.leg.hop.standard_keys:
            yield from self._file_offers()
        yield from self._agent_offers()
        if self.leg.hop.standard_keys:
            yield from self._file_offers()

    def _file_offers(self) -> Iterator[tuple[str, PKey]]:
        ref = self.options.key_passphrase
        passphrase = None if ref is None else lambda: self.secret(ref)
        for path in self.leg.hop.key_files:
            try:
                keys = load_keys(path, passphrase, self.leg.hop.certificates)
            except UnusableKey as error:
                if not (self.leg.hop.standard_keys and isinstance(error.__cause__, FileNotFoundError)):
                    self.tried.append(f"key file {error} (not offered)")
                continue
            for key in keys:
                kind = "certificate for " if key.public_blob is not None else ""
                yield f"{kind}key file {path} ({key.fingerprint})", key

    def _agent_offers(self) -> Iterator[tuple[str, PKey]]:
        if not self.options.agent:
            return
        wanted = {public_blob(path) for path in self.leg.hop.key_files} if self.leg.hop.only_named_keys else None
        try:
            agent = paramiko.Agent()
        except paramiko.SSHException as error:
            self.tried.append(f"agent: {error}")
            return
        try:
            for key in agent.get_keys():
                if wanted is None or key.asbytes() in wanted:
                    yield f"agent key {key.comment or ''} ({key.fingerprint})", key
        finally:
            agent.close()

    def _password(self) -> bool:
        ref = self.options.password
        methods = [method for method in ("password", "keyboard-interactive") if method in self.allowed]
        if ref is None or not self.leg.last or not methods:
            return False
        secret = self.secret(ref)  # the target's own: a jump host never sees it
        if methods[0] == "password":
            return self._attempt(
                f"password ({ref})",
                lambda: self.transport.auth_password(self.leg.hop.user, secret.reveal(), fallback=False),
            )
        return self._attempt(
            f"password ({ref}) by keyboard-interactive",
            lambda: self.transport.auth_interactive(self.leg.hop.user, _answer_with(secret)),
        )

    def _attempt(self, description: str, log_in: Callable[[], list[str]]) -> bool:
        """Offer one proof. True if logged in; afterwards ``allowed`` says what else the server would take."""
        self.transport.auth_timeout = self.leg.remaining()
        try:
            still_wanted = log_in()
        except paramiko.BadAuthenticationType as answer:
            self.allowed = list(answer.allowed_types)
            self.tried.append(f"{description}: not accepted")
            return False
        except paramiko.AuthenticationException:
            self.tried.append(f"{description}: refused")
            if not self.transport.is_active():
                raise self._failed("the server hung up, as it does after too many attempts") from None
            return False
        except paramiko.SSHException as error:
            raise self._failed(f"{description}: {error}") from error
        if still_wanted:
            self.allowed = list(still_wanted)
            self.tried.append(f"{description}: accepted as one of several proofs")
        return self.transport.is_authenticated()

    def _failed(self, because: str = "") -> AuthenticationFailed:
        tried = "; ".join(self.tried) or "nothing, since no key and no fitting secret is configured"
        accepted = ", ".join(self.allowed) or "unknown"
        why = f": {because}" if because else ""
        return AuthenticationFailed(
            f"{self.leg.where}: login as {self.leg.hop.user} failed{why}; nothing was sent. "
            f"The server accepts: {accepted}. Tried: {tried}",
            remedy="Give key_files, an agent or a password that this account accepts, or correct the user.",
        )


def _answer_with(secret: Secret) -> Callable[[str, str, list[tuple[str, bool]]], list[str]]:
    def answer(_title: str, _instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        """One hidden question is the password's; anything else is not ours to answer."""
        hidden = [prompt for prompt, echo in prompts if not echo]
        if len(prompts) > 1 or len(hidden) != len(prompts):
            return ["" for _ in prompts]
        return [secret.reveal() for _ in prompts]

    return answer
