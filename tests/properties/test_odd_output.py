"""Whatever a target answers to the looks of a step: it is read, or it is a ParseError in plain words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.inventory import Platform
from runner.steps import STEP_TYPES
from runner.steps.base import Kind
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target

_LINUX: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("command", {"argv": ["systemctl", "start", "x"], "check": {"command": ["systemctl", "is-active", "x"]}}),
    ("shell", {"script": "x", "check": {"script": "y", "why_read_only": "It only looks."}}),
    ("service", {"name": "x", "state": "started"}),
    ("package", {"apt": "x", "dnf": "x", "zypper": "x", "state": "latest"}),
    ("ini_value", {"path": "/etc/x.conf", "section": "s", "option": "o", "value": "v"}),
    ("ini_value", {"path": "/etc/x-*.conf", "section": "s", "option": "o", "value": "v"}),
    ("mount", {"path": "/data", "state": "unmounted"}),
    ("mount", {"path": "/data", "state": "mounted"}),
    ("filesystem_check", {"device": "/dev/sdb1", "fstype": "ext4", "repair": "preen"}),
    ("filesystem_check", {"device": "/dev/sdb1", "fstype": "xfs", "repair": "preen"}),
    ("file", {"path": "/etc/x", "content": "text"}),
    ("file", {"path": "/etc/x", "absent": True}),
    ("file", {"path": "/etc/x", "directory": True}),
    ("file", {"path": "/etc/x", "mode": "0600"}),
    ("reboot", {}),
)
_WINDOWS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("powershell", {"script": "x", "check": {"script": "y", "why_read_only": "It only looks.", "parse": "json"}}),
    ("service", {"name": "x", "state": "restarted"}),
    ("registry_value", {"key": r"HKLM\SOFTWARE\X", "name": "n", "type": "REG_SZ", "data": "d"}),
    ("registry_key", {"key": r"HKLM\SOFTWARE\X"}),
    ("acl", {"path": r"C:\x", "entries": {"S-1-1-0": "read"}}),
    ("certificate", {"subject": "CN=x"}),
    (
        "installer",
        {"path": r"C:\x\*\y.exe", "args": ["/quiet", "/norestart"], "checks": [{"command": ["sc", "query", "x"]}]},
    ),
    ("defender_exclusion", {"paths": [r"C:\x"]}),
    ("file", {"path": r"C:\x.txt", "content": "text"}),
    ("file", {"path": r"C:\x.txt", "absent": True}),
    ("reboot", {}),
)

_ALL = [*((Platform.LINUX, *one) for one in _LINUX), *((Platform.WINDOWS, *one) for one in _WINDOWS)]

_OUTPUTS = st.sampled_from(
    [b"", b"\n", b"\0", b"x", b"/etc/x\0", b"/etc/x\0/y\0", b"file\n", b"{}", b"[]", b"\xff\xfe", b"a|b|c\n", b"1\n"]
)
_ANSWERS = st.builds(
    CommandResult,
    exit_code=st.sampled_from([0, 0, 0, 1, 3, 4, 127]),
    stdout=_OUTPUTS,
    stderr=st.sampled_from([b"", b"no\n"]),
)


def test_each_type_that_looks_is_tried() -> None:
    """A step type that is new has to be added here."""
    assert {name for _, name, _ in _ALL} >= {n for n, step in STEP_TYPES.items() if step.kind is Kind.COMMANDS}


@pytest.mark.parametrize(
    ("platform", "name", "wanted"), _ALL, ids=[f"{name}-{n}" for n, (_, name, _) in enumerate(_ALL)]
)
@given(st.lists(_ANSWERS, min_size=1, max_size=12))
def test_odd_output_is_an_error_of_the_observation(
    platform: Platform, name: str, wanted: Mapping[str, object], answers: list[CommandResult]
) -> None:
    """It is never a traceback, and what could be read can be judged."""
    step_type = STEP_TYPES[name].on(platform)
    args = render_args(step_type, dict(wanted), {})
    target = Target(lambda _: answers[(len(target.asked) - 1) % len(answers)])
    try:
        state = target.observe(step_type.observe(args))
    except ParseError:
        return
    assert step_type.decide(args, state).evidence
    step_type.bound(args, state)
