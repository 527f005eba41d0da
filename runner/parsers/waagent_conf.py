"""``/etc/waagent.conf``, as the Azure Linux agent itself reads it.

``ConfigurationProvider`` in azurelinuxagent/common/conf.py of Azure/WALinuxAgent: lines ``Key=value`` without sections;
the last one of a key counts; keys are compared letter by letter; a ``#`` ends a value; a switch is ``y`` or ``n`` in
either case, and any other word means the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many, table
from runner.parsers.base import Gives, Parser, whole_text

_NEAR = {"extensions.enabled": "Extensions.Enabled", "provisioning.agent": "Provisioning.Agent"}
_MISSPELT = "Extensions.Enable"  # the article's spelling of Extensions.Enabled


def read_flat(text: str) -> Mapping[str, str]:
    """Keys and values, as the agent splits them: a line that only looks indented like a comment is none."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        if not line.startswith("#") and "=" in line:
            key, _, value = line.partition("=")
            values[key.strip()] = value.partition("#")[0].strip('" ').strip()
    return values


def _switch(value: str | None, *, default: bool) -> bool:
    return default if value is None else {"y": True, "n": False}.get(value.lower(), default)


def _traps(values: Mapping[str, str]) -> list[str]:
    traps = []
    if _MISSPELT in values:
        traps.append(f"{_MISSPELT} is no option of the agent, which reads Extensions.Enabled.")
    traps += [
        f"{key} has no effect: the agent looks for {_NEAR[key.lower()]}, letter by letter."
        for key in values
        if key.lower() in _NEAR and key != _NEAR[key.lower()]
    ]
    enabled = values.get("Extensions.Enabled")
    if enabled is not None and enabled.lower() not in ("y", "n"):
        traps.append(f"Extensions.Enabled={enabled} is neither y nor n, so the agent takes its default, y.")
    if values.get("HttpProxy.Host", "None") != "None":
        traps.append(
            "HttpProxy.Host does not reach the extensions; a proxy in the environment of the agent's unit does."
        )
    return traps


def _waagent_conf(result: CommandResult) -> object:
    text = whole_text(result)
    values = read_flat(text)
    return {
        "exists": result.exit_code == 0,
        "settings": dict(values),
        "extensions_enabled": _switch(values.get("Extensions.Enabled"), default=True),
        "provisioning_agent": values.get("Provisioning.Agent", "auto"),
        "traps": _traps(values),
    }


WAAGENT_CONF = Parser(
    "waagent_conf",
    "/etc/waagent.conf, as printed by cat, read as the Azure Linux agent reads it.",
    MappingProxyType(
        {
            "exists": "whether there is such a file",
            "settings": "its keys, in their exact letters, with the values that count",
            "extensions_enabled": "whether the agent runs extensions; that is its default, too",
            "provisioning_agent": "Provisioning.Agent; auto where it is not said",
            "traps": "sentences on what is written and has another effect than it seems, or none",
        }
    ),
    _waagent_conf,
    gives=Gives.RECORD,
    known=MappingProxyType({"settings": table(SCALAR), "traps": many(SCALAR)}),
)
