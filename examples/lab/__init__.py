"""Practice targets on loopback: Linux with real damage, Windows as far as Wine goes. See README.md in this folder."""

from examples.lab.errors import LabError
from examples.lab.fleet import missing_for
from examples.lab.lab import Lab
from examples.lab.needs import missing, missing_windows
from examples.lab.scenarios import SCENARIOS, Damage, Scenario, Volume
from examples.lab.scenarios_agent import AGENT_SCENARIOS
from examples.lab.state import Cleanliness, LoggedCommand, Mount, TargetState
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS

__all__ = [
    "AGENT_SCENARIOS",
    "SCENARIOS",
    "WINDOWS_SCENARIOS",
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
    "missing_for",
    "missing_windows",
]
