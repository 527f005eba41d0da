"""Steps that run what their author wrote: ``command`` (a program) and ``shell`` (a script for sh).

What they do is known to their author alone. With a ``check`` it can be seen whether it is needed and whether it helped;
without one the plan says "cannot know". Arguments are stored in plans and shown: they are no place for secrets, and
expressions cannot reach any.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias, TypeVar

from pydantic import Field

from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.steps.base import Args, Decision, Judged, Judgement, NotTemplate, Observing, StepType, last_line
from runner.steps.check import Check, Checked, checking
from runner.steps.programs import Argv

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
    """The script that takes the effect back, with its values."""

    script: Script
    args: tuple[str, ...] = ()


class ShellArgs(_RunArgs):
    """``script`` is never a template: values come as ``args``, which the script sees as $1, $2 ..."""

    script: Script
    args: tuple[str, ...] = ()
    undo: Undo | None = None

    def change(self) -> Command:
        return self._command(self.script, self.args, self.stdin)

    def reverse(self) -> tuple[Command, ...]:
        return (self._command(self.undo.script, self.undo.args),) if self.undo else ()

    def _command(self, script: str, values: tuple[str, ...], stdin: str = "") -> Command:
        return Command(
            dialect=Dialect.SH,
            script=script,
            argv=values,
            stdin=stdin,
            elevated=self.elevated,
            effect=Effect.CHANGE,
            at_most=AT_MOST,
            at_deadline=AtDeadline.LEAVE,
        )


A = TypeVar("A", bound=_RunArgs)


class _Run(StepType[A, Checked | None]):
    """Observation is the check, if there is one."""

    def observe(self, args: A) -> Observing[Checked | None]:
        if args.check is None:
            return None
        return (yield from checking(args.check))

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
            return Judgement(Judged.OK, "not verified: the step has no check")
        return Judgement(Judged.OK if after.passed else Judged.FAILED, after.evidence)


class RunCommand(_Run[CommandArgs]):
    """A program with its arguments."""

    name = "command"
    args = CommandArgs
    summary = "Runs a program, without a shell. Give a check, or the plan cannot know whether it is needed."


class RunShell(_Run[ShellArgs]):
    """A script for the target's /bin/sh."""

    name = "shell"
    args = ShellArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.LINUX,))
    summary = "Runs a script with sh; values come as arguments. Give a check, or the plan cannot know if it is needed."
