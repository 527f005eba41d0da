"""Measures planning of a big inventory without connecting, and what the engine itself costs per action.

Prints, with the budget beside each: time and peak memory of `vmfix plan --offline` for 1,000 and 10,000 targets of 10
steps each, how the time grows, and the engine's CPU time per action with a transport that answers at once and a journal
that keeps nothing. Inventory, text and plan file are part of the planning that is measured.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from runner import codec
from runner.approve import approve
from runner.diagnostics import Diagnostics
from runner.execute import engine
from runner.execute.clock import SystemClock
from runner.execute.survey import survey
from runner.execute.tools import Stop, Tools
from runner.load.playbook import load_playbook
from runner.model.approval import Approval, ApprovedPlan
from runner.model.command import Command, CommandResult
from runner.model.event import Event, Status
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.plan import PLAN_FORMAT, Plan
from runner.model.times import stamp
from runner.plan.entries import Subject
from runner.transports.fake import FakeConnection

STEPS = 10
SIZES = (1_000, 10_000)
LINEAR_WITHIN = 1.3  # times as long as ten times the smaller one
MEMORY_BUDGET_MB = 500
ENGINE_TARGETS = 100
ENGINE_BUDGET_MS = 1.0
CONCURRENCY = 20

HEAD = """\
vmfix: 1
playbook: bench
title: Ten settings
platform: linux
solves: [Bench]
observe:
  state: {command: [get, "0"], why_read_only: a benchmark}
healthy: state == "good"
remedies:
  - id: mend
    risk: [config]
    approval: none
    takes: 1m
    steps:
"""
STEP = """\
      - id: set-{number}
        command:
          argv: [put, "{number}"]
          check: {{command: [get, "{number}"], that: out == "good", why_read_only: a benchmark}}
"""
BOOK = HEAD + "".join(STEP.format(number=number) for number in range(STEPS))


@dataclass(frozen=True, slots=True)
class Planned:
    """What one offline plan took."""

    seconds: float
    megabytes: float


def offline(size: int, folder: Path) -> Planned:
    """Plan for so many targets, as a process of its own."""
    book, inventory = folder / "book.yml", folder / "inventory.yml"
    book.write_text(BOOK, encoding="utf-8")
    lines = [f"  vm-{number:05}: {{address: 10.0.{number // 250}.{number % 250 + 1}}}" for number in range(size)]
    inventory.write_text("\n".join(["vmfix: 1", "targets:", *lines, ""]), encoding="utf-8")
    argv = [sys.executable, "-m", "runner", "plan", str(book), "-i", str(inventory), "--offline"]
    begin = time.perf_counter()
    with subprocess.Popen([*argv, "-o", str(folder / f"{size}.json")], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"vmfix plan ended with {process.returncode}")
    return Planned(time.perf_counter() - begin, usage.ru_maxrss / 1024)


def machine() -> FakeConnection:
    """A target on which ``put N`` makes ``get N`` say good."""
    settings: set[str] = set()

    def answer(command: Command) -> CommandResult:
        verb, setting = command.argv
        if verb == "put":
            settings.add(setting)
            return CommandResult(exit_code=0)
        # "0" is what the playbook calls healthy: it is good only when all are.
        good = setting in settings and (setting != "0" or len(settings) in {1, STEPS})
        return CommandResult(exit_code=0, stdout=b"good" if good else b"bad")

    return FakeConnection([(lambda _: True, answer)])


def engine_ms() -> tuple[float, int]:
    """CPU milliseconds of the engine per action, and how many actions that was over."""
    playbook = load_playbook(BOOK, "book.yml", Diagnostics())
    if playbook is None:
        sys.exit("the playbook of the benchmark is wrong")
    targets = [
        Target(name=f"vm-{n:03}", address="-", transport=TransportKind.FAKE, platform=Platform.LINUX)
        for n in range(ENGINE_TARGETS)
    ]
    machines = {target.name: machine() for target in targets}
    subjects = {f"bench@{target.name}": Subject(playbook, target, {}) for target in targets}
    tools = _tools(machines)
    approved = _approved(list(subjects.values()), tools)
    begin = time.process_time()
    verdicts = engine.run(approved, subjects, tools, concurrency=CONCURRENCY, just_observed=True)
    taken = time.process_time() - begin
    if {verdict.status for verdict in verdicts.values()} != {Status.FIXED}:
        sys.exit(f"the benchmark's targets were not fixed: {next(iter(verdicts.values()))}")
    return taken * 1000 / (ENGINE_TARGETS * STEPS), ENGINE_TARGETS * STEPS


def _approved(subjects: list[Subject], tools: Tools) -> ApprovedPlan:
    now = tools.clock.now()
    plan = Plan(
        format=PLAN_FORMAT,
        tool_version="bench",
        offline=False,
        creator="bench",
        note="",
        expires_at=stamp(now + dt.timedelta(days=1)),
        playbooks=(),
        targets=(),
        entries=survey(subjects, tools.connect, tools.clock, concurrency=CONCURRENCY),
    )
    digest = codec.digest(plan, evidence=False)
    consent = Approval(identity="bench", digest=digest, remedies=frozenset(plan.remedies()), at=stamp(now), how="bench")
    return approve(plan, [consent], now)


def _tools(machines: dict[str, FakeConnection]) -> Tools:
    def forget(_: Event) -> None:
        return None

    return Tools(
        run="bench",
        connect=lambda target: machines[target.name],
        record=forget,
        note=forget,
        spill=forget,
        can_record=lambda: True,
        clock=SystemClock(),
        stop=Stop(),
    )


def main() -> int:
    """1 if something is over its budget."""
    with tempfile.TemporaryDirectory() as folder:
        small, big = (offline(size, Path(folder)) for size in SIZES)
    growth = big.seconds / small.seconds / (SIZES[1] / SIZES[0])
    for size, planned in zip(SIZES, (small, big), strict=True):
        print(f"offline plan, {size:>6,} targets x {STEPS} steps: {planned.seconds:6.1f} s, {planned.megabytes:.0f} MB")
    print(f"memory of the big one: {big.megabytes:.0f} MB (budget {MEMORY_BUDGET_MB} MB)")
    print(f"growth: {growth:.2f} times linear (budget {LINEAR_WITHIN})")
    per_action, actions = engine_ms()
    print(f"engine: {per_action:.2f} ms CPU per action over {actions:,} actions (budget {ENGINE_BUDGET_MS:.0f} ms)")
    within = big.megabytes < MEMORY_BUDGET_MB and growth < LINEAR_WITHIN and per_action < ENGINE_BUDGET_MS
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
