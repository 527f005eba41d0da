"""Commands on this machine; what they have in common with other transports is tested by the contract."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from runner.errors import ConnectionLost
from runner.model.command import Command
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.secret import SecretRef
from runner.transports import local

HERE = Target(name="here", transport=TransportKind.LOCAL, platform=Platform.LINUX, address="")


def no_secret(ref: SecretRef) -> NoReturn:
    """What resolves secrets here."""
    pytest.fail(f"{ref} is not needed")


def test_closed_while_a_command_is_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come after the process is there, and before it is known which it is: nobody waits for it then."""
    connection = local.connect(HERE, no_secret)
    start: Callable[..., Any] = subprocess.Popen

    def start_and_close(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        process = start(*args, **options)
        connection.close()
        return process

    monkeypatch.setattr(subprocess, "Popen", start_and_close)
    with pytest.raises(ConnectionLost, match="vmfix was interrupted"):
        connection.run(Command(argv=("sleep", "3"), elevated=False, at_most=2))
