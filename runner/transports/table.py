"""Which transport carries which kind of target. Nothing heavy is imported before a connection is wanted."""

from __future__ import annotations

from runner.errors import NothingSent
from runner.model.inventory import Target, TransportKind
from runner.transports.base import Connect, Connection, ResolveSecret


def connector(kind: TransportKind) -> Connect:
    """The function that opens connections of this kind."""
    match kind:
        case TransportKind.SSH:
            return _ssh
        case TransportKind.LOCAL:
            return _local
        case TransportKind.WINRM:
            return _winrm
        case TransportKind.FAKE:
            return _fake


def _ssh(target: Target, resolve: ResolveSecret) -> Connection:
    from runner.transports import ssh  # noqa: PLC0415  paramiko costs more than `vmfix --version` may

    return ssh.connect(target, resolve)


def _local(target: Target, resolve: ResolveSecret) -> Connection:
    from runner.transports import local  # noqa: PLC0415

    return local.connect(target, resolve)


def _winrm(target: Target, resolve: ResolveSecret) -> Connection:
    from runner.transports import winrm  # noqa: PLC0415  requests and cryptography cost more than the start may

    return winrm.connect(target, resolve)


def _fake(target: Target, resolve: ResolveSecret) -> Connection:  # noqa: ARG001
    message = f"{target.name}: a fake target answers only in tests, from a script that they hand over"
    raise NothingSent(message, remedy="Use runner.transports.fake.connector with your replies.")
