"""Arguments for ``ssh`` in an Ansible inventory -> our settings. Nothing in them may weaken a connection."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from runner.diagnostics import Diagnostics, Span
from runner.load.settings import Key

_SINGLE = frozenset("46AaCfGgKkMNnqsTtVvXxYy")  # switches of ssh(1) without a value
_HARMLESS = frozenset(
    {
        "controlmaster",
        "controlpersist",
        "controlpath",
        "compression",
        "batchmode",
        "loglevel",
        "preferredauthentications",
        "serveralivecountmax",
        "tcpkeepalive",
        "addressfamily",
    }
)
_HARMLESS_SWITCHES = frozenset("CqTtv")
_HOP = re.compile(
    r"""(?:\S*/)?ssh\s+(?:-q\s+)?(?:-W\s+\[?%h\]?:%p\s+(?:-q\s+)?(?P<after>\S+)"""
    r"""|(?P<before>[^\s-]\S*)\s+-W\s+\[?%h\]?:%p)\s*"""
)
_WEAK = "Add the key to known_hosts, or set vmfix_host_key or vmfix_insecure_host_key for the machine."


def parse_ssh_args(value: object, span: Span, diagnostics: Diagnostics) -> list[tuple[Key, object]]:
    """Settings from ``-o ProxyJump=...``, ``-J``, ``-i``, ``-p`` ...; what has no equal here is named as a warning."""
    if not isinstance(value, str):
        message = "a text with arguments for ssh is wanted here"
        raise ValueError(message)  # noqa: TRY004 - the caller turns a ValueError into a complaint
    try:
        words = shlex.split(value)
    except ValueError as error:
        message = f"the arguments cannot be taken apart: {error}\nCheck the quotation marks."
        raise ValueError(message) from error
    found: list[tuple[Key, object]] = []
    for name, argument in _options(words):
        known = _convert(name, argument, span, diagnostics)
        if known is None:
            shown = f"{name} {argument}".strip()
            diagnostics.warning(span, f"the ssh argument `{shown}` is not supported: it was ignored")
        else:
            found += known
    return found


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of name and value: ``-o Name=value`` gives (name in small letters, value), ``-J x`` gives (-J, x)."""
    rest = iter(words)
    for word in rest:
        if not re.match(r"-[A-Za-z0-9]", word):
            yield word, ""
        elif word[1] in _SINGLE:
            yield from ((f"-{letter}", "") for letter in word[1:])
        else:
            argument = word[2:] or next(rest, "")
            if word[1] != "o":
                yield word[:2], argument
            else:
                name, _, value = (
                    argument.replace(" ", "=", 1).partition("=") if "=" not in argument else (argument.partition("="))
                )
                yield name.strip().lower(), value.strip()


def _convert(name: str, value: str, span: Span, diagnostics: Diagnostics) -> list[tuple[Key, object]] | None:
    if name in {"proxyjump", "-J"}:
        return [(("ssh", "proxy_jump"), value)]
    if name == "proxycommand":
        return [(("ssh", "proxy_jump"), _hop(value))]
    if name == "stricthostkeychecking":
        return _strict(value, span, diagnostics)
    if name == "userknownhostsfile":
        return _known_hosts(value, span, diagnostics)
    return _convert_plain(name, value)


def _convert_plain(name: str, value: str) -> list[tuple[Key, object]] | None:
    if name in {"identityfile", "-i"}:
        return [(("ssh", "key_files"), (value,))]
    if name in {"port", "-p"} and value.isdecimal():
        return [(("port",), int(value))]
    if name in {"user", "-l"}:
        return [(("user",), value)]
    if name == "-F":
        return [(("ssh", "config"), None if value == "none" else value)]
    if name in {"connecttimeout", "serveraliveinterval"} and value.isdecimal():
        option = "connect_timeout" if name == "connecttimeout" else "keepalive"
        return [(("ssh", option), float(value))]
    return [] if name in _HARMLESS or (name[:1] == "-" and name[1:] in _HARMLESS_SWITCHES) else None


def _hop(command: str) -> str:
    """A machine to jump over. Any other way to connect might lead to another machine, so it is an error."""
    found = _HOP.fullmatch(command.strip())
    if found is None:
        message = f"the ProxyCommand `{command}` is not supported\nUse -o ProxyJump=[user@]host[:port]."
        raise ValueError(message)
    return found["after"] or found["before"]


def _strict(value: str, span: Span, diagnostics: Diagnostics) -> list[tuple[Key, object]]:
    if value.lower() not in {"yes", "ask"}:
        message = f"StrictHostKeyChecking={value} is not followed: unknown host keys are refused all the same"
        diagnostics.warning(span, message, _WEAK)
    return []


def _known_hosts(value: str, span: Span, diagnostics: Diagnostics) -> list[tuple[Key, object]]:
    if value == "/dev/null":
        diagnostics.warning(span, "UserKnownHostsFile=/dev/null is not followed: host keys are checked", _WEAK)
        return []
    return [(("ssh", "known_hosts"), tuple(value.split()))]
