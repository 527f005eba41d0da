"""Options that several commands share, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli import complete

if TYPE_CHECKING:
    from runner.model.plan import Plan
    from runner.prepare import Request

F = TypeVar("F", bound=Callable[..., Any])
MOST_AT_ONCE = 1000
"""Targets; each has a thread and a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of ``plan`` and ``run`` that say what is to be looked at. The fields are the options of ``asking``."""

    playbooks: tuple[str, ...]
    inventories: tuple[str, ...]
    pattern: str
    params: Mapping[str, str]
    folders: tuple[str, ...]
    expect: str
    concurrency: int
    offline: bool
    out: str | None
    note: str
    expires: float | None
    backup_failed_at: str
    as_json: bool

    def words(self, saved: str | None = None) -> list[str]:
        """What to type after ``vmfix run`` to run what was planned: the saved plan, or the same words again.

        ``saved`` is the file that the plan was read from, if it was.
        """
        from runner.shelf import is_path  # noqa: PLC0415 - it imports the loader

        given = [("-i", self.inventories), ("--playbooks", self.folders)]
        path = self.out if saved is None else saved
        if path is None:
            given += [("-t", (self.pattern,) if self.pattern != "all" else ()), ("--expect", (self.expect,))]
            given += [("-e", tuple(f"{name}={value}" for name, value in self.params.items())), ("--note", (self.note,))]
        given += [("--backup-failed-at", (self.backup_failed_at,))]
        start = list(self.playbooks) if path is None else ["--plan", path, *filter(is_path, self.playbooks)]
        return [*start, *(word for option, values in given for value in values if value for word in (option, value))]

    def request(self, plan: Plan | None = None) -> Request:
        """For the app; a saved plan gives the playbooks, where none is named."""
        from runner.prepare import Request  # noqa: PLC0415 - it imports everything

        playbooks = self.playbooks or (tuple(ref.id for ref in plan.playbooks) if plan else ())
        return Request(
            playbooks=playbooks,
            inventories=self.inventories,
            pattern=self.pattern,
            expect=self.expect,
            params=self.params,
            folders=tuple(map(Path, self.folders)),
            backup_failed_at=self.backup_failed_at,
            concurrency=self.concurrency,
            note=self.note,
            lifetime=self.expires,
            plan=plan,
            pairs=plan.pairs() if plan else None,
        )


def _params(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"`{word}` is not NAME=VALUE")
        if name in values:
            raise click.BadParameter(f"`{name}` is given twice")
        values[name] = value
    return values


def duration(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    """Seconds."""
    from runner.model.fields import parse_duration  # noqa: PLC0415 - pydantic costs time

    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as problem:
        raise click.BadParameter(" ".join(str(problem).split("\n"))) from None
    if not seconds:
        raise click.BadParameter("it has to be longer than nothing")
    return seconds


def _time(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Checked before anybody is asked or connected to."""
    import datetime as dt  # noqa: PLC0415 - rarely needed

    if text:
        try:
            dt.datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(f"`{text}` is no time; write it like 2026-11-25T03:00:00Z") from None
    return text


inventory = click.option(
    "-i",
    "--inventory",
    "inventories",
    multiple=True,
    type=click.Path(),
    envvar="VMFIX_INVENTORY",
    metavar="FILE",
    help="Inventory: vmfix or Ansible, file, directory or script. Repeatable; else $VMFIX_INVENTORY.",
)
pattern = click.option(
    "-t",
    "--targets",
    "pattern",
    default="all",
    metavar="PATTERN",
    shell_complete=complete.targets,
    help="Which targets, as in Ansible: 'windows:&prod:!sql-*'. Default: all.",
)
expect = click.option("--expect", default="", metavar="N|N-M", help="Refuse any other number of targets.")
concurrency = click.option(
    "--concurrency",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=20,
    show_default=True,
    metavar="N",
    help="Targets worked on at the same time.",
)
folders = click.option(
    "--playbooks",
    "folders",
    multiple=True,
    type=click.Path(),
    metavar="DIR",
    help="Folder with more playbooks; one replaces a shipped one of the same id. Repeatable.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output, all else on standard error.")

params = click.option(
    "-e", "params", multiple=True, callback=_params, metavar="NAME=VALUE", help="Set a parameter. Repeatable."
)

_ASKING = (
    click.argument("playbooks", nargs=-1, shell_complete=complete.playbooks),
    inventory,
    pattern,
    params,
    folders,
    expect,
    concurrency,
    click.option("--offline", is_flag=True, help="Connect to nothing; show the commands that would be considered."),
    click.option("-o", "--out", type=click.Path(), metavar="FILE", help="Save the plan, for `vmfix run --plan FILE`."),
    click.option("--note", default="", metavar="TEXT", help="Why, or a ticket; kept in plan, journal and report."),
    click.option("--expires", callback=duration, metavar="DURATION", help="The plan's life; 24h if left out."),
    click.option(
        "--backup-failed-at",
        default="",
        callback=_time,
        metavar="TIME",
        help="A backup failed then (ISO 8601): what was applied before did not help.",
    ),
    as_json,
)


def asking(command: F) -> F:
    """The options that make up ``Asked``."""
    for option in reversed(_ASKING):
        command = option(command)
    return command


def asked(values: Mapping[str, Any]) -> Asked:
    """The options of ``asking`` among a command's."""
    return Asked(**{name: values[name] for name in Asked.__slots__})
