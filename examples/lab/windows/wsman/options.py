"""How an endpoint is set up: what `winrm get winrm/config` shows on Windows, and what only a test wants to choose."""

from dataclasses import dataclass

from pydantic import ConfigDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The defaults are those of Windows Server 2019, but `idle_limits`, which tests need shorter than a minute.

    Times in seconds, sizes in bytes.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # as part of a configuration file

    encryption: bool = True  # AllowUnencrypted=false
    basic: bool = True  # offered over https, and over http only without `encryption`
    honour_skip_cmd: bool = False  # current Windows takes WINRS_SKIP_CMD_SHELL and starts cmd.exe all the same
    signed_exit_codes: bool = False  # 0x80092004 as -2146885628
    machine: str = "LAB-WIN"
    max_envelope: int = 512_000
    max_shells: int = 30  # per user
    max_processes: int = 25  # at once in one shell
    max_operations: int = 1500  # commands per user in the shells that are open; MS-WSMV's note 118 says why
    idle_timeout: float = 7200.0
    idle_limits: tuple[float, float] = (0.1, 2_147_483.647)
    linger: float = 0.01  # how long an answer with output waits for more, or for the end
