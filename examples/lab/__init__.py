"""Practice targets on loopback: real sshd, real file systems, real damage. See README.md in this folder."""

from examples.lab.errors import LabError
from examples.lab.lab import Lab
from examples.lab.needs import missing
from examples.lab.scenarios import SCENARIOS, Damage, Scenario, Volume
from examples.lab.state import Cleanliness, LoggedCommand, Mount, TargetState

__all__ = [
    "SCENARIOS",
    "Cleanliness",
    "Damage",
    "Lab",
    "LabError",
    "LoggedCommand",
    "Mount",
    "Scenario",
    "TargetState",
    "Volume",
    "missing",
]
