"""/etc/waagent.conf, as the agent reads it (ConfigurationProvider of Azure/WALinuxAgent)."""

from __future__ import annotations

from typing import Any

import pytest

from runner.parsers import PARSERS
from tests.unit.steps.driving import result


def conf(text: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    """What the parser gives."""
    return PARSERS["waagent_conf"].parse(result(text, code))


def test_a_usual_file() -> None:
    """Comments are skipped, quotes and blanks around values go."""
    read = conf('# Azure\nExtensions.Enabled = "y"  # as it should be\nProvisioning.Agent=auto\n\n# X=1\n')

    assert read == {
        "exists": True,
        "settings": {"Extensions.Enabled": "y", "Provisioning.Agent": "auto"},
        "extensions_enabled": True,
        "provisioning_agent": "auto",
        "traps": [],
    }


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("Extensions.Enabled=n\n", False),
        ("Extensions.Enabled=N\n", False),
        ("Extensions.Enabled=y\nExtensions.Enabled=n\n", False),
        ("Extensions.Enabled=n\nExtensions.Enabled=y\n", True),
        ("#Extensions.Enabled=n\n", True),
        (" #Extensions.Enabled=n\n", True),
        ("extensions.enabled=n\n", True),
        ("Extensions.Enable=n\n", True),
        ("Extensions.Enabled=false\n", True),
        ("", True),
    ],
)
def test_whether_extensions_run(text: str, enabled: bool) -> None:
    """The last one counts, letters are exact, and what is neither y nor n means the default."""
    assert conf(text)["extensions_enabled"] is enabled


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Extensions.Enable=y\n", "is no option of the agent"),
        ("extensions.enabled=y\n", "letter by letter"),
        ("provisioning.agent=auto\n", "letter by letter"),
        ("Extensions.Enabled=no\n", "neither y nor n"),
        ("HttpProxy.Host=10.0.0.9\n", "does not reach the extensions"),
    ],
)
def test_traps(text: str, word: str) -> None:
    """What is written and has another effect than it seems."""
    assert [word in trap for trap in conf(text)["traps"]] == [True]


def test_no_file() -> None:
    """cat that finds none."""
    assert conf("", 1)["exists"] is False
    assert conf("HttpProxy.Host=None\n")["traps"] == []
