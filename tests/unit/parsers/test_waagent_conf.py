"""waagent.conf, as the agent reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers import PARSERS
from runner.parsers.plain_conf import read_plain


def parse(text: str | bytes | None) -> dict[str, object]:
    """As printed by cat; None: there is no such file."""
    raw = text.encode() if isinstance(text, str) else text
    result = CommandResult(exit_code=1, stderr=b"cat: no") if raw is None else CommandResult(exit_code=0, stdout=raw)
    return dict(PARSERS["waagent_conf"].parse(result))  # type: ignore[call-overload, no-any-return]


def agents_own(content: str) -> dict[str, str]:
    """What azurelinuxagent/common/conf.py of Azure/WALinuxAgent does with the text, line by line."""
    values = {}
    for line in content.split("\n"):
        if not line.startswith("#") and "=" in line:
            parts = line.split("=", 1)
            values[parts[0].strip()] = parts[1].split("#")[0].strip('" ').strip()
    return values


@given(st.lists(st.text(alphabet='ab=# "\t\r\\;[', max_size=12), max_size=6).map("\n".join))
def test_read_as_the_agent_does(text: str) -> None:
    """Every text means the same to both."""
    assert read_plain(text) == agents_own(text)


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("Extensions.Enabled=y\n", True),
        ("Extensions.Enabled=n\n", False),
        ("Extensions.Enabled = N  # why\n", False),
        ('Extensions.Enabled="n"\n', False),
        ("Extensions.Enabled=n\r\n", False),
        ("  Extensions.Enabled=n\n", False),
        ("#Extensions.Enabled=n\n", True),
        ("Extensions.Enabled=n\nExtensions.Enabled=y\n", True),
        ("Extensions.Enabled=y\nExtensions.Enabled=n\n", False),
        ("extensions.enabled=n\n", True),
        ("Extensions.Enable=n\n", True),
        ("Extensions.Enabled=no\n", True),
        ("Extensions.Enabled=None\n", True),
        ("Logs.Verbose=n\n", True),
    ],
)
def test_switch(text: str, enabled: bool) -> None:
    """Only n switches extensions off."""
    assert parse(text)["extensions_enabled"] is enabled


@pytest.mark.parametrize(
    ("text", "trap"),
    [
        ("a=b\nExtensions.Enable=y\n", "Line 2: nothing reads Extensions.Enable;"),
        ("extensions.enabled=y\n", "capital and small letters count: Extensions.Enabled"),
        ("Extensions.Enabled=false\n", "neither y nor n"),
        ("Extensions.Enabled=y\n\nExtensions.Enabled=y\n", "in the lines 1, 3; the last one counts"),
        ("HttpProxy.Host=proxy\n", "extensions do not see it"),
    ],
)
def test_traps(text: str, trap: str) -> None:
    """What is written and has another effect than it seems."""
    assert [trap in sentence for sentence in parse(text)["traps"]] == [True]  # type: ignore[attr-defined]


def test_plain_file() -> None:
    """The usual file has no traps; a proxy's address, which may hold a password, is not told."""
    facts = parse(
        "# c\nProvisioning.Agent=cloud-init\nExtensions.Enabled=y\nHttpProxy.Host=None\nHttpProxy.Port=None\n"
    )
    assert facts["traps"] == []
    assert facts["provisioning_agent"] == "cloud-init"
    assert "secret" not in str(parse("HttpProxy.Host=user:secret@proxy\n"))


@pytest.mark.parametrize(
    ("text", "problem"), [(b"a=\xff\n", "byte 3 is not UTF-8"), ("\ufeffa=b\n", "byte order mark"), ("", "empty")]
)
def test_not_readable(text: str | bytes, problem: str) -> None:
    """It is said why."""
    assert problem in str(parse(text)["problem"])


def test_absent() -> None:
    """No such file is a fact; a file that may not be read is an error."""
    assert parse(None)["exists"] is False
    with pytest.raises(ParseError, match="cut off"):
        PARSERS["waagent_conf"].parse(CommandResult(exit_code=0, stdout=b"a=b\n", truncated=True))
    with pytest.raises(ParseError, match="could not be read"):
        PARSERS["waagent_conf"].parse(CommandResult(exit_code=2, stderr=b"cat: denied"))
