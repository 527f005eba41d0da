"""Two playbooks on one target: what the first one leaves behind decides whether the second one may touch it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.errors import ConnectionLost
from runner.execute import engine
from runner.execute.survey import survey
from runner.execute.verdict import Verdict
from runner.model.command import Command, CommandResult
from runner.model.event import Status
from runner.plan.entries import Subject
from tests.unit.execute.paced import Paced
from tests.unit.execute.world import SIMPLE, Machine, load

KEEPS = SIMPLE.replace("healthy:", "keeps: 'extra | list'\nhealthy:")
GUIDE = SIMPLE[: SIMPLE.index("remedies:")] + "remedies:\n  - {id: ask, title: Ask, manual: Ask somebody.}\n"
MEND, OTHER = "put state good", "put other good"


def lost(_machine: Machine, command: Command) -> CommandResult | None:
    """The line breaks under the first playbook's command."""
    if command.argv[1] == "state":
        message = "the line broke"
        raise ConnectionLost(message)
    return None


def fails(_machine: Machine, command: Command) -> CommandResult | None:
    """The first playbook's command ends with an error."""
    return CommandResult(exit_code=7) if command.argv[1] == "state" else None


def takes(machine: Machine, command: Command) -> CommandResult | None:
    """The first playbook's command takes away what must stay."""
    if command.argv[1] == "state":
        machine.flags["extra"] = ""
    return None


def ends(text: str, world: Paced, second: str = "") -> dict[str, Verdict]:
    """The verdicts of a playbook and of another one, on the two targets of a world."""
    first = load(text)
    other = load((second or SIMPLE).replace("demo", "other").replace("state", "other"))
    subjects = [
        Subject(playbook, world.target(name), {}, None, "") for playbook in (first, other) for name in world.machines
    ]
    plan = world.plan_of(survey(subjects, world.connect, world.clock, concurrency=2))
    keys = {entry.key: subject for entry, subject in zip(plan.entries, subjects, strict=True)}
    approved = world.approved(plan, ("demo/mend", "other/mend")[: 1 if second else 2])
    return engine.run(approved, keys, world.tools(), concurrency=2, just_observed=True)


@pytest.mark.parametrize(
    ("text", "first", "status"),
    [(SIMPLE, lost, Status.INDETERMINATE), (KEEPS, takes, Status.FAILED)],
)
def test_nothing_more_is_sent_to_a_target_that_is_to_be_left_alone(
    text: str, first: Callable[[Machine, Command], CommandResult | None], status: Status
) -> None:
    """Only there; the other target has both."""
    world = Paced.of(SIMPLE, 2)
    for name in world.machines:
        world.machine(name).flags.update(extra="x", other="bad")
    world.machine("t00").on_set = first

    verdicts = ends(text, world)

    assert verdicts["demo@t00"].status is status
    assert verdicts["other@t00"].status is Status.REFUSED
    assert verdicts["other@t00"].reason == f"nothing else is sent there after `demo`: {verdicts['demo@t00'].reason}"
    assert [" ".join(line) for line in world.machine("t00").changes] == [MEND]
    assert [" ".join(line) for line in world.machine("t01").changes] == [MEND, OTHER]


def test_after_a_plain_failure_the_other_playbook_has_its_turn() -> None:
    """Its fault is another one."""
    world = Paced.of(SIMPLE, 1)
    world.machine("t00").flags["other"] = "bad"
    world.machine("t00").on_set = fails

    verdicts = ends(SIMPLE, world)

    assert [verdicts[key].status for key in ("demo@t00", "other@t00")] == [Status.FAILED, Status.FIXED]


def test_what_a_person_has_to_do_is_still_said() -> None:
    """Nothing is sent for it."""
    world = Paced.of(SIMPLE, 1)
    world.machine("t00").flags["other"] = "bad"
    world.machine("t00").on_set = lost

    assert ends(SIMPLE, world, GUIDE)["other@t00"].status is Status.NEEDS_PERSON
