"""A scripted connection: what authors test their playbooks with, and the engine's own tests too.

    connection = FakeConnection([
        ("systemctl", CommandResult(exit_code=0, stdout=b"active")),   # any command of that program
        (("cat", "/etc/waagent.conf"), CommandResult(exit_code=1)),    # exactly this argv
        (lambda command: command.effect is Effect.CHANGE, ConnectionLost("the line broke")),
    ])

The first reply whose matcher fits is given. A reply is a result, an exception to raise, or a function of the command.
Several replies for one matcher are given out one by one, the last one again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Target
from runner.transports.base import Connect, Connection, ResolveSecret

Answer = CommandResult | Exception | Callable[[Command], CommandResult]
Matcher = str | tuple[str, ...] | Command | Callable[[Command], bool]
Replies = Mapping[str, Answer | Sequence[Answer]] | Iterable[tuple[Matcher, Answer | Sequence[Answer]]]


class UnscriptedCommand(AssertionError):
    """The fake was sent a command that its script does not foresee: the test is incomplete, or the code is wrong."""


class FakeConnection:
    """Answers from ``replies`` and keeps what it was sent in ``sent``, in order. Needs no target.

    A matcher is a program's name or a script's exact text, an exact argv, an exact command, or a predicate.
    """

    def __init__(self, replies: Replies = ()) -> None:
        pairs: Iterable[tuple[Matcher, Answer | Sequence[Answer]]] = (
            replies.items() if isinstance(replies, Mapping) else replies
        )
        self._replies: list[tuple[Matcher, list[Answer]]] = [
            (matcher, list(answer) if isinstance(answer, Sequence) else [answer]) for matcher, answer in pairs
        ]
        self._lock = threading.Lock()
        self.sent: list[Command] = []
        self.closed = False

    def run(self, command: Command) -> CommandResult:
        with self._lock:
            self.sent.append(command)
            answer = self._next_answer(command)
        if isinstance(answer, CommandResult):
            return answer
        if isinstance(answer, Exception):
            raise answer
        return answer(command)

    def close(self) -> None:
        self.closed = True

    def _next_answer(self, command: Command) -> Answer:
        for matcher, answers in self._replies:
            if fits(matcher, command):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        known = ", ".join(repr(matcher) for matcher, _ in self._replies) or "nothing"
        message = f"no reply is scripted for {command!r}; scripted is: {known}"
        raise UnscriptedCommand(message)


def fits(matcher: Matcher, command: Command) -> bool:
    """True if a command is one that the matcher means."""
    if isinstance(matcher, Command):
        return matcher == command
    if isinstance(matcher, tuple):
        return matcher == command.argv and command.dialect is Dialect.ARGV
    if isinstance(matcher, str):
        return matcher == (command.argv[0] if command.dialect is Dialect.ARGV else command.script)
    return matcher(command)


def connector(connections: Mapping[str, FakeConnection]) -> Connect:
    """A ``Connect`` over fakes, by the target's name."""

    def connect(target: Target, resolve: ResolveSecret) -> Connection:  # noqa: ARG001
        return connections[target.name]

    return connect
