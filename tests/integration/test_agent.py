"""The playbook guest-agent-linux on targets that a systemd runs, with real packages of a made-up agent.

What became of a target is looked at past vmfix and past SSH: its packages, its files, its units.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from examples.lab import AGENT_SCENARIOS
from examples.lab.scenarios_agent import CONF, MISSPELT, NEW, OLD
from examples.lab.sent import changes, sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import Desk, Done, mark, written

pytestmark = pytest.mark.real

PLAYBOOK = "guest-agent-linux"
AGENT_CONF = "/etc/waagent.conf"
UNIT = "walinuxagent"
# A remedy for each of these faults, and the programs that it starts, in order.
MENDED = {
    "agent-missing": ("install", ["apt-get update", "apt-get install", "systemctl enable", "systemctl start"]),
    "agent-old": ("update", ["apt-get update", "apt-get install", "systemctl restart"]),
    "agent-extensions-off": ("switch-on", ["script", "systemctl restart"]),
    "agent-stopped": ("start", ["systemctl enable", "systemctl start"]),
}
NOT_MENDED = {
    "agent-crashes": ("by-hand", ["systemctl start"]),
    "agent-nowhere": ("install-by-hand", ["apt-get update", "apt-get install"]),
    "agent-oldest-there": ("update-by-hand", ["apt-get update", "apt-get install", "systemctl restart"]),
}
PACKAGES = ["dpkg-query", "-W", "-f=${Package} ${Version} ${db:Status-Abbrev}\n"]
# The process says whether the service was started anew, too.
SHOW = ["systemctl", "show", "-p", "ActiveState,SubState,UnitFileState,MainPID,InvocationID,NRestarts", UNIT]
UNITS = ["systemctl", "list-unit-files", "--no-legend", "--no-pager"]


@dataclass(frozen=True)
class Seen:
    """An agent from outside: as dpkg, the files and systemd have it."""

    package: str
    program: str
    conf: bytes
    active: str
    at_boot: str
    process: str


def seen(desk: Desk, name: str) -> Seen:
    """What is on the target now; "" where there is nothing."""

    def ask(script: str) -> str:
        return desk.lab.run(name, "sh", "-c", f"{script} 2>/dev/null || :").strip()

    return Seen(
        package=ask("dpkg-query -W -f='${db:Status-Abbrev}${Version}' walinuxagent"),
        program=ask("/usr/sbin/waagent -version | sed -n 's/^Goal state agent: //p'"),
        conf=base64.b64decode(ask(f"base64 {AGENT_CONF}")),
        active=ask(f"systemctl is-active {UNIT}"),
        at_boot=ask(f"systemctl is-enabled {UNIT}"),
        process=ask(f"systemctl show -p MainPID --value {UNIT}"),
    )


def everything(desk: Desk, name: str) -> tuple[str, ...]:
    """All packages and all units of a target."""
    return tuple(desk.lab.run(name, *argv) for argv in (PACKAGES, SHOW, UNITS))


def vmfix(desk: Desk, command: str, *more: object) -> Done:
    """A command for this playbook on all targets of the lab, which asks for the newer version."""
    return desk.vmfix(command, PLAYBOOK, "-i", desk.lab.inventory, "-e", "at_least=2.9.1.1", *more)


def run_a_plan(desk: Desk, remedies: Sequence[str]) -> Done:
    """Plan, approve these remedies of the plan, and run it."""
    plan = desk.lab.folder / "plan.json"
    planned = vmfix(desk, "plan", "-o", plan)
    assert planned.code == 0, planned.text
    consent = [word for remedy in remedies for word in ("--approve", f"{PLAYBOOK}/{remedy}")]
    return desk.vmfix("run", "--plan", plan, "-i", desk.lab.inventory, "--json", *consent)


def changed_with(desk: Desk, name: str) -> list[str]:
    """The changing commands that the target was sent, each as its program and what that was to do."""
    verbs = ("update", "install", "enable", "start", "restart")
    commands = [command for command in sent(desk.lab, name) if command.survives]
    return [
        "script" if command.script else " ".join([command.program, *(word for word in command.words if word in verbs)])
        for command in commands
    ]


def test_a_dry_run_of_every_fault_only_looks(desk_of: DeskOf) -> None:
    """Packages, units and files of all targets are as before, and each was sent nothing but observations."""
    desk = desk_of(*AGENT_SCENARIOS)
    since = {name: mark(desk.lab, name) for name in AGENT_SCENARIOS}
    before = {name: everything(desk, name) for name in AGENT_SCENARIOS}
    done = vmfix(desk, "run", "--dry-run", "--json")

    assert done.code == 0, done.text
    assert {name: everything(desk, name) for name in AGENT_SCENARIOS} == before
    for name in AGENT_SCENARIOS:
        assert sent(desk.lab, name)
        assert changes(sent(desk.lab, name)) == []
        assert written(desk.lab, name, since[name]) == []


def test_an_agent_is_mended_and_then_left_alone(desk_of: DeskOf) -> None:
    """Missing, old, without extensions, stopped; the agent beside them that is in order keeps its very process."""
    desk = desk_of(*MENDED, "agent-healthy")
    names = (*MENDED, "agent-healthy")
    before = {name: seen(desk, name) for name in names}
    untouched = everything(desk, "agent-healthy")
    assert before["agent-missing"] == Seen(package="", program="", conf=b"", active="inactive", at_boot="", process="0")
    assert (before["agent-old"].package, before["agent-old"].program) == (f"ii {OLD}", "2.2.45")
    assert before["agent-extensions-off"].conf == MISSPELT
    assert (before["agent-stopped"].active, before["agent-stopped"].at_boot) == ("inactive", "disabled")

    done = run_a_plan(desk, [remedy for remedy, _ in MENDED.values()])

    assert done.statuses == {**dict.fromkeys(MENDED, "fixed"), "agent-healthy": "healthy"}, done.text
    assert done.code == 0
    after = {name: seen(desk, name) for name in names}
    for name in names:
        assert after[name].package == f"ii {NEW}"
        assert after[name].program == "2.9.1.1"
        assert (after[name].active, after[name].at_boot) == ("active", "enabled")
    assert {name: changed_with(desk, name) for name in MENDED} == {name: sent for name, (_, sent) in MENDED.items()}
    assert {name for name in names if after[name].process != before[name].process} == set(MENDED)
    assert after["agent-extensions-off"].conf == MISSPELT.replace(b"Extensions.Enabled=n", b"Extensions.Enabled=y")
    assert {after[name].conf for name in names if name != "agent-extensions-off"} == {CONF}
    assert changes(sent(desk.lab, "agent-healthy")) == []
    assert everything(desk, "agent-healthy") == untouched

    commands = {name: len(changed_with(desk, name)) for name in names}
    assert "Plan for 5 targets: 5 healthy." in vmfix(desk, "plan").text
    again = run_a_plan(desk, [])
    assert again.statuses == dict.fromkeys(names, "healthy"), again.text
    assert again.code == 0
    assert {name: len(changed_with(desk, name)) for name in names} == commands
    assert {name: seen(desk, name) for name in names} == after


def test_an_agent_that_cannot_be_mended_is_left_to_a_person(desk_of: DeskOf) -> None:
    """It ends at once, is nowhere to be had, or nothing newer is: what was tried is said, and what to do next."""
    desk = desk_of(*NOT_MENDED)
    done = run_a_plan(desk, ["install", "start", "update"])

    assert done.statuses == dict.fromkeys(NOT_MENDED, "needs_person"), done.text
    assert done.code == 5
    for name, (guide, commands) in NOT_MENDED.items():
        assert f"{PLAYBOOK}/{guide}" in str(done.entries[name]), name
        assert changed_with(desk, name) == commands
    crashes, nowhere, oldest = (seen(desk, name) for name in NOT_MENDED)
    assert (crashes.active, crashes.process, crashes.package) == ("failed", "0", f"ii {NEW}")
    assert (nowhere.package, nowhere.program, nowhere.active) == ("", "", "inactive")
    assert (oldest.package, oldest.active, oldest.at_boot) == (f"ii {OLD}", "active", "enabled")
