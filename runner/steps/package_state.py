"""What package database and package lists of a Linux target say of one package, without changing either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runner.errors import ParseError
from runner.model.command import Command, CommandResult, Dialect
from runner.parsers.base import integer
from runner.steps.base import Observing, last_line
from runner.steps.package_args import Family, PackageArgs

Manager: TypeAlias = Literal["apt-get", "dnf", "yum", "zypper"]
FAMILY_OF: dict[str, Family] = {"apt-get": "apt", "dnf": "dnf", "yum": "dnf", "zypper": "zypper"}
_AT_MOST = 60.0  # seconds
_NOT_THERE = 1  # of dpkg-query(1) and rpm(8): no such package

# A machine may have tools of another family: what counts is where its own packages are recorded.
MANAGER = """\
if [ -s /var/lib/dpkg/status ] && command -v apt-get; then exit 0; fi
command -v zypper || command -v dnf || command -v yum || :
"""
# `apt-get update` works in this folder each time, also if nothing is new; its lists keep the server's times.
LISTS_AGE = """\
fetched=$(stat -c %Z /var/lib/apt/lists/partial 2>/dev/null) || exit 0
echo $(($(date +%s) - fetched))
"""
# Without a cache of its own apt-get writes nothing; a simulation takes no lock (apt-get(8)).
_SIMULATION = (
    *("env", "LC_ALL=C", "apt-get", "--simulate", "-q"),
    *("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="),
    *("--no-remove", "install"),
)
_INSTALLATION = re.compile(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ", re.MULTILINE)
_NO_SUCH = "Unable to locate package"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSeen:
    """One package on a target. With a ``problem`` nothing else is known.

    ``version`` is empty if it is not installed. ``candidate`` is what apt would install now by the lists that the
    machine has, empty if nothing newer; ``others`` are packages that would come with it. Where the lists cannot be
    asked without fetching them (dnf, yum, zypper), ``asked`` is false.
    """

    manager: str = ""
    name: str = ""
    problem: str = ""
    remedy: str = ""
    version: str = ""
    held: bool = False
    asked: bool = False
    candidate: str = ""
    others: tuple[str, ...] = ()
    hindrance: str = ""  # why apt would not do it
    lists_age: int | None = None  # seconds; None: never fetched, or not known

    @property
    def family(self) -> Family:
        return FAMILY_OF[self.manager]


def observe_package(args: PackageArgs) -> Observing[PackageSeen]:
    """Which package manager, which version; for apt also what its lists offer and how old they are."""
    found = yield Command(dialect=Dialect.SH, script=MANAGER, at_most=_AT_MOST)
    manager = found.out.strip().rpartition("/")[2]
    if manager not in FAMILY_OF:
        return PackageSeen(
            problem="this target has none of apt-get, dnf, yum and zypper", remedy="Install the package by hand."
        )
    family = FAMILY_OF[manager]
    name = args.name_in(family)
    if name is None:
        problem = f"the playbook does not say what the package is called for {family}"
        return PackageSeen(manager=manager, problem=problem, remedy=f"Add `{family}: NAME` to the step.")
    if family != "apt":
        return PackageSeen(manager=manager, name=name, version=(yield from _rpm(name)))
    return (yield from _apt(name))


def _rpm(name: str) -> Observing[str]:
    result = yield Command(
        argv=("rpm", "-q", "--queryformat", "%{VERSION}-%{RELEASE}\\n", name), elevated=False, at_most=_AT_MOST
    )
    if result.exit_code == _NOT_THERE:
        return ""
    versions = result.out.split()
    if result.exit_code != 0 or not versions:
        raise _unread("rpm", result)
    return versions[-1]  # several, as of kernels: the latest installed comes last


def _apt(name: str) -> Observing[PackageSeen]:
    result = yield Command(
        argv=("dpkg-query", "-W", "-f=${db:Status-Abbrev}|${Version}\\n", name), elevated=False, at_most=_AT_MOST
    )
    version, held = _status(result)
    simulated = yield Command(argv=(*_SIMULATION, name), at_most=_AT_MOST)
    age = yield Command(dialect=Dialect.SH, script=LISTS_AGE, at_most=_AT_MOST)
    offers = dict(_INSTALLATION.findall(simulated.out))
    hindrance = "" if simulated.exit_code == 0 or _NO_SUCH in simulated.err else last_line(simulated)
    return PackageSeen(
        manager="apt-get",
        name=name,
        version=version,
        held=held,
        asked=True,
        candidate=offers.pop(name, ""),
        others=tuple(sorted(offers)),
        hindrance=hindrance,
        lists_age=integer(age.out),
    )


def _status(result: CommandResult) -> tuple[str, bool]:
    """The installed version, and whether it is on hold. Half installed counts as not installed (dpkg-query(1))."""
    if result.exit_code == _NOT_THERE:
        return "", False
    abbreviation, bar, version = result.out.partition("\n")[0].partition("|")
    if result.exit_code != 0 or not bar:
        raise _unread("dpkg-query", result)
    return (version if abbreviation[1:2] == "i" else ""), abbreviation.startswith("h")


def _unread(program: str, result: CommandResult) -> ParseError:
    message = f"{program} did not say whether the package is installed (exit {result.exit_code}): {last_line(result)}"
    return ParseError(message)
