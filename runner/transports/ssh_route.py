"""How to get to a target: inventory and OpenSSH client configuration combined into a chain of hops."""

from __future__ import annotations

import getpass
import glob
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import paramiko

from runner.errors import Unreachable
from runner.model.inventory import SshOptions, Target
from runner.transports.ssh_hostkeys import SSH_PORT

_DEEPEST = 8  # includes within includes, and jumps through jumps
_DEFAULTS = SshOptions()
_STANDARD_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One SSH server on the way; the last one is the target itself.

    ``known_as`` overrides the name under which its host key is looked up. ``standard_keys`` says that nobody named
    ``key_files``: then a missing one is no fault.
    """

    host: str
    port: int
    user: str
    known_as: str | None
    known_hosts: tuple[str, ...]
    key_files: tuple[str, ...]
    standard_keys: bool
    certificates: tuple[str, ...]
    only_named_keys: bool

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """The jumps in order, then the target; ``timeout`` in seconds bounds the whole way."""

    hops: tuple[Hop, ...]
    timeout: float


def route(target: Target) -> Route:
    """The way to a target. The inventory wins over the configuration file. Raises ``Unreachable`` for what is wrong."""
    config = _read_config(target)
    found = config.lookup(target.address)
    jumps = target.ssh.proxy_jump if target.ssh.proxy_jump is not None else found.get("proxyjump")
    hops = _jumps(target, config, jumps, depth=0)
    timeout = target.ssh.connect_timeout
    if timeout == _DEFAULTS.connect_timeout and str(found.get("connecttimeout", "")).isdigit():
        timeout = float(found["connecttimeout"])
    _refuse_proxy_command(target, found, jumps)
    return Route((*hops, _hop(target, found, user=target.user, port=target.port)), timeout)


def _jumps(target: Target, config: paramiko.SSHConfig, jumps: str | None, *, depth: int) -> tuple[Hop, ...]:
    if jumps is None or jumps.lower() == "none":
        return ()
    if depth > _DEEPEST:
        message = f"{target.name}: ProxyJump leads in a circle; nothing was sent"
        raise Unreachable(message, remedy="Look at the ProxyJump lines of the SSH configuration.")
    hops: list[Hop] = []
    for position, text in enumerate(part.strip() for part in jumps.split(",")):
        user, host, port = _parse_jump(target, text)
        found = config.lookup(host)
        if position == 0:  # as OpenSSH does: only the first of a list may itself need a jump
            hops.extend(_jumps(target, config, found.get("proxyjump"), depth=depth + 1))
        _refuse_proxy_command(target, found, found.get("proxyjump"))
        hops.append(_hop(target, found, user=user, port=port))
    return tuple(hops)


def _parse_jump(target: Target, text: str) -> tuple[str | None, str, int | None]:
    match = re.fullmatch(
        r"(?:ssh://)?(?:(?P<user>.+)@)?(?:\[(?P<v6>[^]]+)\]|(?P<host>[^:@\[\]]+))(?::(?P<port>\d+))?", text
    )
    if match is None:
        message = f"{target.name}: the jump {text!r} is not of the form [user@]host[:port]; nothing was sent"
        raise Unreachable(message, remedy="Correct proxy_jump in the inventory or ProxyJump in the SSH configuration.")
    port = match["port"]
    return match["user"], match["v6"] or match["host"], int(port) if port else None


def _hop(target: Target, found: paramiko.SSHConfigDict, *, user: str | None, port: int | None) -> Hop:
    options = target.ssh
    named = options.key_files or tuple(found.get("identityfile", ()))
    known_hosts = options.known_hosts
    if known_hosts == _DEFAULTS.known_hosts and "userknownhostsfile" in found:
        known_hosts = (*str(found["userknownhostsfile"]).split(), *known_hosts[1:])
    certificate = found.get("certificatefile")
    return Hop(
        host=found["hostname"],
        port=port or int(found.get("port", SSH_PORT)),
        user=user or found.get("user") or getpass.getuser(),
        known_as=found.get("hostkeyalias"),
        known_hosts=known_hosts,
        key_files=tuple(str(Path(file).expanduser()) for file in named or _STANDARD_KEYS),
        standard_keys=not named,
        certificates=(str(Path(certificate).expanduser()),) if certificate else (),
        only_named_keys=str(found.get("identitiesonly", "no")).lower() == "yes",
    )


def _refuse_proxy_command(target: Target, found: paramiko.SSHConfigDict, jumps: str | None) -> None:
    if found.get("proxycommand") and jumps is None:
        message = (
            f"{target.name}: the SSH configuration asks for ProxyCommand, which vmfix does not run; nothing was sent"
        )
        raise Unreachable(message, remedy="Use ProxyJump, or set proxy_jump in the inventory (`none` to go directly).")


def _read_config(target: Target) -> paramiko.SSHConfig:
    if target.ssh.config is None:
        return paramiko.SSHConfig()
    path = Path(target.ssh.config).expanduser()
    if not path.exists() and target.ssh.config == _DEFAULTS.config:
        return paramiko.SSHConfig()
    try:
        text = "\n".join(_with_includes(path.read_text(encoding="utf-8").splitlines(), depth=0))
        return paramiko.SSHConfig.from_file(io.StringIO(text))
    except (OSError, UnicodeDecodeError, ValueError, paramiko.SSHException) as error:
        message = f"{target.name}: the SSH configuration {path} cannot be used: {error}; nothing was sent"
        raise Unreachable(message, remedy="Correct the file, or set `config: null` for this target.") from error


def _with_includes(lines: Iterable[str], *, depth: int) -> Iterable[str]:
    """paramiko does not know Include. Only at the top of a file it means the same as pasting the other file."""
    in_block = False
    for line in lines:
        keyword, _, value = line.strip().replace("=", " ", 1).partition(" ")
        in_block = in_block or keyword.lower() in {"host", "match"}
        if keyword.lower() != "include":
            yield line
            continue
        if in_block or depth >= _DEEPEST:
            message = "Include inside of a Host or Match block, or too deep"
            raise ValueError(message)
        for pattern in value.split():
            wildcard = str(Path("~/.ssh").expanduser() / Path(pattern).expanduser())
            for file in sorted(glob.glob(wildcard)):  # noqa: PTH207  Path.glob takes no absolute pattern
                yield from _with_includes(Path(file).read_text(encoding="utf-8").splitlines(), depth=depth + 1)
