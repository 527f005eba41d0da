"""What a step type is: arguments -> observe, decide, apply, verify, undo; pure functions of values.

A step type never talks to a target. Where it needs to look, it *yields* a read-only command and is sent the result
(``Observing``); whoever drives it owns the connection. So the same code plans over a live connection, is tested on
recorded output, and shows its commands offline.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runner.model.command import Command, CommandResult
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.model.text import beginning

_LONGEST_SAID = 500  # characters of what a target said

S = TypeVar("S")
Observing: TypeAlias = Generator[Command, CommandResult, S]
"""Yields observations, is sent their results, returns the state. Raises ``ParseError`` for output it cannot read."""


class Kind(enum.Enum):
    """Who carries a step out: the target, by commands; the engine, by waiting; or a person."""

    COMMANDS = "commands"
    WAIT = "wait"
    MANUAL = "manual"


class NotTemplate:
    """Marks a string field that is never rendered: a script, an expression."""


@dataclass(frozen=True, slots=True)
class IsExpression(NotTemplate):
    """Marks a string field that is an expression: ``Annotated[str, IsExpression(...)]``.

    ``own`` are names that only this expression sees; with ``outer`` it also sees what the playbook's expressions see.
    """

    own: frozenset[str] = frozenset()
    outer: bool = True


class Args(BaseModel):
    """Base of the arguments of all step types: unknown keys are errors, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """What is wrong with these arguments together, or an empty text. A second line is the remedy.

        Unlike a validator of pydantic's it is asked twice: for the document as written, where any text may still be a
        template and any value of the wrong type, and for the rendered arguments.
        """
        return ""

    @model_validator(mode="before")
    @classmethod
    def _fits(cls, given: object) -> object:
        problem = cls.misfit(given) if isinstance(given, Mapping) else ""
        if problem:
            raise ValueError(problem)
        return given


def lasting(text: str) -> Any:  # noqa: ANN401 - a field's default has the field's type
    """Makes a text such as ``5s``, as playbooks have it, the default of a Duration field."""
    return Field(default=text)


A = TypeVar("A", bound=Args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done in this state, and why.

    ``evidence`` is a sentence for people. ``prior`` is what must be known to put things back (JSON); ``undo`` the
    commands that would do it, empty where there is no undo. A REFUSED decision has a ``remedy`` for a person and no
    commands. ``restore`` names those of the ``commands`` that are sent even if one before them failed or the run was
    interrupted, once any of the ``commands`` was sent: they start again what the others stopped. ``owes`` are the
    states that must be there afterwards, as arguments of the same step type: until the action has ended well, the run
    owes them to the target.
    """

    outcome: Outcome
    evidence: str
    commands: tuple[Command, ...] = ()
    restore: frozenset[Command] = frozenset()
    owes: tuple[Args, ...] = ()
    diff: str = ""
    prior: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    undo: tuple[Command, ...] = ()
    remedy: str = ""


def refused(evidence: str, remedy: str) -> Decision:
    """Nothing may be done in this state: why, and what a person can do about it."""
    return Decision(outcome=Outcome.REFUSED, evidence=evidence, remedy=remedy)


class Judged(enum.Enum):
    """What the exit of a changing command says. OK is never proof: ``verify`` is.

    ``verify`` answers UNSEEN where the step type has no way to look: then an exit code is all there is, and where
    that is missing, the outcome stays unknown.

    BUSY: something else was at work, so the command did nothing, and is sent again as long as the step type has
    ``patience``. STARTED: all went well, and what it started may go on behind its back: without proof the outcome is
    unknown. RESTARTING: it is done, and the machine goes down without being asked to. After BUSY and RESTARTING no
    other remedy is tried, whatever ``on_failure`` says.
    """

    OK = "ok"
    STARTED = "started"
    UNSEEN = "unseen"
    FAILED = "failed"
    NEEDS_PERSON = "needs_person"
    BUSY = "busy"
    RESTARTING = "restarting"

    @property
    def went_well(self) -> bool:
        """Of a command: whether the next one may follow."""
        return self in (Judged.OK, Judged.STARTED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``text`` explains the exit code in plain words; ``facts`` can be read by later steps as ``steps.ID.facts``.

    ``advice`` is what a person can do about it, or empty; of a command that went well, what is left to do.
    """

    judged: Judged
    text: str
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Settle:
    """How long the effect may take to show: the step is verified every ``every`` seconds for ``within`` seconds.

    As ``patience``: how long and how often a command is sent again.
    """

    within: float = 0.0
    every: float = 1.0


class StepType(Generic[A, S]):
    """Base of all step types that run commands. One instance each, without state, in ``steps.STEP_TYPES``.

    ``rounds``: how often observe, decide, apply may follow each other in one action (a dirty XFS log must be replayed
    before the check). No command is ever sent twice in one action, unless it was BUSY.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind] = Kind.COMMANDS
    args: type[A]
    platforms: ClassVar[frozenset[Platform]] = frozenset(Platform)
    summary: ClassVar[str]
    least_risk: ClassVar[Risk | None] = None
    rounds: ClassVar[int] = 1

    def on(self, platform: Platform) -> StepType[A, Any]:
        """What carries the step out on this platform: authors write ``service`` for systemd and for Windows alike."""
        return self

    def refuses(self, given: Mapping[str, object]) -> str:
        """Why these arguments mean nothing on the platform, or an empty text. A second line is the remedy.

        Like ``Args.misfit`` it is asked twice: for the document as written, and for the rendered arguments.
        """
        return ""

    def touches(self, args: A) -> frozenset[str]:
        """Names of what it may change (``mount:/data``, ``service:x``): later steps that touch the same depend on it.

        An empty set means: unknown, anything.
        """
        return frozenset()

    def observe(self, args: A) -> Observing[S]:
        """Look, without changing anything."""
        raise NotImplementedError

    def decide(self, args: A, state: S) -> Decision:
        """What follows from the state."""
        raise NotImplementedError

    def bound(self, args: A, state: S | None) -> tuple[Command, ...]:
        """Every changing command that ``decide`` may ask for during one run, in the order in which they would come.

        It is what gets approved, so it must not depend on what earlier steps are about to change (whether the file
        system is mounted just now), and may depend on what they do not (its type, a file's content). ``state`` is None
        when planning offline; what cannot be known then is left out.
        """
        raise NotImplementedError

    def judge(self, args: A, command: Command, result: CommandResult) -> Judgement:
        """What the exit of one changing command means."""
        if result.exit_code == 0:
            return Judgement(Judged.OK, "exit 0")
        return Judgement(Judged.FAILED, f"exit {result.exit_code}: {last_line(result)}")

    def verify(self, args: A, before: S, after: S) -> Judgement:
        """Whether the wanted state has been reached, judged by observation alone."""
        decision = self.decide(args, after)
        judged = Judged.OK if decision.outcome is Outcome.NO_CHANGE else Judged.FAILED
        return Judgement(judged, decision.evidence)

    def settle(self, args: A) -> Settle:
        """How long to wait for the effect."""
        return Settle()

    def patience(self, args: A) -> Settle:
        """How long, and how often, a command that was BUSY is sent again; before each, the target is looked at."""
        return Settle()


def last_line(result: CommandResult) -> str:
    """The last line that says something: of standard error, else of standard output. No more than 500 characters."""
    for text in (result.err, result.out):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines:
            return beginning(lines[-1], _LONGEST_SAID)
    return "no output"
