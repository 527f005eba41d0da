"""Fixtures for the tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Terminals


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A folder with a playbook and an inventory, and a journal of its own."""
    monkeypatch.setenv("VMFIX_STATE", str(tmp_path / "state"))
    return Desk(tmp_path, capsys)


@pytest.fixture
def terminal() -> Iterator[Terminals]:
    """Opens terminals; all are closed at the end."""
    terminals = Terminals()
    yield terminals
    for opened in terminals.opened:
        opened.close()
