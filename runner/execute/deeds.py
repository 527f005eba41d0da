"""What an action has sent so far, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.model.command import Command, CommandResult
from runner.steps.base import Judged, Judgement


@dataclass(slots=True)
class Deeds:
    """``idle`` are commands that did nothing when they were sent last, since something else was at work.

    ``busy``: so did the one that ended just now, and it may be sent again.
    ``unfinished``: what was started may go on although its command has ended.
    """

    sent: list[Command] = field(default_factory=list)
    idle: set[Command] = field(default_factory=set)
    busy: bool = False
    unfinished: bool = False
    restarting: bool = False
    last: CommandResult | None = None
    facts: dict[str, object] = field(default_factory=dict)
    _left: list[Judgement] = field(default_factory=list)

    def lost(self, command: Command) -> None:
        """It was sent, and how it ended is not known. That its own processes are gone says little of what goes on."""
        self._went(command)
        self.unfinished = self.unfinished or command.goes_on

    def heard(self, command: Command, result: CommandResult, judgement: Judgement) -> None:
        """It was sent, and has ended."""
        self._went(command)
        self.last = result
        self.facts.update(judgement.facts)
        judged = judgement.judged
        self.busy = judged is Judged.BUSY
        if self.busy:
            self.idle.add(command)
        self.restarting = self.restarting or judged is Judged.RESTARTING
        self.unfinished = self.unfinished or judged is Judged.STARTED
        if judged.went_well and judgement.advice:
            self._left.append(judgement)

    def _went(self, command: Command) -> None:
        self.sent.append(command)
        self.idle.discard(command)

    @property
    def done(self) -> set[Command]:
        """Those that did something, or may have."""
        return set(self.sent) - self.idle

    @property
    def ends_ladder(self) -> bool:
        """Whether no other remedy may be tried now: the machine goes down, or something else is at work on it."""
        return self.restarting or bool(self.idle)

    def with_what_is_left(self, text: str) -> tuple[str, str]:
        """The text with what commands that went well left to do, and the advice to it."""
        advice = dict.fromkeys(judgement.advice for judgement in self._left)
        return "; ".join((text, *(judgement.text for judgement in self._left))), "\n".join(advice)
