"""The ``package`` step: a package of the distribution is installed, or as new as its repositories have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Decision, Judged, Judgement, Observing, StepType, last_line, refused
from runner.steps.package_args import FAMILIES, PackageArgs
from runner.steps.package_state import PackageSeen, observe_package

AT_MOST = 1800.0  # seconds: a slow mirror and a slow disk; an installation must not be broken off
FRESH = 86_400  # seconds for which lists of packages count as known
_DAY = 86_400

# needrestart would restart other services in a non-interactive run (its README: NEEDRESTART_SUSPEND).
_APT = (
    *("env", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "apt-get", "-q", "-y"),
    *("-o", "DPkg::Lock::Timeout=120"),
)
# The configuration as it is stays (dpkg(1)); nothing else is removed for it (apt-get(8)).
_KEEPING = (*("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "--no-remove"),)
_LOCKED = "another program installs or updates packages just now"
_WAIT = "Wait until it is done (unattended upgrades may take a while), then run vmfix again."
_RESTART = "Restart the machine at a time that suits its owner."
_CONFIGURE = "dpkg --configure -a"
# zypper(8), EXIT CODES; those that are no failure.
_ZYPPER_OK: Mapping[int, str] = {
    0: "exit 0",
    102: "exit 102: done, and a restart of the machine is wanted",
    103: "exit 103: done; zypper itself was updated",
    106: "exit 106: done, but some repository could not be refreshed",
}
_ZYPPER_REBOOT, _ZYPPER_LOCKED, _DNF_LOCKED = 102, 7, 200


def _change(*argv: str) -> Command:
    return Command(argv=argv, effect=Effect.CHANGE, at_most=AT_MOST, at_deadline=AtDeadline.LEAVE)


def _rpm_call(manager: str, *words: str) -> Command:
    """yum and dnf would wait for a lock for ever (dnf.conf(5), exit_on_lock); zypper does not."""
    options = ("--non-interactive",) if manager == "zypper" else ("-y", "--setopt=exit_on_lock=True")
    return _change("env", "LC_ALL=C", manager, *options, *words)


def _commands(args: PackageArgs, manager: str, name: str, *, installed: bool) -> tuple[Command, ...]:
    """Lists are fetched first: an old list names files that the mirror no longer has."""
    if manager == "apt-get":
        return (_change(*_APT, "update"), _change(*_APT, *_KEEPING, "install", name))
    if not installed:
        return (_rpm_call(manager, "install", name),)
    if args.state == "present":
        return ()
    return (_rpm_call(manager, "update" if manager in ("yum", "zypper") else "upgrade", name),)


def _undo(seen: PackageSeen) -> Command:
    """What was installed is removed; an older version comes back only if a repository still has it."""
    manager, name, old = seen.manager, seen.name, seen.version
    if manager == "apt-get":
        return _change(*_APT, *(("--allow-downgrades", "install", f"{name}={old}") if old else ("remove", name)))
    if manager == "zypper":
        return _rpm_call(manager, *(("install", "--oldpackage", f"{name}={old}") if old else ("remove", name)))
    return _rpm_call(manager, *(("downgrade", f"{name}-{old}") if old else ("remove", name)))


def _stale(seen: PackageSeen) -> bool:
    return seen.lists_age is None or seen.lists_age > FRESH


def _lists(seen: PackageSeen) -> str:
    """How old the lists of packages are, in words that do not change from minute to minute."""
    if seen.lists_age is None:
        return "its lists of packages were never fetched"
    days = seen.lists_age // _DAY
    return f"its lists of packages are {days} days old" if days > 1 else "its lists of packages are fresh"


def _evidence(seen: PackageSeen) -> str:
    now = f"{seen.name} is {seen.version}" if seen.version else f"{seen.name} is not installed"
    if not seen.asked:
        return f"{now}; what the repositories have is seen only when {seen.manager} fetches their lists"
    offer = f"would be {seen.candidate}" if seen.candidate else "nothing newer is known"
    more = f", with {', '.join(seen.others)}" if seen.others else ""
    return f"{now}; {offer}{more}; {_lists(seen)}"


def _refusal(seen: PackageSeen) -> Decision | None:
    if seen.problem:
        return refused(f"{seen.problem[0].upper()}{seen.problem[1:]}.", seen.remedy)
    if seen.held:
        remedy = f"Somebody wants it to stay at {seen.version}: ask, then `apt-mark unhold {seen.name}`."
        return refused(f"{seen.name} is on hold.", remedy)
    if seen.hindrance:
        remedy = f"See `apt-get --simulate install {seen.name}`, and put that right first."
        return refused(f"apt-get would not install {seen.name}: {seen.hindrance}", remedy)
    return None


class Package(StepType[PackageArgs, PackageSeen]):
    """The ``package`` step. It takes packages from the machine's own repositories, and from nowhere else.

    What it touches is not known: a package brings files, services and users of its own.
    """

    name: ClassVar[str] = "package"
    args = PackageArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset({Platform.LINUX})
    summary: ClassVar[str] = (
        "A package is installed, or as new as the machine's own repositories have it, by apt-get, dnf, yum or zypper. "
        "Configuration files stay, nothing else is removed. Its services may restart."
    )
    least_risk: ClassVar[Risk | None] = Risk.SERVICE_RESTART

    def observe(self, args: PackageArgs) -> Observing[PackageSeen]:
        return (yield from observe_package(args))

    def decide(self, args: PackageArgs, state: PackageSeen) -> Decision:
        """Old lists, or such as cannot be asked, leave open whether there is something newer."""
        if state.version and args.state == "present" and not state.problem:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{state.name} is {state.version}.")
        refusal = _refusal(state)
        if refusal is not None:
            return refusal
        known = state.asked and (state.candidate or not _stale(state))
        if known and state.version and not state.candidate:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{_evidence(state)}.")
        would = state.candidate or not state.version
        return Decision(
            outcome=Outcome.WOULD_CHANGE if would else Outcome.CANNOT_KNOW,
            evidence=f"{_evidence(state)}.",
            commands=self.bound(args, state),
            prior={"package": state.name, "manager": state.manager, "version": state.version},
            undo=(_undo(state),),
        )

    def bound(self, args: PackageArgs, state: PackageSeen | None) -> tuple[Command, ...]:
        """Offline the calls of every family that has a name; dnf also stands for yum there."""
        if state is not None and state.problem:
            return ()
        if state is not None:
            return _commands(args, state.manager, state.name, installed=bool(state.version))
        managers = {"apt": "apt-get", "dnf": "dnf", "zypper": "zypper"}
        named = [(managers[family], name) for family in FAMILIES if (name := args.name_in(family)) is not None]
        return tuple(command for manager, name in named for command in _commands(args, manager, name, installed=False))

    def judge(self, args: PackageArgs, command: Command, result: CommandResult) -> Judgement:
        """The codes of apt-get(8), dnf(8) and zypper(8); what they do not tell, their English words do."""
        code = result.exit_code
        said = f"{result.out}\n{result.err}"
        if "zypper" in command.argv and code in _ZYPPER_OK:
            wanted = code == _ZYPPER_REBOOT
            return Judgement(Judged.OK, _ZYPPER_OK[code], facts={"reboot_wanted": wanted}, advice=_RESTART * wanted)
        if code == 0:
            return Judgement(Judged.OK, "exit 0")
        if _is_locked(command, code, said):
            return Judgement(Judged.FAILED, f"exit {code}: {_LOCKED}", advice=_WAIT)
        if _CONFIGURE in said:
            advice = f"Run `{_CONFIGURE}` by hand, and see what it says."
            return Judgement(Judged.FAILED, f"exit {code}: an earlier installation was broken off", advice=advice)
        return Judgement(Judged.FAILED, f"exit {code}: {last_line(result)}")

    def verify(self, args: PackageArgs, before: PackageSeen, after: PackageSeen) -> Judgement:
        """The package database tells. That a repository has none newer is known by the lists just fetched."""
        if after.problem or not after.version:
            return Judgement(Judged.FAILED, after.problem or f"{after.name} is not installed")
        if args.state == "latest" and after.candidate:
            return Judgement(Judged.FAILED, f"{after.name} is {after.version}, and {after.candidate} is there")
        if after.version == before.version:
            return Judgement(Judged.OK, f"{after.name} stays {after.version}: the repositories have none newer")
        return Judgement(Judged.OK, f"{after.name}: {before.version or 'not installed'} -> {after.version}")


def _is_locked(command: Command, code: int, said: str) -> bool:
    if "zypper" in command.argv:
        return code == _ZYPPER_LOCKED
    if "apt-get" in command.argv:
        return "Could not get lock" in said or "Unable to acquire the dpkg frontend lock" in said
    return code == _DNF_LOCKED or "Existing lock /var/run/yum.pid" in said
