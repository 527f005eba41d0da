"""The configuration of an endpoint that runs in a process of its own; the package's docstring has the format."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from examples.lab.windows.executor import Executor
from examples.lab.windows.wsman.accounts import Account
from examples.lab.windows.wsman.certificates import Certificate
from examples.lab.windows.wsman.endpoint import Endpoint
from examples.lab.windows.wsman.executors import NullExecutor, PosixExecutor
from examples.lab.windows.wsman.options import Options

_OWN: Mapping[str, Callable[..., Executor]] = MappingProxyType({"posix": PosixExecutor, "null": NullExecutor})


class Tls(BaseModel):
    """PEM files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Path
    key: Path
    client_authority: Path | None = None


class Config(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    executor: str
    executor_args: dict[str, Any] = Field(default_factory=dict)
    machine: bool = False
    accounts: tuple[Account, ...]
    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    tls: Tls | None = None
    options: Options = Options()


def read(path: Path) -> Config:
    """Read a file. Raises ``ValueError`` for what is not of the format, ``PermissionError`` if others can read it."""
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} holds passwords, and others may read it; make it mode 600")
    return Config.model_validate_json(path.read_bytes())


def make(config: Config) -> Endpoint:
    """The endpoint that a configuration describes; it does not listen yet."""
    executor: Any = _executor(config.executor)(**config.executor_args)
    tls = config.tls
    return Endpoint(
        executor,
        config.accounts,
        tls=Certificate(certificate=tls.certificate, key=tls.key, client_authority=tls.client_authority)
        if tls
        else None,
        host=config.host,
        port=config.port,
        folder=config.folder,
        machine=executor if config.machine else None,
        options=config.options,
    )


def _executor(name: str) -> Callable[..., Executor]:
    if name in _OWN:
        return _OWN[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(f"The executor {name!r} is none of {', '.join(_OWN)}, and not of the form MODULE:CALLABLE")
    found: Callable[..., Executor] = getattr(importlib.import_module(module), attribute)
    return found
