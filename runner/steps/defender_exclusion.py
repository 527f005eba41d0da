"""The ``defender_exclusion`` step: folders that Microsoft Defender Antivirus leaves alone.

Add-MpPreference can be void without an error, under Tamper Protection or a policy; so where either governs it is not
even tried, and the list is always read back. Where Defender does not run there is nobody to ask. Never run on Windows:
its output in the tests is documented (``N/A: Must be an administrator to view exclusions``) or made up after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from runner.model.command import Command
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Args, Decision, Observing, StepType, refused
from runner.steps.powershell_look import Seen, change, look
from runner.steps.rendering import is_open
from runner.steps.windows_path import why_no_folder

_ACTIVE = ("", "normal")  # AMRunningMode; others are passive, EDR block, not running. Old versions have none
_HIDDEN = "N/A:"  # what stands in place of the list for those who may not see it

_LOOK = """\
$me = [System.Security.Principal.WindowsIdentity]::GetCurrent()
$identity = New-Object System.Security.Principal.WindowsPrincipal $me
$seen = @{ present = $false; running = $false; mode = ''; tamper_protected = $false; policy = $false; exclusions = @()
  administrator = [bool]$identity.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator) }
$needed = 'Get-MpPreference', 'Add-MpPreference', 'Remove-MpPreference', 'Get-MpComputerStatus'
$service = Get-Service -Name WinDefend -ErrorAction SilentlyContinue
$there = @(Get-Command -Name $needed -ErrorAction SilentlyContinue)
$seen.present = $service -ne $null -and $there.Count -eq $needed.Count
$seen.running = $seen.present -and [int]$service.Status -eq 4
if (-not $seen.running) { Show $seen; return }
$status = Get-MpComputerStatus
$preference = Get-MpPreference
$seen.mode = [string]$status.AMRunningMode
$seen.tamper_protected = [bool]$status.IsTamperProtected
$key = 'HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows Defender\\Exclusions\\Paths'
$seen.policy = [bool]$preference.DisableLocalAdminMerge -or [bool](Test-Path -LiteralPath $key)
$seen.exclusions = @(foreach ($path in $preference.ExclusionPath) { if ($path) { [string]$path } })
Show $seen
"""

_ADD = "Add-MpPreference -ExclusionPath $args[0] -ErrorAction Stop\n"
_REMOVE = "Remove-MpPreference -ExclusionPath $args[0] -ErrorAction Stop\n"


class DefenderExclusionArgs(Args):
    """Whole folders: a folder that is excluded covers what is below it."""

    paths: Annotated[tuple[str, ...], Field(min_length=1, description="The folders, from the drive on.")]

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """Folders that hold no more than a program's files."""
        paths = given.get("paths")
        texts = [path for path in paths if isinstance(path, str)] if isinstance(paths, (list, tuple)) else []
        return next((why for path in texts if not is_open(path) and (why := why_no_folder(path))), "")


class DefenderSeen(Seen):
    """``policy``: it sets exclusions of its own, or local ones do not count. ``mode`` is empty on old versions."""

    present: bool
    running: bool
    administrator: bool
    mode: str
    tamper_protected: bool
    policy: bool
    exclusions: tuple[str, ...]

    def missing(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Those that no exclusion covers, each once. Exclusions with wildcards or variables cover nothing here."""
        there = [_plain(path) for path in self.exclusions]
        wanted = {_plain(path): path for path in paths}
        return tuple(
            path
            for plain, path in wanted.items()
            if not any(plain == one or plain.startswith(f"{one}\\") for one in there)
        )


def _plain(path: str) -> str:
    return path.replace("/", "\\").rstrip("\\").lower()


class DefenderExclusion(StepType[DefenderExclusionArgs, DefenderSeen]):
    """Adds only what is missing, and its undo takes away only that."""

    name = "defender_exclusion"
    args = DefenderExclusionArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = (
        "Folders that Microsoft Defender Antivirus does not scan. Refused where Defender is absent, off or passive, "
        "and where Tamper Protection or a policy governs exclusions."
    )
    least_risk = Risk.CONFIG

    def touches(self, args: DefenderExclusionArgs) -> frozenset[str]:
        return frozenset(("defender:exclusions",))

    def observe(self, args: DefenderExclusionArgs) -> Observing[DefenderSeen]:
        return (yield from look(DefenderSeen, _LOOK))

    def decide(self, args: DefenderExclusionArgs, state: DefenderSeen) -> Decision:
        why, remedy = _unreadable(state)
        missing = () if why else state.missing(args.paths)
        if not why and not missing:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"Defender excludes {', '.join(args.paths)} already")
        if not why:
            why, remedy = _governed(state)
        if why:
            return refused(why, remedy)
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"Defender scans {', '.join(missing)}; it excludes {len(state.exclusions)} paths now",
            commands=self.bound(args, state),
            diff="".join(f"+{path}\n" for path in missing),
            prior={"exclusions": list(state.exclusions), "added": list(missing)},
            undo=tuple(change(_REMOVE, path) for path in missing),
        )

    def bound(self, args: DefenderExclusionArgs, state: DefenderSeen | None) -> tuple[Command, ...]:
        """One command for each folder, so that fewer at run time are fine."""
        paths = args.paths if state is None else state.missing(args.paths)
        usable = state is None or not (_unreadable(state)[0] or _governed(state)[0])
        return tuple(change(_ADD, path) for path in paths) if usable else ()


def _unreadable(seen: DefenderSeen) -> tuple[str, str]:
    """Why the list of exclusions says nothing, with the remedy; or empty texts."""
    elsewhere = "If another antivirus protects this machine, have the folders excluded there."
    if not seen.present:
        return "Microsoft Defender Antivirus is not on this machine, or its cmdlets are missing", elsewhere
    if not seen.running:
        return "Microsoft Defender Antivirus does not run (service WinDefend)", elsewhere
    if not seen.administrator:
        return "the login is no administrator, or not elevated", "Log in as an administrator."
    hidden = next((text for text in seen.exclusions if text.upper().startswith(_HIDDEN)), "")
    if hidden:
        return f"Defender hides its exclusions: {hidden}", "Ask whoever governs Defender to look at them."
    return "", ""


def _governed(seen: DefenderSeen) -> tuple[str, str]:
    """Why an exclusion that is set here could be void, with the remedy; or empty texts."""
    ask = "Ask whoever governs Defender to exclude the folders there."
    if seen.mode.lower() not in _ACTIVE:
        return f"Microsoft Defender is not the antivirus that protects this machine (mode {seen.mode})", ask
    if seen.policy:
        return "a policy governs the exclusions of Microsoft Defender, so one that is set here may be void", ask
    if seen.tamper_protected:
        return "Tamper Protection is on, so an exclusion that is set here may be void", ask
    return "", ""
