"""Asking for a transport loads nothing that is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.errors import NothingSent
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.secret import Secret, SecretRef
from runner.transports.fake import FakeConnection, UnscriptedCommand, connector
from runner.transports.table import connector as table

FAKE = Target(name="vm-1", address="vm-1", transport=TransportKind.FAKE, platform=Platform.LINUX)


def no_secret(ref: SecretRef) -> Secret:
    """Fails the test."""
    pytest.fail(f"{ref} was asked for")


def test_the_table_does_not_import_paramiko() -> None:
    """`vmfix --version` starts fast."""
    code = (
        "import sys; from runner.transports.table import connector; from runner.model.inventory import TransportKind; "
        "[connector(kind) for kind in TransportKind]; sys.exit('paramiko' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", [TransportKind.WINRM, TransportKind.FAKE])
def test_kinds_that_cannot_be_reached(kind: TransportKind) -> None:
    """They are refused before anything is sent."""
    with pytest.raises(NothingSent, match="vm-1"):
        table(kind)(FAKE, no_secret)


def test_fake_matches_in_order() -> None:
    """Exact command, exact argv, program, script text, predicate: the first that fits answers."""
    exact = Command(argv=("cat", "/etc/hosts"), elevated=False)
    results = [CommandResult(exit_code=code) for code in range(5)]
    fake = FakeConnection(
        [
            (exact, results[0]),
            (("cat", "/etc/hosts"), results[1]),
            ("cat", results[2]),
            ("echo $1", lambda _: results[3]),
            (lambda command: command.argv[:1] == ("ls",), results[4]),
        ]
    )
    commands = [
        exact,
        Command(argv=("cat", "/etc/hosts")),
        Command(argv=("cat", "/etc/passwd")),
        Command(dialect=Dialect.SH, script="echo $1", argv=("cat",)),
        Command(argv=("ls", "-l")),
    ]

    assert [fake.run(command).exit_code for command in commands] == [0, 1, 2, 3, 4]
    assert fake.sent == commands


def test_fake_fails_on_what_is_not_scripted() -> None:
    """The message shows the command and what was scripted."""
    fake = FakeConnection({"cat": CommandResult(exit_code=0)})
    with pytest.raises(UnscriptedCommand, match=r"no reply is scripted for .*rm.*; scripted is: 'cat'"):
        fake.run(Command(argv=("rm",)))


def test_fakes_by_target() -> None:
    """A whole fleet of fakes stands in for a transport."""
    fake = FakeConnection()
    connection = connector({"vm-1": fake})(FAKE, no_secret)
    connection.close()

    assert connection is fake
    assert fake.closed
