"""What stands in `expect` is compared: whatever a case may name there, it fails if that is another."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from runner.diagnostics import Diagnostics
from runner.load.cases import load_cases
from runner.load.cases_form import ExpectForm, FileForm, MountForm, RegistryForm, ServiceForm, UnitForm
from runner.load.playbook import load_playbook
from runner.model.case import Case
from runner.model.fields import Shape
from runner.model.playbook import Playbook
from runner.trial.compare import differences
from runner.trial.play import play

BOOK = """
vmfix: 1
playbook: lamp
title: The lamp is off
platform: PLATFORM
solves: [LampOff]
observe:
  lamp: {command: [look], why_read_only: It looks.}
remarks:
  - {when: lamp == "dark", say: It is dark.}
healthy: lamp == "bright"
remedies:
  - id: light
    risk: [config]
    steps:
      - {id: light, command: {argv: [light, --now]}}
  - id: by-hand
    manual: Light it by hand.
"""
KEY = "HKLM\\SOFTWARE\\Lamp"
MACHINES: Mapping[str, Any] = {
    "windows": {
        "services": {
            "Lamp": {
                "state": "stopped",
                "start": "demand",
                "account": "CONTOSO\\lamp",
                "needs": ["Power"],
                "exit_code": 1067,
                "stoppable": False,
                "shared": True,
            },
            "Power": "running",
        },
        "registry": {KEY: {"Watt": {"type": "REG_DWORD", "data": 60}}, f"{KEY}\\Empty": {}},
    },
    "linux": {
        "units": {
            "lamp": {"state": "failed", "enabled": "static", "result": "exit-code", "required_by": ["room.target"]},
            "power": "active",
        },
        "files": {
            "/etc/lamp": {"content": "watt=60\n", "mode": "0640", "owner": "lamp", "group": "lamps"},
            "/etc/plain": "plain\n",
        },
        "mounts": {
            "/lamp": {
                "source": "/dev/sdb1",
                "fstype": "xfs",
                "options": "ro,relatime",
                "propagation": "private",
                "uuid": "0c4d",
                "root": "/below",
                "users": {"812": "kim shade"},
            },
        },
    },
}
ABSENT: Mapping[str, Any] = {
    "windows": {"services": {"Gone": None}, "registry": {KEY: {"Volt": None}, "HKLM\\SOFTWARE\\Gone": None}},
    "linux": {"units": {"gone": None}, "files": {"/etc/gone": None}, "mounts": {"/gone": None}},
}
PRESENT: Mapping[str, Any] = {
    "services": "running",
    "units": "active",
    "files": "text",
    "mounts": {"source": "/dev/sdc1", "fstype": "xfs"},
    "registry": {"type": "REG_SZ", "data": "text"},
}
OTHER: Mapping[object, object] = {
    "needs a person": "failed",
    "cannot know": "no change",
    "light": "by-hand",
    "stopped": "running",
    "running": "stopped",
    "demand": "auto",
    "failed": "active",
    "active": "failed",
    "static": "enabled",
    "0640": "0644",
    "REG_DWORD": "REG_QWORD",
    "kim shade": "kim blind",
}
"""Of words of which only some may be written, another."""


def merged(first: Any, second: Any) -> Any:  # noqa: ANN401 - documents
    """Both, mapping into mapping."""
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return second
    return first | {key: merged(first.get(key), each) for key, each in second.items()}


def expected(platform: str) -> dict[str, Any]:
    """Everything that can be expected of a machine with it, as it comes."""
    said = {
        "status": "needs a person",
        "sent": ["light --now"],
        "remedies": ["light"],
        "plan": {"light/light": "cannot know"},
        "says": ["Light it by hand."],
        "remarks": ["It is dark"],
    }
    return cast("dict[str, Any]", {**said, **merged(MACHINES[platform], ABSENT[platform])})


def loaded(platform: str, expect: Mapping[str, Any], **more: Any) -> tuple[Playbook, Sequence[Case], Diagnostics]:  # noqa: ANN401
    """A case that expects this."""
    diagnostics = Diagnostics()
    book = load_playbook(BOOK.replace("PLATFORM", platform), "lamp.yml", diagnostics)
    assert book is not None, list(map(str, diagnostics))
    case = {"name": "x", "answers": {"lamp": "dark"}, "when": [{"sent": "light --now"}], **MACHINES[platform], **more}
    text = json.dumps({"vmfix": 1, "cases_of": "lamp", "cases": [{**case, "expect": expect}]})
    return book, load_cases(text, "lamp.cases.yml", book, diagnostics, lambda _name: None), diagnostics


def differing(platform: str, expect: Mapping[str, Any]) -> list[str]:
    """What is not as expected."""
    book, cases, diagnostics = loaded(platform, expect)
    assert cases, list(map(str, diagnostics))
    return [each.what for each in differences(play(cases[0], book))]


def mutants(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:  # noqa: ANN401
    """Places in what is expected, each with something else that can be written there."""
    if len(path) == len(("services", "Lamp")) and path[0] in PRESENT and node is not None and path[1] != KEY:
        yield path, None
    if isinstance(node, dict | list):
        for key, each in node.items() if isinstance(node, dict) else enumerate(node):
            yield from mutants(each, (*path, key))
    elif node is None:
        yield path, PRESENT[str(path[0])] if path[-1] != "HKLM\\SOFTWARE\\Gone" else {}
    elif isinstance(node, bool | int):
        yield path, (not node) if isinstance(node, bool) else node + 1
    else:
        yield path, OTHER.get(node, f"{node}x")


EVERY = [(platform, *mutant) for platform in MACHINES for mutant in mutants(expected(platform))]


@pytest.mark.parametrize("platform", MACHINES)
def test_all_that_can_be_expected(platform: str) -> None:
    """It comes; and no key of any form is left out here, so that what is added to one has to be compared too."""
    assert differing(platform, expected(platform)) == []
    every = merged(expected("windows"), expected("linux"))
    assert set(every) == set(ExpectForm.model_fields)
    things: list[tuple[type[Shape], Any]] = [
        (ServiceForm, every["services"]["Lamp"]),
        (UnitForm, every["units"]["lamp"]),
    ]
    things += [(FileForm, every["files"]["/etc/lamp"]), (MountForm, every["mounts"]["/lamp"])]
    things += [(RegistryForm, every["registry"][KEY]["Watt"])]
    assert [set(form.model_fields) - set(thing) for form, thing in things] == [set()] * len(things)


@pytest.mark.parametrize(("platform", "path", "other"), EVERY, ids=repr)
def test_another_is_a_difference(platform: str, path: tuple[str | int, ...], other: object) -> None:
    """Only that one."""
    expect = copy.deepcopy(expected(platform))
    node: Any = expect
    for key in path[:-1]:
        node = node[key]
    assert node[path[-1]] != other
    node[path[-1]] = other

    assert len(differing(platform, expect)) == 1


@pytest.mark.parametrize("named", [{"fstype": "xfs"}, {"users": {}}, {"uuid": ""}])
def test_a_mount_comes_back_as_it_is_usual(named: Mapping[str, object]) -> None:
    """Options and the like count where they are left out; who uses it and its UUID only where they are named."""
    expect = {**expected("linux"), "mounts": {"/lamp": {"source": "/dev/sdb1", "fstype": "xfs", **named}}}
    parts = [f"{part} of mount /lamp" for part in ("options", "propagation", "root")]
    assert differing("linux", expect) == parts + [f"{part} of mount /lamp" for part in named if part != "fstype"]


@pytest.mark.parametrize("part", ["services", "registry", "units", "files", "mounts"])
def test_what_is_not_simulated_cannot_be_expected(part: str) -> None:
    """It would be absent whatever came. That only a command brings it is enough."""
    platform = "windows" if part in MACHINES["windows"] else "linux"
    expect = {"status": "needs a person", part: ABSENT[platform][part]}
    _, cases, diagnostics = loaded(platform, expect, **{part: None})
    assert not cases
    (problem,) = diagnostics.errors
    assert (problem.span.line, problem.message[: len(part) + 5]) == (1, f"no `{part}`")
    assert problem.span.column > 1

    when = [{"sent": "light --now", "then": {part: MACHINES[platform][part]}}]
    assert loaded(platform, expect, **{part: None}, when=when)[1]


@pytest.mark.parametrize("part", ["services", "registry", "says", "plan"])
def test_nothing_cannot_be_expected(part: str) -> None:
    """An empty part compares nothing."""
    _, cases, diagnostics = loaded("windows", {"status": "healthy", part: [] if part == "says" else {}})
    assert not cases
    assert [problem.message for problem in diagnostics.errors] == [f"`{part}`: it needs at least 1 entry"]


@pytest.mark.parametrize(("pid", "words"), [("8a", "kim shade"), ("²", "kim shade"), ("8", "kim"), ("8", "  ")])
def test_who_uses_a_mount_is_a_process(pid: str, words: str) -> None:
    """Else it is said, and nothing is played."""
    mounts = {"/lamp": {"source": "/dev/sdb1", "fstype": "xfs", "users": {pid: words}}}
    _, cases, diagnostics = loaded("linux", {"status": "healthy"}, mounts=mounts)
    assert not cases
    assert [problem.message for problem in diagnostics.errors] == [f"`{pid}: {words}` is no process"]
