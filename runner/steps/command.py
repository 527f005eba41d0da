"""Steps that run what their author wrote: ``command`` (a program), ``shell`` and ``powershell`` (a script).

What they do is known to their author alone. With a ``check`` it can be seen whether it is needed and whether it helped;
without one the plan says "cannot know". Arguments are stored in plans and shown: they are no place for secrets, and
expressions cannot reach any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, TypeAlias, TypeVar

from pydantic import Field, ValidationError

from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.steps.base import Args, Decision, Judged, Judgement, NotTemplate, Observing, StepType, last_line
from runner.steps.check import Check, Checked, checking
from runner.steps.programs import Argv
from runner.steps.sendable import all_rendered, why_unsendable

AT_MOST = 600.0
"""Seconds for a changing command whose step does not say ``at_most``."""

Script: TypeAlias = Annotated[str, NotTemplate, Field(min_length=1)]
ExitCodes: TypeAlias = Annotated[tuple[int, ...], Field(min_length=1)]


class _RunArgs(Args):
    """What both have. ``ok_exit`` are the exit codes that are no failure."""

    stdin: str = ""
    ok_exit: ExitCodes = (0,)
    check: Check | None = None
    elevated: bool = True

    def change(self) -> Command:
        raise NotImplementedError

    def reverse(self) -> tuple[Command, ...]:
        raise NotImplementedError


class CommandArgs(_RunArgs):
    """``argv`` is run without a shell; ``undo`` is the argv that takes its effect back."""

    argv: Argv
    undo: Argv | None = None

    def change(self) -> Command:
        return self._command(self.argv, self.stdin)

    def reverse(self) -> tuple[Command, ...]:
        return (self._command(self.undo),) if self.undo else ()

    def _command(self, argv: tuple[str, ...], stdin: str = "") -> Command:
        return Command(
            argv=argv,
            stdin=stdin,
            elevated=self.elevated,
            effect=Effect.CHANGE,
            at_most=AT_MOST,
            at_deadline=AtDeadline.LEAVE,
        )


class Undo(Args):
    """The script that takes the effect back, with its values; of the same kind as the step's own."""

    script: Script
    args: tuple[str, ...] = ()


class _ScriptArgs(_RunArgs):
    """What scripts of both kinds have."""

    dialect: ClassVar[Dialect]
    script: Script
    args: tuple[str, ...] = ()
    undo: Undo | None = None

    def change(self) -> Command:
        return self._command(self.script, self.args, self.stdin)

    def reverse(self) -> tuple[Command, ...]:
        return (self._command(self.undo.script, self.undo.args),) if self.undo else ()

    def _command(self, script: str, values: tuple[str, ...], stdin: str = "") -> Command:
        return Command(
            dialect=self.dialect,
            script=script,
            argv=values,
            stdin=stdin,
            elevated=self.elevated,
            effect=Effect.CHANGE,
            at_most=AT_MOST,
            at_deadline=AtDeadline.LEAVE,
        )


class ShellArgs(_ScriptArgs):
    """``script`` is never a template: values come as ``args``, which the script sees as $1, $2 ..."""

    dialect: ClassVar[Dialect] = Dialect.SH


class PowerShellArgs(_ScriptArgs):
    """``script`` is never a template: values come as ``args``, which the script sees as $args[0], $args[1] ..."""

    dialect: ClassVar[Dialect] = Dialect.POWERSHELL
    script: Script = Field(description="The script for Windows PowerShell; never a template.")
    args: tuple[str, ...] = Field(default=(), description="Values that the script sees as $args; may be templates.")
    undo: Undo | None = Field(
        default=None,
        description="The PowerShell script that would take the effect back. Recorded, never run in this version.",
    )


A = TypeVar("A", bound=_RunArgs)


class _Run(StepType[A, Checked | None]):
    """Observation is the check, if there is one; its script is of the platform's own kind."""

    script_dialect: ClassVar[Dialect] = Dialect.SH

    def observe(self, args: A) -> Observing[Checked | None]:
        if args.check is None:
            return None
        return (yield from checking(args.check, self.script_dialect))

    def decide(self, args: A, state: Checked | None) -> Decision:
        """A check whose program is missing tells nothing, so the step would still be run."""
        if state is not None and state.passed:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=state.evidence)
        outcome, evidence = Outcome.CANNOT_KNOW, "the step has no check"
        if state is not None:
            outcome = Outcome.WOULD_CHANGE if state.ran else Outcome.CANNOT_KNOW
            evidence = state.evidence
        return Decision(outcome=outcome, evidence=evidence, commands=(args.change(),), undo=args.reverse())

    def bound(self, args: A, state: Checked | None) -> tuple[Command, ...]:
        """Always the command: an earlier step may make the check fail that passes now."""
        return (args.change(),)

    def judge(self, args: A, command: Command, result: CommandResult) -> Judgement:
        """``ok_exit`` decides. The facts let later steps look at what was said."""
        facts = {"exit_code": result.exit_code, "out": result.out.strip()}
        if result.exit_code in args.ok_exit:
            return Judgement(Judged.OK, f"exit {result.exit_code}", facts)
        return Judgement(Judged.FAILED, f"exit {result.exit_code}: {last_line(result)}", facts)

    def verify(self, args: A, before: Checked | None, after: Checked | None) -> Judgement:
        if after is None:
            return Judgement(Judged.UNSEEN, "not verified: the step has no check")
        return Judgement(Judged.OK if after.passed else Judged.FAILED, after.evidence)


class RunCommand(_Run[CommandArgs]):
    """A program with its arguments."""

    name = "command"
    args = CommandArgs
    summary = "Runs a program, without a shell. Give a check, or the plan cannot know whether it is needed."

    def on(self, platform: Platform) -> StepType[CommandArgs, Checked | None]:
        return _ON_WINDOWS if platform is Platform.WINDOWS else self


class _OnWindows(RunCommand):
    """The same; what cannot be said in one line for Windows is refused before anything is sent."""

    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    script_dialect: ClassVar[Dialect] = Dialect.POWERSHELL

    def refuses(self, given: Mapping[str, object]) -> str:
        return _unsendable(self, given)


_ON_WINDOWS = _OnWindows()


class RunShell(_Run[ShellArgs]):
    """A script for the target's /bin/sh."""

    name = "shell"
    args = ShellArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.LINUX,))
    summary = "Runs a script with sh; values come as arguments. Give a check, or the plan cannot know if it is needed."


class RunPowerShell(_Run[PowerShellArgs]):
    """A script for powershell.exe, which Windows has: version 5.1."""

    name = "powershell"
    args = PowerShellArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    script_dialect: ClassVar[Dialect] = Dialect.POWERSHELL
    summary = (
        "Runs a script with Windows PowerShell; values come as arguments. Give a check, or the plan cannot know if it "
        "is needed."
    )

    def refuses(self, given: Mapping[str, object]) -> str:
        return _unsendable(self, given)


def _unsendable(step_type: _Run[A], given: Mapping[str, object]) -> str:
    """Why one of its commands has no line for Windows. Asked once all is rendered."""
    if not all_rendered({key: value for key, value in given.items() if key not in ("script", "check", "undo")}):
        return ""
    try:
        args = step_type.args.model_validate(given)
    except ValidationError:
        return ""  # said of the arguments themselves
    checks = (args.check.as_command(step_type.script_dialect),) if args.check else ()
    commands = (args.change(), *args.reverse(), *checks)
    return next((why for command in commands if (why := why_unsendable(command))), "")
