"""The commands by name. None is imported before it is called, so that the program starts fast."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import click

from runner import __version__
from runner.cli.session import Session

C = TypeVar("C", bound=Callable[..., object] | click.Command)

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "list": ("library:list_playbooks", "Playbooks by error code, alias, id or title."),
        "show": ("library:show_playbook", "One playbook in full: what it reads, asks, runs and risks."),
        "check": ("check:check", "Validate playbooks, inventories and policies; find what will go wrong."),
        "test": ("testing:run_tests", "Play the cases beside playbooks; nothing is connected to."),
        "ping": ("ping:ping", "Log in, become root, compare identities; change nothing."),
        "triage": ("triage:triage", "Read failed backup jobs; say which playbook each needs, and where."),
        "plan": ("plan:plan", "Look at the targets and say what would be done; change nothing."),
        "approve": ("approve:approve", "Sign that a saved plan may run; withdraw that; show what is missing."),
        "run": ("run:run", "Plan, ask for consent, run, verify, report."),
        "stop": ("stop:stop", "Ask a run that goes on elsewhere to stop between remedies."),
        "settle": ("settle:settle", "What runs left owing; say that something is not wanted any more."),
        "runs": ("history:runs", "Every run that the journal knows."),
        "report": ("history:report", "The report of a run."),
        "schema": ("about:schema", "JSON Schemas of playbooks, inventories, policies and cases."),
        "completion": ("about:completion", "Completion script for a shell."),
    }
)
"""Module below ``runner.cli``, name in it, and the line for the overview."""


def _verbose(context: click.Context, _parameter: click.Parameter, count: int) -> None:
    if count and not context.resilient_parsing:
        context.find_root().obj.logs.more(count)


def _no_colour(context: click.Context, _parameter: click.Parameter, off: bool) -> None:  # noqa: FBT001 - click calls it
    if off and not context.resilient_parsing:
        context.find_root().obj.screen.colours = False


def common(command: C) -> C:
    """The options that every command has."""
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_verbose,
        help="Log to standard error; -vv logs more. Secrets are masked.",
    )
    no_colour = click.option(
        "--no-color",
        is_flag=True,
        expose_value=False,
        callback=_no_colour,
        help="No colours (as with NO_COLOR in the environment).",
    )
    return no_colour(verbose(command))


class LazyGroup(click.Group):
    """Finds its commands in ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if isinstance(ctx.find_root().obj, Session):
            ctx.find_root().obj.logs.more(0)  # set up before anything is imported that could log
        module, name = COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(f"runner.cli.{module}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a slip of the pen

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            raise click.UsageError(f"there is no command `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@common
@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, "-V", "--version", message="vmfix %(version)s")
def cli() -> None:
    """Fix what makes the backup of an Azure VM fail: see it, approve it, run it, have it proved.

    Exit codes: 0 every target in order (plan: planned), 1 unexpected, 2 usage, 3 invalid documents, 4 refused as a
    whole and nothing was changed, 5 some target is not in order, 6 some target is indeterminate, 130 interrupted.
    """
