"""The ``installer`` step: an installer that lies on a Windows target is run unattended, and waited for.

That the product is there is seen by the author's checks alone. An installer may return before it is done, so they are
asked until ``within`` is over; and what an installer began is never broken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ValidationError

from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Decision, Judged, Judgement, Observing, Settle, StepType, refused
from runner.steps.check import Checked, checking
from runner.steps.installer_args import ANY, InstallerArgs
from runner.steps.installer_exits import judgement
from runner.steps.installer_file import InstallerFile, find_file, listed
from runner.steps.sendable import all_rendered, why_unsendable

_AT_MOST = 1800.0  # seconds: a big product on a slow disk
_TRIES = 30  # how often it is tried again, at most, while another installation runs


_NOT_LOOKED_FOR = InstallerFile()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallerSeen:
    """``checked``: how the checks went, up to the first that passed. ``file`` is looked for if none did."""

    checked: tuple[Checked, ...]
    file: InstallerFile = _NOT_LOOKED_FOR

    @property
    def there(self) -> bool:
        """Whether the product is installed."""
        return any(check.passed for check in self.checked)

    @property
    def evidence(self) -> str:
        return "; ".join(check.evidence for check in self.checked if check.passed or not self.there)


def _run(path: str, args: InstallerArgs, sha256: str) -> Command:
    program = ("msiexec", "/i", path) if path.lower().endswith(".msi") else (path,)
    return Command(
        argv=(*program, *args.args),
        effect=Effect.CHANGE,
        at_most=_AT_MOST,
        at_deadline=AtDeadline.LEAVE,
        file_sha256=sha256,
        goes_on=True,
    )


class Installer(StepType[InstallerArgs, InstallerSeen]):
    """What it touches is not known. There is no undo: what an installer does, only its own uninstaller takes back."""

    name = "installer"
    args = InstallerArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = (
        "An installer (.exe or .msi) that lies on the target is run unattended, unless a check sees that its product "
        "is there. The plan has its full path and SHA-256; another file is not run. It is never killed. A restart that "
        "is due is reported, not made. While another installation runs (exit 1618), it is tried again, and if that "
        "goes on for too long, no other remedy is tried. This cannot be undone."
    )
    least_risk = Risk.SERVICE_RESTART

    def refuses(self, given: Mapping[str, object]) -> str:
        """What no command line can carry."""
        if not all_rendered({key: value for key, value in given.items() if key != "checks"}):
            return ""
        try:
            args = InstallerArgs.model_validate(given)
        except ValidationError:
            return ""  # said of the arguments themselves
        commands = (
            _run(args.path.replace(ANY, "1.0"), args, ""),
            *(check.as_command(Dialect.POWERSHELL) for check in args.checks),
        )
        return next((why for command in commands if (why := why_unsendable(command))), "")

    def observe(self, args: InstallerArgs) -> Observing[InstallerSeen]:
        checked: list[Checked] = []
        for check in args.checks:
            checked.append((yield from checking(check, Dialect.POWERSHELL)))
            if checked[-1].passed:
                return InstallerSeen(checked=tuple(checked))
        return InstallerSeen(checked=tuple(checked), file=(yield from find_file(args.path)))

    def decide(self, args: InstallerArgs, state: InstallerSeen) -> Decision:
        """Without a check that tells, nothing is run: it could not be seen whether it was needed, or helped."""
        if state.there:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=state.evidence)
        if not all(check.ran for check in state.checked):
            return refused(f"it cannot be seen whether it is installed: {state.evidence}", "Mend the step's checks.")
        file = state.file
        if not file.path:
            return refused(*file.problem)
        if args.sha256 and file.sha256 != args.sha256.lower():
            evidence = f"{file.path} is not the file that the playbook means: its SHA-256 is {file.sha256}"
            return refused(evidence, "Find out where it comes from before anybody runs it.")
        choice = f", the newest of {listed(file.versions)}," if len(file.versions) > 1 else ""
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{state.evidence}; {file.path}{choice} would be run; nothing takes back what it installs",
            commands=self.bound(args, state),
            prior={"path": file.path, "sha256": file.sha256},
        )

    def bound(self, args: InstallerArgs, state: InstallerSeen | None) -> tuple[Command, ...]:
        """Offline only a path without a choice is known, and of no file its digest."""
        if state is None:
            return () if ANY in args.path else (_run(args.path, args, (args.sha256 or "").lower()),)
        return (_run(state.file.path, args, state.file.sha256),) if state.file.path else ()

    def judge(self, args: InstallerArgs, command: Command, result: CommandResult) -> Judgement:
        return judgement(result, args.log)

    def verify(self, args: InstallerArgs, before: InstallerSeen, after: InstallerSeen) -> Judgement:
        """By the checks alone: an installer may well remove its own file."""
        return Judgement(Judged.OK if after.there else Judged.FAILED, after.evidence)

    def settle(self, args: InstallerArgs) -> Settle:
        return Settle(args.within, args.every)

    def patience(self, args: InstallerArgs) -> Settle:
        """Rarely enough that the record of a long wait stays short."""
        return Settle(args.wait_for_others, max(args.every, args.wait_for_others / _TRIES))
