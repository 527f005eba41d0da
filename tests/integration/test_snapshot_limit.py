"""The playbook for too many snapshots, which only looks, on real targets."""

from __future__ import annotations

import pytest

from examples.lab.sent import changes, sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import mark, written

pytestmark = pytest.mark.real

CODE = "ExtensionFailedSnapshotLimitReachedError"


def test_it_looks_and_a_person_deletes_snapshots(desk_of: DeskOf) -> None:
    """What the log confirms and which key is dead is said; nothing is changed, and the advice is for a person."""
    desk = desk_of("lim=snapshot-limit", "web=healthy")
    marks = {name: mark(desk.lab, name) for name in ("lim", "web")}

    shown = {name: desk.vmfix("plan", CODE, "-i", desk.lab.inventory, "-t", name) for name in marks}
    done = desk.vmfix("run", CODE, "-i", desk.lab.inventory, "--json")

    assert [plan.code for plan in shown.values()] == [0, 0], shown["lim"].text
    assert "its last attempt ran into the limit" in shown["lim"].text
    assert "isanysnapshotfailed is set to True. It is a dead key" in shown["lim"].text
    assert "did not run into the limit" in shown["web"].text
    assert "isanysnapshotfailed is set" not in shown["web"].text
    assert (done.code, done.statuses) == (5, {"lim": "needs_person", "web": "needs_person"})
    for name, since in marks.items():
        assert "az storage blob list" in done.entries[name]["advice"]
        assert changes(sent(desk.lab, name)) == []
        assert written(desk.lab, name, since) == []
