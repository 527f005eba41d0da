"""How the same thing is asked for on each platform: what the contract suite says to POSIX and to Windows targets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from runner.model.command import Command, Dialect


class Speech(Protocol):
    """Makes commands. ``fields`` are those of ``Command``."""

    @property
    def line_end(self) -> bytes: ...

    @property
    def end_of_argument(self) -> str: ...

    @property
    def seconds_to_vanish(self) -> float:
        """How long the target's ended processes may still show on this machine."""
        ...

    @property
    def awkward(self) -> tuple[str, ...]:
        """Arguments that a shell on the way would like to interpret, and that can be sent."""
        ...

    def says(self, out: str, err: str, **fields: Any) -> Command:  # noqa: ANN401
        """One line on each stream."""
        ...

    def ends_with(self, code: int, **fields: Any) -> Command: ...  # noqa: ANN401

    def prints_arguments(self, *arguments: str, **fields: Any) -> Command:  # noqa: ANN401
        """Each argument, ended by ``end_of_argument``."""
        ...

    def copies(self, **fields: Any) -> Command:  # noqa: ANN401
        """Standard input to standard output, until it ends."""
        ...

    def floods(self, count: int, **fields: Any) -> Command:  # noqa: ANN401
        """That many bytes on standard output, then a line "the end" on standard error, then exit code 3."""
        ...

    def sleeps_in_a_tree(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        """Two processes sleep for as long as ``word`` says, the second started by the first."""
        ...

    def marks_then_sleeps(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        """Sleeps, with ``word`` among its arguments."""
        ...

    def keeps_talking(self, **fields: Any) -> Command:  # noqa: ANN401
        """Prints something now and then, for ten seconds and more."""
        ...


_AWKWARD = (
    "",
    " ",
    "a b",
    "it's",
    'say "hi"',
    "$HOME `id` $(id) ${x}",
    "a&b|c<d>e^f%g%PATH%!h!;i",
    "back\\slash\\\\two\\n",
    "tab\there",
    "*?[a-z]~{1,2}",
    "ünïcödé € 漢字 🙂",
    "-n",
    "--",
    "#no comment",
)


def sh(script: str, *values: str, **fields: Any) -> Command:  # noqa: ANN401
    """A script as a command."""
    return Command(dialect=Dialect.SH, script=script, argv=values, **fields)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for something that happens by itself."""
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.05)
    return True


class Posix:
    """For sh and the usual programs."""

    line_end = b"\n"
    seconds_to_vanish = 0.0
    end_of_argument = "\0"
    awkward = (*_AWKWARD, "line\nbreak\n\n", "\x01\x7f\r")

    def says(self, out: str, err: str, **fields: Any) -> Command:  # noqa: ANN401
        return sh('echo "$1"; echo "$2" >&2', out, err, **fields)

    def ends_with(self, code: int, **fields: Any) -> Command:  # noqa: ANN401
        return sh(f"exit {code}", **fields)

    def prints_arguments(self, *arguments: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("printf", "%s\\0", *arguments), **fields)

    def copies(self, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("cat",), **fields)

    def floods(self, count: int, **fields: Any) -> Command:  # noqa: ANN401
        return sh(f"head -c {count} /dev/zero; echo the end >&2; exit 3", **fields)

    def sleeps_in_a_tree(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        tree = f"sleep {word} & setsid sleep {word} & (setsid sh -c 'sleep {word}; true' &); wait"
        return sh(tree, **fields)

    def marks_then_sleeps(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("sleep", word), **fields)

    def keeps_talking(self, **fields: Any) -> Command:  # noqa: ANN401
        return sh("while :; do echo x; sleep 0.1; done", **fields)


class Windows:
    """For the lab's labproc and echoargs."""

    line_end = b"\r\n"
    seconds_to_vanish = 5.0  # for Wine a process has ended before its Unix process has
    end_of_argument = "\n"
    awkward = (*_AWKWARD, "%OS:~0,2%", 'a"b&c d"%PATH%', "100%", "end\\", "C:\\Program Files\\")

    def says(self, out: str, err: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", "print", "out", out, "print", "err", err), **fields)

    def ends_with(self, code: int, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", "exit", str(code)), **fields)

    def prints_arguments(self, *arguments: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("echoargs", *arguments), **fields)

    def copies(self, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", "copy", "out"), **fields)

    def floods(self, count: int, **fields: Any) -> Command:  # noqa: ANN401
        argv = ("labproc", "fill", "out", str(count), "print", "err", "the end", "exit", "3")
        return Command(argv=argv, **fields)

    def sleeps_in_a_tree(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", "spawn", word, "release", word, "sleep", word), **fields)

    def marks_then_sleeps(self, word: str, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", "sleep", word), **fields)

    def keeps_talking(self, **fields: Any) -> Command:  # noqa: ANN401
        return Command(argv=("labproc", *("print", "out", "x", "sleep", "100") * 100), **fields)
