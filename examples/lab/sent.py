"""What a target's sshd was asked to run, taken out of the wrapper that vmfix launches every command with."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from examples.lab.errors import LabError
from examples.lab.lab import Lab
from runner.model.command import AtDeadline, Command, Effect
from runner.shells.posix import Elevation, Launch, launch_line
from runner.shells.readonly import why_argv_may_write

SH = "/bin/sh"
# Programs, and ways of calling them, that no script of an observation may hold.
CHANGING = (
    "chmod",
    "chown",
    "cp",
    "dd",
    "debugfs",
    "e2fsck",
    "fsck",
    "fsfreeze",
    "install",
    "kill",
    "ln",
    "mkdir",
    "mkfs",
    "mknod",
    "mktemp",
    "mount",
    "mv",
    "perl",
    "pkill",
    "python",
    "reboot",
    "rm",
    "rmdir",
    "sed",
    "setsid",
    "shutdown",
    "start",
    "stop",
    "sync",
    "tee",
    "touch",
    "truncate",
    "tune2fs",
    "umount",
    "unlink",
    "unshare",
    "wipefs",
    "xfs_repair",
)
HARMLESS_REDIRECTION = re.compile(r"\d?>\s*/dev/null|\d?>&\d")


@dataclass(frozen=True)
class Sent:
    """A command as it reached the target. ``words`` are the program and its arguments, or ``/bin/sh -c SCRIPT sh ...``.

    ``survives``: it was launched so that it outlives the connection, which only changing commands are.
    """

    words: tuple[str, ...]
    elevation: Elevation
    survives: bool

    @property
    def script(self) -> str | None:
        """The text of a script; None for a plain program."""
        return self.words[2] if self.words[:2] == (SH, "-c") else None

    @property
    def program(self) -> str:
        """The name of the program behind `env VARIABLE=value ...`."""
        words = list(self.words)
        if words[0] == "env":
            words = [word for word in words[1:] if "=" not in word]
        return words[0].rpartition("/")[2]


def unwrap(line: str) -> Sent:
    """The command in a launch line. The line must be, byte for byte, what launching that command gives: no more."""
    words = shlex.split(line)
    if words[0] != "exec":
        raise LabError(f"Not a command of vmfix: {line}")
    elevation, rest = Elevation.NONE, words[1:]
    starter = " ".join(words[1:3])
    if rest[0] == "sudo":
        elevation, rest = Elevation.SUDO, rest[rest.index("--") + 1 :]
    elif "reached" in rest[2]:
        elevation, starter = Elevation.PROBE, rest[2]
    inner = rest[3] if elevation is Elevation.PROBE else rest[2]
    mark, nonce, _canary, stdin, *command = rest[4:]
    survives = "trap '' HUP" in inner
    launched = Command(
        argv=tuple(command),
        stdin="given" if stdin else "",
        effect=Effect.CHANGE if survives else Effect.OBSERVE,
        at_deadline=AtDeadline.LEAVE if survives else AtDeadline.KILL,
    )
    launch = Launch(mark, nonce, elevation, sudo_password="sudo -S" in starter)
    if launch_line(launched, launch) != line:
        raise LabError(f"More than a command of vmfix: {line}")
    return Sent(tuple(command), elevation, survives)


def sent(lab: Lab, name: str) -> list[Sent]:
    """Everything that the target was sent, in order."""
    return [unwrap(line) for line in lab.commands(name)]


def why_no_observation(command: Sent) -> str | None:
    """Why a command may change something; None if it only reads, judged by what reached the target alone."""
    if command.survives:
        return "it was launched to outlive its connection"
    if command.script is None:
        return why_argv_may_write(command.words)
    return why_script_changes(command.script)


def why_script_changes(script: str) -> str | None:
    """A script of an observation redirects into nothing but /dev/null and names no program that changes something."""
    code = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in script.splitlines())
    without = re.sub(r"'[^']*'", "''", HARMLESS_REDIRECTION.sub("", code))
    if ">" in without:
        return "it redirects its output into a file"
    found = [word for word in CHANGING if re.search(rf"(?<![\w$/{{.-]){word}(?![\w.=/-])", without)]
    return f"it names {', '.join(found)}" if found else None


def changes(commands: list[Sent]) -> list[str]:
    """The commands that are no observations, each with the reason."""
    judged = ((command, why_no_observation(command)) for command in commands)
    return [f"{shlex.join(command.words)}: {why}" for command, why in judged if why]
