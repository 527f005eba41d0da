"""The servers that the contract suite talks to, each started once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from examples.lab.needs import missing_windows
from examples.lab.windows.target import start_machine
from examples.lab.windows.wine import machine
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


@pytest.fixture(scope="session")
def wine_folder(require_real: Callable[[Sequence[str]], None]) -> Iterator[Path]:
    """The folder of a machine of the practice lab that runs: a real cmd.exe and Win32 programs below Wine."""
    require_real(missing_windows())
    # Not pytest's own: the machine's user has to get in.
    parent = Path(tempfile.mkdtemp(prefix="vmfix-wine-"))
    parent.chmod(0o755)
    folder = parent / "win-1"
    try:
        start_machine(folder, "win-healthy")
        yield folder
    finally:
        machine.end(folder)
        shutil.rmtree(parent, ignore_errors=True)
