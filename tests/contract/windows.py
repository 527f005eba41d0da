"""WinRM on this machine: the practice lab's endpoint, whose lines are read as Windows would and run without Wine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.endpoint import Endpoint
from examples.lab.windows.wsman.executors import PosixProcess
from runner.model.inventory import Platform, Target, TransportKind, WinrmOptions
from runner.model.secret import Secret, SecretKind, SecretRef
from tests.properties.windows_readers import CmdActs, cmd_reads, crt_reads

USER = "azureuser"
PASSWORD = "korrekt Pferd ' \" $ batterie"  # of an endpoint that lives as long as a test
PASSWORD_REF = SecretRef(SecretKind.ENV, ("VMFIX_TEST_PASSWORD",))
WRONG_REF = SecretRef(SecretKind.ENV, ("VMFIX_TEST_WRONG",))
ENVIRONMENT = {"PATH": r"C:\Windows\system32", "OS": "Windows_NT", "USERNAME": USER, "COMSPEC": r"C:\cmd.exe"}
TOOLS = Path(__file__).with_name("windows_tools.py")


class ModelExecutor:
    """Reads a line as cmd.exe and the C runtime do, then runs a program of ``windows_tools.py``.

    ``direct``: cmd.exe never comes in between, as where WINRS_SKIP_CMD_SHELL is forced upon everybody.
    """

    def __init__(self, *, direct: bool = False) -> None:
        self._direct = direct

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> PosixProcess:
        try:
            seen = line if skip_cmd or self._direct else cmd_reads(line, ENVIRONMENT)
        except CmdActs as error:
            raise OSError(f"cmd.exe would not hand this on: {error}") from error
        program = seen.partition(" ")[0].lower().removesuffix(".exe")
        return PosixProcess([sys.executable, str(TOOLS), program, *crt_reads(seen)], environment, directory)


class Secrets:
    """Gives out the account's password, and remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[SecretRef] = []

    def __call__(self, ref: SecretRef) -> Secret:
        self.asked.append(ref)
        return Secret(PASSWORD if ref == PASSWORD_REF else "wrong")


def account(**changes: Any) -> Account:  # noqa: ANN401
    """The one account, changed as said."""
    return Account(**{"name": USER, "password": PASSWORD, **changes})


def target(endpoint: Endpoint, **options: Any) -> Target:  # noqa: ANN401
    """A target that logs in there, changed as ``options`` (fields of ``WinrmOptions``) say."""
    usual = {"https": endpoint.context is not None, "password": PASSWORD_REF}
    return Target(
        name="win-1",
        address="127.0.0.1",
        port=endpoint.port,
        user=USER,
        transport=TransportKind.WINRM,
        platform=Platform.WINDOWS,
        winrm=WinrmOptions(**{**usual, **options}),
    )
