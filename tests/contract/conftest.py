"""The servers that the contract suite talks to, each started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.contract.sshd import Sshd, missing_parts, sshd


@pytest.fixture(scope="session")
def real_parts(require_real: Callable[[Sequence[str]], None]) -> None:
    """Goes on only where a real server can run."""
    require_real(missing_parts())


@pytest.fixture(scope="session")
def server(real_parts: None) -> Iterator[Sshd]:  # noqa: ARG001
    """An ordinary server with three kinds of host key."""
    with sshd(host_keys=("ed25519", "rsa", "ecdsa")) as running:
        yield running
