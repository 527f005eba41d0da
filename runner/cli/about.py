"""``vmfix schema`` and ``vmfix completion``: texts for other programs."""

from __future__ import annotations

import click

from runner.cli.failure import OK, dump
from runner.cli.group import cli, common
from runner.cli.session import Session, pass_session


@common
@click.command()
@click.argument("kind", type=click.Choice(["playbook", "inventory", "policy", "cases"]))
@pass_session
def schema(session: Session, kind: str) -> int:
    """Print the JSON Schema of playbooks, inventories, policies or playbook tests, for an editor."""
    from runner.load import schema as schemas  # noqa: PLC0415 - all forms

    made = {
        "playbook": schemas.playbook_schema,
        "inventory": schemas.inventory_schema,
        "policy": schemas.policy_schema,
        "cases": schemas.cases_schema,
    }[kind]()
    session.screen.data(dump(made))
    return OK


_COMPLETION = """Print the completion script for a shell.

\b
bash: eval "$(vmfix completion bash)"          in ~/.bashrc
zsh:  eval "$(vmfix completion zsh)"           in ~/.zshrc
fish: vmfix completion fish > ~/.config/fish/completions/vmfix.fish
"""


@common
@click.command(help=_COMPLETION)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_session
def completion(session: Session, shell: str) -> int:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    session.screen.data(made(cli, {}, "vmfix", "_VMFIX_COMPLETE").source())
    return OK
