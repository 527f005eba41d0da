"""Steps that no shipped playbook uses, on a target over WinRM. `reg` and registry are Wine's; Wine is not Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import DeskOf
from tests.integration.windows_desk import changes, run

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

LAB = r"HKLM\SOFTWARE\Practice lab"
NEW, EMPTY, FULL = rf"{LAB}\New & old\Zoë", rf"{LAB}\Empty", rf"{LAB}\Full"
PLAYBOOK = rf"""
vmfix: 1
playbook: keys
title: Keys of the registry
platform: windows
solves: [Keys]
source: made up for this test
observe:
  new: {{command: [reg, query, '{NEW}', /reg:64], parse: reg_query, ok_exit: [0, 1]}}
  empty: {{command: [reg, query, '{EMPTY}', /reg:64], parse: reg_query, ok_exit: [0, 1]}}
  full: {{command: [reg, query, '{FULL}', /reg:64], parse: reg_query, ok_exit: [0, 1]}}
healthy: new.exists and not empty.exists and not full.exists
remedies:
  - id: swap
    when: not new.exists or empty.exists
    risk: [config]
    on_failure: next
    steps:
      - {{id: make, registry_key: {{key: '{NEW}'}}}}
      - {{id: drop, registry_key: {{key: '{EMPTY}', state: absent}}}}
  - id: drop-full
    risk: [config]
    steps:
      - {{id: drop, registry_key: {{key: '{FULL}', state: absent}}}}
"""


def test_keys_are_made_and_only_empty_ones_are_removed(desk_of: DeskOf, tmp_path: Path) -> None:
    """In the 64-bit view, with any characters; what holds a value or another key stays, and is named."""
    playbook = tmp_path / "keys.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    desk = desk_of("empty=win-healthy", "full=win-healthy")
    outside = {name: desk.lab.windows(name) for name in ("empty", "full")}
    for view in outside.values():
        assert view.run("reg.exe", "add", EMPTY, "/f", "/reg:64")[0] == 0
    assert outside["full"].run("reg.exe", "add", FULL, "/v", "Kept", "/d", "kept", "/f", "/reg:64")[0] == 0

    done = run(desk, str(playbook))

    assert done.statuses == {"empty": "fixed", "full": "needs_person"}, done.text
    assert "Kept" in done.text
    made = [f'reg add "{NEW}" /f /reg:64', f'reg delete "{EMPTY}" /f /reg:64']
    assert [changes(desk, name) for name in outside] == [made, made]
    for view in outside.values():
        assert view.run("reg.exe", "query", NEW, "/reg:64")[0] == 0
        assert view.run("reg.exe", "query", EMPTY, "/reg:64")[0] == 1
    assert "kept" in outside["full"].run("reg.exe", "query", FULL, "/reg:64")[1]

    assert run(desk, str(playbook)).statuses == {"empty": "healthy", "full": "needs_person"}
    assert [changes(desk, name) for name in outside] == [made, made]
