"""known_hosts is read as OpenSSH reads it."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from runner.errors import HostIdentityError
from runner.transports.ssh_hostkeys import HostKey, known_keys, lookup_name, pinned_key, read_known_hosts, verify


def key(text: str, kind: str = "ssh-ed25519") -> HostKey:
    """A key of some bytes."""
    return HostKey(kind, len(kind).to_bytes(4) + kind.encode() + text.encode())


def line(names: str, known: HostKey, marker: str = "") -> str:
    """The key's line in known_hosts."""
    return f"{marker} {names} {known.kind} {base64.b64encode(known.blob).decode()} a comment".strip()


def hashed(name: str) -> str:
    """The name as HashKnownHosts writes it."""
    salt = b"12345678901234567890"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    ("names", "name", "found"),
    [
        ("vm-1", "vm-1", True),
        ("VM-1", "vm-1", True),
        ("vm-2,vm-1", "vm-1", True),
        ("vm-?", "vm-1", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com,!b.example.com", "b.example.com", False),
        ("!b.example.com,*.example.com", "b.example.com", False),
        ("!b.example.com", "a.example.com", False),
        ("vm-1", "[vm-1]:2222", False),
        ("[vm-1]:2222", "[vm-1]:2222", True),
        ("[vm-1]:*", "[vm-1]:2222", True),
        ("[ab]", "a", False),
        (hashed("vm-1"), "vm-1", True),
        (hashed("vm-2"), "vm-1", False),
        (hashed("[vm-1]:2222"), "[vm-1]:2222", True),
        ("|1|broken", "vm-1", False),
        ("|1|é|é", "vm-1", False),
    ],
)
def test_names(names: str, name: str, *, found: bool) -> None:
    """Wildcards, negation, ports and hashes select lines."""
    assert known_keys(name, [line(names, key("a"))]).trusted == ((key("a"),) if found else ())


@pytest.mark.parametrize(
    "broken",
    ["", "#vm-1 ssh-rsa AAAA", "vm-1", "vm-1 ssh-rsa", "vm-1 ssh-rsa !!!!", "vm-1 ssh-rsa AAAA", "@cert-authority"],
)
def test_broken_lines_say_nothing(broken: str) -> None:
    """A line that cannot be read neither trusts a key nor stops the others."""
    assert known_keys("vm-1", [broken, line("vm-1", key("a"))]).trusted == (key("a"),)


def test_markers() -> None:
    """Revoked keys, authorities and unknown markers are not trusted."""
    known = known_keys(
        "vm-1",
        [
            line("vm-1", key("a"), "@revoked"),
            line("vm-1", key("b"), "@cert-authority"),
            line("vm-1", key("c"), "@unknown"),
        ],
    )

    assert (known.trusted, known.revoked, known.authorities) == ((), (key("a"),), 1)


def test_missing_files_say_nothing() -> None:
    """No known_hosts means that no machine is known."""
    known = read_known_hosts("vm-1", ["/no/such/file", "~/no-such-file"])

    assert known.trusted == ()
    with pytest.raises(HostIdentityError, match="not known"):
        verify(known, key("a"), where="vm-1")


def test_pinned_key_must_be_one() -> None:
    """A pin that is no key is refused, instead of matching nothing or everything."""
    with pytest.raises(HostIdentityError, match="not a public key"):
        pinned_key("vm-1", "SHA256:abc")


def test_names_with_and_without_port() -> None:
    """The default port is not part of the name."""
    assert [lookup_name("vm-1", port) for port in (22, 2222)] == ["vm-1", "[vm-1]:2222"]
