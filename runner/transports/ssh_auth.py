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


@dataclass
class Login:
    """One attempt to log in on a transport whose host key was verified. Secrets are fetched only where one is needed."""

    transport: paramiko.Transport
    hop: Hop
    where: str
    options: SshOptions
    secret: Callable[[SecretRef], Secret]
    ends_at: float
    with_password: bool  # a jump host never sees the target's password
    allowed: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Return logged in, or raise ``AuthenticationFailed`` or ``CredentialError``."""
        if self._ask_methods() or any(attempt() for attempt in (self._keys, self._password)):
            return
        raise self._failed()

    def _ask_methods(self) -> bool:
        """Learn what the server accepts, so that no secret is fetched in vain. True if it wants no proof at all."""
        self._limit()
        try:
            self.transport.auth_none(self.hop.user)
        except paramiko.BadAuthenticationType as answer:
            self.allowed = list(answer.allowed_types)
            return False
        return self.transport.is_authenticated()

    def _keys(self) -> bool:
        if "publickey" not in self.allowed:
            return False
        for description, key in self._offers():
            if self._attempt(description, lambda key=key: self.transport.auth_publickey(self.hop.user, key)):  # type: ignore[misc]
                return True
            if "publickey" not in self.allowed:
                return False  # this key was one proof of several; a password must follow
        return False

    def _offers(self) -> Iterator[tuple[str, PKey]]:
        """Key files that were named, then the agent, then OpenSSH's standard files."""
        if not self.hop.standard_keys:
            yield from self._file_offers()
        yield from self._agent_offers()
        if self.hop.standard_keys:
            yield from self._file_offers()

    def _file_offers(self) -> Iterator[tuple[str, PKey]]:
        ref = self.options.key_passphrase
        passphrase = None if ref is None else lambda: self.secret(ref)
        for path in self.hop.key_files:
            try:
                keys = load_keys(path, passphrase, self.hop.certificates)
            except UnusableKey as error:
                if not (self.hop.standard_keys and isinstance(error.__cause__, FileNotFoundError)):
                    self.tried.append(f"key file {error} (not offered)")
                continue
            for key in keys:
                kind = "certificate for " if key.public_blob is not None else ""
                yield f"{kind}key file {path} ({key.fingerprint})", key

    def _agent_offers(self) -> Iterator[tuple[str, PKey]]:
        if not self.options.agent:
            return
        agent = paramiko.Agent()
        try:
            wanted = {public_blob(path) for path in self.hop.key_files} if self.hop.only_named_keys else None
            for key in agent.get_keys():
                if wanted is None or key.asbytes() in wanted:
                    yield f"agent key {key.comment or ''} ({key.fingerprint})", key
        finally:
            agent.close()

    def _password(self) -> bool:
        ref = self.options.password
        methods = [method for method in ("password", "keyboard-interactive") if method in self.allowed]
        if ref is None or not self.with_password or not methods:
            return False
        secret = self.secret(ref)
        if methods[0] == "password":
            return self._attempt(
                f"password ({ref})",
                lambda: self.transport.auth_password(self.hop.user, secret.reveal(), fallback=False),
            )
        return self._attempt(
            f"password ({ref}) by keyboard-interactive",
            lambda: self.transport.auth_interactive(self.hop.user, _answer_with(secret)),
        )

    def _attempt(self, description: str, log_in: Callable[[], list[str]]) -> bool:
        """Offer one proof. True if logged in; afterwards ``allowed`` says what else the server would take."""
        self._limit()
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
        if still_wanted:
            self.allowed = list(still_wanted)
            self.tried.append(f"{description}: accepted as one of several proofs")
        return self.transport.is_authenticated()

    def _limit(self) -> None:
        remaining = self.ends_at - time.monotonic()
        if remaining <= 0:
            message = f"{self.where}: the login took too long; nothing was sent"
            raise Unreachable(message, remedy="Raise connect_timeout, or see why the server is slow (DNS, PAM).")
        self.transport.auth_timeout = remaining

    def _failed(self, because: str = "") -> AuthenticationFailed:
        tried = "; ".join(self.tried) or "nothing, since no key and no fitting secret is configured"
        accepted = ", ".join(self.allowed) or "unknown"
        return AuthenticationFailed(
            f"{self.where}: login as {self.hop.user} failed{f': {because}' if because else ''}; nothing was sent. "
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
