"""Targets: the machines of an inventory. No value in here holds a connection or a secret."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from runner.diagnostics import Span
from runner.model.secret import SecretRef


class TransportKind(enum.Enum):
    """How a target is reached. FAKE plays a script, for tests of playbooks."""

    SSH = "ssh"
    WINRM = "winrm"
    LOCAL = "local"
    FAKE = "fake"


class Platform(enum.Enum):
    """What runs on a target."""

    LINUX = "linux"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshOptions:
    """How to log in over SSH. Paths are as written, ``~`` not yet expanded.

    ``config`` is an OpenSSH client configuration file, or None for none. ``insecure_host_key`` is the one opt-out from
    safety: any host key is believed; it is loud, and part of the plan.
    """

    key_files: tuple[str, ...] = ()
    key_passphrase: SecretRef | None = None
    password: SecretRef | None = None
    agent: bool = True
    known_hosts: tuple[str, ...] = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
    host_key: str | None = None  # "ssh-ed25519 AAAA...": pins this key, known_hosts is then not read
    config: str | None = "~/.ssh/config"
    proxy_jump: str | None = None  # [user@]host[:port][,...] as in ssh_config(5); "none" disables
    sudo: bool = True  # become root by sudo where the login is not root
    sudo_password: SecretRef | None = None
    insecure_host_key: bool = False
    connect_timeout: float = 15.0  # seconds, for name, TCP, key exchange and login together
    keepalive: float = 15.0  # seconds; 0 switches it off


WinrmAuth = Literal["ntlm", "kerberos", "credssp", "basic", "certificate"]
"""How one proves over WinRM who one is. ``basic`` and ``certificate`` need https."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WinrmOptions:
    """How to log in over WinRM. Paths are as written, ``~`` not yet expanded.

    Without ``ca_file`` the authorities of the system are believed. ``certificate`` and ``certificate_key`` are the
    client's own, in PEM form; the key may stand in the certificate's file. Kerberos takes the ticket that is there
    (kinit) for ``service`` at ``kerberos_hostname``, by default the target's address. ``insecure_certificate`` is the
    one opt-out from safety: any certificate of the server is believed; it is loud, and part of the plan.
    """

    https: bool = True
    auth: WinrmAuth = "ntlm"
    password: SecretRef | None = None
    certificate: str | None = None
    certificate_key: str | None = None
    certificate_passphrase: SecretRef | None = None
    service: str = "HTTP"
    kerberos_hostname: str | None = None
    kerberos_delegation: bool = False
    ca_file: str | None = None
    insecure_certificate: bool = False
    connect_timeout: float = 15.0  # seconds, for name, TCP and TLS, and again for each message of the login


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One machine. ``name`` is unique in its inventory; ``address`` is where it is reached.

    ``hostname`` and ``vm_id`` are what the machine must say of itself before the first change; None if not stated.
    """

    name: str
    address: str
    transport: TransportKind
    platform: Platform
    port: int | None = None
    user: str | None = None
    groups: tuple[str, ...] = ()
    vars: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    azure_id: str | None = None
    hostname: str | None = None
    vm_id: str | None = None
    ssh: SshOptions = SshOptions()
    winrm: WinrmOptions = WinrmOptions()
    span: Span = Span("")

    @property
    def opt_outs(self) -> tuple[str, ...]:
        """The safety that this target's entry gives up, in plain words; shown in the plan and in its digest."""
        said = []
        if self.transport is TransportKind.SSH and self.ssh.insecure_host_key:
            said.append("ssh: any host key is accepted")
        if self.transport is TransportKind.WINRM and self.winrm.insecure_certificate:
            said.append("winrm: the certificate is not checked")
        return tuple(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Targets in the order of the document, and the groups they are in (a group's name -> names of its targets)."""

    targets: tuple[Target, ...]
    groups: Mapping[str, tuple[str, ...]]
    source: str

    def by_name(self) -> dict[str, Target]:
        return {target.name: target for target in self.targets}
