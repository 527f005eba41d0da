"""The machine of a case: it answers what the case says, else what its simulated parts say, and remembers changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.errors import ConnectionLost, DeadlineExceeded, NothingSent
from runner.execute.clock import Clock
from runner.model.case import Answer, Case, Change, Given
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.inventory import Platform
from runner.model.playbook import Playbook
from runner.trial.boots import Boots
from runner.trial.files import Files
from runner.trial.keys import Ambiguous, Pattern, best_key, is_line, line_of, lookup, patterns, sent_line
from runner.trial.mounts import Mounts
from runner.trial.registry import Registry
from runner.trial.services import Services
from runner.trial.units import Units


class Unanswered(NothingSent):
    """The case does not say what the machine answers to a command."""


@dataclass(slots=True)
class _Layer:
    """Answers that hold from ``due`` on, by the monotonic clock; ``own``: they have to be used."""

    given: Given
    due: float
    own: bool
    begun: bool = False


@dataclass(slots=True)
class Machine:
    """Call it with a command. ``action`` is the action that sends changing commands now, kept up by its owner.

    ``problems`` are what the case leaves open or contradicts; any of them spoils the case.
    """

    case: Case
    playbook: Playbook
    clock: Clock
    action: str = ""
    sent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    services: Services = field(default_factory=Services)
    registry: Registry = field(default_factory=Registry)
    units: Units = field(default_factory=Units)
    files: Files = field(default_factory=Files)
    mounts: Mounts = field(default_factory=Mounts)
    boots: Boots = field(init=False)
    _patterns: tuple[Pattern, ...] = field(init=False)
    _layers: list[_Layer] = field(default_factory=list)
    _used: set[tuple[int, str]] = field(default_factory=set)
    _met: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.boots = Boots(self.clock)
        self._patterns = patterns(self.playbook.observe)
        self.mounts.files = self.files
        for given in self.case.machine:
            self._add(given, own=given is self.case.own)

    @property
    def platform(self) -> Platform:
        return self.case.target.platform

    def become(self, given: Given) -> None:
        """Be different from now on, by no command of ours."""
        self._add(given, own=True)

    def __call__(self, command: Command) -> CommandResult:
        self._begin_what_is_due()
        changing = command.effect is Effect.CHANGE
        line = sent_line(command, self.platform, self.action) if changing else line_of(command, self.platform)
        if changing:
            self.sent.append(line)
        change = self._change(line) if changing else None
        answer = change.answer if change is not None else None
        result = self._end(answer, command) if answer else self._answered(command, line, known=change is not None)
        if change is not None:
            self._add(change.then, own=change in self.case.changes[: self.case.own_changes], after=change.after)
        if isinstance(result, Exception):
            raise result
        return result

    def unasked(self) -> list[str]:
        """The keys of the case's own answers that no command has asked for."""
        return [
            key
            for number, layer in enumerate(self._layers)
            if layer.own and layer.begun
            for key in layer.given.answers
            if (number, key) not in self._used
        ]

    def unused(self) -> list[str]:
        """What the case itself says and was never asked for: it tests less than its author believes."""
        found = [f"the answer to `{key}` was never asked for" for key in self.unasked()]
        for number, change in enumerate(self.case.changes[: self.case.own_changes]):
            if number not in self._met:
                found.append(f"{' and '.join(f'`{line}`' for line in change.sent)} was never sent")
        return found

    def _add(self, given: Given, *, own: bool, after: float = 0.0) -> None:
        self._layers.append(_Layer(given, self.clock.monotonic() + after, own))
        self._begin_what_is_due()

    def _begin_what_is_due(self) -> None:
        now = self.clock.monotonic()
        for layer in self._layers:
            if not layer.begun and layer.due <= now:
                layer.begun = True
                self.services.become(layer.given.services)
                self.registry.become(layer.given.registry)
                self.units.become(layer.given.units)
                self.files.become(layer.given.files)
                self.mounts.become(layer.given.mounts)

    def _change(self, line: str) -> Change | None:
        for number, change in enumerate(self.case.changes):
            if any(is_line(each, line) for each in change.sent) and not (change.once and number in self._met):
                self._met.add(number)
                return change
        return None

    def _answered(self, command: Command, line: str, *, known: bool) -> CommandResult | Exception:
        """``known``: the case foresees the command, so that where nothing else answers, it just ends well."""
        try:
            for number, layer in reversed(list(enumerate(self._layers))):
                found = lookup(layer.given.answers, command, line, self._patterns) if layer.begun else None
                if found is not None:
                    self._used.add((number, found[0]))
                    return self._end(found[1], command)
        except Ambiguous as problem:
            return self._open(str(problem))
        for part in self._simulated():
            result = part(command)
            if result is not None:
                return result
        return CommandResult(exit_code=0) if known else self._open(self._what_to_add(command, line))

    def _simulated(self) -> Sequence[Callable[[Command], CommandResult | None]]:
        if self.platform is Platform.WINDOWS:
            return (self.boots, self.services, self.registry)
        return (self.boots, self.units, self.mounts, self.files)

    def _open(self, text: str) -> Unanswered:
        if text not in self.problems:
            self.problems.append(text)
        return Unanswered(text)

    def _what_to_add(self, command: Command, line: str) -> str:
        """The command in full, and what to paste into the case; first the part that would answer by itself."""
        part = _part_for(command, self.platform)
        better = f"\ngive `{part}:`, and the simulated machine answers this and the like by itself; or else"
        if command.effect is Effect.CHANGE:
            text = f"nothing says what this changing command does: {line}{better if part else ''}"
            return f"{text}\nwhen:\n  - sent: {json.dumps(line, ensure_ascii=False)}\n    then: {{}}"
        key = best_key(command, line, self._patterns)
        script = "".join(f"\n  | {each}" for each in command.script.splitlines())
        pasted = f'answers:\n  {json.dumps(key, ensure_ascii=False)}: {{stdout: "", exit: 0}}'
        return f"nothing answers: {line}{script}{better if part else ''}\n{pasted}"

    def _end(self, answer: Answer, command: Command) -> CommandResult | Exception:
        if answer.fails == "lost":
            return ConnectionLost("the connection broke", process_dead=answer.process_dead)
        if answer.fails == "deadline":
            dead = answer.process_dead
            killed = command.at_deadline is AtDeadline.KILL
            return DeadlineExceeded("it did not end in time", process_dead=killed if dead is None else dead)
        return CommandResult(exit_code=answer.exit_code, stdout=answer.stdout, stderr=answer.stderr)


_PARTS: Mapping[Platform, Mapping[str, Callable[[], Services | Registry | Units | Mounts | Files]]] = {
    Platform.WINDOWS: {"services": Services, "registry": Registry},
    Platform.LINUX: {"units": Units, "mounts": Mounts, "files": Files},
}


def _part_for(command: Command, platform: Platform) -> str:
    """The key of the simulated part that would answer the command, were it given; empty if none would."""
    for key, make in _PARTS[platform].items():
        part = make()
        part.become({})
        if part(command) is not None:
            return key
    return ""
