"""The ``reboot`` step: restarts the machine and waits until it has come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, cast

from pydantic import StringConstraints

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.fields import Duration, format_duration
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.parsers import PARSERS
from runner.steps.base import (
    Args,
    Decision,
    Judged,
    Judgement,
    Observing,
    Settle,
    StepType,
    last_line,
    lasting,
)

_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LOOK = Command(argv=("cat", "/proc/sys/kernel/random/boot_id"), elevated=False, at_most=10.0)

# Kernel-General writes event 12 at each start of Windows (from memory); the newest one is printed first.
LAST_START = Command(
    argv=(
        *("wevtutil", "qe", "System", "/c:1", "/rd:true", "/f:xml"),
        "/q:*[System[Provider[@Name='Microsoft-Windows-Kernel-General'] and EventID=12]]",
    ),
    at_most=30.0,
)
_LONGEST_MESSAGE = 512  # characters that shutdown.exe takes behind /c


class RebootArgs(Args):
    """``message`` is shown to people who are logged in on the target."""

    within: Duration = lasting("10m")
    every: Duration = lasting("5s")
    message: Annotated[str, StringConstraints(pattern=r"^([^-]|$)")] = ""  # `-c` would cancel the restart


class Reboot(StepType[RebootArgs, str]):
    """Its state is the kernel's boot id, which random(4) says is made anew at each boot.

    Watching the port instead misses a fast reboot and believes a machine that has not gone down yet; and an open port
    does not mean that commands can be run.
    """

    name = "reboot"
    args = RebootArgs
    summary = "Restarts the machine; done when its boot id (Windows: its last start) has changed and a command answers."
    least_risk = Risk.REBOOT
    sign: ClassVar[str] = "boot id"

    def on(self, platform: Platform) -> StepType[RebootArgs, str]:
        return _WINDOWS if platform is Platform.WINDOWS else self

    def observe(self, args: RebootArgs) -> Observing[str]:
        result = yield LOOK
        boot_id = result.out.strip()
        if result.exit_code != 0 or not _BOOT_ID.fullmatch(boot_id):
            message = f"the kernel's boot id could not be read (exit {result.exit_code}): {last_line(result)}"
            raise ParseError(message)
        return boot_id

    def decide(self, args: RebootArgs, state: str) -> Decision:
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"will restart the machine and wait up to {format_duration(args.within)} for it",
            commands=self.bound(args, state),
            prior={self.sign.replace(" ", "_"): state},
        )

    def bound(self, args: RebootArgs, state: str | None) -> tuple[Command, ...]:
        """shutdown(8) instead of systemctl: it is there without systemd too, and tells those who are logged in."""
        argv = ("shutdown", "-r", "now", *((args.message,) if args.message else ()))
        return (Command(argv=argv, effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE),)

    def verify(self, args: RebootArgs, before: str, after: str) -> Judgement:
        if before == after:
            return Judgement(Judged.FAILED, f"the machine has not restarted: its {self.sign} is still {after}")
        return Judgement(Judged.OK, f"the machine has restarted: its {self.sign} was {before} and is {after}")

    def settle(self, args: RebootArgs) -> Settle:
        return Settle(args.within, args.every)


class WindowsReboot(Reboot):
    """Its state is the newest event that tells of a start of Windows: its time and its number in the log."""

    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    sign: ClassVar[str] = "last start"

    def on(self, platform: Platform) -> StepType[RebootArgs, str]:
        return self

    def refuses(self, given: Mapping[str, object]) -> str:
        message = str(given.get("message") or "")
        if message.startswith("/"):
            return "the message begins with a slash, which shutdown.exe takes for an option\nWrite another word first."
        if len(message) > _LONGEST_MESSAGE or re.search(r"[\x00-\x1f]", message):
            return f"the message must be one line of at most {_LONGEST_MESSAGE} characters\nShorten it."
        return ""

    def observe(self, args: RebootArgs) -> Observing[str]:
        events = cast("list[Mapping[str, object]]", PARSERS["wevtutil_events"].parse((yield LAST_START)))
        if not events:
            message = "the System log tells of no start of Windows, so nobody could tell later whether it has restarted"
            raise ParseError(message, remedy="The log was perhaps cleared: restart this machine by hand.")
        return f"{events[0]['time']} (event record {events[0]['record_id']})"

    def bound(self, args: RebootArgs, state: str | None) -> tuple[Command, ...]:
        """In 5 seconds, so that the answer still arrives. ``p:4:1``: planned, maintenance of an application.

        With a time greater than 0 shutdown.exe closes programs without asking (its reference page).
        """
        comment = ("/c", args.message) if args.message else ()
        argv = ("shutdown", "/r", "/t", "5", "/d", "p:4:1", *comment)
        return (Command(argv=argv, effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE),)

    def judge(self, args: RebootArgs, command: Command, result: CommandResult) -> Judgement:
        """Its exit code is the number of the Win32 error (from memory)."""
        why = _REFUSED_BY_WINDOWS.get(result.exit_code)
        if why is None:
            return super().judge(args, command, result)
        return Judgement(Judged.FAILED, f"exit {result.exit_code}: {why}", advice=_ADVICE.get(result.exit_code, ""))


_REFUSED_BY_WINDOWS = {
    5: "access is denied: the login may not restart the machine",
    1115: "the machine is shutting down already",
    1190: "somebody else has planned a shutdown or restart already",
}
_ADVICE = {1190: "Ask who planned it; `shutdown /a` takes it back."}
_WINDOWS = WindowsReboot()
