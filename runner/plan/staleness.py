"""Whether what would be done now is covered by what was approved: fewer is fine, anything new or different is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runner.codec import to_json
from runner.model.command import Command
from runner.model.plan import Action, Outcome, RemedyPlan


def differences(approved: RemedyPlan, now: RemedyPlan) -> tuple[str, ...]:
    """What is planned now and was not approved, in plain words; empty if every action is covered.

    An action that would change nothing needs no consent. Ids, process ids and times are in evidence only, and are not
    compared.
    """
    return tuple(_differences(approved, now))


def _differences(approved: RemedyPlan, now: RemedyPlan) -> Iterator[str]:
    known = {action.id: action for action in approved.actions}
    for action in now.actions:
        if action.outcome is Outcome.NO_CHANGE:
            continue
        before = known.get(action.id)
        if before is None:
            yield f"`{action.id}` is new"
        elif to_json(before.args) != to_json(action.args):
            yield f"`{action.id}` now has other arguments: {_changed(before, action)}"
        elif not set(action.commands) <= set(before.commands):
            other = set(map(_unread, action.commands)) <= set(map(_unread, before.commands))
            what = "the same commands on another file: its SHA-256 differs" if other else "other commands"
            yield f"`{action.id}` would now run {what}"


def _unread(command: Command) -> Command:
    """The command, whichever file it runs."""
    return replace(command, file_sha256="")


def _changed(before: Action, now: Action) -> str:
    names = sorted({*before.args, *now.args})
    return ", ".join(
        f"{name}: {before.args.get(name)!r} is now {now.args.get(name)!r}"
        for name in names
        if to_json(before.args.get(name)) != to_json(now.args.get(name))
    )
