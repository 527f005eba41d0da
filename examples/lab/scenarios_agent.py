"""The faults that the Azure Linux agent of a target can have, as data. A systemd runs their targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from examples.lab.scenarios import SCENARIOS, Scenario

OLD, NEW = "2.2.45-1", "2.9.1.1-1"
CONF = b"# Microsoft Azure Linux Agent Configuration\n\nExtensions.Enabled=y\nProvisioning.Agent=auto\nLogs.Verbose=n\n"
OFF = CONF.replace(b"Enabled=y", b"Enabled=n")
MISSPELT = OFF.replace(b"Logs", b"Extensions.Enable=y\nLogs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The agent's package: the installed version, and what the target's only repository has."""

    installed: str | None = NEW
    offered: tuple[str, ...] = (NEW,)
    running: bool = True
    at_boot: bool = True
    crashes: bool = False  # its program ends at once
    conf: bytes = CONF


def _scenario(title: str, agent: Agent) -> Scenario:
    return Scenario(title=title, volumes=(), guilty=None, waagent=False, agent=agent)


AGENT_SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "agent-healthy": _scenario("the newest agent runs", Agent()),
        "agent-extensions-off": _scenario(
            "Extensions.Enabled=n, beside the article's misspelling", Agent(conf=MISSPELT)
        ),
        "agent-stopped": _scenario("the agent is stopped and disabled", Agent(running=False, at_boot=False)),
        "agent-crashes": _scenario("the agent ends as soon as it is started", Agent(running=False, crashes=True)),
        "agent-missing": _scenario("no agent is installed; the repository has one", Agent(installed=None)),
        "agent-nowhere": _scenario("no agent is installed, and none is to be had", Agent(installed=None, offered=())),
        "agent-old": _scenario("an old agent runs; the repository has a newer one", Agent(installed=OLD)),
        "agent-oldest-there": _scenario(
            "an old agent runs, and the repository has none newer", Agent(installed=OLD, offered=(OLD,))
        ),
    }
)
LINUX_SCENARIOS: Mapping[str, Scenario] = MappingProxyType({**SCENARIOS, **AGENT_SCENARIOS})
