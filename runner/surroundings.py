"""The world that started vmfix: environment, home, clock, and whoever can be asked."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.execute.clock import Clock, SystemClock

_CI_IDENTITIES = (
    ("GITHUB_ACTOR", "GitHub Actions"),
    ("BUILD_REQUESTEDFOR", "Azure Pipelines"),
    ("GITLAB_USER_LOGIN", "GitLab CI"),
    ("SUDO_USER", "sudo"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the app knows of the world that started it. ``prompt`` is None where there is no terminal to ask at."""

    environ: Mapping[str, str]
    home: Path
    prompt: Callable[[str], str] | None = None
    clock: Clock = field(default_factory=SystemClock)

    @property
    def state(self) -> Path:
        """The folder of the journal: ``$VMFIX_STATE``, else below the XDG state home."""
        if self.environ.get("VMFIX_STATE"):
            return Path(self.environ["VMFIX_STATE"])
        base = self.environ.get("XDG_STATE_HOME") or str(self.home / ".local" / "state")
        return Path(base) / "vmfix"

    @property
    def identity(self) -> str:
        """Who acts, as far as the surroundings tell; nobody proved it."""
        for variable, system in _CI_IDENTITIES:
            if self.environ.get(variable):
                return f"{self.environ[variable]} ({system})"
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = "unknown"
        return f"{user}@{platform.node()}"
