"""The servers that the contract suite talks to, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.sshd import Sshd, require_tools, sshd


@pytest.fixture(scope="session")
def server() -> Iterator[Sshd]:
    """An ordinary server with three kinds of host key."""
    require_tools()
    with sshd(host_keys=("ed25519", "rsa", "ecdsa")) as running:
        yield running
